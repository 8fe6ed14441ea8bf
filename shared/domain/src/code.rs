//! One-time codes.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// The fewest digits a code may have. NIST SP 800-63B-4 section 3.1.3.2 asks for six.
pub const MIN_CODE_LENGTH: u8 = 6;
/// The most digits a code may have.
pub const MAX_CODE_LENGTH: u8 = 10;

/// A one-time code: [`MIN_CODE_LENGTH`] to [`MAX_CODE_LENGTH`] ASCII digits.
///
/// It is a secret: `Debug` hides it and the memory is wiped on drop. It has no `PartialEq` on
/// purpose: codes are compared through their MACs, in constant time.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

/// The MAC of a code, bound to its challenge.
pub type CodeMac = [u8; 32];

/// The text is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a code has {MIN_CODE_LENGTH} to {MAX_CODE_LENGTH} digits")]
pub struct InvalidCode;

impl Code {
    /// Reads a code as a person types it: spaces and hyphens between the digits are dropped, and
    /// full-width and Arabic-Indic digits (what some input methods produce) count as digits.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`] when other characters remain or the length is out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let mut digits = Zeroizing::new(String::with_capacity(usize::from(MAX_CODE_LENGTH)));
        for character in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = decimal_digit(character).ok_or(InvalidCode)?;
            if digits.len() == usize::from(MAX_CODE_LENGTH) {
                return Err(InvalidCode);
            }
            digits.push(digit);
        }
        if digits.len() < usize::from(MIN_CODE_LENGTH) {
            return Err(InvalidCode);
        }
        Ok(Self(digits))
    }

    /// The code with `length` digits that writes `number`, with leading zeros.
    #[must_use]
    pub fn from_number(number: u64, length: u8) -> Self {
        Self(Zeroizing::new(format!(
            "{number:0width$}",
            width = usize::from(length)
        )))
    }

    /// The digits in clear: for the text message and the MAC, never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The ASCII form of a decimal digit in the scripts that phone keyboards offer.
fn decimal_digit(character: char) -> Option<char> {
    /// Zero in ASCII, full-width, Arabic-Indic, extended Arabic-Indic and Devanagari.
    const ZEROS: [u32; 5] = [0x30, 0xFF10, 0x0660, 0x06F0, 0x0966];
    let value = ZEROS
        .iter()
        .map(|zero| u32::from(character).wrapping_sub(*zero))
        .find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        for text in [
            "123456",
            "123 456",
            "123-456",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
        ] {
            assert_eq!(Code::parse(text).expect(text).expose(), "123456");
        }
    }

    #[test]
    fn refuses_what_is_no_code() {
        for text in [
            "",
            "12345",
            "12345678901",
            "12345a",
            "1234５.",
            "123456\0",
            "+123456",
        ] {
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
