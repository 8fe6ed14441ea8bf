//! What the store's writes make of a phone's record, once they are admitted.
//!
//! The store writes it as update expressions; here it is said again, in Rust, for the tests that compare or
//! explore it.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, Slot, SlotIndex, WriteId};
use phoneproof_domain::root::RootId;

/// The root of the slots that are compared and explored; none is replaced there.
///
/// # Panics
///
/// Never: it is an id.
#[must_use]
pub fn root() -> RootId {
    RootId::parse("r1").expect("an id")
}

/// A send.
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

/// A guess.
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

/// A send under a rule that counts: whether there was room.
#[must_use]
pub fn count(counted: &mut u32, limit: u32) -> bool {
    let has_room = *counted < limit;
    *counted += u32::from(has_room);
    has_room
}

/// What a refused text counted, given back: whether its challenge was still there, and something counted. The
/// slot of a new challenge goes with it, that of a resend stays.
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
