//! The keyring, the keys that derive from it, and the tokens, codes and indexes that are made with them.
//!
//! All keys but the RSA key derive from the roots of a [`keyring::Keyring`] by HKDF-SHA-256 (RFC 5869). The purpose is
//! the `info` of HKDF, so no key serves two purposes.

pub mod aead;
pub mod attestation;
pub mod challenge_token;
pub mod code;
pub mod derive;
pub mod digest;
pub mod index;
pub mod keyring;
pub mod keyring_edit;
pub mod receipt;
pub mod success_token;
pub mod webhook;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine as _};

/// Encodes bytes as base64url without padding (RFC 4648 section 5), the only text form of bytes on the wire.
#[must_use]
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes base64url strictly: no padding, no other alphabet, no stray trailing bits.
///
/// # Errors
///
/// [`DecodeError`] when `text` is not what [`base64url`] returns for some bytes.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, DecodeError> {
    URL_SAFE_NO_PAD.decode(text)
}
