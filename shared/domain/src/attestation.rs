//! Attestations: the operator's edge vouches for a caller.
//!
//! An edge is the operator's own code before the service, such as the server of a web page. After a CAPTCHA, App Attest
//! or a look at an account it signs a JWT that is bound to one phone. `phoneproof_crypto` checks it.

/// The table `[attestation]` of the policy: whose attestations the service accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationPolicy {
    /// The `iss` of every attestation.
    pub issuer: String,
    /// The public keys of the edges, at least one. No two have the same id.
    pub keys: Vec<AttestationKey>,
}

/// A public key that checks attestations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationKey {
    /// The `kid` in the header of what it signs.
    pub id: String,
    /// Its algorithm, which no token can change.
    pub algorithm: AttestationAlgorithm,
    /// The key: x and y of 32 bytes each for ES256, 32 bytes for `EdDSA`.
    pub bytes: Vec<u8>,
}

/// The algorithms that an edge can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    Es256,
    /// `EdDSA` on Ed25519 (RFC 8037 section 3.1).
    EdDsa,
}

/// Tells attestations apart: the SHA-256 of what the signature covers.
///
/// It leaves the signature out, because an ECDSA signature can be written in another way without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttestationDigest(pub [u8; 32]);

/// What a refused caller can bring to be treated better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// An attestation of the operator's edge.
    Attestation,
}

impl Remedy {
    /// Returns the stable name: `challenge` on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
        }
    }
}
