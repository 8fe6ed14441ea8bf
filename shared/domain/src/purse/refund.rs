//! What a text gives back that was not sent.

use super::item::Attribute;
use super::payer::Payer;
use super::plan::Plan;
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::country::Country;

impl Plan {
    /// Makes the write that gives the price back when the carrier certainly did not send the text.
    #[must_use]
    pub fn refund(&self, country: Country) -> Write {
        match self.call {
            Some(call) => self.payer.refund_call(country, call),
            None => self.payer.refund(country, self.granted_until),
        }
    }
}

impl Payer {
    /// Makes the write that gives the price back when the carrier certainly did not send the text. It goes to the lane,
    /// or to the operator's grant that paid and ends at `granted_until`.
    ///
    /// The block and the network get nothing, so that numbers which the carrier refuses still use up an attacker's
    /// room. On a later day, or when the grant is another one, nothing is given back.
    fn refund(&self, country: Country, granted_until: Option<Timestamp>) -> Write {
        let mut conditions = vec![Condition::Is(Attribute::Day, self.day)];
        let mut paid_from = Attribute::Lane(self.lane);
        if let Some(until) = granted_until {
            conditions.push(Condition::Is(Attribute::GrantedUntil, until.unix()));
            paid_from = Attribute::Granted;
        }
        Write {
            key: self.country_key(country),
            conditions,
            changes: vec![
                Change::Add(paid_from, self.price),
                Change::Add(Attribute::Left, self.price),
                Change::Add(Attribute::cost_on(self.day), -self.price),
                Change::Add(Attribute::Sent, -1),
            ],
        }
    }
}
