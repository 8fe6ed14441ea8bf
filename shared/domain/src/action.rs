//! Actions: what a relying party binds a verification to, and the label that a text shows for it.

use std::borrow::Borrow;
use std::fmt;

use thiserror::Error;

/// The longest kind of an action, in bytes.
const MAX_KIND_BYTES: usize = 64;

/// The kind of an action: what stands before its first colon, as in `pay` of `pay:order-42:EUR 100`.
///
/// The policy has a label for each kind. The rest of an action is the caller's and never reaches a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionKind(String);

/// Reports a text that is not the kind of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the kind of an action has 1 to {MAX_KIND_BYTES} lower-case letters, digits and hyphens")]
pub struct InvalidActionKind;

impl ActionKind {
    /// The kind whose label stands for a request without an action, and for an action without a label.
    pub const OTHER: &str = "other";

    /// Accepts 1 to 64 lower-case ASCII letters, digits and hyphens.
    ///
    /// # Errors
    ///
    /// [`InvalidActionKind`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidActionKind> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=MAX_KIND_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidActionKind)
        }
    }

    /// Returns the part of `action` that names its kind. It may be a kind that no policy can have.
    #[must_use]
    pub fn of(action: &str) -> &str {
        action.split_once(':').map_or(action, |(kind, _)| kind)
    }
}

/// Lets a map of kinds be searched with the kind of an action. Both orders are the order of the bytes.
impl Borrow<str> for ActionKind {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_an_action_stands_before_its_first_colon() {
        for (action, kind) in [
            ("pay:order-42:EUR 100", "pay"),
            ("pay", "pay"),
            (":pay", ""),
            ("", ""),
            ("Pay me:now", "Pay me"),
        ] {
            assert_eq!(ActionKind::of(action), kind, "{action}");
        }
    }

    #[test]
    fn a_kind_has_1_to_64_lower_case_letters_digits_and_hyphens() {
        for kind in ["a", "7", "add-payee", &"x".repeat(64)] {
            let parsed = ActionKind::parse(kind).map(|kind| kind.to_string());
            assert_eq!(parsed, Ok(kind.to_owned()));
        }
        for kind in ["", "Pay", "a_b", "a:b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(ActionKind::parse(kind), Err(InvalidActionKind), "{kind}");
        }
    }
}
