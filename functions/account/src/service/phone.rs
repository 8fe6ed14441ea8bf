//! The use case of moving an account to another phone.

use phoneproof_domain::address::SourceAddress;
use phoneproof_observe::RequestContext;

use super::log_in::Attempt;
use super::{AccountEvent, AccountRefusal, Accounts, business};
use crate::access_token::Access;
use crate::password::Password;
use crate::store::{Condition, WriteOutcome};

impl Accounts {
    /// Moves the account to the phone that `token` proves, spends the token and ends every session, in one transaction.
    ///
    /// It takes a session and the password, because the holder of the phone can reset the password. The password counts
    /// as an attempt to log in, and its failures lock it. The old phone need not be at hand.
    ///
    /// This service holds no number in clear, so it cannot text the old phone. A person who proves the old phone
    /// within 30 days is told of the move, until the phone has a new account.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why nothing changed.
    pub async fn change_phone(
        &self,
        access: Access,
        token: &str,
        password: Password,
        address: SourceAddress,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let before = self.read_own_account(access, request).await?;
        let old = before.phone_index.ok_or(AccountRefusal::SessionOver)?;
        let verified = self
            .check_proof(token, business::PHONE_CHANGE, request)
            .await?;
        if self.store.is_spent(&verified.proof, request).await? {
            return Err(AccountRefusal::AlreadySpent);
        }
        let holder = self
            .store
            .find_account_of(&verified.phone_index, request)
            .await?;
        match holder {
            Some(holder) if holder == access.account => return Err(AccountRefusal::PhoneOfItsOwn),
            Some(_) => return Err(AccountRefusal::PhoneOfAnother),
            None => {}
        }
        let attempt = Attempt {
            phone_index: old.clone(),
            device: String::new(),
            verified: None,
        };
        self.begin_attempt(&attempt, &address, request).await?;
        let (account, _) = self.check_password(&attempt, &password, request).await?;
        let parts = vec![
            self.store.spend(&verified.proof),
            self.store.change_phone(
                &account,
                access,
                &verified.phone_index,
                &verified.phone.mask(),
                request.now,
            ),
            self.store
                .claim_phone(&verified.phone_index, access.account),
            self.store.leave_phone(&old, access.account, request.now),
            self.store.forget_attempts(&old),
        ];
        match self.write(parts, request).await? {
            WriteOutcome::Written => {
                AccountEvent::PhoneChanged.note(request);
                Ok(())
            }
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::TokenUnspent) => {
                Err(AccountRefusal::AlreadySpent)
            }
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::PhoneFree) => {
                Err(AccountRefusal::PhoneOfAnother)
            }
            // Another request has changed the account meanwhile, which ended its sessions.
            WriteOutcome::Unmet(_) => Err(AccountRefusal::SessionOver),
        }
    }
}
