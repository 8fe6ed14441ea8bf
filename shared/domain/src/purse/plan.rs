//! The plan of one send: who pays, and what is written.

use super::Micros;
use super::empty::EmptyPurse;
use super::evidence::Claim;
use super::payer::Payer;
use super::write::Write;
use crate::clock::Timestamp;

/// What one send writes to purses, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who pays. It travels in the challenge token.
    pub payer: Payer,
    /// What the phone's record checks and counts, besides cooldown and locks.
    pub claim: Claim,
    /// The end of the operator's grant to the country that pays in place of the lane, if one does.
    pub granted_until: Option<Timestamp>,
    /// The call, when the plan pays for one. The payer is then that of the text before it.
    pub call: Option<PlannedCall>,
    /// The writes of purses, each of another item.
    pub writes: Vec<Write>,
    /// A lane that was open to the caller, too, and could not pay.
    pub empty: Option<EmptyPurse>,
}

/// A call that a plan pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCall {
    /// What the call costs, by the policy's price of its country.
    pub price: Micros,
    /// The day that it is counted in, from the Unix epoch.
    pub day: i64,
}
