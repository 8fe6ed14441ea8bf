//! Recovery codes. A person writes one down, to reset the password of an account that asks for two factors.
//!
//! NIST SP 800-63B-4 section 4.2 asks for two different recovery codes before such an account is recovered. The texted
//! code is one, and this code is the other. A texted code alone would not do, because carriers give an abandoned number
//! to another person.

use aws_lc_rs::digest;
use phoneproof_domain::typed::{self, Typed};
use zeroize::Zeroizing;

/// 80 random bits; NIST asks for 64.
const BYTES: usize = 10;

/// The number of digits between two hyphens.
const GROUP: usize = 4;

/// A recovery code. It is a secret of its owner, so `Debug` hides it and its memory is wiped on drop.
#[derive(derive_more::Debug)]
#[debug("RecoveryCode(…)")]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

/// The SHA-256 of a recovery code. Nothing else of the code is stored.
///
/// Nobody can search 2^80 codes, so a fast hash is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryDigest(pub [u8; 32]);

/// Reports a character that no recovery code has.
struct NotADigit;

/// Reads a hexadecimal digit, in its plain or full-width form; `None` for a separator.
fn read_digit(character: char) -> Result<Option<u8>, NotADigit> {
    let place = u32::from(character);
    let letter = match character {
        'a'..='f' | 'A'..='F' => place,
        '\u{ff21}'..='\u{ff26}' => place - 0xff21 + u32::from(b'a'),
        '\u{ff41}'..='\u{ff46}' => place - 0xff41 + u32::from(b'a'),
        _ => {
            return match typed::classify(character) {
                Typed::Digit(value) => Ok(Some(value)),
                Typed::Separator => Ok(None),
                Typed::Plus | Typed::Foreign => Err(NotADigit),
            };
        }
    };
    let digit = char::from_u32(letter).and_then(|letter| letter.to_digit(16));
    digit
        .and_then(|digit| u8::try_from(digit).ok())
        .map(Some)
        .ok_or(NotADigit)
}

impl RecoveryCode {
    /// Makes a code of random bytes.
    #[must_use]
    pub fn new(random: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Reads a code as a person types or pastes it: hexadecimal digits of either case. Digits, separators and what
    /// stands around the code are read like those of a texted code, by [`typed`].
    ///
    /// Returns `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = Zeroizing::new(Vec::with_capacity(2 * BYTES + 1));
        for character in typed::trim(text).chars() {
            match read_digit(character) {
                Ok(Some(digit)) if digits.len() <= 2 * BYTES => digits.push(digit),
                Ok(None) => {}
                Ok(Some(_)) | Err(NotADigit) => return None,
            }
        }
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        let is_whole = digits.len() == 2 * BYTES;
        let bytes = Zeroizing::new(bytes.try_into().ok()?);
        is_whole.then_some(Self(bytes))
    }

    /// Writes the code for its owner, in groups: `0123-4567-89ab-cdef-0123`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * BYTES + BYTES));
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        for (at, digit) in digits.enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.extend(char::from_digit(digit.into(), 16));
        }
        text
    }

    /// Computes the digest that is stored.
    #[must_use]
    pub fn digest(&self) -> RecoveryDigest {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, self.0.as_slice());
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        RecoveryDigest(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_OF_SAMPLE: [u8; BYTES] =
        [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00, 0xff];

    #[test]
    fn reads_a_code_with_any_case_spaces_and_hyphens() {
        let code = RecoveryCode::new(BYTES_OF_SAMPLE);
        assert_eq!(code.to_text().as_str(), "0123-4567-89ab-cdef-00ff");
        for text in [
            "0123-4567-89ab-cdef-00ff",
            "0123456789ABCDEF00FF",
            " 0123 4567 89ab cdef 00ff ",
            "\u{2066}0123\u{2011}4567\u{a0}89ab\u{200b}cdef\u{202f}00ff\u{2069}\r\n",
            "０１２３４５６７８９ＡＢｃｄｅｆ٠٠ff",
            "\"0123-4567-89ab-cdef-00ff\",",
            "\u{300c}0123-4567-89ab-cdef-00ff\u{300d}\u{3002}",
            "`<0123 4567 89ab cdef 00ff>`;",
        ] {
            let read = RecoveryCode::parse(text).expect(text);
            assert_eq!(read.digest(), code.digest());
        }
    }

    #[test]
    fn refuses_a_text_that_is_not_a_code() {
        for text in [
            "",
            "0123-4567-89ab-cdef-00f",
            "0123-4567-89ab-cdef-00ff0",
            "0123-4567-89ab-cdef-00fg",
            "0123-4567-89ab-cdef-00f\u{ff47}",
            "+0123-4567-89ab-cdef-00ff",
            "code: 0123-4567-89ab-cdef-00ff",
            "0123-4567-89ab, cdef-00ff",
        ] {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_code() {
        let code = RecoveryCode::new(BYTES_OF_SAMPLE);
        assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
    }
}
