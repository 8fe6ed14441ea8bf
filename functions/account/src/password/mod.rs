//! Passwords: which are accepted, and how they are stored.

mod hash;
mod rules;

pub use hash::{HashFailed, Hasher, Outcome, StoredPassword};
pub use rules::{PasswordRefusal, Strength};

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The most characters of a password. NIST SP 800-63B-4 section 3.1.1.2 asks for at least 64.
pub const MAX_CHARACTERS: usize = 128;

/// A password as somebody typed it, in Unicode's composed form (NFC), so that it is the same password from
/// every keyboard (RFC 8265 section 4.2). It is wiped when it is dropped, and `Debug` hides it.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The text is no password that anybody can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has 1 to {MAX_CHARACTERS} characters, none of them a control character")]
pub struct NotAPassword;

impl Password {
    /// Takes a password in. It may still be too weak to be chosen; see [`Strength::admits`].
    ///
    /// # Errors
    ///
    /// [`NotAPassword`] when it is empty, longer than [`MAX_CHARACTERS`] or holds a control character.
    pub fn parse(text: &str) -> Result<Self, NotAPassword> {
        let typed = text.chars().take(MAX_CHARACTERS * 4);
        let password = Self(Zeroizing::new(typed.nfc().collect()));
        let fits = (1..=MAX_CHARACTERS).contains(&password.characters());
        if fits && text.chars().count() <= MAX_CHARACTERS * 4 && !text.chars().any(char::is_control)
        {
            Ok(password)
        } else {
            Err(NotAPassword)
        }
    }

    /// Its length in characters (Unicode code points), as NIST counts.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.0.chars().count()
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_from_every_keyboard() {
        let composed = Password::parse("caf\u{e9}").expect("a password");
        let combining = Password::parse("cafe\u{301}").expect("a password");
        assert_eq!(composed.expose(), combining.expose());
        assert_eq!(combining.characters(), 4);
    }

    #[test]
    fn what_nobody_can_type_is_refused() {
        let longest = "é".repeat(MAX_CHARACTERS);
        assert!(Password::parse(&longest).is_ok());
        for text in [
            "",
            "a\0b",
            "a\nb",
            &format!("{longest}x"),
            &"e\u{301}\u{302}\u{303}\u{304}".repeat(MAX_CHARACTERS),
        ] {
            assert_eq!(Password::parse(text).err(), Some(NotAPassword));
        }
    }

    #[test]
    fn debug_hides_it() {
        let password = Password::parse("canary").expect("a password");
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
