//! Registering, and phones that went to somebody else.

use std::collections::HashMap;
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::RequestContext;

use super::{AccountEvent, AccountRefusal, Accounts, Proved, Unavailable, admits, business};
use crate::password::Password;
use crate::refresh_token::AccountId;
use crate::store::Account;

/// How long an account must go unused after the new owner of its phone asked, until the phone is taken from it.
pub const UNLINK_AFTER: Duration = Duration::from_hours(7 * 24);

impl Accounts {
    /// Registers an account for the phone that `token` proves.
    ///
    /// A phone that has an account is never taken over: the account is asked to give it up, and does so when
    /// nobody has used it for [`UNLINK_AFTER`].
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why there is no new account.
    pub async fn register(
        &self,
        token: &str,
        password: Password,
        second_step: bool,
        request: &mut RequestContext,
    ) -> Result<AccountId, AccountRefusal> {
        let proved = self.proof(token, business::REGISTER, request).await?;
        admits(&password, &proved.phone, second_step)?;
        // Before the password is hashed, which is dear.
        let unused = self.unused_holder(&proved, request).await?;
        let account = self
            .new_account(&proved, password, second_step, request)
            .await?;
        let mut parts = vec![self.store.spend(&proved.proof), self.store.create(&account)];
        let event = if let Some((holder, asked)) = unused {
            parts.push(self.store.unlink(&holder, asked));
            parts.push(self.store.move_phone(&proved.index, holder.id, account.id));
            AccountEvent::Unlinked
        } else {
            parts.push(self.store.claim_phone(&proved.index, account.id));
            AccountEvent::Registered
        };
        match self.write(parts, request).await? {
            Ok(()) => {
                event.note(request);
                Ok(account.id)
            }
            Err(failed) if failed.at(0) => Err(AccountRefusal::AlreadySpent),
            // Somebody else registered the phone, or used the account, meanwhile; the next try tells.
            Err(_) => Err(Unavailable::Contended.into()),
        }
    }

    /// Finds the account that gives the phone up, and since when it is asked to; `None` when no account has the phone.
    async fn unused_holder(
        &self,
        proved: &Proved,
        request: &mut RequestContext,
    ) -> Result<Option<(Account, Timestamp)>, AccountRefusal> {
        let Some(id) = self.store.account_of(&proved.index, request).await? else {
            return Ok(None);
        };
        let holder = self.store.account(id, request).await?;
        let holder = holder.ok_or(Unavailable::AccountMissing)?;
        match holder.unlink_requested_at {
            Some(asked) if asked + UNLINK_AFTER <= request.now => Ok(Some((holder, asked))),
            Some(asked) => Err(AccountRefusal::PhoneInUse {
                unlink_at: asked + UNLINK_AFTER,
            }),
            None => Err(self.ask_for_phone(proved, &holder, request).await?),
        }
    }

    /// Asks an account to give its phone up, which takes the token; the refusal says when it does.
    async fn ask_for_phone(
        &self,
        proved: &Proved,
        holder: &Account,
        request: &mut RequestContext,
    ) -> Result<AccountRefusal, AccountRefusal> {
        let now = request.now;
        let parts = vec![
            self.store.spend(&proved.proof),
            self.store.request_unlink(holder, now),
        ];
        match self.write(parts, request).await? {
            Ok(()) => {
                AccountEvent::UnlinkRequested.note(request);
                Ok(AccountRefusal::PhoneInUse {
                    unlink_at: now + UNLINK_AFTER,
                })
            }
            Err(failed) if failed.at(0) => Err(AccountRefusal::AlreadySpent),
            Err(_) => Err(Unavailable::Contended.into()),
        }
    }

    async fn new_account(
        &self,
        proved: &Proved,
        password: Password,
        second_step: bool,
        request: &mut RequestContext,
    ) -> Result<Account, AccountRefusal> {
        let now = request.now;
        Ok(Account {
            id: AccountId(request.draw()?),
            phone: Some(proved.index.clone()),
            phone_hint: proved.phone.mask(),
            password: self.new_password(proved, password, request).await?,
            second_step,
            recovery: None,
            created_at: now,
            used_at: now,
            unlink_requested_at: None,
            sessions: HashMap::new(),
        })
    }
}
