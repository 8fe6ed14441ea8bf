//! Why the transaction of a send was not written.

use phoneproof_domain::phone_record::SendRefusal;
use phoneproof_domain::purse::Evidence;
use thiserror::Error;

use super::StoreError;
use super::send_plan::Moved;

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// A rule refused, the challenge is over, or the idempotency key was used.
    ///
    /// A denial by the phone's record comes with the evidence on it: the callers that it names have a reserve of
    /// their own.
    #[error("refused")]
    Refused(SendRefusal, Option<Box<Evidence>>),
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
