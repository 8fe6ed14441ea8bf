//! What a run counts and shows.

use phoneproof_domain::challenge::Payment;
use phoneproof_domain::purse::{Lane, Lanes, Micros};
use phoneproof_domain::subject::Subjects;

use crate::world::Request;

/// How the decisions came about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// The sends that passed at the first try, with nothing read.
    pub first_tries: u64,
    /// The sends that passed at the second try.
    pub second_tries: u64,
    /// The codes that were typed in.
    pub codes: u64,
    /// The writes of their credits, with those that failed because something else was seen before.
    pub credit_writes: u64,
    /// The sends that a rule would have refused that is only counted.
    pub would_refuse: u64,
}

/// A text that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The request that asked for it.
    pub request: Request,
    pub(super) subjects: Subjects,
    pub(super) payment: Option<Payment>,
    /// What the call cost that spoke the code; `None` for a text.
    pub(super) called: Option<Micros>,
}

impl Sent {
    /// Returns the lane that paid; `None` without purses, and where a refusal is only counted.
    #[must_use]
    pub fn lane(&self) -> Option<Lane> {
        let payment = self.payment.as_ref()?;
        Some(payment.payer.lane)
    }
}

/// What the purse of a country holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// What each lane holds, and up to what it earns.
    pub lanes: Lanes<(Micros, Micros)>,
    /// What the money stop leaves for the day.
    pub left: Micros,
}
