//! The effect of the store's writes on a phone's record, once their conditions hold.
//!
//! The store expresses these writes as update expressions. This module repeats them in Rust, for tests that compare
//! the two or explore sequences of writes.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::SlotIndex;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, Slot, Use, WriteId};
use phoneproof_domain::root::RootId;

/// Returns the one root that these tests use. They never roll the keys.
///
/// # Panics
///
/// Never, because `r1` is a valid id.
#[must_use]
#[expect(clippy::expect_used, reason = "`r1` is a valid id")]
pub fn root() -> RootId {
    RootId::parse("r1").expect("an id")
}

/// Applies a send: notes its time, and opens a slot unless it is a resend. A renewal takes the guesses of the challenge
/// before. The slot notes the idempotency key of a resend or renewal.
pub fn send(
    record: &mut PhoneRecord,
    reservation: &Reservation,
    root: &RootId,
    expires_at: Timestamp,
    attempts: u32,
    now: Timestamp,
) {
    record.last_sent = Some(now);
    if let Reservation::Renewal { of, .. } = reservation
        && let Some(before) = record.slots.get_mut(&of.slot)
    {
        before.attempts_left = 0;
        before.renewed_as = Some(reservation.id());
    }
    if reservation.is_new() {
        let new = Slot {
            id: reservation.id(),
            root: root.clone(),
            expires_at,
            attempts_left: attempts,
            renewed_as: None,
            used: None,
            written_by: None,
            resends: BTreeMap::new(),
            calls: None,
        };
        record.slots.insert(reservation.slot(), new);
    }
    if let (Some(key), Some(own)) = (reservation.key(), record.slots.get_mut(&reservation.slot())) {
        own.resends.insert(key, now);
    }
}

/// Applies a guess at a slot's code. A missing slot leaves the record as it is.
pub fn guess(
    record: &mut PhoneRecord,
    slot: SlotIndex,
    right: bool,
    write: WriteId,
    now: Timestamp,
) {
    let Some(slot) = record.slots.get_mut(&slot) else {
        return;
    };
    if right {
        slot.used = Some(Use { at: now, by: write });
        record.failures = 0;
        record.failures_today = 0;
    } else {
        slot.written_by = Some(write);
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
/// The slot of a new challenge is removed, and a renewal returns the guesses to the challenge before. The slot of a
/// resend stays, without the idempotency key.
#[must_use]
pub fn give_back(record: &mut PhoneRecord, reservation: &Reservation, counted: &mut u32) -> bool {
    let slot = reservation.slot();
    let holds = |slot: SlotIndex, id| record.slots.get(&slot).is_some_and(|own| own.id == id);
    // A parallel resend may have got the token of the renewal, and guessed with it.
    let is_untouched = |own: &Slot| own.written_by.is_none() && own.used.is_none();
    let can_return = match reservation {
        Reservation::Renewal { of, .. } => {
            holds(of.slot, of.id) && record.slots.get(&slot).is_some_and(is_untouched)
        }
        _ => true,
    };
    let knows = |key| {
        let own = record.slots.get(&slot);
        own.is_some_and(|own| own.resends.contains_key(&key))
    };
    let is_resent = reservation.is_new() || reservation.key().is_none_or(knows);
    let is_there = holds(slot, reservation.id()) && can_return && is_resent && *counted > 0;
    if is_there {
        *counted -= 1;
        if reservation.is_new() {
            record.slots.remove(&slot);
        } else if let (Some(key), Some(own)) = (reservation.key(), record.slots.get_mut(&slot)) {
            own.resends.remove(&key);
        }
        if let Reservation::Renewal { of, .. } = reservation
            && let Some(before) = record.slots.get_mut(&of.slot)
        {
            before.attempts_left = of.attempts_left;
            before.renewed_as = None;
        }
    }
    is_there
}
