//! The phone's record: the challenges and wrong codes of one phone, and the decisions that depend on them.
//!
//! [`PhoneRecord::admits_send`] and [`PhoneRecord::admits_guess`] decide. The store repeats both decisions as
//! conditions of its writes, so that two parallel requests cannot both pass. When a condition fails, these functions
//! name the reason.

mod reservation;
mod slots;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::challenge::{ChallengeId, Closed, SlotIndex};
use crate::clock::Timestamp;
use crate::denial::Denial;
use crate::purse::Evidence;
use crate::subject::SubjectIndex;
use crate::window::Window;

pub use self::reservation::{Predecessor, Reservation, Share};
pub use self::slots::{
    CodeCalls, REPEATABLE_FOR, REPEATED_FOR, RESERVE_SLOTS, ResendId, Slot, SlotLayout, Use,
    WriteId,
};

/// The numbers of wrong codes that lock a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// The wrong codes in one day that lock the phone until the day ends.
    pub soft: u32,
    /// The consecutive wrong codes that lock the phone until an operator unlocks it.
    ///
    /// NIST SP 800-63B-4 section 3.2.2 allows at most 100.
    pub hard: u32,
    /// How long the record is kept after its last write, with the wrong codes that it counts.
    pub remembered: Duration,
}

/// What the table `Challenges` holds about a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PhoneRecord {
    /// When a send was last reserved.
    pub last_sent: Option<Timestamp>,
    /// The consecutive wrong codes, since the last right one.
    pub failures: u32,
    /// The wrong codes of the current day, since the last right one.
    pub failures_today: u32,
    /// The challenges, by slot.
    pub slots: BTreeMap<SlotIndex, Slot>,
    /// The evidence that somebody typed in a code of this phone.
    pub evidence: Option<Evidence>,
    /// When a text was last taken out of the allowance for the device that was verified.
    pub reserved_here: Option<Timestamp>,
    /// When a text was last taken out of the allowance for the network that was verified in.
    pub reserved_near: Option<Timestamp>,
    /// The device of the last send, not counting texts out of the allowance.
    pub last_sent_by: Option<SubjectIndex>,
}

/// Why a phone's record refuses a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendRefusal {
    /// The send repeats an earlier one, whose challenge takes guesses. Either the idempotency key was used for the live
    /// challenge in this slot or for one before it. Or the challenge to renew was renewed by it, perhaps more than
    /// once.
    Repeated(SlotIndex, Box<Slot>),
    /// The idempotency key was used for a resend. The challenge in this slot takes guesses: the one that was texted, or
    /// its last renewal.
    Resent(SlotIndex, Box<Slot>),
    /// The record has moved on. It admits this reservation in place of the one that was asked for.
    Instead(Reservation),
    /// The challenge to resend is over, or the one that it was renewed by.
    Closed(Closed),
    /// The phone is locked or cooling down.
    Denied(Denial),
}

/// Why a phone's record refuses a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuessRefusal {
    /// This write was applied before, and left the slot like this.
    AlreadyApplied(Box<Slot>),
    /// The guess is right, and so was one a moment ago. It gets the same success, and nothing is written.
    Repeated(Use, Option<CodeCalls>),
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked.
    Locked {
        /// When the lock ends; `None` if only an operator can end it.
        until: Option<Timestamp>,
    },
}

/// A guess that was compared with the code of its challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The challenge that the guess is for.
    pub id: ChallengeId,
    /// The slot of the challenge.
    pub slot: SlotIndex,
    /// When the challenge ends. It tells apart the challenges of one idempotency key.
    pub expires_at: Timestamp,
    /// Whether the guess is the code.
    pub right: bool,
    /// The id of the write, which recognizes its own repeat.
    pub write: WriteId,
}

/// The instants and limits that a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The instant of the decision.
    pub now: Timestamp,
    /// The day of the decision. A soft lock lasts until it ends.
    pub today: Window,
    /// The least time between two texts to one phone.
    pub cooldown: Duration,
    /// When wrong codes lock the phone.
    pub lockout: Lockout,
    /// The number of slots of the phone's record.
    pub slots: SlotIndex,
}

impl PhoneRecord {
    /// Decides whether this record admits `reservation`.
    ///
    /// # Errors
    ///
    /// [`SendRefusal`] says why it does not.
    pub fn admits_send(&self, reservation: &Reservation, terms: &Terms) -> Result<(), SendRefusal> {
        self.admits_send_from(Share::Common, reservation, terms)
    }

    /// Decides like [`PhoneRecord::admits_send`], for a text out of this share.
    ///
    /// # Errors
    ///
    /// [`SendRefusal`] says why the record does not admit it.
    pub fn admits_send_from(
        &self,
        share: Share,
        reservation: &Reservation,
        terms: &Terms,
    ) -> Result<(), SendRefusal> {
        let last_sent = match share {
            Share::Common => self.last_sent,
            Share::Here => self.reserved_here,
            // A neighbour waits like a stranger, or two requests from the network would tell whether the phone is
            // known.
            Share::Near => self.reserved_near.max(self.last_sent),
        };
        match *reservation {
            Reservation::New { .. } => {}
            Reservation::Idempotent { id, .. } => self.check_unrepeated(id, terms.now)?,
            Reservation::Resend { id, slot, key, .. } => {
                self.check_unresent(slot, id, key, terms.now)?;
            }
            Reservation::Renewal { id, of, key, .. } => {
                self.check_unrenewed(id, &of, key, terms.now)?;
                self.check_unresent(of.slot, of.id, key, terms.now)?;
            }
        }
        self.check_unlocked(terms)
            .map_err(|until| SendRefusal::Denied(Denial::Locked { until }))?;
        match last_sent {
            Some(sent) if sent + terms.cooldown > terms.now => {
                Err(SendRefusal::Denied(Denial::CoolingDown {
                    until: sent + terms.cooldown,
                    cooldown: terms.cooldown,
                }))
            }
            _ => match self.fit(*reservation, terms) {
                Ok(fitting) if fitting == *reservation => Ok(()),
                Ok(fitting) => Err(SendRefusal::Instead(fitting)),
                Err(denial) => Err(SendRefusal::Denied(denial)),
            },
        }
    }

    /// Decides whether this record admits `guess`.
    ///
    /// A wrong code counts even after the right one was entered, as long as the right one would still succeed again.
    /// Otherwise somebody who has the challenge token could try every code in that time.
    ///
    /// # Errors
    ///
    /// [`GuessRefusal`] says why it does not.
    pub fn admits_guess(&self, guess: &Guess, terms: &Terms) -> Result<(), GuessRefusal> {
        let own = self.slots.get(&guess.slot);
        let own = own
            .filter(|own| own.id == guess.id && own.expires_at == guess.expires_at)
            .ok_or(GuessRefusal::Closed(Closed::Used))?;
        // A wrong code may have been counted after the write that consumed the challenge.
        let is_own = |used: Use| guess.right && used.by == guess.write;
        if own.written_by == Some(guess.write) || own.used.is_some_and(is_own) {
            return Err(GuessRefusal::AlreadyApplied(Box::new(own.clone())));
        }
        match own.used {
            None => check_unused(own, terms.now).map_err(GuessRefusal::Closed)?,
            Some(used) => {
                if !own.is_repeatable(terms.now) || own.attempts_left == 0 {
                    return Err(GuessRefusal::Closed(Closed::Used));
                }
                if guess.right {
                    return Err(GuessRefusal::Repeated(used, own.calls));
                }
            }
        }
        self.check_unlocked(terms)
            .map_err(|until| GuessRefusal::Locked { until })
    }

    /// Checks that no live slot holds challenge `id`. The refusal names its last renewal, if it has one.
    ///
    /// A repeat gets its answer even from a phone that is locked or cooling down. The id of a key that was used before
    /// also stands in expired slots, which do not count.
    fn check_unrepeated(&self, id: ChallengeId, now: Timestamp) -> Result<(), SendRefusal> {
        match self.find_last(id, now) {
            Some((index, slot)) => Err(SendRefusal::Repeated(index, Box::new(slot.clone()))),
            None => Ok(()),
        }
    }

    /// Returns the live slot of challenge `id` or, if that was renewed, of its last renewal that lives.
    fn find_last(&self, id: ChallengeId, now: Timestamp) -> Option<(SlotIndex, &Slot)> {
        let find = |id| {
            let mut slots = self.slots.iter();
            slots.find(|(_, slot)| slot.id == id && slot.expires_at > now)
        };
        let mut last = find(id)?;
        // No challenge is renewed twice, so a chain is not longer than the record.
        for _ in 0..self.slots.len() {
            match last.1.renewed_as.and_then(find) {
                Some(next) => last = next,
                None => break,
            }
        }
        Some((*last.0, last.1))
    }

    /// Checks that no live slot holds the renewal `id` of a challenge, or a later one. A renewal that takes no more
    /// guesses is over, as for a resend.
    fn check_unrenewed(
        &self,
        id: ChallengeId,
        of: &Predecessor,
        key: Option<ResendId>,
        now: Timestamp,
    ) -> Result<(), SendRefusal> {
        let refusal = self.check_unrepeated(id, now);
        if let Err(SendRefusal::Repeated(slot, own)) = &refusal {
            self.check_unresent(*slot, own.id, key, now)?;
            // The key may have been used before the renewal, which another request then made.
            if self.was_resent(of.slot, of.id, key) {
                return Err(SendRefusal::Resent(*slot, own.clone()));
            }
        }
        refusal
    }

    /// Checks that challenge `id` takes guesses and resends, and was not resent under this key before.
    fn check_unresent(
        &self,
        slot: SlotIndex,
        id: ChallengeId,
        key: Option<ResendId>,
        now: Timestamp,
    ) -> Result<(), SendRefusal> {
        self.check_open(slot, id, now)
            .map_err(SendRefusal::Closed)?;
        match self.slots.get(&slot) {
            Some(own) if self.was_resent(slot, id, key) => {
                Err(SendRefusal::Resent(slot, Box::new(own.clone())))
            }
            _ => Ok(()),
        }
    }

    /// Whether `slot` holds challenge `id`, resent under this key.
    fn was_resent(&self, slot: SlotIndex, id: ChallengeId, key: Option<ResendId>) -> bool {
        let own = self.slots.get(&slot).filter(|own| own.id == id);
        own.zip(key)
            .is_some_and(|(own, key)| own.resends.contains_key(&key))
    }

    /// Returns the reservation that this record has room for: in a free slot, with the guesses that are left.
    fn fit(&self, reservation: Reservation, terms: &Terms) -> Result<Reservation, Denial> {
        let is_taken = |slot: SlotIndex| {
            let holder = self.slots.get(&slot);
            holder.is_some_and(|holder| holder.free_at() > terms.now)
        };
        let mut fitting = reservation;
        if reservation.is_new() && is_taken(reservation.slot()) {
            let after = reservation.slot().saturating_add(1)..terms.slots;
            let free = after.chain(0..terms.slots).find(|slot| !is_taken(*slot));
            let free = free.ok_or_else(|| Denial::CoolingDown {
                until: self.find_first_free(terms),
                cooldown: terms.cooldown,
            })?;
            fitting = reservation.with_slot(free);
        }
        let left = |slot: SlotIndex| self.slots.get(&slot).map(|own| own.attempts_left);
        match &mut fitting {
            Reservation::Renewal { of, .. } => {
                of.attempts_left = left(of.slot).unwrap_or(of.attempts_left);
            }
            Reservation::Resend {
                slot,
                attempts_left,
                ..
            } => *attempts_left = left(*slot).unwrap_or(*attempts_left),
            Reservation::New { .. } | Reservation::Idempotent { .. } => {}
        }
        Ok(fitting)
    }

    /// Returns when the first slot is free, while all are taken.
    fn find_first_free(&self, terms: &Terms) -> Timestamp {
        let counted = self.slots.iter().filter(|(index, _)| **index < terms.slots);
        let first = counted.map(|(_, slot)| slot.free_at()).min();
        first.unwrap_or(terms.now)
    }

    /// Checks that `slot` holds challenge `id`, and that the challenge takes guesses and resends.
    fn check_open(&self, slot: SlotIndex, id: ChallengeId, now: Timestamp) -> Result<(), Closed> {
        match self.slots.get(&slot) {
            Some(own) if own.id == id && own.used.is_none() => check_unused(own, now),
            _ => Err(Closed::Used),
        }
    }

    /// Checks that the phone is not locked. The error holds the end of the lock, if it ends by itself.
    fn check_unlocked(&self, terms: &Terms) -> Result<(), Option<Timestamp>> {
        if self.failures >= terms.lockout.hard {
            Err(None)
        } else if self.failures_today >= terms.lockout.soft {
            Err(Some(terms.today.end()))
        } else {
            Ok(())
        }
    }
}

/// Checks that a slot whose code was not entered takes guesses and resends.
const fn check_unused(slot: &Slot, now: Timestamp) -> Result<(), Closed> {
    if slot.expires_at.unix() <= now.unix() {
        Err(Closed::Expired)
    } else if slot.renewed_as.is_some() {
        Err(Closed::Renewed)
    } else if slot.attempts_left == 0 {
        Err(Closed::Exhausted)
    } else {
        Ok(())
    }
}
