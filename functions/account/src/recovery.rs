//! Recovery codes: what a person writes down, to set a new password where the account asks for two factors.
//!
//! With the code that is texted they are two different recovery codes, which NIST SP 800-63B-4 section 4.2 asks for
//! before an account that is used with two factors is recovered. The number alone never is enough: carriers give it to
//! somebody else some day.

use std::fmt;

use aws_lc_rs::digest;
use zeroize::Zeroizing;

/// 80 random bits; NIST asks for 64.
const BYTES: usize = 10;

/// The characters of a group, as a person reads it.
const GROUP: usize = 4;

/// A recovery code. It is its owner's secret: `Debug` hides it, and it is wiped when it is dropped.
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

/// SHA-256 of a recovery code: all that is stored of it. Nobody can search 2^80 codes, so it takes no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryDigest(pub [u8; 32]);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

impl RecoveryCode {
    /// The code of these random bytes.
    #[must_use]
    pub fn new(random: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Reads a code as a person types it: hexadecimal digits, with whatever spaces and dashes; `None` when it is no
    /// code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let typed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        let digits = typed.map(|c| u8::try_from(c.to_digit(16)?).ok());
        let digits: Option<Vec<u8>> = digits.collect();
        let digits = Zeroizing::new(digits?);
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        let is_whole = digits.len() == 2 * BYTES;
        let bytes = Zeroizing::new(bytes.try_into().ok()?);
        is_whole.then_some(Self(bytes))
    }

    /// The text for its owner, in groups: `0123-4567-89ab-cdef-0123`.
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

    /// What is stored of it.
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
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::new(BYTES_OF_SAMPLE);
        assert_eq!(code.to_text().as_str(), "0123-4567-89ab-cdef-00ff");
        for text in [
            "0123-4567-89ab-cdef-00ff",
            "0123456789ABCDEF00FF",
            " 0123 4567 89ab cdef 00ff ",
        ] {
            let read = RecoveryCode::parse(text).expect("a code");
            assert_eq!(read.digest(), code.digest());
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in [
            "",
            "0123-4567-89ab-cdef-00f",
            "0123-4567-89ab-cdef-00ff0",
            "0123-4567-89ab-cdef-00fg",
            "0123-4567-89ab-cdef-00f\u{ff11}",
        ] {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_hides_it() {
        let code = RecoveryCode::new(BYTES_OF_SAMPLE);
        assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
    }
}
