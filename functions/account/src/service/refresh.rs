//! The use case of exchanging a refresh token, and the tokens that it gives.

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::RequestContext;
use zeroize::Zeroizing;

use super::{AccountEvent, AccountRefusal, Accounts, ROUNDS, Unavailable};
use crate::access_token::{Access, AccessClaims, LIFETIME};
use crate::refresh_token::{RefreshToken, SessionId};
use crate::session::{Decision, Session};
use crate::store::{NamedSession, WriteOutcome};

/// The tokens that a client gets for its session.
#[derive(derive_more::Debug)]
#[debug("Tokens(…)")]
pub struct Tokens {
    /// The access token, a signed JWT.
    pub access: String,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// The refresh token in base64url.
    pub refresh: Zeroizing<String>,
    /// When the refresh token expires unless it is exchanged.
    pub refresh_expires_at: Timestamp,
    /// When the tokens were issued.
    pub issued_at: Timestamp,
    /// The session that the tokens belong to.
    pub session: SessionId,
}

impl Accounts {
    /// Issues the tokens of a session whose current refresh token is `token`.
    pub(super) async fn issue_tokens(
        &self,
        token: &RefreshToken,
        session: &Session,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        let now = request.now;
        let keyring = self.read_keyring(request).await?;
        let jti = request.draw()?;
        let claims = AccessClaims::new(&self.issuer, token.account(), token.session(), jti, now);
        let access = keyring
            .signing_key(now)
            .sign_jwt(<Access as phoneproof_guard::Token>::TYPE, &claims)?;
        Ok(Tokens {
            access,
            access_expires_at: now + LIFETIME,
            refresh: token.to_text(&keyring),
            refresh_expires_at: session.expires_at(),
            issued_at: now,
            session: token.session(),
        })
    }

    /// Exchanges a refresh token for the next tokens of its session.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why there are no tokens. After [`AccountRefusal::Reused`], the session has ended.
    pub async fn refresh(
        &self,
        text: &str,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        let keyring = self.read_keyring(request).await?;
        let token = RefreshToken::parse(text, &keyring).ok_or(AccountRefusal::RefreshToken)?;
        for _ in 0..ROUNDS {
            let account = self.store.read_account(token.account(), request).await?;
            let named = account.and_then(|mut account| account.sessions.remove(&token.session()));
            let named = named.ok_or(AccountRefusal::SessionOver)?;
            match named.session.decide(token.digest(), request.now) {
                Decision::Expired => return Err(AccountRefusal::SessionOver),
                Decision::Rotate => {
                    let next = token.successors(&keyring).into_iter().next();
                    let next = next.ok_or(Unavailable::NoSuccessor)?;
                    // If another request changed the session first, the next round decides on what it wrote.
                    if let Some(session) = self.rotate(&token, &next, named, request).await? {
                        return self.continue_session(&next, &session, request).await;
                    }
                }
                Decision::Repeat => {
                    let current = find_current(token, &named.session, &keyring)?;
                    let session = &named.session;
                    return self.continue_session(&current, session, request).await;
                }
                Decision::Reused => {
                    let parts = vec![self.store.end_session(token.account(), token.session())];
                    drop(self.write(parts, request).await?);
                    AccountEvent::ReuseDetected.note(request);
                    return Err(AccountRefusal::Reused);
                }
            }
        }
        Err(Unavailable::Contended.into())
    }

    async fn continue_session(
        &self,
        token: &RefreshToken,
        session: &Session,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        let tokens = self.issue_tokens(token, session, request).await?;
        AccountEvent::Refreshed.note(request);
        Ok(tokens)
    }

    /// Stores the exchange of `token` for `next`. Returns the session after it; `None` when another request changed the
    /// session first.
    async fn rotate(
        &self,
        token: &RefreshToken,
        next: &RefreshToken,
        named: NamedSession,
        request: &mut RequestContext,
    ) -> Result<Option<Session>, AccountRefusal> {
        let session = named.session.rotate(next.digest(), request.now);
        let rotated = NamedSession { session, ..named };
        let (account, id) = (token.account(), token.session());
        let parts = vec![self.store.rotate(account, id, token.digest(), &rotated)];
        let written = self.write(parts, request).await?;
        Ok((written == WriteOutcome::Written).then_some(rotated.session))
    }
}

/// Derives the current token of a session from one that was exchanged not long ago, by way of those between them.
///
/// A successor derives under one of the roots. The digests that the session remembers tell which.
fn find_current(
    token: RefreshToken,
    session: &Session,
    keyring: &Keyring,
) -> Result<RefreshToken, AccountRefusal> {
    let after = session.list_after(token.digest());
    after.into_iter().try_fold(token, |token, digest| {
        let mut successors = token.successors(keyring).into_iter();
        let next = successors.find(|next| next.digest() == digest);
        next.ok_or(AccountRefusal::RefreshToken)
    })
}
