//! The use cases that set a password or make a recovery code.

use phoneproof_observe::RequestContext;

use super::{
    AccountEvent, AccountRefusal, Accounts, Unavailable, VerifiedPhone, business, check_strength,
};
use crate::access_token::Access;
use crate::password::Password;
use crate::recovery::RecoveryCode;
use crate::store::{Account, Condition, NewPassword, Permit, WriteOutcome};

impl Accounts {
    /// Changes the password, spends the token and ends every session, in one transaction.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why nothing changed.
    pub async fn change_password(
        &self,
        access: Access,
        token: &str,
        password: Password,
        second_step: Option<bool>,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let account = self.read_own_account(access, request).await?;
        let verified = self
            .check_proof(token, business::PASSWORD_CHANGE, request)
            .await?;
        if account.phone_index.as_ref() != Some(&verified.phone_index) {
            return Err(AccountRefusal::OtherPhone);
        }
        let second_step = second_step.unwrap_or(account.second_step);
        let permit = Permit::Session(access.session);
        let is_set = self
            .set_password(&account, &verified, permit, password, second_step, request)
            .await?;
        if !is_set {
            return Err(AccountRefusal::SessionOver);
        }
        AccountEvent::PasswordChanged.note(request);
        Ok(())
    }

    /// Sets a new password for the account of the phone that `token` proves, spends the token and ends every
    /// session, in one transaction. The failures of earlier log-ins do not matter here, and are forgotten.
    ///
    /// A code that was texted shows who holds the number now. It does not show who held it when the account was
    /// registered. So an account that asks for two factors is reset only with its recovery code, which counts once.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why nothing changed.
    pub async fn reset_password(
        &self,
        token: &str,
        password: Password,
        recovery: Option<&RecoveryCode>,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let verified = self
            .check_proof(token, business::PASSWORD_RESET, request)
            .await?;
        let account = self.read_account_of(&verified.phone_index, request).await?;
        let permit = find_reset_permit(&account, recovery)?;
        let second_step = account.second_step;
        let is_set = self
            .set_password(&account, &verified, permit, password, second_step, request)
            .await?;
        if is_set {
            AccountEvent::PasswordReset.note(request);
            return Ok(());
        }
        // Another request changed the account first. Reading it again tells why this one is refused, if it is.
        let account = self.read_account_of(&verified.phone_index, request).await?;
        find_reset_permit(&account, recovery)?;
        Err(Unavailable::Contended.into())
    }

    /// Makes a recovery code, which replaces an earlier one. Only its digest is stored, so it can be shown only now.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the asking session is over.
    pub async fn make_recovery_code(
        &self,
        access: Access,
        request: &mut RequestContext,
    ) -> Result<RecoveryCode, AccountRefusal> {
        self.read_own_account(access, request).await?;
        let code = RecoveryCode::new(request.draw()?);
        let parts = vec![self.store.set_recovery(access, code.digest())];
        let done = self.write(parts, request).await?;
        if done != WriteOutcome::Written {
            return Err(AccountRefusal::SessionOver);
        }
        AccountEvent::RecoveryCodeMade.note(request);
        Ok(code)
    }

    /// Sets the password. Returns `false` when another request has changed the account since it was read.
    async fn set_password(
        &self,
        account: &Account,
        verified: &VerifiedPhone,
        permit: Permit,
        password: Password,
        second_step: bool,
        request: &mut RequestContext,
    ) -> Result<bool, AccountRefusal> {
        check_strength(&password, &verified.phone, second_step)?;
        let hash = self.hash_new_password(verified, password, request).await?;
        let new = NewPassword {
            hash: &hash,
            second_step,
            now: request.now,
        };
        let parts = vec![
            self.store.spend(&verified.proof),
            self.store
                .set_password(account, &verified.phone_index, permit, &new),
            self.store.forget_attempts(&verified.phone_index),
        ];
        match self.write(parts, request).await? {
            WriteOutcome::Written => Ok(true),
            WriteOutcome::Unmet(conditions) if conditions.names(Condition::TokenUnspent) => {
                Err(AccountRefusal::AlreadySpent)
            }
            WriteOutcome::Unmet(_) => Ok(false),
        }
    }
}

/// Finds what permits a reset, besides the code that was texted.
fn find_reset_permit(
    account: &Account,
    recovery: Option<&RecoveryCode>,
) -> Result<Permit, AccountRefusal> {
    if !account.second_step {
        return Ok(Permit::Code);
    }
    let digest = recovery.map(RecoveryCode::digest);
    let right = digest.filter(|digest| account.recovery == Some(*digest));
    right
        .map(Permit::CodeAndRecovery)
        .ok_or(AccountRefusal::RecoveryCode)
}
