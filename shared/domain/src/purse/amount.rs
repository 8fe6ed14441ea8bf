//! Reads the numbers of a purse's item, and finds the damaged ones.

use thiserror::Error;

use super::item::{Attribute, PurseItem, PurseKey};
use crate::clock::Timestamp;

/// Reports that an attribute of a purse is missing or out of range.
///
/// Only a hand that edits the table can cause it. The purse then admits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the attribute `{}` of a purse is missing or out of range", .0.name())]
pub struct Damaged(pub Attribute);

/// A purse that somebody damaged by hand. It admits nobody who needs it, but that of the service counts as empty.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the purse {key} cannot be read: {damage}")]
pub struct DamagedPurse {
    /// Its key, which holds a keyed hash at most.
    pub key: PurseKey,
    /// The attribute that is missing or out of range.
    pub damage: Damaged,
}

impl DamagedPurse {
    /// Names the purse of which `key` is the key, where an attribute of it is damaged.
    pub fn of(key: PurseKey) -> impl FnOnce(Damaged) -> Self {
        move |damage| Self { key, damage }
    }
}

/// The first number that no purse holds: a thousand million dollars. No policy admits as much, and sums of what is
/// below it fit.
pub(super) const TOO_MUCH: i64 = 1_000_000_000_000_000;

/// Reads a number that is never below 0, or [`TOO_MUCH`].
pub(super) fn read_amount(item: &PurseItem, attribute: Attribute) -> Result<i64, Damaged> {
    item.get(attribute)
        .filter(|amount| (0..TOO_MUCH).contains(amount))
        .ok_or(Damaged(attribute))
}

/// Reads the day of an item, counted from the Unix epoch.
pub(super) fn read_day(item: &PurseItem, now: Timestamp) -> Result<i64, Damaged> {
    let day = read_amount(item, Attribute::Day)?;
    // A day starts at an hour of the policy, so it may be one ahead of UTC. Further ahead, it would never end.
    if day > now.day() + 1 {
        return Err(Damaged(Attribute::Day));
    }
    Ok(day)
}
