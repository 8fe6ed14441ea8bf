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
    /// What a refund gives back.
    pub taken: Taken,
    /// The call, when the plan pays for one. The payer is then that of the text before it.
    pub call: Option<PlannedCall>,
    /// The writes of purses, each of another item.
    pub writes: Vec<Write>,
    /// A lane that was open to the caller, too, and could not pay.
    pub empty: Option<EmptyPurse>,
}

/// What a plan takes. Where a rule in shadow mode lets a text pass, its purse may have nothing to take, and a refund of
/// more would make room that nobody paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether it takes the price from the lane, the operator's grant, or the purse of calls.
    pub from_lane: bool,
    /// Whether it takes the price from the money of the day.
    pub from_day: bool,
}

impl Taken {
    /// What every plan takes that no rule in shadow mode let pass.
    pub const ALL: Self = Self {
        from_lane: true,
        from_day: true,
    };
}

/// A call that a plan pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCall {
    /// What the call costs, by the policy's price of its country.
    pub price: Micros,
    /// The day that it is counted in, from the Unix epoch.
    pub day: i64,
}
