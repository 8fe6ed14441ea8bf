//! The purse of a country: what its item holds, how a day begins, and the write of a text.

use super::empty::EmptyPurse;
use super::item::{Attribute, PurseItem};
use super::lane::{Lane, Lanes};
use super::policy::{LanePolicy, PursePolicy};
use super::records::{DAYS_KEPT, Damaged, Room, read_amount};
use super::refill::{Draw, draw};
use super::send::Ask;
use super::write::{Change, Condition};
use super::{Micros, scale};
use crate::clock::Timestamp;

/// The most that is learned as a conversion, in thousandths.
const BEST_MOST: i64 = 980;

/// The purse of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountryRecord {
    /// What each lane holds; `None` for the attested lane until it paid once.
    pub lanes: Lanes<Option<Room>>,
    /// The day of the last text, counted from the Unix epoch.
    pub day: i64,
    /// What the money stop leaves for that day.
    pub left: Micros,
    /// What the texts of the last days cost, by [`Attribute::spent_on`].
    pub spent: [Micros; DAYS_KEPT as usize],
    /// The week of `sent` and `typed`.
    pub week: i64,
    /// The texts of the week.
    pub sent: i64,
    /// The typed codes of the week.
    pub typed: i64,
    /// The typed codes of the week before it.
    pub typed_before: i64,
    /// The best conversion of a week, in thousandths; `None` until a week had enough texts.
    pub best: Option<i64>,
    /// The codes of the crowd that earn the whole gain.
    pub probes: i64,
}

impl CountryRecord {
    /// Makes the purse of a new country. Its open lane holds `grant`, and its other lanes are full.
    pub(super) fn new(ask: &Ask, policy: &PursePolicy, grant: Micros) -> Self {
        let room = |lane| match lane {
            Lane::Open => Some(grant),
            lane => policy.lane(lane).map(|own| own.cap.at(ask.price)),
        };
        let at = ask.now;
        let day = ask.day();
        let mut record = Self {
            lanes: Lanes::new(|lane| room(lane).map(|holds| Room { holds, at })),
            day,
            left: 0,
            spent: [0; DAYS_KEPT as usize],
            week: week_of(day),
            sent: 0,
            typed: 0,
            typed_before: 0,
            best: None,
            probes: 0,
        };
        record.left = record.ceiling(policy, ask.shards);
        record
    }

    /// Reads the record; `None` when there is no item.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of the service leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        if item.iter().next().is_none() {
            return Ok(None);
        }
        let mut lanes = Lanes::default();
        for lane in Lane::ALL {
            let (holds, at) = (Attribute::Lane(lane), Attribute::LaneAt(lane));
            lanes[lane] = Room::read(item, holds, at, now)?;
            if lanes[lane].is_none() && lane != Lane::Attested {
                return Err(Damaged(holds));
            }
        }
        let mut spent = [0; DAYS_KEPT as usize];
        for (amount, place) in spent.iter_mut().zip(0..) {
            *amount = read_amount(item, Attribute::Spent(place))?;
        }
        let day = read_amount(item, Attribute::Day)?;
        // A day starts at an hour of the policy, so it may be one ahead of UTC. Further ahead, it would never end.
        if day > now.day() + 1 {
            return Err(Damaged(Attribute::Day));
        }
        let best = item.get(Attribute::Best);
        if best.is_some_and(|best| !(0..=1_000).contains(&best)) {
            return Err(Damaged(Attribute::Best));
        }
        Ok(Some(Self {
            lanes,
            day,
            left: read_amount(item, Attribute::Left)?,
            spent,
            week: read_amount(item, Attribute::Week)?,
            sent: read_amount(item, Attribute::Sent)?,
            typed: read_amount(item, Attribute::Typed)?,
            typed_before: read_amount(item, Attribute::TypedBefore)?,
            best,
            probes: read_amount(item, Attribute::Probes)?,
        }))
    }

    /// Returns the attributes of the item, without its end.
    #[must_use]
    pub fn to_item(&self) -> PurseItem {
        let lanes = Lane::ALL.into_iter().filter_map(|lane| {
            let room = self.lanes[lane]?;
            let at = (Attribute::LaneAt(lane), room.at.unix());
            Some([(Attribute::Lane(lane), room.holds), at])
        });
        let single = [
            (Attribute::Day, self.day),
            (Attribute::Left, self.left),
            (Attribute::Week, self.week),
            (Attribute::Sent, self.sent),
            (Attribute::Typed, self.typed),
            (Attribute::TypedBefore, self.typed_before),
            (Attribute::Probes, self.probes),
        ];
        let best = self.best.map(|best| (Attribute::Best, best));
        let spent = (0..).map(Attribute::Spent).zip(self.spent);
        lanes
            .flatten()
            .chain(single)
            .chain(best)
            .chain(spent)
            .collect()
    }

    /// Returns what a lane holds; 0 for one that never paid.
    #[must_use]
    pub fn holds(&self, lane: Lane) -> Micros {
        self.lanes[lane].map_or(0, |room| room.holds)
    }

    /// Returns what the texts of `day` cost, which is at most 16 days before the day of the record.
    #[must_use]
    pub fn spent_on(&self, day: i64) -> Micros {
        place(day)
            .and_then(|place| self.spent.get(place))
            .copied()
            .unwrap_or(0)
    }

    /// Returns how much of its money stop the country has used on `day`, in whole percent, rounded down; 100 when a
    /// text of this price no longer fits in. `None` when the record is about another day.
    ///
    /// The stop may have grown with the best days. What it leaves and what was spent give it again, so nobody needs the
    /// policy to tell.
    #[must_use]
    pub fn money_used(&self, day: i64, price: Micros) -> Option<u8> {
        if self.day != day {
            return None;
        }
        let spent = self.spent_on(day);
        let percent = scale(spent, 100, self.left.saturating_add(spent)).clamp(0, 100);
        let percent = if self.left < price { 100 } else { percent };
        u8::try_from(percent).ok()
    }

    /// Whether the lane of known phones lacks so much that carriers seem to deliver nothing.
    pub(super) fn lacks_codes(&self, policy: &PursePolicy, price: Micros) -> bool {
        let lack = price.saturating_mul(i64::from(policy.outage_lack));
        self.holds(Lane::Known) < policy.known.cap.at(price) - lack
    }

    /// Returns what the texts of the record's day may cost together, in one of `shards` shards.
    fn ceiling(&self, policy: &PursePolicy, shards: u8) -> Micros {
        let days = self.day - i64::from(DAYS_KEPT) + 1..=self.day - 3;
        let best = days.map(|day| self.spent_on(day)).max().unwrap_or(0);
        let least = policy.money.least / i64::from(shards.max(1));
        least.max(policy.money.growth.of(best))
    }

    /// Begins `day`: its money, and with a week what the last one taught. A day that is not later changes nothing.
    fn begin(&mut self, day: i64, policy: &PursePolicy, shards: u8) {
        if day <= self.day {
            return;
        }
        let oldest = day - i64::from(DAYS_KEPT) + 1;
        for skipped in oldest.max(self.day + 1)..=day {
            if let Some(amount) = place(skipped).and_then(|place| self.spent.get_mut(place)) {
                *amount = 0;
            }
        }
        self.day = day;
        self.left = self.ceiling(policy, shards);
        if week_of(day) != self.week {
            self.learn(policy);
            self.week = week_of(day);
        }
    }

    /// Ends a week: its conversion counts when it is the best.
    fn learn(&mut self, policy: &PursePolicy) {
        if self.sent >= i64::from(policy.learned_from) {
            let conversion = self.typed.saturating_mul(1_000) / self.sent.max(1);
            let conversion = conversion.min(BEST_MOST);
            self.best = Some(self.best.map_or(conversion, |best| best.max(conversion)));
        }
        self.typed_before = self.typed;
        self.sent = 0;
        self.typed = 0;
    }
}

fn place(day: i64) -> Option<usize> {
    usize::try_from(day.rem_euclid(i64::from(DAYS_KEPT))).ok()
}

const fn week_of(day: i64) -> i64 {
    day.div_euclid(7)
}

/// The write of a country for one text, while it is made.
pub(super) struct CountryDraft<'a> {
    ask: &'a Ask,
    policy: &'a PursePolicy,
    /// What the item holds; `None` for a new country.
    seen: Option<CountryRecord>,
    /// What it holds when the day of the text has begun.
    pub(super) record: CountryRecord,
    /// What nobody has earned and the service still gives.
    unearned: Micros,
    /// What of it the country takes.
    pub(super) granted: Micros,
    /// The lanes that could not be filled.
    empty: Lanes<bool>,
}

impl<'a> CountryDraft<'a> {
    pub(super) fn new(
        ask: &'a Ask,
        policy: &'a PursePolicy,
        seen: Option<CountryRecord>,
        unearned: Micros,
    ) -> Self {
        let (record, granted) = if let Some(seen) = &seen {
            let mut record = seen.clone();
            record.begin(ask.day(), policy, ask.shards);
            (record, 0)
        } else {
            let first = ask.price.saturating_mul(i64::from(policy.start_texts));
            let grant = first.min(unearned);
            (CountryRecord::new(ask, policy, grant), grant)
        };
        Self {
            ask,
            policy,
            seen,
            record,
            unearned,
            granted,
            empty: Lanes::default(),
        }
    }

    /// Returns the lane that could not be filled, the most telling one of several.
    pub(super) fn empty(&self) -> Option<EmptyPurse> {
        EmptyPurse::most_telling(self.empty)
    }

    /// Fills the lane with what time gave back, if it needs that to pay.
    ///
    /// # Errors
    ///
    /// The instant from which the lane can pay.
    pub(super) fn fill(&mut self, lane: Lane) -> Result<(), Timestamp> {
        let end_of_day = self.ask.today.end();
        let Some(own) = self.policy.lane(lane) else {
            return Err(end_of_day);
        };
        let filled = self.fill_lane(lane, own);
        self.empty[lane] = filled.is_err();
        filled
    }

    fn fill_lane(&mut self, lane: Lane, own: &LanePolicy) -> Result<(), Timestamp> {
        let price = self.ask.price;
        let end_of_day = self.ask.today.end();
        let Some(room) = &mut self.record.lanes[lane] else {
            let (holds, at) = (own.cap.at(price), self.ask.now);
            self.record.lanes[lane] = Some(Room { holds, at });
            return Ok(());
        };
        let target = price.saturating_mul(i64::from(own.refill_to));
        match draw(*room, price, own.refill, target, self.ask.now) {
            Draw::Ready => return Ok(()),
            Draw::Empty(at) => return Err(at),
            Draw::TopUp(given) if lane != Lane::Open => room.holds += given,
            Draw::TopUp(given) => {
                // Nobody earned this.
                let given = given.min(self.unearned - self.granted);
                if room.holds + given < price {
                    return Err(end_of_day);
                }
                room.holds += given;
                self.granted += given;
            }
        }
        if lane == Lane::Crowd {
            self.record.probes = i64::from(self.policy.probes);
        }
        Ok(())
    }

    /// Takes the price out of the lane, which was filled before, and returns what the write checks and changes.
    pub(super) fn pay(mut self, lane: Lane) -> (CountryRecord, Vec<Condition>, Vec<Change>) {
        let Ask { price, now, .. } = *self.ask;
        let filled = self.record.holds(lane);
        let holds = filled - price;
        self.record.lanes[lane] = Some(Room { holds, at: now });
        self.record.left -= price;
        self.record.sent += 1;
        let today = self.record.day;
        if let Some(spent) = place(today).and_then(|place| self.record.spent.get_mut(place)) {
            *spent += price;
        }
        let kept = (now + self.policy.country_kept()).unix();
        let mut changes = vec![Change::Set(Attribute::ExpiresAt, kept)];
        let Some(seen) = &self.seen else {
            let all = self.record.to_item();
            changes.extend(
                all.iter()
                    .map(|(attribute, value)| Change::Set(attribute, value)),
            );
            return (
                self.record,
                vec![Condition::Absent(Attribute::Day)],
                changes,
            );
        };
        let mut conditions = vec![Condition::Is(Attribute::Day, seen.day)];
        // What other writers may change in between is only added to. The rest is set, and its condition is what was
        // seen.
        let (own, own_at) = (Attribute::Lane(lane), Attribute::LaneAt(lane));
        let mut added = vec![];
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
        if today == seen.day {
            conditions.push(Condition::AtLeast(Attribute::Left, price));
            added.extend([
                (Attribute::Left, -price),
                (Attribute::spent_on(today), price),
                (Attribute::Sent, 1),
            ]);
        } else if self.record.week == seen.week {
            added.push((Attribute::Sent, 1));
        }
        let (before, after) = (seen.to_item(), self.record.to_item());
        for (attribute, value) in after.iter() {
            let is_added = added.iter().any(|(added, _)| *added == attribute);
            let is_own = attribute == own_at;
            if !is_added && (is_own || before.get(attribute) != Some(value)) {
                changes.push(Change::Set(attribute, value));
            }
        }
        changes.extend(added.into_iter().map(|(a, by)| Change::Add(a, by)));
        (self.record, conditions, changes)
    }
}
