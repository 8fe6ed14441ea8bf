//! Setting passwords, and recovering an account that needs two factors.

use phoneproof::domain::random::random_array;
use tokio::time::Instant;

use super::{Accounts, Proved, Refusal, admits, business};
use crate::access_token::Access;
use crate::password::Password;
use crate::recovery::RecoveryCode;
use crate::store::{Account, Permit};

impl Accounts {
    /// Changes the password, spends the token and ends every session, in one transaction.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why nothing changed.
    pub async fn change_password(
        &self,
        access: Access,
        token: &str,
        password: Password,
        second_step: Option<bool>,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let account = self.me(access, deadline).await?;
        let proved = self
            .proof(token, business::PASSWORD_CHANGE, deadline)
            .await?;
        if account.phone.as_ref() != Some(&proved.index) {
            return Err(Refusal::OtherPhone);
        }
        let second_step = second_step.unwrap_or(account.second_step);
        let permit = Permit::Session(access.session);
        let is_set = self
            .set_password(&account, &proved, permit, password, second_step, deadline)
            .await?;
        is_set.then_some(()).ok_or(Refusal::SessionOver)
    }

    /// Sets a new password for the account of the phone that `token` proves, spends the token and ends every
    /// session, in one transaction. Waits and locks of log-ins do not matter here, and are over then.
    ///
    /// Whoever holds a number can have a code texted to it, and nobody can tell an owner from who got the number after
    /// them. So where the account asks for two factors, its recovery code is the other one, and counts once.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why nothing changed.
    pub async fn reset_password(
        &self,
        token: &str,
        password: Password,
        recovery: Option<&RecoveryCode>,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let proved = self
            .proof(token, business::PASSWORD_RESET, deadline)
            .await?;
        let account = self.account_of(&proved.index, deadline).await?;
        let permit = reset_permit(&account, recovery)?;
        let second_step = account.second_step;
        let is_set = self
            .set_password(&account, &proved, permit, password, second_step, deadline)
            .await?;
        if is_set {
            return Ok(());
        }
        // Another request was faster; what it left says why this one came too late, or to try again.
        let account = self.account_of(&proved.index, deadline).await?;
        reset_permit(&account, recovery)?;
        Err(Refusal::Unavailable)
    }

    /// Makes a recovery code, in place of an earlier one. It is shown once; a digest is stored.
    ///
    /// # Errors
    ///
    /// [`Refusal::SessionOver`] when the asking session is over.
    pub async fn make_recovery_code(
        &self,
        access: Access,
        deadline: Instant,
    ) -> Result<RecoveryCode, Refusal> {
        self.me(access, deadline).await?;
        let code = RecoveryCode::new(random_array(self.random.as_ref())?);
        let parts = vec![self.store.set_recovery(access, code.digest())];
        let done = self.write(parts, deadline).await?;
        done.map(|()| code).map_err(|_| Refusal::SessionOver)
    }

    /// Whether the password was set: not if the account is no longer as it was read.
    async fn set_password(
        &self,
        account: &Account,
        proved: &Proved,
        permit: Permit,
        password: Password,
        second_step: bool,
        deadline: Instant,
    ) -> Result<bool, Refusal> {
        admits(&password, &proved.phone, second_step)?;
        let password = self.new_password(proved, password, deadline).await?;
        let parts = vec![
            self.store.spend(&proved.proof),
            self.store
                .set_password(account, &proved.index, permit, &password, second_step),
            self.store.forget_attempts(&proved.index),
        ];
        match self.write(parts, deadline).await? {
            Ok(()) => Ok(true),
            Err(failed) if failed.at(0) => Err(Refusal::AlreadySpent),
            Err(_) => Ok(false),
        }
    }
}

/// What allows a reset, besides the code that was texted.
fn reset_permit(account: &Account, recovery: Option<&RecoveryCode>) -> Result<Permit, Refusal> {
    if !account.second_step {
        return Ok(Permit::Code);
    }
    let digest = recovery.map(RecoveryCode::digest);
    let right = digest.filter(|digest| account.recovery == Some(*digest));
    right
        .map(Permit::CodeAndRecovery)
        .ok_or(Refusal::RecoveryCode)
}
