//! The ids of roots. A root is the secret that one set of keys is derived from.

/// Names a root: 1 to 16 lower-case ASCII letters and digits.
///
/// It is the `kid` of the tokens that the root's keys sign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(String);

impl RootId {
    /// Accepts 1 to 16 lower-case ASCII letters and digits; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        ((1..=16).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// Returns the id as the keyring writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
