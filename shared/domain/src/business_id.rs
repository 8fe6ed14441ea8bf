//! The ids of businesses.

use thiserror::Error;

/// The longest business id, in bytes.
const MAX_BUSINESS_BYTES: usize = 64;

/// Names a business action that asks for verification, as in `password-change`.
///
/// It is the audience of the success tokens of that action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessId(String);

/// Reports a text that is not a business id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a business id has 1 to {MAX_BUSINESS_BYTES} lower-case letters, digits and hyphens")]
pub struct InvalidBusinessId;

impl BusinessId {
    /// Accepts 1 to 64 lower-case ASCII letters, digits and hyphens.
    ///
    /// # Errors
    ///
    /// [`InvalidBusinessId`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidBusinessId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=MAX_BUSINESS_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidBusinessId)
        }
    }

    /// Returns the id as the policy file writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_id_has_1_to_64_lower_case_letters_digits_and_hyphens() {
        for id in ["a", "7", "-", "password-change-2", &"x".repeat(64)] {
            let parsed = BusinessId::parse(id).map(|id| id.as_str().to_owned());
            assert_eq!(parsed, Ok(id.to_owned()));
        }
        for id in ["", "A", "a_b", "a b", "a.b", "é", &"x".repeat(65)] {
            assert_eq!(BusinessId::parse(id), Err(InvalidBusinessId), "{id}");
        }
    }
}
