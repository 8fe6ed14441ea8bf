//! The bodies of `POST /v1/verify`.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_http::{Faults, JsonBody, Problem, SensitiveText};
use phoneproof_service::{PresentedToken, Success, VerifyCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MAX_TOKEN_BYTES, check_text};
use crate::Incoming;

/// A request to check a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VerifyRequest)]
pub struct VerifyBody {
    /// The challenge token that the send answered with.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    token: SensitiveText,
    /// The code from the text, as the person typed or pasted it. Separators and invisible characters are ignored, and
    /// so are quotes, brackets and marks of a sentence around it. The decimal digits of every script count. A text that
    /// is not a code is refused with 400 and costs no guess. So is one with words around a code, such as `G-123456`.
    #[schema(value_type = String, min_length = 6, example = "123456")]
    code: SensitiveText,
}

impl JsonBody for VerifyBody {
    const FIELDS: &'static [&'static str] = &["token", "code"];
}

impl VerifyBody {
    /// Reads and checks the body of `incoming`.
    ///
    /// # Errors
    ///
    /// A problem that lists every fault of the body.
    pub fn read_command(incoming: &Incoming) -> Result<VerifyCommand, Problem> {
        let body: Self = incoming.read_body()?;
        let mut faults = Faults::default();
        let token = faults.check("token", check_text(&body.token.0, MAX_TOKEN_BYTES));
        let code = faults.check("code", Code::parse(&body.code.0));
        match (token, code) {
            (Some(token), Some(code)) => Ok(VerifyCommand {
                token: PresentedToken(token),
                code,
            }),
            _ => Err(faults.into_problem()),
        }
    }
}

/// The success token for a code that was right.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VerifyResponse)]
pub struct VerifyReply {
    /// The success token, a signed JWT that proves the phone. If the send had an `action`, its claim `action` is the
    /// SHA-256 of that text's UTF-8 bytes, in base64url without padding.
    pub token: String,
    /// The `typ` in the header of the token.
    #[schema(example = "phone-verified+jwt")]
    pub token_type: &'static str,
    /// When the success token expires.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// For how many seconds the success token is still valid, counted from this answer.
    #[schema(example = 300)]
    pub expires_in: u64,
}

impl From<Success> for VerifyReply {
    fn from(verified: Success) -> Self {
        Self {
            token: verified.token.into_text(),
            token_type: phoneproof_guard::TOKEN_TYPE,
            expires_at: verified.expires_at,
            expires_in: verified.expires_in.as_secs(),
        }
    }
}
