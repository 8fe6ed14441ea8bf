//! One-time codes and their MACs.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use phoneproof_domain::code::CodeMac;

use super::derive::mac_parts;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;

/// Derives the code of challenge `id` that ends at `expires_at`. It is uniform over all codes of `length` digits.
///
/// The derivation is a keyed PRF, so a resend or an idempotent repeat needs no stored code. An idempotency key that is
/// used again after its challenge is over gives the same id. The end is part of the input so that the code differs.
#[must_use]
pub fn derive_code(key: &hmac::Key, id: ChallengeId, expires_at: Timestamp, length: u8) -> Code {
    let draws = (0_u64..).map(|counter| draw(key, id, expires_at, counter));
    Code::from_number(pick_below(draws, 10_u64.pow(u32::from(length))), length)
}

/// Picks a number below `range` from uniform draws. Draws at or above the largest multiple of `range` are skipped, so
/// every number is equally likely.
fn pick_below(mut draws: impl Iterator<Item = u64>, range: u64) -> u64 {
    let unbiased = u64::MAX - u64::MAX % range;
    // At most 10 digits: a draw is skipped with a chance below 2^-30, so nearly always the first one counts.
    let number = draws.find(|number| *number < unbiased);
    number.unwrap_or_default() % range
}

/// Computes one pseudorandom 64-bit number for a challenge. Each `counter` gives another one.
fn draw(key: &hmac::Key, id: ChallengeId, expires_at: Timestamp, counter: u64) -> u64 {
    let ends = expires_at.unix().to_be_bytes();
    let tag = mac_parts(key, &[&id.0, &ends, &counter.to_be_bytes()]);
    let mut bytes = Zeroizing::new([0; 8]);
    for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    u64::from_be_bytes(*bytes)
}

/// Computes the MAC of `code` for challenge `id`: HMAC-SHA-256 over both, so it fits no other challenge.
#[must_use]
pub fn make_code_mac(key: &hmac::Key, id: ChallengeId, code: &Code) -> CodeMac {
    let mut mac = [0; 32];
    let tag = mac_parts(key, &[&id.0, code.expose().as_bytes()]);
    for (to, from) in mac.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    mac
}

/// Tells whether `expected` is the MAC of `code` for challenge `id`. The comparison takes constant time.
#[must_use]
pub fn code_matches(key: &hmac::Key, id: ChallengeId, code: &Code, expected: &CodeMac) -> bool {
    let actual = make_code_mac(key, id, code);
    aws_lc_rs::constant_time::verify_slices_are_equal(&actual, expected).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;
    use crate::derive::{Purpose, RootKey};

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    const ID: ChallengeId = ChallengeId([9; 16]);
    const ENDS: Timestamp = Timestamp::from_unix(1_795_435_500);

    #[test]
    fn derives_the_known_codes_and_macs() {
        let root = RootKey::new(SECRET);
        let key = root.mac_key(Purpose::Code);
        let code = derive_code(&key, ID, ENDS, 6);
        assert_eq!(code.expose(), "017980");
        assert_eq!(derive_code(&key, ID, ENDS, 10).expose(), "9458017980");
        let mac = make_code_mac(&root.mac_key(Purpose::CodeMac), ID, &code);
        assert_eq!(
            base64url(mac),
            "3NptD1MbQFnS3Am1J0p8Mprif6cBVSG0rCmUkBGloqo"
        );
    }

    #[test]
    fn skips_a_draw_that_would_favour_some_numbers() {
        let multiple = 18_446_744_073_709_000_000;
        let pick = |draws: &[u64]| pick_below(draws.iter().copied(), 1_000_000);
        assert_eq!(pick(&[multiple - 1, 7]), 999_999);
        assert_eq!(pick(&[multiple, u64::MAX, 7]), 7);
    }

    #[test]
    fn derives_another_code_when_the_challenge_ends_at_another_time() {
        let key = RootKey::new(SECRET).mac_key(Purpose::Code);
        let code = |expires_at| derive_code(&key, ID, expires_at, 10);
        let later = ENDS + std::time::Duration::from_secs(1);
        assert_ne!(code(ENDS).expose(), code(later).expose());
    }

    #[test]
    fn matches_only_the_right_code_of_the_right_challenge() {
        let key = RootKey::new(SECRET).mac_key(Purpose::CodeMac);
        let code = Code::parse("123456").expect("digits");
        let mac = make_code_mac(&key, ID, &code);
        assert!(code_matches(&key, ID, &code, &mac));
        assert!(!code_matches(
            &key,
            ID,
            &Code::parse("123457").expect("digits"),
            &mac
        ));
        assert!(!code_matches(&key, ChallengeId([8; 16]), &code, &mac));
    }

    /// Pearson's chi-squared over the first and the last digit of 100,000 codes. With 9 degrees of
    /// freedom, 33.7 is exceeded with a chance of 1 in 10,000; the ids are fixed, so the result is.
    #[test]
    fn draws_digits_uniformly() {
        let key = RootKey::new(SECRET).mac_key(Purpose::Code);
        let mut counts = [[0_u32; 10]; 6];
        for n in 0_u128..100_000 {
            let code = derive_code(&key, ChallengeId(n.to_be_bytes()), ENDS, 6);
            for (position, digit) in code.expose().bytes().enumerate() {
                counts[position][usize::from(digit - b'0')] += 1;
            }
        }
        for position in counts {
            let chi: f64 = position
                .iter()
                .map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0)
                .sum();
            assert!(chi < 33.7, "chi-squared {chi}");
        }
    }
}
