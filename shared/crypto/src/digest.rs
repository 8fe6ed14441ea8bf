//! SHA-256 digests (FIPS 180-4).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// The length of a digest, in bytes.
pub const DIGEST_BYTES: usize = 32;

/// Returns the SHA-256 digest of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    out
}

/// Tells whether `expected` is the SHA-256 digest of `secret`. The comparison takes constant time.
#[must_use]
pub fn has_sha256(secret: &[u8], expected: &[u8; 32]) -> bool {
    verify_slices_are_equal(&sha256(secret), expected).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    /// The digest of `abc` (FIPS 180-2, appendix B.1).
    #[test]
    fn gives_the_digest_that_the_standard_lists() {
        assert_eq!(
            base64url(sha256(b"abc")),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
        assert!(has_sha256(b"abc", &sha256(b"abc")));
        assert!(!has_sha256(b"abd", &sha256(b"abc")));
    }
}
