//! One-time codes, as people type them and as texts carry them.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::typed::{self, Typed};

/// The fewest digits that a code may have. NIST SP 800-63B-4 section 3.1.3.2 asks for six.
pub const MIN_CODE_LENGTH: u8 = 6;
/// The most digits that a code may have.
pub const MAX_CODE_LENGTH: u8 = 10;

/// A one-time code: [`MIN_CODE_LENGTH`] to [`MAX_CODE_LENGTH`] ASCII digits.
///
/// A code is a secret: `Debug` hides it, and its memory is wiped on drop. It has no `PartialEq`, because codes are
/// compared through their MACs, in constant time.
#[derive(Clone, derive_more::Debug)]
#[debug("Code(…)")]
pub struct Code(Zeroizing<String>);

/// The HMAC-SHA-256 of a code, bound to its challenge.
pub type CodeMac = [u8; 32];

/// Reports a text that is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a code has {MIN_CODE_LENGTH} to {MAX_CODE_LENGTH} digits")]
pub struct InvalidCode;

impl Code {
    /// Reads a code as a person types it.
    ///
    /// Separators and invisible characters are dropped, and so are the quotes, the brackets and the marks of a sentence
    /// around it. The decimal digits of every script count. The table of [`typed`] says which.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`] when other characters remain or the length is out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        // The buffer never grows. Growing would leave a copy of the digits in freed memory.
        let mut digits = Zeroizing::new(String::with_capacity(usize::from(MAX_CODE_LENGTH)));
        for character in typed::trim(text).chars() {
            match typed::classify(character) {
                Typed::Separator => {}
                Typed::Digit(value) if digits.len() < usize::from(MAX_CODE_LENGTH) => {
                    digits.push(char::from(b'0' + value));
                }
                Typed::Digit(_) | Typed::Plus | Typed::Foreign => return Err(InvalidCode),
            }
        }
        if digits.len() < usize::from(MIN_CODE_LENGTH) {
            return Err(InvalidCode);
        }
        Ok(Self(digits))
    }

    /// Makes the code that writes `number` with leading zeros, as `length` digits.
    #[must_use]
    pub fn from_number(number: u64, length: u8) -> Self {
        Self(Zeroizing::new(format!(
            "{number:0width$}",
            width = usize::from(length)
        )))
    }

    /// Returns the digits in clear. They go into the text and the MAC, never into logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::specimen::SPECIMEN;

    #[test]
    fn reads_a_code_however_it_was_copied() {
        for text in &SPECIMEN.codes {
            assert_eq!(Code::parse(text).expect(text).expose(), "123456");
        }
    }

    #[test]
    fn whatever_may_stand_around_a_number_may_stand_around_a_code() {
        for around in SPECIMEN.around() {
            let text = format!("{around} {around}123-456{around}");
            assert_eq!(Code::parse(&text).expect(&text).expose(), "123456");
            let inside = format!("123{around}456");
            assert!(Code::parse(&inside).is_err(), "{inside}");
        }
    }

    #[test]
    fn refuses_a_text_that_is_not_a_code() {
        let messages = SPECIMEN.messages.iter().map(|(text, _)| text);
        for text in SPECIMEN.not_codes.iter().chain(messages) {
            assert!(Code::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn keeps_leading_zeros() {
        assert_eq!(Code::from_number(42, 6).expose(), "000042");
    }

    #[test]
    fn debug_hides_the_digits() {
        assert!(!format!("{:?}", Code::from_number(123_456, 6)).contains('1'));
    }
}
