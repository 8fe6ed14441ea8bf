//! Items and their attributes.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::{SECONDS_PER_DAY, Timestamp};
use phoneproof_domain::phone_record::{PhoneRecord, Slot, SlotIndex, WriteId};
use phoneproof_domain::root::RootId;
use phoneproof_domain::window::Window;

/// An item.
pub type Item = HashMap<String, AttributeValue>;

/// The partition key of every table.
pub const PK: &str = "pk";
/// The TTL attribute of every table.
pub const EXPIRES_AT: &str = "expires_at";

/// A string.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub fn number(value: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// An instant, in Unix seconds.
#[must_use]
pub fn instant(value: Timestamp) -> AttributeValue {
    number(value.unix())
}

/// Bytes.
pub fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Reads a number of any integer type; `None` when it is missing or no such number.
#[must_use]
pub fn read_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Reads bytes of an exact length; `None` when they are missing or of another length.
#[must_use]
pub fn read_bytes<const N: usize>(item: &Item, name: &str) -> Option<[u8; N]> {
    item.get(name)?.as_b().ok()?.as_ref().try_into().ok()
}

/// The attribute of slot `index` on the phone's record.
pub(super) fn slot_name(index: SlotIndex) -> String {
    format!("slot_{index}")
}

/// The attribute that counts the wrong codes of the day that `window` is.
///
/// Its name holds the day, because an update expression can count on but cannot start over when the
/// day has changed.
pub(super) fn wrong_codes_name(window: &Window) -> String {
    format!("wrong_{}", window.start.unix().div_euclid(SECONDS_PER_DAY))
}

/// The members of a slot.
pub(super) mod slot_member {
    pub(crate) const ID: &str = "id";
    pub(crate) const ROOT: &str = "root";
    pub(crate) const EXPIRES: &str = "expires";
    pub(crate) const LEFT: &str = "left";
    pub(crate) const USED: &str = "used";
    pub(crate) const BY: &str = "by";
}

pub(super) fn new_slot(
    id: ChallengeId,
    root: &RootId,
    expires_at: Timestamp,
    attempts: u32,
) -> AttributeValue {
    AttributeValue::M(HashMap::from([
        (slot_member::ID.to_owned(), bytes(id.0)),
        (slot_member::ROOT.to_owned(), text(root.as_str())),
        (slot_member::EXPIRES.to_owned(), instant(expires_at)),
        (slot_member::LEFT.to_owned(), number(attempts)),
    ]))
}

pub(super) fn read_slot(value: &AttributeValue) -> Option<Slot> {
    let members = value.as_m().ok()?;
    Some(Slot {
        id: ChallengeId(read_bytes(members, slot_member::ID)?),
        root: RootId::parse(members.get(slot_member::ROOT)?.as_s().ok()?)?,
        expires_at: Timestamp::from_unix(read_number(members, slot_member::EXPIRES)?),
        attempts_left: read_number(members, slot_member::LEFT)?,
        used: members.contains_key(slot_member::USED),
        written_by: read_bytes(members, slot_member::BY).map(WriteId),
    })
}

/// The phone's record on the day that `today` is.
pub(super) fn read_phone_record(item: &Item, today: &Window) -> PhoneRecord {
    let slots: BTreeMap<SlotIndex, Slot> = item
        .iter()
        .filter_map(|(name, value)| {
            let index = name.strip_prefix("slot_")?.parse().ok()?;
            Some((index, read_slot(value)?))
        })
        .collect();
    PhoneRecord {
        last_sent: read_number(item, "last_sent").map(Timestamp::from_unix),
        failures: read_number(item, "failures").unwrap_or(0),
        failures_today: read_number(item, &wrong_codes_name(today)).unwrap_or(0),
        slots,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phoneproof_domain::window::DAY;
    use std::time::Duration;

    #[test]
    fn a_record_reads_back() {
        let today = Window::containing(Timestamp::from_unix(1_795_435_200), DAY, Duration::ZERO);
        let item = Item::from([
            ("last_sent".to_owned(), number(1_000)),
            ("failures".to_owned(), number(7)),
            (wrong_codes_name(&today), number(3)),
            ("wrong_1".to_owned(), number(9)),
            (
                slot_name(2),
                new_slot(
                    ChallengeId([1; 16]),
                    &RootId::parse("r1").expect("an id"),
                    Timestamp::from_unix(1_300),
                    5,
                ),
            ),
            ("slot_x".to_owned(), number(1)),
        ]);
        let record = read_phone_record(&item, &today);
        assert_eq!((record.failures, record.failures_today), (7, 3));
        let slot = &record.slots[&2];
        assert_eq!(
            (slot.attempts_left, slot.used, slot.written_by),
            (5, false, None)
        );
    }
}
