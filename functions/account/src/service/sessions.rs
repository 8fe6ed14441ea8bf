//! The use cases that begin, show and end sessions, and the one that deletes the account.

use std::cmp::Reverse;
use std::collections::HashMap;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_observe::RequestContext;

use super::{AccountEvent, AccountRefusal, Accounts, Tokens, VerifiedPhone};
use crate::access_token::Access;
use crate::device_name::SealedName;
use crate::password::StoredPassword;
use crate::refresh_token::{RefreshToken, SessionId};
use crate::session::Session;
use crate::store::{Account, Condition, NamedSession, WriteOutcome};

/// The most sessions that an account keeps. A log-in beyond it ends the session that was used least recently.
pub const MAX_SESSIONS: usize = 10;

/// What one write does when a session begins, besides adding the session to its account.
pub(super) struct Beginning<'a> {
    /// The name that the client gave its device; may be empty.
    pub(super) device: &'a str,
    /// The success token to spend.
    pub(super) verified: Option<&'a VerifiedPhone>,
    /// The phone that the person logs in with.
    pub(super) phone_index: &'a SubjectIndex,
    /// Whether a password was tried, so that the phone's failures are forgotten.
    pub(super) tried: bool,
    /// The hash to store in place of the one that was checked.
    pub(super) upgraded: Option<&'a StoredPassword>,
}

impl Accounts {
    /// Begins a session; `None` when another request has changed the account since it was read.
    pub(super) async fn begin_session(
        &self,
        account: &Account,
        beginning: Beginning<'_>,
        request: &mut RequestContext,
    ) -> Result<Option<Tokens>, AccountRefusal> {
        let Beginning {
            device,
            verified,
            phone_index,
            tried,
            upgraded,
        } = beginning;
        let now = request.now;
        let id = SessionId(request.draw()?);
        let token = RefreshToken::first(account.id, id, request.random.as_ref())?;
        let keyring = self.read_keyring(request).await?;
        let begun = NamedSession {
            session: Session::new(token.digest(), now),
            device: SealedName::seal(device, id, &keyring, request.random.as_ref())?,
        };
        let ended = choose_surplus(&account.sessions, now);
        let mut parts =
            vec![
                self.store
                    .begin_session(account, phone_index, id, &begun, &ended, upgraded),
            ];
        parts.extend(verified.map(|verified| self.store.spend(&verified.proof)));
        if tried {
            parts.push(self.store.forget_attempts(phone_index));
        }
        match self.write(parts, request).await? {
            WriteOutcome::Written => Ok(Some(
                self.issue_tokens(&token, &begun.session, request).await?,
            )),
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::AccountAsRead) => {
                Ok(None)
            }
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::TokenUnspent) => {
                Err(AccountRefusal::AlreadySpent)
            }
            WriteOutcome::Unmet(_) => Ok(None),
        }
    }

    /// Reads the account behind an access token, with those sessions that have not expired.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the session of the token has ended.
    pub async fn read_own_account(
        &self,
        access: Access,
        request: &mut RequestContext,
    ) -> Result<Account, AccountRefusal> {
        let now = request.now;
        let account = self.store.read_account(access.account, request).await?;
        let mut account = account.ok_or(AccountRefusal::SessionOver)?;
        account
            .sessions
            .retain(|_, named| now < named.session.expires_at());
        if account.sessions.contains_key(&access.session) {
            Ok(account)
        } else {
            Err(AccountRefusal::SessionOver)
        }
    }

    /// Ends one session of the account: that of the access token, or another. Ending another one twice succeeds.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the session of the access token has ended.
    pub async fn end_session(
        &self,
        access: Access,
        which: SessionId,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        self.read_own_account(access, request).await?;
        let parts = vec![self.store.log_out(access.account, which)];
        drop(self.write(parts, request).await?);
        AccountEvent::LoggedOut.note(request);
        Ok(())
    }

    /// Ends every session of the account, that of the access token too. A request to unlink the phone ends with them.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the session of the access token has ended.
    pub async fn end_sessions(
        &self,
        access: Access,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let parts = vec![
            self.store
                .log_out_everywhere(access.account, access.session),
        ];
        let done = self.write(parts, request).await?;
        if done != WriteOutcome::Written {
            return Err(AccountRefusal::SessionOver);
        }
        AccountEvent::LoggedOut.note(request);
        Ok(())
    }

    /// Deletes the account and frees its phone.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the session of the access token has ended.
    pub async fn delete(
        &self,
        access: Access,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let account = self.read_own_account(access, request).await?;
        let mut parts = vec![self.store.delete(account.id, access.session)];
        if let Some(phone_index) = &account.phone_index {
            parts.push(self.store.free_phone(phone_index, account.id));
            parts.push(self.store.forget_attempts(phone_index));
        }
        let done = self.write(parts, request).await?;
        if done != WriteOutcome::Written {
            return Err(AccountRefusal::SessionOver);
        }
        AccountEvent::Deleted.note(request);
        Ok(())
    }
}

/// Chooses the sessions to end so that one more fits: all that have expired, then those that were used least recently.
///
/// Log-ins at the same time do not see each other's sessions. So an account may have more than [`MAX_SESSIONS`] until
/// its next log-in.
fn choose_surplus(sessions: &HashMap<SessionId, NamedSession>, now: Timestamp) -> Vec<SessionId> {
    let mut by_use: Vec<_> = sessions.iter().collect();
    by_use.sort_by_key(|(id, named)| {
        let session = &named.session;
        (Reverse((now < session.expires_at(), session.used_at)), id.0)
    });
    let alive = by_use
        .iter()
        .filter(|(_, named)| now < named.session.expires_at());
    let kept = alive.count().min(MAX_SESSIONS - 1);
    by_use.into_iter().skip(kept).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::refresh_token::TokenDigest;
    use crate::session::IDLE;

    const NOON: Timestamp = Timestamp::from_unix(1_795_435_200);

    /// Makes sessions `0..count`, each begun a second after the one before.
    fn make_sessions(count: u8) -> HashMap<SessionId, NamedSession> {
        let named = |n: u8| NamedSession {
            session: Session::new(TokenDigest([n; 32]), NOON + Duration::from_secs(n.into())),
            device: SealedName::from_text(String::new()),
        };
        (0..count).map(|n| (SessionId([n; 16]), named(n))).collect()
    }

    fn choose_of(count: u8, now: Timestamp) -> Vec<u8> {
        let mut ended: Vec<_> = choose_surplus(&make_sessions(count), now)
            .iter()
            .map(|id| id.0[0])
            .collect();
        ended.sort_unstable();
        ended
    }

    #[test]
    fn ends_as_many_sessions_as_leave_room_for_one() {
        let now = NOON + Duration::from_mins(1);
        assert_eq!(choose_of(0, now), [0_u8; 0]);
        assert_eq!(choose_of(9, now), [0_u8; 0]);
        assert_eq!(choose_of(10, now), [0]);
        assert_eq!(choose_of(14, now), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn ends_every_expired_session_before_any_other() {
        let now = NOON + IDLE + Duration::from_secs(2);
        assert_eq!(choose_of(5, now), [0, 1, 2]);
        assert_eq!(choose_of(14, now), [0, 1, 2, 3, 4]);
    }
}
