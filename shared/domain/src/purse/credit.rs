//! What a typed code gives back.

use super::Micros;
use super::country::CountryRecord;
use super::item::{Attribute, PurseKey};
use super::lane::Lane;
use super::payer::Payer;
use super::policy::{LID, PursePolicy, Thousandths};
use super::records::{NetworkRecord, NumberBlockRecord};
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::country::Country;
use crate::subject::SubjectIndex;

/// How full a purse is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Below the cap: a code earns.
    Earns,
    /// From the cap on: a code gives back its price.
    Returns,
    /// Far above the cap: a code gives back nothing.
    Over,
}

impl Fill {
    pub(super) fn of(holds: Micros, cap: Micros) -> Self {
        if holds < cap {
            Self::Earns
        } else if holds < cap.saturating_mul(LID) {
            Self::Returns
        } else {
            Self::Over
        }
    }

    /// What the purse gets.
    pub(super) fn credit(self, gain: Thousandths, price: Micros) -> Micros {
        match self {
            Self::Earns => gain.of(price),
            Self::Returns => price,
            Self::Over => 0,
        }
    }

    /// What must hold of the purse, so that this is how full it is.
    pub(super) fn list_conditions(self, attribute: Attribute, cap: Micros) -> Vec<Condition> {
        let lid = cap.saturating_mul(LID);
        match self {
            Self::Earns => vec![Condition::Below(attribute, cap)],
            Self::Returns => vec![
                Condition::AtLeast(attribute, cap),
                Condition::Below(attribute, lid),
            ],
            Self::Over => vec![Condition::AtLeast(attribute, lid)],
        }
    }
}

impl Payer {
    /// Returns what a country's record, seen before this text, holds if only this text was paid since.
    #[must_use]
    pub fn charge(&self, mut seen: CountryRecord) -> CountryRecord {
        if let Some(room) = &mut seen.lanes[self.lane] {
            room.holds = (room.holds - self.price).max(0);
        }
        seen
    }

    /// Makes the credit of the country's purse.
    ///
    /// `seen` is the record as this instance saw it last; `None` before the first time.
    #[must_use]
    pub fn credit_country(
        &self,
        country: Country,
        seen: Option<&CountryRecord>,
        policy: &PursePolicy,
    ) -> Write {
        let (lane, price) = (self.lane, self.price);
        let best = seen.and_then(|record| record.best);
        let is_probing = seen.is_some_and(|record| record.probes > 0);
        let holds = |lane| seen.map_or(0, |record| record.holds(lane));
        let own = Attribute::Lane(lane);
        let cap = policy.cap(lane, price, best);
        let fill = Fill::of(holds(lane), cap);
        let mut conditions = fill.list_conditions(own, cap);
        let mut changes = vec![Change::Add(Attribute::Typed, 1)];
        if matches!(lane, Lane::Crowd | Lane::Moved | Lane::Open) {
            conditions.push(best.map_or(Condition::Absent(Attribute::Best), |best| {
                Condition::Is(Attribute::Best, best)
            }));
        }
        if lane == Lane::Crowd && fill == Fill::Earns && best.is_some() {
            if is_probing {
                conditions.push(Condition::AtLeast(Attribute::Probes, 1));
                changes.push(Change::Add(Attribute::Probes, -1));
            } else {
                conditions.push(Condition::Below(Attribute::Probes, 1));
            }
        }
        let credit = fill.credit(policy.gain_of(lane, best, is_probing), price);
        changes.push(Change::Add(own, credit));
        if self.heals && lane == Lane::Known {
            let crowd = Attribute::Lane(Lane::Crowd);
            let cap = policy.cap(Lane::Crowd, price, best);
            if holds(Lane::Crowd) < cap {
                conditions.push(Condition::Below(crowd, cap));
                changes.push(Change::Add(crowd, policy.heals_crowd.of(price)));
            } else {
                conditions.push(Condition::AtLeast(crowd, cap));
            }
        }
        Write {
            key: self.country_key(country),
            conditions,
            changes,
        }
    }

    /// Makes the credit of the number block's purse; `None` when it gets nothing.
    #[must_use]
    pub fn credit_number_block(
        &self,
        number_block: &SubjectIndex,
        seen: Option<&NumberBlockRecord>,
        policy: &PursePolicy,
    ) -> Option<Write> {
        if !self.lane.asks_number_block() {
            return None;
        }
        let cap = policy.number_block.cap.at(self.price);
        let room = seen.and_then(|record| record.room);
        let fill = Fill::of(room.map_or(0, |room| room.holds), cap);
        let credit = fill.credit(policy.gain, self.price);
        (credit > 0).then(|| Write {
            key: PurseKey::NumberBlock(number_block.clone()),
            conditions: fill.list_conditions(Attribute::Room, cap),
            changes: vec![Change::Add(Attribute::Room, credit)],
        })
    }

    /// Makes the credit of the network's purse, which also remembers the network for longer; `None` when it gets
    /// nothing.
    ///
    /// A vouched-for caller says nothing about the network. Otherwise the vouched-for users of a VPN would make it familiar,
    /// and attackers come from there.
    #[must_use]
    pub fn credit_network(
        &self,
        country: Country,
        seen: Option<&NetworkRecord>,
        policy: &PursePolicy,
        now: Timestamp,
    ) -> Option<Write> {
        let cap = self.price.saturating_mul(i64::from(policy.network.cap));
        let earned = match self.lane {
            Lane::Crowd => policy.gain,
            Lane::Known if self.heals => policy.heals_network,
            Lane::Known | Lane::Moved | Lane::Open => policy.network.earns,
            Lane::Attested => return None,
        };
        let forgotten_at = (now + policy.network.forgotten_after).unix();
        let mut changes = vec![Change::Set(Attribute::ExpiresAt, forgotten_at)];
        changes.extend(
            self.codes_needed
                .map(|codes| Change::Set(Attribute::Needed, codes)),
        );
        let alive_from = now.unix().saturating_add(1);
        let conditions = if seen.is_some_and(|record| record.is_forgotten(now)) {
            changes.extend([
                Change::Set(Attribute::Room, earned.of(self.price)),
                Change::Set(Attribute::Codes, 1),
                Change::Set(Attribute::Since, now.unix()),
            ]);
            vec![Condition::Below(Attribute::ExpiresAt, alive_from)]
        } else {
            let fill = Fill::of(seen.map_or(0, |record| record.holds), cap);
            let credit = match (fill, self.lane) {
                (Fill::Returns | Fill::Over, lane) if lane != Lane::Crowd => 0,
                (fill, _) => fill.credit(earned, self.price),
            };
            changes.push(Change::Add(Attribute::Room, credit));
            let mut conditions = match fill {
                Fill::Earns => vec![Condition::AbsentOrBelow(Attribute::Room, cap)],
                Fill::Returns | Fill::Over => fill.list_conditions(Attribute::Room, cap),
            };
            conditions.push(Condition::AbsentOrAtLeast(Attribute::ExpiresAt, alive_from));
            let (of_codes, counted) = count_code(seen, policy, now);
            conditions.extend(of_codes);
            changes.extend(counted);
            conditions
        };
        Some(Write {
            key: PurseKey::Network {
                country,
                shard: self.shard,
                network: self.network.clone(),
            },
            conditions,
            changes,
        })
    }
}

/// Counts a code of a network that is not forgotten. After a while, its codes are halved first.
fn count_code(
    seen: Option<&NetworkRecord>,
    policy: &PursePolicy,
    now: Timestamp,
) -> (Vec<Condition>, [Change; 2]) {
    let (since, codes) = (Attribute::Since, Attribute::Codes);
    let counted_from = now - policy.network.halved_after;
    match seen {
        Some(record) if record.since <= counted_from => (
            vec![
                Condition::Is(since, record.since.unix()),
                Condition::Is(codes, record.codes),
            ],
            [
                Change::Set(since, now.unix()),
                Change::Set(codes, record.codes / 2 + 1),
            ],
        ),
        _ => {
            let after = counted_from.unix().saturating_add(1);
            let first = Change::AddFrom {
                attribute: since,
                start: now.unix(),
                by: 0,
            };
            let conditions = vec![Condition::AbsentOrAtLeast(since, after)];
            (conditions, [first, Change::Add(codes, 1)])
        }
    }
}
