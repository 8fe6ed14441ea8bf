//! The writes of operators: what they give a purse until an instant, and a purse that starts anew.
//!
//! Each write is made from the item as it was read, and its conditions pin what another operator could change. Texts
//! may be paid meanwhile: what they take out is never given back by such a write, and no money stop is lost.

use super::amount::{Damaged, read_amount};
use super::ask::Ask;
use super::country::{CountryRecord, is_share};
use super::item::{Attribute, DAYS_KEPT, PurseItem, PurseKey};
use super::lane::Lane;
use super::overrides::{
    Budget, Grant, drop_budget, drop_grant, require_same_budget, require_same_grant,
};
use super::policy::PursePolicy;
use super::records::NumberBlockRecord;
use super::write::{Change, Condition, Write};
use super::{Micros, calls};
use crate::clock::Timestamp;
use crate::window::DAY;

/// Returns the part of `total` that falls to `shard`. The parts of all shards sum up to `total`.
#[must_use]
pub fn share(total: i64, shard: u8, shards: u8) -> i64 {
    let shards = i64::from(shards.max(1));
    total / shards + i64::from(i64::from(shard) < total % shards)
}

/// Makes the write that gives a country's strangers or a number block room. It takes the place of an earlier grant;
/// `None` ends that.
///
/// # Errors
///
/// [`Damaged`] names an attribute that no write of the service leaves like this.
pub fn give_grant(
    key: PurseKey,
    policy: &PursePolicy,
    item: &PurseItem,
    given: Option<Grant>,
    now: Timestamp,
) -> Result<Write, Damaged> {
    let is_country = matches!(key, PurseKey::Country { .. });
    if is_country {
        CountryRecord::read(item, now)?;
    } else {
        NumberBlockRecord::read(item, now)?;
    }
    let mut conditions = require_same_grant(Grant::read(item, now)?.as_ref());
    let changes = match given {
        None => drop_grant(),
        Some(grant) => {
            let kept = if is_country {
                now + policy.find_country_lifetime()
            } else {
                // A text may have set a later end.
                let end = item.get(Attribute::ExpiresAt);
                conditions.extend(require_same_end(item));
                grant.until.max(Timestamp::from_unix(end.unwrap_or(0)))
            };
            vec![
                Change::Set(Attribute::Granted, grant.room),
                Change::Set(Attribute::GrantedUntil, grant.until.unix()),
                Change::Set(Attribute::ExpiresAt, kept.unix()),
            ]
        }
    };
    Ok(Write {
        key,
        conditions,
        changes,
    })
}

/// Makes the condition that the item still ends when it did when it was read. `None` for an end that is not an integer.
fn require_same_end(item: &PurseItem) -> Option<Condition> {
    let end = Attribute::ExpiresAt;
    match item.get(end) {
        Some(seen) => Some(Condition::Is(end, seen)),
        None => (!item.has(end)).then_some(Condition::Absent(end)),
    }
}

/// Makes the write that gives a shard of a country so much money per day, where that is more than the policy gives. It
/// takes the place of an earlier budget; `None` ends that. What texts have spent today stays spent.
///
/// # Errors
///
/// [`Damaged`] names an attribute that no write of the service leaves like this.
pub fn give_budget(
    ask: &Ask,
    policy: &PursePolicy,
    item: &PurseItem,
    given: Option<Budget>,
) -> Result<Write, Damaged> {
    let seen = Budget::read(item, ask.now)?;
    let record = CountryRecord::read(item, ask.now)?;
    let mut conditions = require_same_budget(seen.as_ref());
    let mut changes = match given {
        None => drop_budget(),
        Some(budget) => vec![
            Change::Set(Attribute::Budget, budget.per_day),
            Change::Set(Attribute::BudgetUntil, budget.until.unix()),
            Change::Set(
                Attribute::ExpiresAt,
                (ask.now + policy.find_country_lifetime()).unix(),
            ),
        ],
    };
    match record {
        None => conditions.push(Condition::Absent(Attribute::Day)),
        Some(record) => {
            conditions.push(Condition::Is(Attribute::Day, record.day));
            // A day that has not begun begins with the budget.
            if record.day >= ask.day() {
                let stop = record.bound_money(ask, policy, given.as_ref());
                let (condition, change) = move_stop(&record, stop);
                conditions.push(condition);
                changes.push(change);
            }
        }
    }
    Ok(Write {
        key: ask.country_key(),
        conditions,
        changes,
    })
}

/// Moves the money stop of the record's day to `stop`. What is left and what was spent have one sum, which no text
/// changes. So the write holds whatever is spent meanwhile.
fn move_stop(record: &CountryRecord, stop: Micros) -> (Condition, Change) {
    let by = stop - record.left - record.cost_on(record.day);
    let left = Attribute::Left;
    if record.left + by >= 0 {
        (Condition::AtLeast(left, -by), Change::Add(left, by))
    } else {
        (Condition::Below(left, -by), Change::Set(left, 0))
    }
}

/// Makes the write by which a shard of a country starts anew: with the lanes of a new country, and without what
/// operators gave it. It does not take from what nobody has earned.
///
/// What it spent today and before stays, and so does its conversion, as far as they can be read. What cannot be read is
/// as in a new country.
#[must_use]
pub fn reset_country(ask: &Ask, policy: &PursePolicy, item: &PurseItem) -> Write {
    let start = ask.price.saturating_mul(i64::from(policy.start_texts));
    let mut record = CountryRecord::new(ask, policy, start, None);
    let kept = (ask.now + policy.find_country_lifetime()).unix();
    let mut changes = vec![Change::Set(Attribute::ExpiresAt, kept)];
    for lane in Lane::ALL {
        let (holds, at) = (Attribute::Lane(lane), Attribute::LaneAt(lane));
        changes.extend(match record.lanes[lane] {
            Some(room) => [
                Change::Set(holds, room.holds),
                Change::Set(at, room.at.unix()),
            ],
            None => [Change::Remove(holds), Change::Remove(at)],
        });
    }
    changes.push(Change::Set(Attribute::Probes, 0));
    if item.has(Attribute::Best) && !is_share(item.get(Attribute::Best)) {
        changes.push(Change::Remove(Attribute::Best));
    }
    let fresh = record.to_item();
    for statistic in [
        Attribute::Week,
        Attribute::Sent,
        Attribute::Typed,
        Attribute::TypedBefore,
    ] {
        if read_amount(item, statistic).is_err() {
            changes.push(Change::Set(statistic, fresh.get(statistic).unwrap_or(0)));
        }
    }
    let mut conditions = keep_money(ask, policy, item, (&mut record, &mut changes));
    // Another operator's budget has raised the money stop.
    if let Ok(budget) = Budget::read(item, ask.now) {
        conditions.extend(require_same_budget(budget.as_ref()));
    }
    changes.extend(drop_grant());
    changes.extend(drop_budget());
    Write {
        key: ask.country_key(),
        conditions,
        changes,
    }
}

/// Keeps what was spent, and the money stop of the day without a budget. Sets what cannot be read.
fn keep_money(
    ask: &Ask,
    policy: &PursePolicy,
    item: &PurseItem,
    (record, changes): (&mut CountryRecord, &mut Vec<Change>),
) -> Vec<Condition> {
    let day = read_amount(item, Attribute::Day).ok();
    let day = day.filter(|day| *day <= ask.now.day() + 1);
    record.day = day.unwrap_or(ask.day());
    let mut is_whole = day.is_some();
    for (spent, place) in record.costs.iter_mut().zip(0..DAYS_KEPT) {
        let attribute = Attribute::Cost(place);
        if let Ok(seen) = read_amount(item, attribute) {
            *spent = seen;
        } else {
            is_whole = false;
            changes.push(Change::Set(attribute, 0));
        }
    }
    let stop = record.bound_money(ask, policy, None);
    let mut conditions = vec![];
    match read_amount(item, Attribute::Left) {
        Ok(left) if is_whole => {
            record.left = left;
            conditions.push(Condition::Is(Attribute::Day, record.day));
            if item.has(Attribute::Budget) || item.has(Attribute::BudgetUntil) {
                let (condition, change) = move_stop(record, stop);
                conditions.push(condition);
                changes.push(change);
            }
        }
        _ => {
            let left = record.compute_left(stop);
            changes.extend([
                Change::Set(Attribute::Day, record.day),
                Change::Set(Attribute::Left, left),
            ]);
        }
    }
    conditions
}

/// Makes the write by which the purse of a number block, a network, of calls or of the service starts anew; `None` for
/// a country, which [`reset_country`] is for.
///
/// A network is then one where nobody typed a code. Calls lose what they have spent today, too. Where the policy has
/// calls, [`reset_calls`](super::reset_calls) keeps that.
#[must_use]
pub fn reset(key: &PurseKey, policy: &PursePolicy, now: Timestamp) -> Option<Write> {
    use Attribute::{At, Codes, ExpiresAt, Left, Needed, Room, Since};
    let mut changes = match key {
        PurseKey::Country { .. } => return None,
        PurseKey::NumberBlock(_) => vec![
            Change::Remove(Room),
            Change::Remove(At),
            Change::Set(ExpiresAt, now.unix()),
        ],
        PurseKey::Network { .. } => vec![
            Change::Set(Room, 0),
            Change::Set(Codes, 0),
            Change::Set(Since, now.unix()),
            Change::Remove(Needed),
            Change::Set(ExpiresAt, now.unix()),
        ],
        PurseKey::Calls { .. } => calls::forget(now),
        PurseKey::Service { day } => {
            let end = Timestamp::from_unix(*day * 86_400) + DAY * 3;
            vec![
                Change::Set(Left, policy.unearned_per_day),
                Change::Set(ExpiresAt, end.unix()),
            ]
        }
    };
    if matches!(key, PurseKey::NumberBlock(_)) {
        changes.extend(drop_grant());
    }
    Some(Write {
        key: key.clone(),
        conditions: vec![],
        changes,
    })
}
