//! What a text that was not sent gives back.

use super::Micros;
use super::item::Attribute;
use super::payer::Payer;
use super::plan::{Plan, Taken};
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::country::Country;

impl Plan {
    /// Makes the write that gives the price back when the carrier certainly did not send the text.
    #[must_use]
    pub fn refund(&self, country: Country) -> Write {
        match self.call {
            Some(call) => self.payer.refund_call(country, call, self.taken),
            None => self.payer.refund(country, self.granted_until, self.taken),
        }
    }
}

impl Taken {
    /// Returns the changes that give the price back to the lane and to the day, as far as they paid it.
    pub(super) fn give_back(self, lane: Attribute, price: Micros) -> Vec<Change> {
        let of_lane = self.from_lane.then_some(lane);
        let of_day = self.from_day.then_some(Attribute::Left);
        let taken = of_lane.into_iter().chain(of_day);
        taken
            .map(|attribute| Change::Add(attribute, price))
            .collect()
    }
}

impl Payer {
    /// Makes the write that gives the price back when the carrier certainly did not send the text. It goes to the lane,
    /// or to the operator's grant that paid and ends at `granted_until`.
    ///
    /// The block and the network get nothing, so that numbers which the carrier refuses still use up an attacker's
    /// room. On a later day, or when the grant is another one, nothing is given back.
    fn refund(&self, country: Country, granted_until: Option<Timestamp>, taken: Taken) -> Write {
        let mut conditions = vec![Condition::Is(Attribute::Day, self.day)];
        let mut paid_from = Attribute::Lane(self.lane);
        if let Some(until) = granted_until {
            conditions.push(Condition::Is(Attribute::GrantedUntil, until.unix()));
            paid_from = Attribute::Granted;
        }
        let mut changes = taken.give_back(paid_from, self.price);
        changes.extend([
            Change::Add(Attribute::cost_on(self.day), -self.price),
            Change::Add(Attribute::Sent, -1),
        ]);
        Write {
            key: self.country_key(country),
            conditions,
            changes,
        }
    }
}
