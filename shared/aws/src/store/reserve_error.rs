//! Why the transaction of a send was not written.

use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone_record::SendRefusal;
use phoneproof_domain::purse::Evidence;
use phoneproof_domain::subject::Subject;
use thiserror::Error;

use super::StoreError;
use super::send_plan::Moved;

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// A rule refused.
    #[error("denied")]
    Denied(Box<Denied>),
    /// The challenge is over, or the idempotency key was used. A denial has a variant of its own.
    #[error("refused")]
    Refused(SendRefusal),
    /// What is stored has moved on. The send is planned again with this.
    #[error("the records have moved on")]
    Again(Box<Moved>),
    /// The attestation that should pay was used for a text before.
    #[error("the attestation was used before")]
    AttestationUsed,
    /// The rules could not be checked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The refusal of a send by a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Why the rule refused.
    pub denial: Denial,
    /// The subject that it refused.
    pub subject: Subject,
    /// What the record of a refused phone says about who verified it: these callers have an allowance of their own.
    pub evidence: Option<Evidence>,
}
