//! The bodies of requests and answers. Their schemas in the OpenAPI document come from these types.

mod policy;
mod send;
mod spend;
mod verify;

pub use policy::{BusinessReply, PolicyReply};
pub use send::{SendBody, SendReply};
pub use spend::{SpendBody, SpendReply};
pub use verify::{VerifyBody, VerifyReply};

/// The longest challenge token or success token that a body may hold, in bytes.
const MAX_TOKEN_BYTES: usize = 3_072;

/// Accepts a text of 1 to `max` bytes without control characters. The error says what is accepted.
fn check_text(text: &str, max: usize) -> Result<String, String> {
    if (1..=max).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "1 to {max} bytes without control characters are needed"
        ))
    }
}
