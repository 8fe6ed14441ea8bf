//! The purse of a country: what its item holds, and how a day begins.

use super::amount::{Damaged, read_amount, read_day};
use super::ask::Ask;
use super::item::{Attribute, DAYS_KEPT, PurseItem};
use super::lane::{Lane, Lanes};
use super::overrides::{Budget, Overrides};
use super::policy::PursePolicy;
use super::refill::Room;
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
    /// What the texts of the last days cost, by [`Attribute::cost_on`].
    pub costs: [Micros; DAYS_KEPT as usize],
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
    /// Makes the purse of a new country. Its open lane holds `start`, and its other lanes are full.
    pub(super) fn new(
        ask: &Ask,
        policy: &PursePolicy,
        start: Micros,
        budget: Option<&Budget>,
    ) -> Self {
        let room = |lane| match lane {
            Lane::Open => Some(start),
            lane => policy.lane(lane).map(|own| own.cap.at(ask.price)),
        };
        let at = ask.now;
        let day = ask.day();
        let mut record = Self {
            lanes: Lanes::new(|lane| room(lane).map(|holds| Room { holds, at })),
            day,
            left: 0,
            costs: [0; DAYS_KEPT as usize],
            week: week_of(day),
            sent: 0,
            typed: 0,
            typed_before: 0,
            best: None,
            probes: 0,
        };
        record.left = record.bound_money(ask, policy, budget);
        record
    }

    /// Reads the record; `None` when there is no item, or when it holds nothing but what an operator gave.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of the service leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        if Overrides::are_all_of(item) {
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
            *amount = read_amount(item, Attribute::Cost(place))?;
        }
        let day = read_day(item, now)?;
        let best = item.get(Attribute::Best);
        if item.has(Attribute::Best) && !is_share(best) {
            return Err(Damaged(Attribute::Best));
        }
        Ok(Some(Self {
            lanes,
            day,
            left: read_amount(item, Attribute::Left)?,
            costs: spent,
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
        let spent = (0..).map(Attribute::Cost).zip(self.costs);
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
    pub fn cost_on(&self, day: i64) -> Micros {
        place(day)
            .and_then(|place| self.costs.get(place))
            .copied()
            .unwrap_or(0)
    }

    /// Returns how much of its money stop the country has used on `day`, in whole percent, rounded down. It is 100 when
    /// a text of this price no longer fits in. `None` when the record is about another day.
    ///
    /// The stop may have grown with the best days. What it leaves and what was spent give it again, so nobody needs the
    /// policy to tell. The percentage costs no call: the credit of a typed code returns the item, and a second try
    /// reads it. An alarm on a sum of costs would need the stop of each country in the template, and could not know one
    /// that has grown.
    ///
    /// With shards, each shard has its own stop, and this percentage refers to one shard.
    #[must_use]
    pub fn money_used(&self, day: i64, price: Micros) -> Option<u8> {
        if self.day != day {
            return None;
        }
        let spent = self.cost_on(day);
        let percent = scale(spent, 100, self.left.saturating_add(spent)).clamp(0, 100);
        let percent = if self.left < price { 100 } else { percent };
        u8::try_from(percent).ok()
    }

    /// Whether the lane of known phones lacks so much that carriers seem to deliver nothing.
    pub(super) fn lacks_codes(&self, policy: &PursePolicy, price: Micros) -> bool {
        let lack = price.saturating_mul(i64::from(policy.outage_lack));
        self.holds(Lane::Known) < policy.known.cap.at(price) - lack
    }

    /// Returns what the texts of the record's day may cost together, in one of `ask.shards` shards.
    pub(super) fn bound_money(
        &self,
        ask: &Ask,
        policy: &PursePolicy,
        budget: Option<&Budget>,
    ) -> Micros {
        let days = self.day - i64::from(DAYS_KEPT) + 1..=self.day - 3;
        let best = days.map(|day| self.cost_on(day)).max().unwrap_or(0);
        let least = policy.money.least / i64::from(ask.shards.max(1));
        let given = budget.filter(|budget| !budget.has_ended(ask.now));
        let given = given.map_or(0, |budget| budget.per_day);
        least.max(policy.money.growth.of(best)).max(given)
    }

    /// Returns what a money stop of `ceiling` leaves of the record's day.
    pub(super) fn compute_left(&self, ceiling: Micros) -> Micros {
        (ceiling - self.cost_on(self.day)).max(0)
    }

    /// Begins the day of `ask`: its money, and with a week what the last one taught. A day that is not later changes
    /// nothing.
    pub(super) fn begin(&mut self, ask: &Ask, policy: &PursePolicy, budget: Option<&Budget>) {
        let day = ask.day();
        if day <= self.day {
            return;
        }
        // As many days in a row have all the places.
        for skipped in (self.day + 1..=day).take(usize::from(DAYS_KEPT)) {
            if let Some(amount) = place(skipped).and_then(|place| self.costs.get_mut(place)) {
                *amount = 0;
            }
        }
        self.day = day;
        self.left = self.bound_money(ask, policy, budget);
        if week_of(day) != self.week {
            self.learn(policy);
            self.week = week_of(day);
        }
    }

    /// Counts a text of the record's day.
    pub(super) fn count(&mut self, price: Micros) {
        self.left -= price;
        self.sent += 1;
        if let Some(spent) = place(self.day).and_then(|place| self.costs.get_mut(place)) {
            *spent += price;
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

/// Whether a conversion is in range.
pub(super) fn is_share(best: Option<i64>) -> bool {
    best.is_some_and(|best| (0..=1_000).contains(&best))
}

fn place(day: i64) -> Option<usize> {
    usize::try_from(day.rem_euclid(i64::from(DAYS_KEPT))).ok()
}

const fn week_of(day: i64) -> i64 {
    day.div_euclid(7)
}
