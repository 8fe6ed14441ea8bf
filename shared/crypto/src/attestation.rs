//! Attestations: JWTs by which the operator's edge vouches for one caller and one phone, checked offline.
//!
//! The guard that checks success tokens checks them, too. The key decides the algorithm, nothing that a token names is
//! fetched, and claims are typed and required.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use phoneproof_domain::attestation::{
    AttestationAlgorithm, AttestationDigest, AttestationKey, AttestationPolicy,
};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone::Phone;
use phoneproof_guard::{Registered, Rejection, Token, TokenGuard, UnusableKeys};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::base64url;
use super::digest::sha256;

/// The `typ` of an attestation.
pub const ATTESTATION_TYPE: &str = "phone-attestation+jwt";

/// The longest life of an attestation, in seconds.
pub const MAX_LIFETIME_SECONDS: u64 = 120;

/// By how much the clock of an edge may be ahead, in seconds.
pub const MAX_SKEW_SECONDS: u64 = 10;

/// Why an attestation does not count. The text says it in words for an integrator, and nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AttestationFault {
    /// The policy has no key to check it with.
    #[error("this service takes none, because its policy has no [attestation]")]
    NotTaken,
    /// It is not an attestation of the edge for this service, or not valid now.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// Its `exp` is not after its `iat`, or by more than [`MAX_LIFETIME_SECONDS`].
    #[error("`exp` must be after `iat`, by {MAX_LIFETIME_SECONDS} seconds at most")]
    Lifetime,
    /// Its `sub` is not the digest of the phone of this request.
    #[error("`sub` is not the SHA-256 of this phone in E.164, in base64url without padding")]
    OtherPhone,
    /// It paid for a text before.
    #[error("it was used for a text before, and each attestation is for one text")]
    Used,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    exp: u64,
    nbf: Option<u64>,
}

/// What an attestation says, once its signature and registered claims were checked.
#[derive(Clone)]
struct Attestation {
    subject: String,
    /// In seconds; 0 when it ends before it begins.
    lifetime: u64,
}

impl Token for Attestation {
    const TYPE: &'static str = ATTESTATION_TYPE;
    /// An attestation lives too short to work on after its end.
    const LEEWAY_SECONDS: u64 = 0;
    type Claims = Claims;

    fn read_registered(claims: &Claims) -> Registered<'_> {
        let begins = claims.iat.saturating_sub(MAX_SKEW_SECONDS);
        Registered {
            iss: &claims.iss,
            aud: &claims.aud,
            nbf: begins.max(claims.nbf.unwrap_or_default()),
            exp: claims.exp,
        }
    }

    fn learn(claims: Claims) -> Option<Self> {
        Some(Self {
            subject: claims.sub,
            lifetime: claims.exp.saturating_sub(claims.iat),
        })
    }
}

/// Checks attestations for one service.
#[derive(derive_more::Debug)]
#[debug("AttestationGuard {{ audience: {audience:?}, .. }}")]
pub struct AttestationGuard {
    tokens: TokenGuard<Attestation>,
    audience: String,
}

impl AttestationGuard {
    /// Makes the guard of the service whose issuer is `audience`.
    ///
    /// # Errors
    ///
    /// [`UnusableKeys`] when the policy has no key.
    pub fn new(policy: &AttestationPolicy, audience: &str) -> Result<Self, UnusableKeys> {
        let keys: Vec<_> = policy.keys.iter().map(to_jwk).collect();
        let jwks = json!({ "keys": keys }).to_string();
        Ok(Self {
            tokens: TokenGuard::new(policy.issuer.as_str(), jwks.as_bytes())?,
            audience: audience.to_owned(),
        })
    }

    /// Checks that `token` vouches at `now` for a caller who asks for a text to `phone`.
    ///
    /// # Errors
    ///
    /// [`AttestationFault`] says why it does not.
    pub fn check(
        &self,
        token: &str,
        phone: &Phone,
        now: Timestamp,
    ) -> Result<(), AttestationFault> {
        let now = u64::try_from(now.unix()).unwrap_or_default();
        let attestation = self.tokens.check(token, &self.audience, now)?;
        if !(1..=MAX_LIFETIME_SECONDS).contains(&attestation.lifetime) {
            return Err(AttestationFault::Lifetime);
        }
        if attestation.subject != subject_of(phone) {
            return Err(AttestationFault::OtherPhone);
        }
        Ok(())
    }
}

/// Returns the digest that tells `token` from other attestations.
#[must_use]
pub fn digest_of(token: &str) -> AttestationDigest {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    AttestationDigest(sha256(signed.as_bytes()))
}

/// Returns the `sub` that binds an attestation to a phone: the SHA-256 of its E.164 form, in base64url without padding.
#[must_use]
pub fn subject_of(phone: &Phone) -> String {
    base64url(sha256(phone.expose().as_bytes()))
}

/// Writes a key as a JWK (RFC 7517), as the guard reads it.
fn to_jwk(key: &AttestationKey) -> Value {
    match key.algorithm {
        AttestationAlgorithm::Es256 => {
            let (x, y) = key.bytes.split_at(key.bytes.len() / 2);
            json!({
                "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y),
                "kid": key.id, "use": "sig", "alg": "ES256",
            })
        }
        AttestationAlgorithm::EdDsa => json!({
            "kty": "OKP", "crv": "Ed25519", "x": base64url(&key.bytes),
            "kid": key.id, "use": "sig", "alg": "EdDSA",
        }),
    }
}

const PEM_HEAD: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_TAIL: &str = "-----END PUBLIC KEY-----";

/// The DER of a `SubjectPublicKeyInfo` of P-256 (RFC 5480) before x and y: with the 4 of an uncompressed point.
const P256_HEAD: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// The DER of a `SubjectPublicKeyInfo` of Ed25519 (RFC 8410) before its 32 bytes.
const ED25519_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Reports a text that is not a public key for attestations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a public key of P-256 or Ed25519 in PEM is needed, as `openssl pkey -pubout` writes it: BEGIN PUBLIC KEY"
)]
pub struct InvalidPublicKey;

/// Reads the public key of an edge from PEM (RFC 7468 section 13), for the id `id`.
///
/// # Errors
///
/// [`InvalidPublicKey`] for any other text, and for a point that is not on the curve.
pub fn read_public_key(id: &str, pem: &str) -> Result<AttestationKey, InvalidPublicKey> {
    let body = pem
        .trim()
        .strip_prefix(PEM_HEAD)
        .and_then(|text| text.strip_suffix(PEM_TAIL))
        .ok_or(InvalidPublicKey)?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| InvalidPublicKey)?;
    let (algorithm, bytes) = if let Some(bytes) = der.strip_prefix(&P256_HEAD) {
        let point = [&[4], bytes].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| InvalidPublicKey)?;
        (AttestationAlgorithm::Es256, bytes)
    } else if let Some(bytes) = der.strip_prefix(&ED25519_HEAD) {
        ParsedPublicKey::new(&ED25519, bytes).map_err(|_| InvalidPublicKey)?;
        (AttestationAlgorithm::EdDsa, bytes)
    } else {
        return Err(InvalidPublicKey);
    };
    Ok(AttestationKey {
        id: id.to_owned(),
        algorithm,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8410 section 10.1.
    const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn reads_a_public_key_and_nothing_else() {
        let key = read_public_key("edge-1", ED25519_PEM).expect("a key");
        assert_eq!(
            (key.algorithm, key.bytes.len()),
            (AttestationAlgorithm::EdDsa, 32)
        );
        let windows = ED25519_PEM.replace('\n', "\r\n");
        assert_eq!(read_public_key("edge-1", &windows).as_ref(), Ok(&key));
        for text in [
            "",
            "canary",
            PEM_HEAD,
            &ED25519_PEM.replace("PUBLIC", "PRIVATE"),
            &ED25519_PEM.replace("MCow", "MCox"),
            &ED25519_PEM.replace("ZuE=", "ZuEA"),
            &format!("{ED25519_PEM}{ED25519_PEM}"),
        ] {
            assert_eq!(
                read_public_key("edge-1", text),
                Err(InvalidPublicKey),
                "{text}"
            );
        }
        let mut point = P256_HEAD.to_vec();
        point.extend([7; 64]);
        let off_curve = format!("{PEM_HEAD}\n{}\n{PEM_TAIL}", STANDARD.encode(point));
        assert_eq!(read_public_key("edge-1", &off_curve), Err(InvalidPublicKey));
    }

    /// `printf %s +14152007986 | openssl dgst -sha256 -binary | basenc --base64url`.
    #[test]
    fn the_subject_is_the_digest_of_the_number() {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        assert_eq!(
            subject_of(&phone),
            "YwfFho60iL-GymjJi6gAaZEhCiwLOYUMA8-4OB5x9fY"
        );
    }
}
