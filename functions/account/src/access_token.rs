//! Access tokens: JWTs of this service (RFC 9068).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::clock::Timestamp;
use phoneproof_guard::{Registered, Token, TokenGuard, UnusableKeys};
use serde::{Deserialize, Serialize};

use crate::refresh_token::{AccountId, SessionId};

/// How long an access token is accepted, apart from the leeway of clocks. Nothing can take it back before
/// its end, so it is short.
pub const LIFETIME: Duration = Duration::from_mins(10);

/// The `client_id`, which RFC 9068 demands: this service has one kind of client, its owner's.
const CLIENT: &str = "first-party";

/// The claims as they stand in the token. Times are whole seconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
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

impl fmt::Debug for AccessClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessClaims")
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

impl AccessClaims {
    /// Makes the claims of a token that begins `now`.
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

/// What a checked access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The account of the token's owner.
    pub account: AccountId,
    /// The session that the token was issued in.
    pub session: SessionId,
}

impl Token for Access {
    const TYPE: &'static str = "at+jwt";

    type Claims = AccessClaims;

    fn registered(claims: &AccessClaims) -> Registered<'_> {
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

/// A keyring with what checks its tokens.
type OfKeyring = (Arc<Keyring>, Arc<TokenGuard<Access>>);

/// Makes what checks access tokens, with the keys of this service as they are now.
pub struct OwnTokens {
    issuer: String,
    /// The keyring that was last seen, with what checks its tokens.
    guard: RwLock<Option<OfKeyring>>,
}

impl fmt::Debug for OwnTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTokens")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl OwnTokens {
    /// Accepts tokens of `issuer`.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            guard: RwLock::default(),
        }
    }

    /// Returns what checks the tokens of `keyring`. It is made once per keyring: parsing keys costs more than a check.
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
