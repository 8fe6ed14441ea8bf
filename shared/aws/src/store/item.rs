//! Items of DynamoDB: how attributes are written and read.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, ResendId, Slot, SlotIndex, Use, WriteId};
use phoneproof_domain::root::RootId;
use phoneproof_domain::window::{DAY, Window};

/// An item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// The name of the partition key of every table.
pub const PK: &str = "pk";
/// The name of the TTL attribute of every table. It holds Unix seconds.
pub const EXPIRES_AT: &str = "expires_at";

/// Makes a string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Makes a number attribute.
pub fn number(value: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Makes a number attribute of the Unix seconds of an instant.
#[must_use]
pub fn instant(value: Timestamp) -> AttributeValue {
    number(value.unix())
}

/// Makes a binary attribute.
pub fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Reads a number of any integer type; `None` when it is missing, not a number, or out of range.
#[must_use]
pub fn read_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Reads bytes of an exact length; `None` when they are missing or of another length.
#[must_use]
pub fn read_bytes<const N: usize>(item: &Item, name: &str) -> Option<[u8; N]> {
    item.get(name)?.as_b().ok()?.as_ref().try_into().ok()
}

/// Returns the name of the attribute that holds slot `index` on the phone's record.
pub(super) fn slot_name(index: SlotIndex) -> String {
    format!("slot_{index}")
}

/// The name of an attribute that counts the wrong codes of a day begins with this.
pub(super) const WRONG_CODES_PREFIX: &str = "wrong_";

/// Returns the name of the attribute that counts the wrong codes of `day`.
///
/// The name holds the day, because an update expression can add to a count but cannot reset it when the day changes.
pub(super) fn wrong_codes_name(day: &Window) -> String {
    name_wrong_codes_of(day.start.day())
}

fn name_wrong_codes_of(day: i64) -> String {
    format!("{WRONG_CODES_PREFIX}{day}")
}

/// The most days whose names one update lists: their names need some 3 KB, and DynamoDB takes expressions of 4 KB.
const MAX_DAYS: u64 = 200;

/// How long DynamoDB may take to delete an item that has expired: "within a few days" (DynamoDB developer guide, "Time
/// to Live").
const DELETED_WITHIN: Duration = Duration::from_hours(7 * 24);

/// Lists the attributes that may count the wrong codes of earlier days than `today`, as an update expression does.
///
/// An item that nobody wrote to for `remembered` is deleted. So the last write was on one of the days since, and the names
/// of older days cannot be in the item. Beyond 200 days between two guesses, a name may stay.
pub(super) fn list_earlier_days(today: &Window, remembered: Duration) -> String {
    let seconds = remembered.saturating_add(DELETED_WITHIN).as_secs();
    let days = (seconds / DAY.as_secs()).min(MAX_DAYS);
    let days = i64::try_from(days).unwrap_or(0);
    let names = (1..=days).map(|back| name_wrong_codes_of(today.start.day() - back));
    names.collect::<Vec<_>>().join(", ")
}

/// The names of the members of a slot.
pub(super) mod slot_member {
    pub(crate) const ID: &str = "id";
    pub(crate) const ROOT: &str = "root";
    pub(crate) const EXPIRES: &str = "expires";
    pub(crate) const LEFT: &str = "left";
    pub(crate) const USED: &str = "used";
    pub(crate) const USED_BY: &str = "used_by";
    pub(crate) const BY: &str = "by";
    /// The name of a member that says when the code was texted again under an idempotency key begins with this.
    pub(crate) const RESENT_PREFIX: &str = "resent_";
}

/// Returns the name of the member of a slot that says when a resend under an idempotency key was texted.
pub(super) fn resent_name(resend: ResendId) -> String {
    let ResendId(id) = resend;
    format!(
        "{}{:032x}",
        slot_member::RESENT_PREFIX,
        u128::from_be_bytes(id)
    )
}

/// Reads when a slot's code was texted again under idempotency keys.
fn read_resends(members: &Item) -> BTreeMap<ResendId, Timestamp> {
    let resends = members.keys().filter_map(|name| {
        let id = name.strip_prefix(slot_member::RESENT_PREFIX)?;
        let id = u128::from_str_radix(id, 16).ok()?.to_be_bytes();
        Some((
            ResendId(id),
            Timestamp::from_unix(read_number(members, name)?),
        ))
    });
    resends.collect()
}

/// Makes the slot of a new challenge. A renewal under an idempotency key keeps its `resend`.
pub(super) fn make_slot(
    id: ChallengeId,
    root: &RootId,
    expires_at: Timestamp,
    attempts: u32,
    resend: Option<(ResendId, Timestamp)>,
) -> AttributeValue {
    let mut members = HashMap::from([
        (slot_member::ID.to_owned(), bytes(id.0)),
        (slot_member::ROOT.to_owned(), text(root.as_str())),
        (slot_member::EXPIRES.to_owned(), instant(expires_at)),
        (slot_member::LEFT.to_owned(), number(attempts)),
    ]);
    members.extend(resend.map(|(id, at)| (resent_name(id), instant(at))));
    AttributeValue::M(members)
}

/// Reads a slot; `None` when a member is missing or of another type.
pub(super) fn read_slot(value: &AttributeValue) -> Option<Slot> {
    let members = value.as_m().ok()?;
    Some(Slot {
        id: ChallengeId(read_bytes(members, slot_member::ID)?),
        root: RootId::parse(members.get(slot_member::ROOT)?.as_s().ok()?)?,
        expires_at: Timestamp::from_unix(read_number(members, slot_member::EXPIRES)?),
        attempts_left: read_number(members, slot_member::LEFT)?,
        used: members.contains_key(slot_member::USED).then(|| Use {
            at: Timestamp::from_unix(read_number(members, slot_member::USED).unwrap_or(0)),
            by: WriteId(read_bytes(members, slot_member::USED_BY).unwrap_or_default()),
        }),
        written_by: read_bytes(members, slot_member::BY).map(WriteId),
        resends: read_resends(members),
    })
}

/// Reads a phone's record. `today` selects the count of wrong codes. Attributes that cannot be read count as absent.
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

    #[test]
    fn lists_every_earlier_day_that_an_item_may_count() {
        let today = Window::containing(Timestamp::from_unix(1_795_435_200), DAY, Duration::ZERO);
        let listed = list_earlier_days(&today, DAY * 90);
        let names: Vec<_> = listed.split(", ").collect();
        assert_eq!(
            (names.len(), names[0], names[96]),
            (97, "wrong_20779", "wrong_20683")
        );
        assert!(!names.contains(&wrong_codes_name(&today).as_str()));
        let longest = list_earlier_days(&today, DAY * 3_650);
        assert!((2_000..3_500).contains(&longest.len()), "{}", longest.len());
    }

    #[test]
    fn reads_the_counts_of_today_and_the_slots_of_a_record() {
        let today = Window::containing(Timestamp::from_unix(1_795_435_200), DAY, Duration::ZERO);
        let item = Item::from([
            ("last_sent".to_owned(), number(1_000)),
            ("failures".to_owned(), number(7)),
            (wrong_codes_name(&today), number(3)),
            ("wrong_1".to_owned(), number(9)),
            (
                slot_name(2),
                make_slot(
                    ChallengeId([1; 16]),
                    &RootId::parse("r1").expect("an id"),
                    Timestamp::from_unix(1_300),
                    5,
                    Some((ResendId([7; 16]), Timestamp::from_unix(1_000))),
                ),
            ),
            ("slot_x".to_owned(), number(1)),
        ]);
        let record = read_phone_record(&item, &today);
        assert_eq!((record.failures, record.failures_today), (7, 3));
        let slot = &record.slots[&2];
        assert_eq!(
            (slot.attempts_left, slot.used, slot.written_by),
            (5, None, None)
        );
        let resent = BTreeMap::from([(ResendId([7; 16]), Timestamp::from_unix(1_000))]);
        assert_eq!(slot.resends, resent);
    }
}
