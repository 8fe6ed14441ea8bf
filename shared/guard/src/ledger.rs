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

/// The ledger gave no answer: refuse, and let the user try again with the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the ledger gave no answer")]
pub struct LedgerFailed;

/// Remembers which tokens were spent.
///
/// A checked token can be presented again until it expires. A relying party that must not act twice spends it,
/// on the business and `jti` together, before it acts, or in the same transaction.
pub trait Ledger: Send + Sync {
    /// Spends the checked token `token`, whose proof is `proof`.
    fn spend(
        &self,
        token: &str,
        proof: &PhoneProof,
    ) -> impl Future<Output = Result<Spent, LedgerFailed>> + Send;
}
