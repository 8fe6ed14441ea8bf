//! Access tokens: JWTs that this service issues and checks (RFC 9068).

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::clock::Timestamp;
use phoneproof_guard::{Registered, Token, TokenGuard, UnusableKeys};
use serde::{Deserialize, Serialize};

use crate::refresh_token::{AccountId, SessionId};

/// How long an access token is accepted, apart from the leeway for clocks.
///
/// It is short, because an access token cannot be revoked.
pub const LIFETIME: Duration = Duration::from_mins(10);

/// The claim `client_id`, which RFC 9068 section 2.2 requires. Every client of this service is its operator's own.
const CLIENT: &str = "first-party";

/// The claims of an access token. Times are whole seconds since the Unix epoch.
#[derive(Serialize, Deserialize, derive_more::Debug)]
#[debug("AccessClaims {{ exp: {exp:?}, .. }}")]
pub struct AccessClaims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    jti: String,
    sid: String,
}

impl AccessClaims {
    /// Makes the claims of a token that is valid from `now` for [`LIFETIME`].
    #[must_use]
    pub fn new(
        issuer: &str,
        account: AccountId,
        session: SessionId,
        jti: [u8; 16],
        now: Timestamp,
    ) -> Self {
        let seconds = |at: Timestamp| u64::try_from(at.unix()).unwrap_or(0);
        Self {
            iss: issuer.to_owned(),
            aud: issuer.to_owned(),
            sub: base64url(account.0),
            client_id: CLIENT.to_owned(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(now + LIFETIME),
            jti: base64url(jti),
            sid: base64url(session.0),
        }
    }
}

/// The account and the session that a valid access token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The account that the token gives access to.
    pub account: AccountId,
    /// The session that the token was issued in.
    pub session: SessionId,
}

impl Token for Access {
    const TYPE: &'static str = "at+jwt";

    type Claims = AccessClaims;

    fn read_registered(claims: &AccessClaims) -> Registered<'_> {
        Registered {
            iss: &claims.iss,
            aud: &claims.aud,
            nbf: claims.nbf,
            exp: claims.exp,
        }
    }

    fn learn(claims: AccessClaims) -> Option<Self> {
        let id = |text: &str| from_base64url(text).ok()?.try_into().ok();
        Some(Self {
            account: AccountId(id(&claims.sub)?),
            session: SessionId(id(&claims.sid)?),
        })
    }
}

/// A keyring, and the guard that checks tokens with its public keys.
type OfKeyring = (Arc<Keyring>, Arc<TokenGuard<Access>>);

/// Checks access tokens with the current keys of this service.
#[derive(derive_more::Debug)]
#[debug("OwnTokens {{ issuer: {issuer:?}, .. }}")]
pub struct OwnTokens {
    issuer: String,
    /// The last keyring and its guard; `None` before the first check.
    guard: RwLock<Option<OfKeyring>>,
}

impl OwnTokens {
    /// Makes a checker of tokens whose issuer and audience are `issuer`.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            guard: RwLock::default(),
        }
    }

    /// Returns the guard that checks the tokens of `keyring`.
    ///
    /// The guard is kept until another keyring comes, because parsing the keys costs more than a check.
    ///
    /// # Errors
    ///
    /// [`UnusableKeys`] when the public keys of `keyring` cannot check tokens.
    pub fn guard(&self, keyring: &Arc<Keyring>) -> Result<Arc<TokenGuard<Access>>, UnusableKeys> {
        let cached = self.guard.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, guard)) = cached.as_ref().filter(|(of, _)| Arc::ptr_eq(of, keyring)) {
            return Ok(Arc::clone(guard));
        }
        drop(cached);
        let jwks = keyring.jwks().to_string();
        let guard = Arc::new(TokenGuard::new(self.issuer.as_str(), jwks.as_bytes())?);
        let entry = (Arc::clone(keyring), Arc::clone(&guard));
        *self.guard.write().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        Ok(guard)
    }
}
