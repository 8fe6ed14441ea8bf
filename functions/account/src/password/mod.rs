//! Passwords: which texts are passwords, which of them may be chosen, and how they are stored.

mod hash;
mod rules;

pub use hash::{HashFailed, Hasher, Outcome, StoredPassword};
pub use rules::{PasswordRefusal, Strength};

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The most characters that a password may have. NIST SP 800-63B-4 section 3.1.1.2 asks for at least 64.
pub const MAX_CHARACTERS: usize = 128;

/// A password as a person typed it, in Unicode's composed form (NFC), with every space as U+0020.
///
/// This makes it the same password from every keyboard (RFC 8265 section 4.2.2, the profile `OpaqueString`). A password
/// is a secret, so `Debug` hides it and its memory is wiped on drop.
#[derive(Clone, derive_more::Debug)]
#[debug("Password(…)")]
pub struct Password(Zeroizing<String>);

/// Reports a text that cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has 1 to {MAX_CHARACTERS} characters, none of them a control character")]
pub struct NotAPassword;

impl Password {
    /// Reads a password. It may still be too weak to be chosen; see [`Strength::admits`].
    ///
    /// # Errors
    ///
    /// [`NotAPassword`] when the text is empty, longer than [`MAX_CHARACTERS`] or holds a control character.
    pub fn parse(text: &str) -> Result<Self, NotAPassword> {
        let typed = text.chars().take(MAX_CHARACTERS * 4).map(unify_space);
        let password = Self(Zeroizing::new(typed.nfc().collect()));
        let fits = (1..=MAX_CHARACTERS).contains(&password.count_characters());
        if fits && text.chars().count() <= MAX_CHARACTERS * 4 && !text.chars().any(char::is_control)
        {
            Ok(password)
        } else {
            Err(NotAPassword)
        }
    }

    /// Returns the length in characters. Each Unicode code point counts as one (NIST SP 800-63B-4 section 3.1.1.2).
    #[must_use]
    pub fn count_characters(&self) -> usize {
        self.0.chars().count()
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

/// Returns U+0020 for every space of Unicode (general category `Zs`).
const fn unify_space(character: char) -> char {
    match character {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
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
        assert_eq!(combining.count_characters(), 4);
    }

    #[test]
    fn every_space_is_the_same() {
        let plain = Password::parse("green mountains").expect("a password");
        for space in [
            '\u{a0}', '\u{1680}', '\u{2003}', '\u{200a}', '\u{202f}', '\u{205f}', '\u{3000}',
        ] {
            let typed = Password::parse(&format!("green{space}mountains")).expect("a password");
            assert_eq!(typed.expose(), plain.expose(), "{space:?}");
        }
        // These are not spaces: an Ogham letter's neighbour, a zero width space, and a Braille pattern.
        for other in ['\u{180e}', '\u{200b}', '\u{2800}'] {
            let typed = Password::parse(&format!("green{other}mountains")).expect("a password");
            assert_ne!(typed.expose(), plain.expose(), "{other:?}");
        }
    }

    #[test]
    fn refuses_empty_and_overlong_texts_and_control_characters() {
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
    fn debug_hides_the_password() {
        let password = Password::parse("canary").expect("a password");
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
