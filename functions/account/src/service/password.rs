//! Setting passwords, and recovering an account that needs two factors.

use phoneproof_observe::RequestContext;

use super::{AccountEvent, AccountRefusal, Accounts, Proved, Unavailable, admits, business};
use crate::access_token::Access;
use crate::password::Password;
use crate::recovery::RecoveryCode;
use crate::store::{Account, Permit};

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
        let account = self.me(access, request).await?;
        let proved = self
            .proof(token, business::PASSWORD_CHANGE, request)
            .await?;
        if account.phone.as_ref() != Some(&proved.index) {
            return Err(AccountRefusal::OtherPhone);
        }
        let second_step = second_step.unwrap_or(account.second_step);
        let permit = Permit::Session(access.session);
        let is_set = self
            .set_password(&account, &proved, permit, password, second_step, request)
            .await?;
        if !is_set {
            return Err(AccountRefusal::SessionOver);
        }
        AccountEvent::PasswordChanged.note(request);
        Ok(())
    }

    /// Sets a new password for the account of the phone that `token` proves, spends the token and ends every
    /// session, in one transaction. Waits and locks of log-ins do not matter here, and are over then.
    ///
    /// Whoever holds a number can have a code texted to it, and nobody can tell an owner from who got the number after
    /// them. So where the account asks for two factors, its recovery code is the other one, and counts once.
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
        let proved = self.proof(token, business::PASSWORD_RESET, request).await?;
        let account = self.account_of(&proved.index, request).await?;
        let permit = reset_permit(&account, recovery)?;
        let second_step = account.second_step;
        let is_set = self
            .set_password(&account, &proved, permit, password, second_step, request)
            .await?;
        if is_set {
            AccountEvent::PasswordReset.note(request);
            return Ok(());
        }
        // Another request was faster; what it left says why this one came too late, or to try again.
        let account = self.account_of(&proved.index, request).await?;
        reset_permit(&account, recovery)?;
        Err(Unavailable::Contended.into())
    }

    /// Makes a recovery code, in place of an earlier one. It is shown once; a digest is stored.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::SessionOver`] when the asking session is over.
    pub async fn make_recovery_code(
        &self,
        access: Access,
        request: &mut RequestContext,
    ) -> Result<RecoveryCode, AccountRefusal> {
        self.me(access, request).await?;
        let code = RecoveryCode::new(request.draw()?);
        let parts = vec![self.store.set_recovery(access, code.digest())];
        let done = self.write(parts, request).await?;
        done.map_err(|_| AccountRefusal::SessionOver)?;
        AccountEvent::RecoveryCodeMade.note(request);
        Ok(code)
    }

    /// Sets the password. Returns whether it was set: not if the account is no longer as it was read.
    async fn set_password(
        &self,
        account: &Account,
        proved: &Proved,
        permit: Permit,
        password: Password,
        second_step: bool,
        request: &mut RequestContext,
    ) -> Result<bool, AccountRefusal> {
        admits(&password, &proved.phone, second_step)?;
        let password = self.new_password(proved, password, request).await?;
        let parts = vec![
            self.store.spend(&proved.proof),
            self.store
                .set_password(account, &proved.index, permit, &password, second_step),
            self.store.forget_attempts(&proved.index),
        ];
        match self.write(parts, request).await? {
            Ok(()) => Ok(true),
            Err(failed) if failed.at(0) => Err(AccountRefusal::AlreadySpent),
            Err(_) => Ok(false),
        }
    }
}

/// Finds what allows a reset, besides the code that was texted.
fn reset_permit(
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
