//! Items of DynamoDB: how attributes are written and read.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use phoneproof_domain::challenge::{ChallengeId, SlotIndex};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{
    CodeCalls, PhoneRecord, ResendId, Share, Slot, Use, WriteId,
};
use phoneproof_domain::purse::{Evidence, PlannedCall};
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::subject_record::{Counts, SubjectRecord};
use phoneproof_domain::tally::{PLACES, Tally};
use phoneproof_domain::window::{HOUR, Window};

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

/// The names of the attributes of a record.
pub(super) mod attribute {
    pub(crate) const LAST_SENT: &str = "last_sent";
    /// The device that the last text was for.
    pub(crate) const LAST_SENT_BY: &str = "last_sent_by";
    pub(crate) const FAILURES: &str = "failures";
    /// When the block of the subject ends.
    pub(crate) const BLOCKED_UNTIL: &str = "blocked_until";
    /// The `expires_at` that the record had before it was blocked.
    pub(crate) const BEFORE_BLOCK: &str = "before_block";
    /// The evidence of a phone that was verified: its end, its first code, the device, and the network.
    pub(crate) const PROVED: &str = "proved";
    pub(crate) const PROVED_SINCE: &str = "proved_since";
    pub(crate) const PROVED_DEVICE: &str = "proved_device";
    pub(crate) const PROVED_NETWORK: &str = "proved_network";
    /// The texts since the last typed code: at that device, out of the allowance in that network, in other places.
    pub(crate) const OWED_HERE: &str = "owed_here";
    pub(crate) const OWED_NEAR: &str = "owed_near";
    pub(crate) const OWED_ELSEWHERE: &str = "owed_elsewhere";
    /// When a text was last taken out of the phone's allowance: that of the device, and that of the network.
    pub(crate) const RESERVED_HERE: &str = "reserved_here";
    pub(crate) const RESERVED_NEAR: &str = "reserved_near";
    /// What leaves with the evidence.
    pub(crate) const EVIDENCE: [&str; 9] = [
        PROVED,
        PROVED_SINCE,
        PROVED_DEVICE,
        PROVED_NETWORK,
        OWED_HERE,
        OWED_NEAR,
        OWED_ELSEWHERE,
        RESERVED_HERE,
        RESERVED_NEAR,
    ];
    /// The tallies: texts of the hour, texts of the day, the same of the two allowances, wrong codes of the day.
    pub(crate) const HOUR: &str = "hour";
    pub(crate) const DAY: &str = "day";
    pub(crate) const HOUR_HERE: &str = "here_hour";
    pub(crate) const DAY_HERE: &str = "here_day";
    pub(crate) const HOUR_NEAR: &str = "near_hour";
    pub(crate) const DAY_NEAR: &str = "near_day";
    pub(crate) const WRONG: &str = "wrong";
}

/// Returns the name of the attribute with the start of a tally's window.
pub(super) fn tally_at(tally: &str) -> String {
    [tally, "_at"].concat()
}

/// Returns the name of the attribute with the count in a place of a tally.
pub(super) fn tally_place(tally: &str, place: u8) -> String {
    // A write of a send names fifty of them, and `format!` takes several times as long.
    [tally, "_", &place.to_string()].concat()
}

/// Reads a tally. Attributes that cannot be read count as absent.
pub(super) fn read_tally(item: &Item, tally: &str) -> Tally {
    let at = read_number(item, &tally_at(tally)).map(Timestamp::from_unix);
    let read = |place| Some((place, read_number(item, &tally_place(tally, place))?));
    Tally {
        at,
        places: (0..PLACES).filter_map(read).collect(),
    }
}

/// Reads an index; `None` when it is missing or no text.
fn read_index(item: &Item, name: &str) -> Option<SubjectIndex> {
    let text = item.get(name)?.as_s().ok()?;
    Some(SubjectIndex::from_text(text.clone()))
}

/// Reads the evidence of a phone's record; `None` when it has none, or when a part is missing.
pub(super) fn read_evidence(item: &Item) -> Option<Evidence> {
    let index = |name| read_index(item, name);
    let owed = |name| read_number(item, name).unwrap_or(0);
    let until = Timestamp::from_unix(read_number(item, attribute::PROVED)?);
    // Without its first code, nobody knows for how long it has been known.
    let since = read_number(item, attribute::PROVED_SINCE).map(Timestamp::from_unix);
    Some(Evidence {
        until,
        since: since.unwrap_or(until),
        device: index(attribute::PROVED_DEVICE)?,
        network: index(attribute::PROVED_NETWORK),
        owed_here: owed(attribute::OWED_HERE),
        owed_near: owed(attribute::OWED_NEAR),
        owed_elsewhere: owed(attribute::OWED_ELSEWHERE),
    })
}

/// Reads what the rules need of a record.
pub(super) fn read_subject_record(item: &Item) -> SubjectRecord {
    let blocked_until = read_number(item, attribute::BLOCKED_UNTIL);
    SubjectRecord {
        blocked_until: blocked_until.map(Timestamp::from_unix),
        common: read_counts(item, Share::Common),
        here: read_counts(item, Share::Here),
        near: read_counts(item, Share::Near),
    }
}

/// Returns the names of the tallies of a share: that of the hour and that of the day.
const fn tallies_of(share: Share) -> [&'static str; 2] {
    match share {
        Share::Common => [attribute::HOUR, attribute::DAY],
        Share::Here => [attribute::HOUR_HERE, attribute::DAY_HERE],
        Share::Near => [attribute::HOUR_NEAR, attribute::DAY_NEAR],
    }
}

/// Returns the name of the tally in which a share counts, in windows of this length.
pub(super) fn tally_of(share: Share, window: Duration) -> &'static str {
    let [hour, day] = tallies_of(share);
    if window <= HOUR { hour } else { day }
}

fn read_counts(item: &Item, share: Share) -> Counts {
    let [hour, day] = tallies_of(share);
    Counts {
        hour: read_tally(item, hour),
        day: read_tally(item, day),
    }
}

/// The names of the members of a slot. They are short, so that a record with all its slots stays below a kilobyte,
/// which is a write unit.
pub(super) mod slot_member {
    pub(crate) const ID: &str = "i";
    pub(crate) const ROOT: &str = "r";
    pub(crate) const EXPIRES: &str = "e";
    pub(crate) const LEFT: &str = "l";
    pub(crate) const USED: &str = "u";
    pub(crate) const USED_BY: &str = "ub";
    pub(crate) const BY: &str = "b";
    pub(crate) const NEXT: &str = "n";
    /// What the last call that spoke the code cost.
    pub(crate) const CALLED: &str = "c";
    /// How many calls spoke the code, or may have. A refused one is taken off again.
    pub(crate) const CALLS: &str = "k";
    /// Set where calls alone had the code.
    pub(crate) const SPOKEN: &str = "s";
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
    call: Option<PlannedCall>,
) -> AttributeValue {
    let mut members = HashMap::from([
        (slot_member::ID.to_owned(), bytes(id.0)),
        (slot_member::ROOT.to_owned(), text(root.as_str())),
        (slot_member::EXPIRES.to_owned(), instant(expires_at)),
        (slot_member::LEFT.to_owned(), number(attempts)),
    ]);
    members.extend(resend.map(|(id, at)| (resent_name(id), instant(at))));
    if let Some(call) = call {
        members.insert(slot_member::CALLED.to_owned(), number(call.price));
        members.insert(slot_member::CALLS.to_owned(), number(1));
        members.insert(slot_member::SPOKEN.to_owned(), number(1));
    }
    AttributeValue::M(members)
}

/// Reads the calls that spoke the code of a slot; `None` where no call was placed.
pub(super) fn read_calls(members: &Item) -> Option<CodeCalls> {
    let calls: u32 = read_number(members, slot_member::CALLS)?;
    let price = read_number(members, slot_member::CALLED).filter(|_| calls > 0)?;
    let alone = members.contains_key(slot_member::SPOKEN);
    Some(CodeCalls { price, alone })
}

/// Reads a slot; `None` when a member is missing or of another type.
pub(super) fn read_slot(value: &AttributeValue) -> Option<Slot> {
    let members = value.as_m().ok()?;
    Some(Slot {
        id: ChallengeId(read_bytes(members, slot_member::ID)?),
        root: RootId::parse(members.get(slot_member::ROOT)?.as_s().ok()?)?,
        expires_at: Timestamp::from_unix(read_number(members, slot_member::EXPIRES)?),
        attempts_left: read_number(members, slot_member::LEFT)?,
        renewed_as: read_bytes(members, slot_member::NEXT).map(ChallengeId),
        used: members.contains_key(slot_member::USED).then(|| Use {
            at: Timestamp::from_unix(read_number(members, slot_member::USED).unwrap_or(0)),
            by: WriteId(read_bytes(members, slot_member::USED_BY).unwrap_or_default()),
        }),
        written_by: read_bytes(members, slot_member::BY).map(WriteId),
        resends: read_resends(members),
        calls: read_calls(members),
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
        last_sent: read_number(item, attribute::LAST_SENT).map(Timestamp::from_unix),
        failures: read_number(item, attribute::FAILURES).unwrap_or(0),
        failures_today: read_tally(item, attribute::WRONG).count_in(today),
        slots,
        evidence: read_evidence(item),
        last_sent_by: read_index(item, attribute::LAST_SENT_BY),
        reserved_here: read_number(item, attribute::RESERVED_HERE).map(Timestamp::from_unix),
        reserved_near: read_number(item, attribute::RESERVED_NEAR).map(Timestamp::from_unix),
    }
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::window::DAY;

    use super::*;

    #[test]
    fn reads_the_counts_of_today_and_the_slots_of_a_record() {
        let today = Window::containing(Timestamp::from_unix(1_795_435_200), DAY, Duration::ZERO);
        let item = Item::from([
            ("last_sent".to_owned(), number(1_000)),
            ("failures".to_owned(), number(7)),
            ("wrong_at".to_owned(), instant(today.start)),
            (tally_place("wrong", Tally::place(&today)), number(3)),
            (
                slot_name(2),
                make_slot(
                    ChallengeId([1; 16]),
                    &RootId::parse("r1").expect("an id"),
                    Timestamp::from_unix(1_300),
                    5,
                    Some((ResendId([7; 16]), Timestamp::from_unix(1_000))),
                    None,
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
