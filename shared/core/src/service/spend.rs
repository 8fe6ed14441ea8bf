//! Spend: a success token counts once, for relying parties without a ledger of their own.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::verify::seconds;
use super::{Service, Unavailable};
use crate::domain::challenge::WriteId;
use crate::domain::clock::Timestamp;
use crate::domain::random::random_array;
use crate::observe::{Dependency, Facts};
use crate::store::Spent;
use phoneproof_guard::{Guard, LEEWAY_SECONDS, Rejection};

/// A success token to spend.
pub struct SpendCommand {
    /// The success token.
    pub token: String,
    /// The business it must be for.
    pub audience: String,
}

impl fmt::Debug for SpendCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpendCommand(…)")
    }
}

/// Why a token was not spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendError {
    /// Not a success token of this service for this audience.
    Token,
    /// The token is over.
    Expired,
    /// It was spent before.
    AlreadySpent,
    /// The store or the keys gave no answer.
    Unavailable,
}

impl<E: Into<Unavailable>> From<E> for SpendError {
    fn from(_: E) -> Self {
        Self::Unavailable
    }
}

impl Service {
    /// Spends a success token.
    ///
    /// # Errors
    ///
    /// [`SpendError`] says why it does not count.
    pub async fn spend(
        &self,
        command: &SpendCommand,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<(), SpendError> {
        let now = self.clock.now();
        let keyring = self.keyring(now, deadline, facts).await?;
        let jwks = keyring.jwks().to_string();
        let guard = Guard::new(self.issuer.as_str(), jwks.as_bytes())
            .map_err(|_| SpendError::Unavailable)?;
        let proof = guard
            .check(&command.token, &command.audience, seconds(now))
            .map_err(|rejection| match rejection {
                Rejection::Expired => SpendError::Expired,
                _ => SpendError::Token,
            })?;
        // The entry must outlive every clock that still accepts the token.
        let accepted_until = i64::try_from(proof.expires_at).unwrap_or(i64::MAX);
        let kept_until =
            Timestamp::from_unix(accepted_until) + Duration::from_secs(2 * LEEWAY_SECONDS);
        let write = WriteId(random_array(self.random.as_ref())?);
        let began = Instant::now();
        let spent = self
            .store
            .spend(&proof.business, &proof.jti, kept_until, write, deadline)
            .await;
        facts.called(Dependency::Store, began);
        match spent? {
            Spent::Now => Ok(()),
            Spent::Before => Err(SpendError::AlreadySpent),
        }
    }
}
