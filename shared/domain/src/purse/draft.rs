//! The write of a country for one text, while it is made.

use super::Micros;
use super::ask::Ask;
use super::country::CountryRecord;
use super::empty::EmptyPurse;
use super::item::Attribute;
use super::lane::{Lane, Lanes};
use super::overrides::{Overrides, drop_budget, require_same_budget, settle_grant};
use super::policy::PursePolicy;
use super::refill::{Draw, Room, draw};
use super::write::{Change, Condition};
use crate::clock::Timestamp;

/// The write of a country for one text, while it is made.
#[derive(Clone)]
pub(super) struct CountryDraft<'a> {
    ask: &'a Ask,
    policy: &'a PursePolicy,
    /// What the item holds; `None` for a new country.
    seen: Option<CountryRecord>,
    /// What an operator gave the country.
    overrides: Overrides,
    /// What the item holds when the day of the text has begun, and a budget that is over has ended.
    pub(super) record: CountryRecord,
    /// What nobody has earned and the service still gives.
    unearned: Micros,
    /// What of it the country takes.
    pub(super) granted: Micros,
    /// Whether an operator's grant pays, and not the lane.
    from_grant: bool,
    /// The lanes that could not be filled.
    empty: Lanes<bool>,
}

impl<'a> CountryDraft<'a> {
    pub(super) fn new(
        ask: &'a Ask,
        policy: &'a PursePolicy,
        seen: Option<CountryRecord>,
        overrides: Overrides,
        unearned: Micros,
    ) -> Self {
        let budget = overrides.budget.as_ref();
        let (record, granted) = if let Some(seen) = &seen {
            let mut record = seen.clone();
            record.begin(ask, policy, budget);
            if budget.is_some_and(|budget| budget.has_ended(ask.now)) {
                record.left = record.compute_left(record.bound_money(ask, policy, None));
            }
            (record, 0)
        } else {
            let first = ask.price.saturating_mul(i64::from(policy.start_texts));
            let start = first.min(unearned);
            (CountryRecord::new(ask, policy, start, budget), start)
        };
        Self {
            ask,
            policy,
            seen,
            overrides,
            record,
            unearned,
            granted,
            from_grant: false,
            empty: Lanes::default(),
        }
    }

    /// Returns the lane that could not be filled, the most telling one of several.
    pub(super) fn empty(&self) -> Option<EmptyPurse> {
        EmptyPurse::choose_most_telling(self.empty)
    }

    /// Fills the lane with what time gave back, if it needs that to pay. Where the open lane cannot pay, an operator's
    /// grant does.
    ///
    /// # Errors
    ///
    /// The instant from which the lane can pay.
    pub(super) fn fill(&mut self, lane: Lane) -> Result<(), Timestamp> {
        let filled = self.fill_lane(lane);
        let (price, now) = (self.ask.price, self.ask.now);
        let grant = self.overrides.grant.filter(|_| lane == Lane::Open);
        self.from_grant = filled.is_err() && grant.is_some_and(|grant| grant.pays(price, now));
        let filled = if self.from_grant { Ok(()) } else { filled };
        self.empty[lane] = filled.is_err() && self.policy.lane(lane).is_some();
        filled
    }

    /// Fills the lane itself with what time gave back.
    pub(super) fn fill_lane(&mut self, lane: Lane) -> Result<(), Timestamp> {
        let price = self.ask.price;
        let end_of_day = self.ask.today.end();
        let Some(own) = self.policy.lane(lane) else {
            return Err(end_of_day);
        };
        let Some(room) = &mut self.record.lanes[lane] else {
            let (holds, at) = (own.cap.at(price), self.ask.now);
            self.record.lanes[lane] = Some(Room { holds, at });
            return Ok(());
        };
        let target = price.saturating_mul(i64::from(own.refill_to));
        let drawn = draw(*room, price, own.refill, target, self.ask.now);
        // Nothing is stored of a country that cannot begin, so time gives it nothing. It begins with the money of a
        // day.
        let is_new = lane == Lane::Open && self.seen.is_none();
        match drawn {
            Draw::Ready => return Ok(()),
            Draw::Empty(_) | Draw::TopUp(_) if is_new => return Err(end_of_day),
            Draw::Empty(at) => {
                // What the lane lacks has to be there, too.
                let is_short = lane == Lane::Open && room.holds + self.unearned < price;
                return Err(if is_short { at.max(end_of_day) } else { at });
            }
            Draw::TopUp(given) if lane != Lane::Open => room.holds += given,
            Draw::TopUp(given) => {
                // Nobody earned this.
                let given = given.min(self.unearned);
                if room.holds + given < price {
                    return Err(end_of_day);
                }
                room.holds += given;
                self.granted = given;
            }
        }
        if lane == Lane::Crowd {
            self.record.probes = i64::from(self.policy.probes);
        }
        Ok(())
    }

    /// Returns the end of the operator's grant that pays, if one does.
    pub(super) fn grant_that_pays(&self) -> Option<Timestamp> {
        let grant = self.overrides.grant.filter(|_| self.from_grant);
        grant.map(|grant| grant.until)
    }

    /// Takes the price out of the lane or the grant, which was filled before, and returns what the write checks and
    /// changes. Without a lane, the text is only counted. So is one that the money of the day does not reach for.
    pub(super) fn pay(
        mut self,
        lane: Option<Lane>,
    ) -> (CountryRecord, Vec<Condition>, Vec<Change>) {
        let Ask { price, now, .. } = *self.ask;
        let lane = lane.filter(|_| !self.from_grant);
        let filled = lane.map_or(0, |lane| self.record.holds(lane));
        if let Some(lane) = lane {
            let holds = filled - price;
            self.record.lanes[lane] = Some(Room { holds, at: now });
        }
        let left = self.record.left;
        self.record.count(price);
        if left < price {
            self.record.left = left;
        }
        let (mut conditions, mut changes) = self.settle_overrides();
        let kept = (now + self.policy.find_country_lifetime()).unix();
        changes.push(Change::Set(Attribute::ExpiresAt, kept));
        let Some(seen) = &self.seen else {
            let all = self.record.to_item();
            changes.extend(
                all.iter()
                    .map(|(attribute, value)| Change::Set(attribute, value)),
            );
            conditions.push(Condition::Absent(Attribute::Day));
            return (self.record, conditions, changes);
        };
        conditions.push(Condition::Is(Attribute::Day, seen.day));
        // What other writers may change in between is only added to. The rest is set, and its condition is what was
        // seen.
        let mut added = vec![];
        if let Some(lane) = lane {
            let (own, own_at) = (Attribute::Lane(lane), Attribute::LaneAt(lane));
            match seen.lanes[lane] {
                Some(room) if room.holds == filled => {
                    conditions.push(Condition::AtLeast(own, price));
                    added.push((own, -price));
                }
                Some(room) => {
                    conditions.push(Condition::Is(own, room.holds));
                    conditions.push(Condition::Is(own_at, room.at.unix()));
                }
                None => conditions.push(Condition::Absent(own)),
            }
        }
        let today = self.record.day;
        if today == seen.day {
            if self.has_ended_budget() {
                conditions.push(Condition::Is(Attribute::Left, seen.left));
            } else if left < price {
                conditions.push(Condition::Below(Attribute::Left, price));
            } else {
                conditions.push(Condition::AtLeast(Attribute::Left, price));
                added.push((Attribute::Left, -price));
            }
            added.extend([(Attribute::cost_on(today), price), (Attribute::Sent, 1)]);
        } else if self.record.week == seen.week {
            added.push((Attribute::Sent, 1));
        }
        let (before, after) = (seen.to_item(), self.record.to_item());
        for (attribute, value) in after.iter() {
            let is_added = added.iter().any(|(added, _)| *added == attribute);
            let is_own = lane.is_some_and(|lane| attribute == Attribute::LaneAt(lane));
            if !is_added && (is_own || before.get(attribute) != Some(value)) {
                changes.push(Change::Set(attribute, value));
            }
        }
        changes.extend(added.into_iter().map(|(a, by)| Change::Add(a, by)));
        (self.record, conditions, changes)
    }

    fn has_ended_budget(&self) -> bool {
        let budget = self.overrides.budget.as_ref();
        budget.is_some_and(|budget| budget.has_ended(self.ask.now))
    }

    /// Requires that what an operator gave is as it was seen, takes the price out of a grant that pays, and removes
    /// what has ended.
    fn settle_overrides(&self) -> (Vec<Condition>, Vec<Change>) {
        let Overrides { grant, budget } = &self.overrides;
        let paid = self.from_grant.then_some(self.ask.price);
        let (mut conditions, mut changes) = settle_grant(grant.as_ref(), paid, self.ask.now);
        conditions.extend(require_same_budget(budget.as_ref()));
        if self.has_ended_budget() {
            changes.extend(drop_budget());
        }
        (conditions, changes)
    }
}
