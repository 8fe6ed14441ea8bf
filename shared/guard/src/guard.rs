//! The check of tokens, offline.

#[cfg(test)]
mod tests;

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

/// The longest text that is read as a token, in bytes. A success token has about 700.
const MAX_JWT_BYTES: usize = 4_096;

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
    /// The token expired more than [`LEEWAY_SECONDS`](crate::LEEWAY_SECONDS) ago.
    #[error("expired")]
    Expired,
    /// The token becomes valid more than [`LEEWAY_SECONDS`](crate::LEEWAY_SECONDS) from now, so the clocks of issuer
    /// and relying party differ.
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

    /// Accepts tokens that are bound to an action, too. The calling code must then compare the action with what it is
    /// about to do. [`PhoneProof::is_for`] compares them, and is false for a token without an action.
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
        if token.len() > MAX_JWT_BYTES {
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
        let registered = T::read_registered(claims);
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

/// Reads a key and its id. Returns `None` unless the key is for ES256, `EdDSA` or RS256 signatures and says so in
/// `alg`.
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
