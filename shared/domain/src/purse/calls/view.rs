//! What the purse of a country's calls holds, and how it starts anew, for operators.

use super::{ATTRIBUTES, CallRecord, cap_of};
use crate::clock::Timestamp;
use crate::purse::Micros;
use crate::purse::amount::{read_amount, read_day};
use crate::purse::ask::Ask;
use crate::purse::item::{Attribute, PurseItem};
use crate::purse::lane::Lane;
use crate::purse::policy::PursePolicy;
use crate::purse::refill::{Draw, PurseView, Room, draw};
use crate::purse::write::{Change, Write};

/// What the purse of a country's calls holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOutlook {
    /// What callers with evidence in their favour can use.
    pub familiar: PurseView,
    /// What is there for strangers.
    pub strange: PurseView,
    /// What the calls of the day may still cost.
    pub left: Micros,
    /// From when there is enough of it for a call again; `None` when there is now.
    pub money_pays_at: Option<Timestamp>,
}

impl CallOutlook {
    /// Says what the purse holds at the instant of `ask`, whose price is that of a call. A day that has begun without a
    /// call has begun.
    #[must_use]
    pub fn new(ask: &Ask, policy: &PursePolicy, seen: Option<&CallRecord>) -> Self {
        let record = CallRecord::of_today(ask, policy, seen);
        let view = |room: Room| {
            let drawn = draw(room, ask.price, policy.calls.refill, ask.price, ask.now);
            PurseView {
                holds: room.holds,
                cap: cap_of(ask.price, policy),
                pays_at: match drawn {
                    Draw::Ready | Draw::TopUp(_) => None,
                    Draw::Empty(at) => Some(at),
                },
            }
        };
        Self {
            familiar: view(record.familiar),
            strange: view(record.strange),
            left: record.left,
            money_pays_at: (record.left < ask.price).then(|| ask.today.end()),
        }
    }

    /// Whether a call whose text `lane` paid for takes from the room of strangers.
    #[must_use]
    pub const fn is_strange(lane: Lane) -> bool {
        matches!(super::room_of(lane), Lane::Open)
    }
}

/// Makes the write by which the purse of a country's calls starts anew. What the calls of the day cost stays spent, as
/// far as that can be read. `ask` has the price of a call.
#[must_use]
pub fn reset_calls(ask: &Ask, policy: &PursePolicy, item: &PurseItem) -> Write {
    let is_whole = read_day(item, ask.now).is_ok() && read_amount(item, Attribute::Left).is_ok();
    let is_money = |attribute| matches!(attribute, Attribute::Day | Attribute::Left);
    let fresh = CallRecord::new(ask, policy).values().into_iter();
    let fresh = fresh.filter(|(attribute, _)| !(is_whole && is_money(*attribute)));
    let mut changes: Vec<_> = fresh.map(|(own, value)| Change::Set(own, value)).collect();
    let kept = (ask.now + policy.find_country_lifetime()).unix();
    changes.push(Change::Set(Attribute::ExpiresAt, kept));
    Write {
        key: ask.calls_key(),
        conditions: vec![],
        changes,
    }
}

/// Makes the changes by which the purse of calls is forgotten, in a country that has no calls now.
pub(in crate::purse) fn forget(now: Timestamp) -> Vec<Change> {
    let own = ATTRIBUTES.into_iter().map(Change::Remove);
    own.chain([Change::Set(Attribute::ExpiresAt, now.unix())])
        .collect()
}
