//! Ledgers, by which a success token counts at most once.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use thiserror::Error;

use crate::cause::describe;
use crate::claims::PhoneProof;

/// What a ledger did with a success token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendOutcome {
    /// The token had not been spent, and is spent now. Go on.
    Now,
    /// The token was spent before. Refuse.
    Before,
}

/// A ledger gave no usable answer. Refuse.
///
/// The success token may have been spent or not, so the user may try again with it. If the ledger then says
/// [`SpendOutcome::Before`], the user needs a new code. The error's text says what failed, for a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the ledger gave no answer: {cause}")]
pub struct LedgerFailed {
    cause: Arc<str>,
}

impl LedgerFailed {
    /// Keeps the text of `cause`, which is an error or a sentence, and of every error that caused it.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: describe(cause.into().as_ref()).into(),
        }
    }
}

/// Remembers which success tokens were spent.
///
/// A token that passed the check can be presented again until it expires. A relying party that must not act twice
/// spends it before it acts, or in the same transaction. The key of an entry is the business together with `jti`.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::{Mutex, PoisonError};
///
/// use phoneproof_guard::{Guard, Ledger, LedgerFailed, PhoneProof, SpendOutcome};
///
/// /// Enough for one process that never restarts. Use a database with a unique key for real.
/// #[derive(Default)]
/// struct InMemory(Mutex<HashSet<(String, String)>>);
///
/// impl Ledger for InMemory {
///     async fn spend(&self, _: &str, proof: &PhoneProof) -> Result<SpendOutcome, LedgerFailed> {
///         let key = (proof.business.clone(), proof.jti.clone());
///         let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         Ok(if spent.insert(key) { SpendOutcome::Now } else { SpendOutcome::Before })
///     }
/// }
///
/// # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
/// # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let guard = Guard::new("https://verify.example.com", jwks.as_bytes())?;
/// let ledger = InMemory::default();
/// let proof = guard.check(token, "password-change", 1_800_000_060)?;
/// assert_eq!(ledger.spend(token, &proof).await?, SpendOutcome::Now);
/// assert_eq!(ledger.spend(token, &proof).await?, SpendOutcome::Before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Ledger: Send + Sync {
    /// Spends the success token `token`. `proof` is what a guard returned for it.
    ///
    /// # Errors
    ///
    /// [`LedgerFailed`] when the ledger gives no usable answer. The token may have been spent then.
    fn spend(
        &self,
        token: &str,
        proof: &PhoneProof,
    ) -> impl Future<Output = Result<SpendOutcome, LedgerFailed>> + Send;
}
