//! The purse of a country's calls.
//!
//! A call speaks the code of a challenge whose text was paid for. So it needs no purse of a network or of a number
//! block: somebody who wants many calls needs many texts first, and those purses end them. What a call costs has
//! nothing to do with what a text costs, so calls have room and money of their own.
//!
//! Nothing about the caller is read. The lane that paid for the text is sealed in the challenge token. The item has
//! two rooms, under the names of two lanes. [`Lane::Open`] pays for a call if that lane or [`Lane::Moved`] paid for the
//! text, and [`Lane::Crowd`] for all other calls. So strangers who ask for calls do not stop the others.

mod view;

pub(super) use self::view::forget;
pub use self::view::{CallOutlook, reset_calls};

use super::Micros;
use super::amount::{Damaged, TOO_MUCH, read_amount, read_day};
use super::ask::Ask;
use super::credit::Fill;
use super::empty::EmptyPurse;
use super::item::{Attribute, PurseItem, PurseKey};
use super::lane::Lane;
use super::payer::Payer;
use super::plan::{Plan, PlannedCall, Taken};
use super::policy::PursePolicy;
use super::refill::{Draw, Room, draw};
use super::refusal::{PurseRefusal, PurseRule};
use super::write::{Change, Condition, Write};
use crate::clock::Timestamp;
use crate::country::Country;

/// The attributes of the item, besides its end.
const ATTRIBUTES: [Attribute; 6] = [
    Attribute::Lane(Lane::Crowd),
    Attribute::LaneAt(Lane::Crowd),
    Attribute::Lane(Lane::Open),
    Attribute::LaneAt(Lane::Open),
    Attribute::Day,
    Attribute::Left,
];

/// The purse of a country's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRecord {
    /// What callers with evidence in their favour can use.
    pub familiar: Room,
    /// What is there for strangers.
    pub strange: Room,
    /// The day of the last call, counted from the Unix epoch.
    pub day: i64,
    /// What the calls of that day may still cost.
    pub left: Micros,
}

impl CallRecord {
    /// Reads the record; `None` when there is no item.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of the service leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        if !ATTRIBUTES.iter().any(|own| item.has(*own)) {
            return Ok(None);
        }
        let room = |lane| {
            let (holds, at) = (Attribute::Lane(lane), Attribute::LaneAt(lane));
            Room::read(item, holds, at, now)?.ok_or(Damaged(holds))
        };
        let day = read_day(item, now)?;
        Ok(Some(Self {
            familiar: room(Lane::Crowd)?,
            strange: room(Lane::Open)?,
            day,
            left: read_amount(item, Attribute::Left)?,
        }))
    }

    /// Makes the purse of a country without a call.
    #[must_use]
    pub fn new(ask: &Ask, policy: &PursePolicy) -> Self {
        let room = |lane| Room {
            holds: start_of(lane, ask.price, policy),
            at: ask.now,
        };
        Self {
            familiar: room(Lane::Crowd),
            strange: room(Lane::Open),
            day: ask.day(),
            left: policy.calls.money_per_day,
        }
    }

    /// Returns what is stored as it is on the day of `ask`. A clock that is behind does not begin the earlier day
    /// again.
    fn of_today(ask: &Ask, policy: &PursePolicy, seen: Option<&Self>) -> Self {
        let mut record = seen.copied().unwrap_or_else(|| Self::new(ask, policy));
        if record.day < ask.day() {
            record.day = ask.day();
            record.left = policy.calls.money_per_day;
        }
        record
    }

    const fn room(&self, lane: Lane) -> Room {
        match room_of(lane) {
            Lane::Crowd => self.familiar,
            _ => self.strange,
        }
    }

    /// Returns what the attributes of the item hold.
    fn values(&self) -> [(Attribute, i64); ATTRIBUTES.len()] {
        let [familiar, familiar_at, strange, strange_at, day, left] = ATTRIBUTES;
        [
            (familiar, self.familiar.holds),
            (familiar_at, self.familiar.at.unix()),
            (strange, self.strange.holds),
            (strange_at, self.strange.at.unix()),
            (day, self.day),
            (left, self.left),
        ]
    }
}

/// Returns the room of a call whose text was paid by `lane`.
const fn room_of(lane: Lane) -> Lane {
    match lane {
        Lane::Crowd | Lane::Known | Lane::Attested => Lane::Crowd,
        Lane::Moved | Lane::Open => Lane::Open,
    }
}

/// Returns what a room starts with, and what time gives back to it.
fn start_of(lane: Lane, price: Micros, policy: &PursePolicy) -> Micros {
    let calls = if lane == Lane::Crowd {
        policy.calls.cap
    } else {
        policy.calls.start
    };
    price.saturating_mul(i64::from(calls))
}

fn cap_of(price: Micros, policy: &PursePolicy) -> Micros {
    price.saturating_mul(i64::from(policy.calls.cap))
}

fn plan(ask: &Ask, text: &Payer, policy: &PursePolicy, taken: Taken, mut write: Write) -> Plan {
    let kept = (ask.now + policy.find_country_lifetime()).unix();
    write.changes.push(Change::Set(Attribute::ExpiresAt, kept));
    Plan {
        payer: text.clone(),
        claim: ask.allowance.unwrap_or_default(),
        granted_until: None,
        taken,
        call: Some(PlannedCall {
            price: ask.price,
            day: ask.day(),
        }),
        writes: vec![write],
        empty: None,
    }
}

/// Makes the plan of the first try, with conditions that need nothing that is stored. `text` paid for the text before.
pub(super) fn plan_without_record(ask: &Ask, text: &Payer, policy: &PursePolicy) -> Plan {
    let room = room_of(text.lane);
    let (holds, price) = (Attribute::Lane(room), ask.price);
    let write = Write {
        key: ask.calls_key(),
        conditions: vec![
            Condition::AtLeast(holds, price),
            Condition::Below(holds, TOO_MUCH),
            Condition::Is(Attribute::Day, ask.day()),
            Condition::AtLeast(Attribute::Left, price),
            Condition::Below(Attribute::Left, TOO_MUCH),
        ],
        changes: vec![
            Change::Add(holds, -price),
            Change::Set(Attribute::LaneAt(room), ask.now.unix()),
            Change::Add(Attribute::Left, -price),
        ],
    };
    plan(ask, text, policy, Taken::ALL, write)
}

/// Makes the plan of a later try, from what is stored. Rules that `is_spared` names refuse nothing.
///
/// # Errors
///
/// [`PurseRefusal`] when the room is empty, or the money of the day is spent.
pub(super) fn plan_from_record(
    ask: &Ask,
    text: &Payer,
    policy: &PursePolicy,
    seen: Option<&CallRecord>,
    is_spared: impl Fn(PurseRule) -> bool,
) -> Result<Plan, PurseRefusal> {
    let room = room_of(text.lane);
    let mut record = CallRecord::of_today(ask, policy, seen);
    let refuse = |rule, retry_at| PurseRefusal {
        rule,
        retry_at,
        empty: (rule == PurseRule::Calls).then_some(EmptyPurse::Calls),
    };
    if record.left < ask.price && !is_spared(PurseRule::CallMoneyPerDay) {
        return Err(refuse(PurseRule::CallMoneyPerDay, ask.today.end()));
    }
    let from_day = record.left >= ask.price;
    let own = record.room(room);
    let drawn = draw(own, ask.price, policy.calls.refill, ask.price, ask.now);
    let taken = Taken {
        from_lane: !matches!(drawn, Draw::Empty(_)),
        from_day,
    };
    let holds = match drawn {
        Draw::Ready => own.holds,
        Draw::TopUp(given) => own.holds + given,
        Draw::Empty(_) if is_spared(PurseRule::Calls) => ask.price,
        Draw::Empty(at) => return Err(refuse(PurseRule::Calls, at)),
    };
    let paid = Room {
        holds: holds - ask.price,
        at: ask.now,
    };
    if room == Lane::Crowd {
        record.familiar = paid;
    } else {
        record.strange = paid;
    }
    record.left = (record.left - ask.price).max(0);
    let is = |(attribute, value)| Condition::Is(attribute, value);
    let set = |(attribute, value)| Change::Set(attribute, value);
    let write = Write {
        key: ask.calls_key(),
        conditions: match seen {
            None => vec![Condition::Absent(Attribute::Day)],
            Some(seen) => seen.values().map(is).to_vec(),
        },
        changes: record.values().map(set).to_vec(),
    };
    Ok(plan(ask, text, policy, taken, write))
}

impl Payer {
    /// Makes the credit of the calls' purse for a typed code that was also spoken; `None` when it gets nothing. `price`
    /// is that of the call. Above the cap a code gives back its price and earns nothing.
    #[must_use]
    pub fn credit_calls(
        &self,
        country: Country,
        price: Micros,
        seen: Option<&CallRecord>,
        policy: &PursePolicy,
    ) -> Option<Write> {
        let room = room_of(self.lane);
        let (holds, cap) = (Attribute::Lane(room), cap_of(price, policy));
        let fill = Fill::of(seen.map_or(0, |record| record.room(room).holds), cap);
        let credit = fill.credit(policy.gain, price);
        (credit > 0).then(|| Write {
            key: PurseKey::Calls { country },
            conditions: fill.list_conditions(holds, cap),
            changes: vec![Change::Add(holds, credit)],
        })
    }

    /// Makes the write that gives back the price of a call that was certainly not placed. On a later day nothing is
    /// given back.
    pub(super) fn refund_call(&self, country: Country, call: PlannedCall, taken: Taken) -> Write {
        let room = Attribute::Lane(room_of(self.lane));
        Write {
            key: PurseKey::Calls { country },
            conditions: vec![Condition::Is(Attribute::Day, call.day)],
            changes: taken.give_back(room, call.price),
        }
    }
}
