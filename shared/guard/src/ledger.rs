//! Exactly-once use of a token.

use std::future::Future;

use thiserror::Error;

use crate::claims::PhoneProof;

/// What became of a token to spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It was spent just now: go on.
    Now,
    /// It was spent before: refuse.
    Before,
}

/// The ledger gave no answer: refuse. The token may have been spent or not, so the user may try again with it, and
/// needs a new code when that says [`Spent::Before`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the ledger gave no answer")]
pub struct LedgerFailed;

/// Remembers which tokens were spent.
///
/// A checked token can be presented again until it expires. A relying party that must not act twice spends it,
/// on the business and `jti` together, before it acts, or in the same transaction.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::{Mutex, PoisonError};
///
/// use phoneproof_guard::{Guard, Ledger, LedgerFailed, PhoneProof, Spent};
///
/// /// Enough for one process that never restarts; a database with a unique key does the same for real.
/// #[derive(Default)]
/// struct InMemory(Mutex<HashSet<(String, String)>>);
///
/// impl Ledger for InMemory {
///     async fn spend(&self, _: &str, proof: &PhoneProof) -> Result<Spent, LedgerFailed> {
///         let key = (proof.business.clone(), proof.jti.clone());
///         let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         Ok(if spent.insert(key) { Spent::Now } else { Spent::Before })
///     }
/// }
///
/// # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
/// # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let guard = Guard::new("https://verify.example.com", jwks.as_bytes())?;
/// let ledger = InMemory::default();
/// let proof = guard.check(token, "password-change", 1_800_000_060)?;
/// assert_eq!(ledger.spend(token, &proof).await?, Spent::Now);
/// assert_eq!(ledger.spend(token, &proof).await?, Spent::Before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Ledger: Send + Sync {
    /// Spends the checked token `token`, whose proof is `proof`.
    fn spend(
        &self,
        token: &str,
        proof: &PhoneProof,
    ) -> impl Future<Output = Result<Spent, LedgerFailed>> + Send;
}
