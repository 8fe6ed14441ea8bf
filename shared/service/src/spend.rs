//! Spend: makes a success token count once, for relying parties without a ledger of their own.

use std::time::Duration;

use phoneproof_aws::store::SpendOutcome;
use phoneproof_crypto::digest::sha256;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::WriteId;
use phoneproof_guard::{Guard, LEEWAY_SECONDS, Rejection};
use phoneproof_observe::RequestContext;

use crate::remembered::Used;
use crate::verify::to_numeric_date;
use crate::{Service, Unavailable};

/// A success token to spend.
#[derive(derive_more::Debug)]
#[debug("SpendCommand(…)")]
pub struct SpendCommand {
    /// The success token as the relying party presents it.
    pub token: String,
    /// The business that the token must be for.
    pub audience: String,
}

/// Why a token was not spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendError {
    /// The text is not a success token of this service for this audience.
    Token,
    /// The token has expired.
    Expired,
    /// The token was spent before.
    AlreadySpent,
    /// The store or the keys gave no answer.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for SpendError {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Service {
    /// Spends a success token: the first request succeeds, and later ones with the same token are refused.
    ///
    /// # Errors
    ///
    /// [`SpendError`] says why the token was not spent.
    pub async fn spend(
        &self,
        command: &SpendCommand,
        request: &mut RequestContext,
    ) -> Result<(), SpendError> {
        let keyring = self.keys.read_keyring(request).await?;
        // The service checks the token with the same guard as a relying party.
        let jwks = keyring.jwks().to_string();
        // What the token approves is the relying party's to compare. Here it only counts.
        let guard = Guard::new(self.issuer.as_str(), jwks.as_bytes())?.accept_actions();
        let proof = guard
            .check(
                &command.token,
                &command.audience,
                to_numeric_date(request.now),
            )
            .map_err(|rejection| match rejection {
                Rejection::Expired => SpendError::Expired,
                _ => SpendError::Token,
            })?;
        // Clocks that run late still accept the token for a while after it expired. The entry must last longer.
        let accepted_until = i64::try_from(proof.expires_at).unwrap_or(i64::MAX);
        let kept_until =
            Timestamp::from_unix(accepted_until) + Duration::from_secs(2 * LEEWAY_SECONDS);
        let used = Used::SuccessToken(sha256(proof.jti.as_bytes()));
        if self.remembered.used.recall(&used, request.now).is_some() {
            return Err(SpendError::AlreadySpent);
        }
        let write = WriteId(request.draw()?);
        let outcome = self
            .store
            .spend(&proof.business, &proof.jti, kept_until, write, request)
            .await?;
        match outcome {
            SpendOutcome::Now => Ok(()),
            SpendOutcome::Before => {
                self.remembered.used.remember(used, (), None, request.now);
                Err(SpendError::AlreadySpent)
            }
        }
    }
}
