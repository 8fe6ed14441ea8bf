//! What the store's writes make of a phone's record, once they are admitted.
//!
//! The store writes it as update expressions; here it is said again, in Rust, for the tests that compare or
//! explore it.

use phoneproof::domain::challenge::{PhoneRecord, Reservation, Slot, SlotIndex, WriteId};
use phoneproof::domain::clock::Timestamp;

/// A send.
pub fn send(
    record: &mut PhoneRecord,
    reservation: &Reservation,
    expires_at: Timestamp,
    attempts: u32,
    now: Timestamp,
) {
    record.last_sent = Some(now);
    if let Reservation::New { id, slot } | Reservation::Idempotent { id, slot } = *reservation {
        let new = Slot {
            id,
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
