//! Success tokens: JWTs signed with ES256 or RS256 (RFC 7515, RFC 7518).
//!
//! This module signs them. Their claims and the check of them are in `phoneproof-guard`. No JWT library signs here: it
//! would parse the key once per token instead of once per keyring.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use phoneproof_guard::{Claims, TOKEN_TYPE};
use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::base64url;
use super::derive::{Purpose, RootKey};
use phoneproof_domain::root::RootId;

/// A private key that signs success tokens, and other JWTs by [`SigningKey::sign_jwt`].
#[derive(derive_more::Debug)]
#[debug("SigningKey {{ kid: {kid:?}, .. }}")]
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(rsa::KeyPair),
}

/// The text of a success token. It is a secret of its bearer, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("SuccessToken(…)")]
pub struct SuccessToken(String);

impl SuccessToken {
    /// Turns the token into its text on the wire.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Why a JWT was not signed. No variant holds any part of the claims or of the key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SigningFailed {
    /// The claims cannot be written as JSON. This is the text of the JSON error.
    #[error("a token could not be signed: its claims are not JSON: {0}")]
    Encoding(String),
    /// AWS-LC made no ECDSA signature. Its error gives no reason.
    #[error("a token could not be signed: ES256: {0}")]
    Es256(#[source] Unspecified),
    /// AWS-LC made no RSA signature. Its error gives no reason.
    #[error("a token could not be signed: RS256: {0}")]
    Rs256(#[source] Unspecified),
}

/// The DER of an `ECPrivateKey` on P-256 (RFC 5915) up to its scalar of 32 bytes.
const EC_PRIVATE_KEY_HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
/// The DER of an `ECPrivateKey` on P-256 after its scalar: the parameters, which name the curve.
const EC_PRIVATE_KEY_TAIL: [u8; 12] = [
    0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// Derives the ES256 key of a root: the first candidate that is a valid P-256 scalar (FIPS 186-5 section A.2.2, testing
/// candidates). One candidate in 2^32 is out of range.
pub(super) fn derive_es256(id: &RootId, root: &RootKey) -> Option<SigningKey> {
    let pair = (0..=u8::MAX).find_map(|counter| {
        let scalar = root.derive(Purpose::Es256(counter));
        let der = zeroize::Zeroizing::new(
            [
                &EC_PRIVATE_KEY_HEAD,
                scalar.as_slice(),
                &EC_PRIVATE_KEY_TAIL,
            ]
            .concat(),
        );
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok()
    })?;
    Some(SigningKey {
        kid: id.as_str().to_owned(),
        pair: Pair::Es256(pair),
    })
}

/// Reads an RS256 key from PKCS #8 DER. Returns `None` unless it is an RSA private key of 2048 to 4096 bits.
pub(super) fn read_rs256(id: &RootId, pkcs8: &[u8]) -> Option<SigningKey> {
    let pair = rsa::KeyPair::from_pkcs8(pkcs8).ok()?;
    (256..=512)
        .contains(&pair.public_modulus_len())
        .then(|| SigningKey {
            kid: id.as_str().to_owned(),
            pair: Pair::Rs256(pair),
        })
}

impl SigningKey {
    /// The JWS algorithm (RFC 7518 section 3.1): `ES256` or `RS256`.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Es256(_) => "ES256",
            Pair::Rs256(_) => "RS256",
        }
    }

    /// Makes the success token with these claims.
    ///
    /// # Errors
    ///
    /// [`SigningFailed`] when AWS-LC makes no signature, which does not happen with a valid key.
    pub fn sign(&self, claims: &Claims) -> Result<SuccessToken, SigningFailed> {
        self.sign_jwt(TOKEN_TYPE, claims).map(SuccessToken)
    }

    /// Makes a JWT of type `typ` with these claims. Each kind of token needs a type of its own (RFC 8725 section 3.11).
    ///
    /// # Errors
    ///
    /// [`SigningFailed`] when the claims cannot be written as JSON, or AWS-LC makes no signature.
    pub fn sign_jwt(&self, typ: &str, claims: &impl Serialize) -> Result<String, SigningFailed> {
        let header = json!({ "typ": typ, "alg": self.algorithm(), "kid": self.kid });
        let claims = serde_json::to_vec(claims);
        let claims = claims.map_err(|error| SigningFailed::Encoding(error.to_string()))?;
        let mut token = format!("{}.{}", base64url(header.to_string()), base64url(claims));
        let signature = self.sign_bytes(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url(signature));
        Ok(token)
    }

    fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        // AWS-LC draws the ECDSA nonce itself and ignores this argument.
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => {
                let signature = pair.sign(&random, message);
                let signature = signature.map_err(SigningFailed::Es256)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(SigningFailed::Rs256)?;
                Ok(signature)
            }
        }
    }

    /// Writes the public key as a JWK (RFC 7517, RFC 7518 section 6).
    #[must_use]
    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Es256(pair) => {
                // Uncompressed point: 0x04, then x and y of 32 bytes each (SEC 1 section 2.3.3).
                let (_, point) = pair.public_key().as_ref().split_at(1);
                let (x, y) = point.split_at(point.len() / 2);
                json!({
                    "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y),
                    "kid": self.kid, "use": "sig", "alg": "ES256",
                })
            }
            Pair::Rs256(pair) => {
                let public = pair.public_key();
                let modulus = public.modulus();
                let exponent = public.exponent();
                json!({
                    "kty": "RSA",
                    "n": base64url(modulus.big_endian_without_leading_zero()),
                    "e": base64url(exponent.big_endian_without_leading_zero()),
                    "kid": self.kid, "use": "sig", "alg": "RS256",
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;
    use crate::keyring::tests_support::keyring;
    use phoneproof_domain::clock::Timestamp;
    use phoneproof_guard::{Guard, Rejection};

    const ISSUER: &str = "https://verify.example.com";
    const NOW: Timestamp = Timestamp::from_unix(1_000);

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            sub: "subject".to_owned(),
            aud: "login".to_owned(),
            iat: 1_000,
            nbf: 1_000,
            exp: 1_300,
            jti: "jti".to_owned(),
            phone_number: "+14152007986".to_owned(),
            phone_number_verified: true,
            device_id: "device-1".to_owned(),
            amr: phoneproof_guard::AMR.map(str::to_owned).to_vec(),
            action: None,
            test: false,
        }
    }

    fn guard(keyring: &Keyring) -> Guard {
        Guard::new(ISSUER, keyring.jwks().to_string().as_bytes()).expect("usable keys")
    }

    fn with_rsa(added: &str) -> Keyring {
        use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
        use base64::Engine as _;
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("encodable");
        let pkcs8 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let root = "x".repeat(43);
        let text = format!(
            r#"{{"current":"r1","r1":"{root}","rsa":{{"kid":"rsa1","pkcs8":"{pkcs8}"}}{added}}}"#
        );
        Keyring::from_json(&text).expect("valid")
    }

    #[test]
    fn derives_the_known_public_key() {
        let jwks = keyring(&["r1"]).jwks();
        assert_eq!(
            jwks["keys"][0]["x"],
            "beht2564tgalta3Gpe253HsxBG5LmDU-LSH54ssxhBg"
        );
        assert_eq!(
            jwks["keys"][0]["y"],
            "NSoUF5IZ4o4DSYg9ouKX58qKetwccwUPplqS_jHR6F8"
        );
    }

    #[test]
    fn writes_the_known_header_and_claims() {
        use crate::from_base64url;
        let keyring = keyring(&["r1"]);
        let bound = Claims {
            action: Some("digest".to_owned()),
            test: true,
            ..claims()
        };
        for (claims, more) in [(claims(), ""), (bound, r#","action":"digest","test":true"#)] {
            let token = keyring
                .signing_key(NOW)
                .sign(&claims)
                .expect("signed")
                .into_text();
            let parts: Vec<_> = token
                .split('.')
                .map(|part| from_base64url(part).expect("base64url"))
                .collect();
            let text = |n: usize| String::from_utf8_lossy(&parts[n]).into_owned();
            assert_eq!(
                text(0),
                r#"{"alg":"ES256","kid":"r1","typ":"phone-verified+jwt"}"#
            );
            let expected = format!(
                r#"{{"iss":"https://verify.example.com","sub":"subject","aud":"login","iat":1000,"nbf":1000,"exp":1300,"jti":"jti","phone_number":"+14152007986","phone_number_verified":true,"device_id":"device-1","amr":["sms","otp"]{more}}}"#
            );
            assert_eq!(text(1), expected);
            assert_eq!(
                parts[2].len(),
                64,
                "r and s of 32 bytes each (RFC 7518 section 3.4)"
            );
        }
    }

    #[test]
    fn guard_accepts_a_token_signed_with_es256() {
        let keyring = keyring(&["r1"]);
        let token = keyring
            .signing_key(NOW)
            .sign(&claims())
            .expect("signed")
            .into_text();
        let proof = guard(&keyring)
            .check(&token, "login", 1_100)
            .expect("accepted");
        assert_eq!(proof.phone, "+14152007986");
        assert_eq!(proof.device, "device-1");
    }

    #[test]
    fn signs_with_rs256_when_the_keyring_has_an_rsa_key() {
        let keyring = with_rsa("");
        assert_eq!(keyring.signing_key(NOW).algorithm(), "RS256");
        let token = keyring
            .signing_key(NOW)
            .sign(&claims())
            .expect("signed")
            .into_text();
        assert!(guard(&keyring).check(&token, "login", 1_100).is_ok());
    }

    #[test]
    fn signs_with_a_new_rsa_key_once_every_function_and_cache_has_it() {
        let keyring = with_rsa(r#","added":{"rsa1":1000}"#);
        let algorithm_at = |now| keyring.signing_key(Timestamp::from_unix(now)).algorithm();
        assert_eq!(algorithm_at(1_599), "ES256");
        assert_eq!(algorithm_at(1_600), "RS256");
        let published = keyring.jwks();
        assert_eq!(published["keys"][0]["kid"], "rsa1", "from the first moment");
    }

    #[test]
    fn guard_refuses_tokens_of_another_audience_time_or_key() {
        let ring = keyring(&["r1"]);
        let guard = guard(&ring);
        let token = ring
            .signing_key(NOW)
            .sign(&claims())
            .expect("signed")
            .into_text();
        assert_eq!(
            guard.check(&token, "register", 1_100).err(),
            Some(Rejection::WrongAudience)
        );
        assert_eq!(guard.check(&token, "login", 1_359).err(), None);
        assert_eq!(
            guard.check(&token, "login", 1_360).err(),
            Some(Rejection::Expired)
        );
        assert_eq!(guard.check(&token, "login", 940).err(), None);
        assert_eq!(
            guard.check(&token, "login", 939).err(),
            Some(Rejection::NotYetValid)
        );
        let other = keyring(&["r2"])
            .signing_key(NOW)
            .sign(&claims())
            .expect("signed")
            .into_text();
        assert_eq!(
            guard.check(&other, "login", 1_100).err(),
            Some(Rejection::UnknownKey)
        );
        let cut = &token[..token.len() - 4];
        assert!(guard.check(cut, "login", 1_100).is_err());
        assert_eq!(
            guard.check("canary", "login", 1_100).err(),
            Some(Rejection::Malformed)
        );
    }

    #[test]
    fn guard_refuses_tokens_longer_than_4096_bytes() {
        // With an id of three characters, 4,096 is a length that base64 can have.
        let ring = keyring(&["r01"]);
        let padded = |length: usize| {
            let mut claims = serde_json::to_value(claims()).expect("JSON");
            claims["padding"] = "x".repeat(length).into();
            let token = ring.signing_key(NOW).sign_jwt(TOKEN_TYPE, &claims);
            token.expect("signed")
        };
        let tokens: Vec<_> = (2_500..3_000).map(padded).collect();
        let of_length = |length| tokens.iter().find(|token| token.len() == length);
        let check = |token: &String| guard(&ring).check(token, "login", 1_100).err();
        assert_eq!(of_length(4_096).map(check), Some(None));
        // Three bytes are four characters of base64, so one length in four does not occur.
        let longer = of_length(4_097).or(of_length(4_098)).map(check);
        assert_eq!(longer, Some(Some(Rejection::Malformed)));
    }
}
