//! The effect of the store's writes on a phone's record, once their conditions hold.
//!
//! The store expresses these writes as update expressions. This module repeats them in Rust, for tests that compare
//! the two or explore sequences of writes.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, Slot, SlotIndex, WriteId};
use phoneproof_domain::root::RootId;

/// Returns the one root that these tests use. They never roll the keys.
///
/// # Panics
///
/// Never, because `r1` is a valid id.
#[must_use]
pub fn root() -> RootId {
    RootId::parse("r1").expect("an id")
}

/// Applies a send: notes its time, and opens a slot unless it is a resend.
pub fn send(
    record: &mut PhoneRecord,
    reservation: &Reservation,
    root: &RootId,
    expires_at: Timestamp,
    attempts: u32,
    now: Timestamp,
) {
    record.last_sent = Some(now);
    if let Reservation::New { id, slot } | Reservation::Idempotent { id, slot } = *reservation {
        let new = Slot {
            id,
            root: root.clone(),
            expires_at,
            attempts_left: attempts,
            used: false,
            written_by: None,
        };
        record.slots.insert(slot, new);
    }
}

/// Applies a guess at a slot's code. A missing slot leaves the record as it is.
pub fn guess(record: &mut PhoneRecord, slot: SlotIndex, right: bool, write: WriteId) {
    let Some(slot) = record.slots.get_mut(&slot) else {
        return;
    };
    slot.written_by = Some(write);
    if right {
        slot.used = true;
        record.failures = 0;
        record.failures_today = 0;
    } else {
        slot.attempts_left -= 1;
        record.failures += 1;
        record.failures_today += 1;
    }
}

/// Counts a send under a counting rule, if the limit leaves room. Returns whether it did.
#[must_use]
pub fn count(counted: &mut u32, limit: u32) -> bool {
    let has_room = *counted < limit;
    *counted += u32::from(has_room);
    has_room
}

/// Gives back the count of a send whose text the carrier refused.
///
/// Returns whether it gave anything back: the challenge must still be in its slot, and the count must not be 0.
/// The slot of a new challenge is removed. The slot of a resend stays.
#[must_use]
pub fn give_back(record: &mut PhoneRecord, reservation: &Reservation, counted: &mut u32) -> bool {
    let slot = reservation.slot();
    let own = record.slots.get(&slot);
    let is_there = own.is_some_and(|own| own.id == reservation.id()) && *counted > 0;
    if is_there {
        *counted -= 1;
        if !matches!(reservation, Reservation::Resend { .. }) {
            record.slots.remove(&slot);
        }
    }
    is_there
}
