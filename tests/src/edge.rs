//! An operator's edge, which vouches for callers.

use phoneproof_crypto::attestation::{ATTESTATION_TYPE, subject_of};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone::Phone;
use serde_json::{Value, json};

use crate::forger::{EdwardsKey, Forger};

/// The `iss` of every attestation of tests.
pub const EDGE: &str = "https://www.example.com";

/// An edge with a key of each algorithm.
#[derive(Debug, Default)]
pub struct Edge {
    /// The key with the id `edge-1`, for ES256.
    pub es256: Forger,
    /// The key with the id `edge-2`, for `EdDSA`.
    pub eddsa: EdwardsKey,
}

impl Edge {
    /// Returns the section of the policy that names both keys.
    #[must_use]
    pub fn policy(&self) -> String {
        let key = |kid: &str, pem: String| {
            format!("[[attestation.key]]\nkid = \"{kid}\"\npem = \"\"\"\n{pem}\"\"\"\n")
        };
        format!(
            "[attestation]\nissuer = \"{EDGE}\"\n{}{}",
            key("edge-1", self.es256.public_pem()),
            key("edge-2", self.eddsa.public_pem()),
        )
    }

    /// Returns the header of an attestation by the first key.
    #[must_use]
    pub fn header() -> Value {
        json!({ "alg": "ES256", "typ": ATTESTATION_TYPE, "kid": "edge-1" })
    }

    /// Returns the claims of an attestation for `phone`, made at `now` for the service with the issuer `audience`.
    #[must_use]
    pub fn claims(audience: &str, phone: &str, now: Timestamp) -> Value {
        let phone = Phone::from_canonical(phone).expect("an E.164 number");
        let now = now.unix();
        json!({ "iss": EDGE, "aud": audience, "sub": subject_of(&phone), "iat": now, "exp": now + 120 })
    }

    /// Signs claims with the first key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.es256.sign(&Self::header(), &claims.to_string())
    }
}
