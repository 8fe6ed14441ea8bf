//! The use case of registering, with phones that passed from one owner to the next.

use std::collections::HashMap;
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::RequestContext;

use super::{
    AccountEvent, AccountRefusal, Accounts, Unavailable, VerifiedPhone, business, check_strength,
};
use crate::password::Password;
use crate::refresh_token::AccountId;
use crate::store::{Account, Condition, WriteOutcome};

/// How long an account must stay unused, after a new owner of its phone asked for the phone, before it loses the phone.
pub const UNLINK_AFTER: Duration = Duration::from_hours(7 * 24);

/// What a person wishes besides a password.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// Whether logging in takes both the password and a code.
    pub second_step: bool,
    /// Whether to ask for the phone if another account has it.
    pub request_unlink: bool,
}

/// An account that was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// The id of the account.
    pub account: AccountId,
    /// When another account was moved away from this phone, if that was lately. Its owner may not know of it.
    pub phone_moved_at: Option<Timestamp>,
}

impl Accounts {
    /// Registers an account for the phone that `token` proves.
    ///
    /// If another account has the phone, nothing changes and the token stays good, unless the person asks for the
    /// phone. The first such try only notes the request. A later one takes the phone from that account if nobody has
    /// used it for [`UNLINK_AFTER`] since. The new account never gets the data of the old one.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why there is no new account.
    pub async fn register(
        &self,
        token: &str,
        password: Password,
        wishes: Wishes,
        request: &mut RequestContext,
    ) -> Result<Registered, AccountRefusal> {
        let second_step = wishes.second_step;
        let verified = self.check_proof(token, business::REGISTER, request).await?;
        check_strength(&password, &verified.phone, second_step)?;
        // This comes before the password is hashed, because hashing is expensive.
        let holder = self
            .store
            .find_holder(&verified.phone_index, request)
            .await?;
        let unused = self
            .find_unused(holder.account, &verified, wishes, request)
            .await?;
        let account = self
            .build_account(&verified, password, second_step, request)
            .await?;
        let mut parts = vec![
            self.store.spend(&verified.proof),
            self.store.create(&account),
        ];
        let event = if let Some((holder, asked)) = unused {
            parts.push(self.store.unlink(&holder, asked));
            parts.push(
                self.store
                    .move_phone(&verified.phone_index, holder.id, account.id),
            );
            AccountEvent::Unlinked
        } else {
            parts.push(self.store.claim_phone(&verified.phone_index, account.id));
            AccountEvent::Registered
        };
        match self.write(parts, request).await? {
            WriteOutcome::Written => {
                event.note(request);
                Ok(Registered {
                    account: account.id,
                    phone_moved_at: holder.find_told_move(request.now),
                })
            }
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::TokenUnspent) => {
                Err(AccountRefusal::AlreadySpent)
            }
            // Meanwhile another request registered the phone or used the old account. The next try finds out which.
            WriteOutcome::Unmet(_) => Err(Unavailable::Contended.into()),
        }
    }

    /// Checks the account that has the phone. Returns it if it loses the phone, and when the phone was asked for;
    /// `None` when no account has the phone.
    ///
    /// It refuses until nobody has used the account for long enough. Only a person who asks for the phone by name
    /// starts that time, or gets the phone at its end. A person who does not may own the
    /// account and have forgotten it.
    async fn find_unused(
        &self,
        holder: Option<AccountId>,
        verified: &VerifiedPhone,
        wishes: Wishes,
        request: &mut RequestContext,
    ) -> Result<Option<(Account, Timestamp)>, AccountRefusal> {
        let Some(id) = holder else {
            return Ok(None);
        };
        let holder = self.store.read_account(id, request).await?;
        let holder = holder.ok_or(Unavailable::AccountMissing)?;
        // A token that was spent must not tell any more whether its phone has an account.
        if self.store.is_spent(&verified.proof, request).await? {
            return Err(AccountRefusal::AlreadySpent);
        }
        match holder.unlink_requested_at {
            asked if !wishes.request_unlink => Err(AccountRefusal::PhoneInUse {
                unlink_at: asked.map(|asked| asked + UNLINK_AFTER),
            }),
            Some(asked) if asked + UNLINK_AFTER <= request.now => Ok(Some((holder, asked))),
            Some(asked) => Err(AccountRefusal::PhoneInUse {
                unlink_at: Some(asked + UNLINK_AFTER),
            }),
            None => Err(self.ask_for_phone(verified, &holder, request).await?),
        }
    }

    /// Notes that the phone of `holder` is asked for, and spends the token. The refusal says when the phone is free.
    async fn ask_for_phone(
        &self,
        verified: &VerifiedPhone,
        holder: &Account,
        request: &mut RequestContext,
    ) -> Result<AccountRefusal, AccountRefusal> {
        let now = request.now;
        let parts = vec![
            self.store.spend(&verified.proof),
            self.store
                .request_unlink(holder, &verified.phone_index, now),
        ];
        match self.write(parts, request).await? {
            WriteOutcome::Written => {
                AccountEvent::UnlinkRequested.note(request);
                Ok(AccountRefusal::PhoneInUse {
                    unlink_at: Some(now + UNLINK_AFTER),
                })
            }
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::TokenUnspent) => {
                Err(AccountRefusal::AlreadySpent)
            }
            WriteOutcome::Unmet(_) => Err(Unavailable::Contended.into()),
        }
    }

    async fn build_account(
        &self,
        verified: &VerifiedPhone,
        password: Password,
        second_step: bool,
        request: &mut RequestContext,
    ) -> Result<Account, AccountRefusal> {
        let now = request.now;
        Ok(Account {
            id: AccountId(request.draw()?),
            phone_index: Some(verified.phone_index.clone()),
            phone_hint: verified.phone.mask(),
            password: self.hash_new_password(verified, password, request).await?,
            second_step,
            recovery: None,
            created_at: now,
            used_at: now,
            unlink_requested_at: None,
            phone_changed_at: None,
            sessions: HashMap::new(),
        })
    }
}
