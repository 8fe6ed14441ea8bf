//! The phone's record: the challenges and wrong codes of one phone, and the decisions that depend on them.
//!
//! [`PhoneRecord::admits_send`] and [`PhoneRecord::admits_guess`] decide. The store repeats both decisions as
//! conditions of its writes, so that two parallel requests cannot both pass. When a condition fails, these functions
//! name the reason.

mod slots;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::challenge::{ChallengeId, Closed};
use crate::clock::Timestamp;
use crate::denial::Denial;
use crate::window::Window;

pub use self::slots::{REPEATED_FOR, Slot, SlotIndex, SlotLayout, WriteId};

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
}

/// The challenge that a send is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// A new challenge with a random id.
    New {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
    },
    /// A challenge whose id comes from an idempotency key. It may exist already.
    Idempotent {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
    },
    /// An existing challenge, whose code is texted again.
    Resend {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
    },
}

impl Reservation {
    /// Returns the id of the challenge.
    #[must_use]
    pub const fn id(&self) -> ChallengeId {
        match self {
            Self::New { id, .. } | Self::Idempotent { id, .. } | Self::Resend { id, .. } => *id,
        }
    }

    /// Returns the slot of the challenge.
    #[must_use]
    pub const fn slot(&self) -> SlotIndex {
        match self {
            Self::New { slot, .. } | Self::Idempotent { slot, .. } | Self::Resend { slot, .. } => {
                *slot
            }
        }
    }
}

/// Why a phone's record refuses a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendRefusal {
    /// The idempotency key was used for the live challenge in this slot.
    Repeated(SlotIndex, Slot),
    /// The challenge to resend is over.
    Closed(Closed),
    /// The phone is locked or cooling down.
    Denied(Denial),
}

/// Why a phone's record refuses a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuessRefusal {
    /// This write was applied before, and left the slot like this.
    AlreadyApplied(Slot),
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked.
    Locked {
        /// When the lock ends; `None` if only an operator can end it.
        until: Option<Timestamp>,
    },
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
}

impl PhoneRecord {
    /// Decides whether this record admits `reservation`.
    ///
    /// # Errors
    ///
    /// [`SendRefusal`] says why it does not.
    pub fn admits_send(&self, reservation: &Reservation, terms: &Terms) -> Result<(), SendRefusal> {
        match *reservation {
            Reservation::New { .. } => {}
            Reservation::Idempotent { id, .. } => {
                // A repeat gets its answer even from a phone that is locked or cooling down, so this comes first. The id
                // of a key that was used before also stands in expired slots, which do not count.
                let lives = |slot: &Slot| slot.id == id && slot.expires_at > terms.now;
                if let Some((index, slot)) = self.slots.iter().find(|(_, slot)| lives(slot)) {
                    return Err(SendRefusal::Repeated(*index, slot.clone()));
                }
            }
            Reservation::Resend { id, slot } => {
                self.check_open(slot, id, terms.now)
                    .map_err(SendRefusal::Closed)?;
            }
        }
        self.check_unlocked(terms)
            .map_err(|until| SendRefusal::Denied(Denial::Locked { until }))?;
        match self.last_sent {
            Some(sent) if sent + terms.cooldown > terms.now => {
                Err(SendRefusal::Denied(Denial::CoolingDown {
                    until: sent + terms.cooldown,
                    cooldown: terms.cooldown,
                }))
            }
            _ => Ok(()),
        }
    }

    /// Decides whether this record admits a guess for challenge `id` in `slot`.
    ///
    /// # Errors
    ///
    /// [`GuessRefusal`] says why it does not.
    pub fn admits_guess(
        &self,
        slot: SlotIndex,
        id: ChallengeId,
        write: WriteId,
        terms: &Terms,
    ) -> Result<(), GuessRefusal> {
        if let Some(own) = self.slots.get(&slot)
            && own.id == id
            && own.written_by == Some(write)
        {
            return Err(GuessRefusal::AlreadyApplied(own.clone()));
        }
        self.check_open(slot, id, terms.now)
            .map_err(GuessRefusal::Closed)?;
        self.check_unlocked(terms)
            .map_err(|until| GuessRefusal::Locked { until })
    }

    /// Checks that `slot` holds challenge `id`, and that the challenge takes guesses and resends.
    fn check_open(&self, slot: SlotIndex, id: ChallengeId, now: Timestamp) -> Result<(), Closed> {
        match self.slots.get(&slot) {
            Some(own) if own.id == id => {
                if own.used {
                    Err(Closed::Used)
                } else if own.expires_at <= now {
                    Err(Closed::Expired)
                } else if own.attempts_left == 0 {
                    Err(Closed::Exhausted)
                } else {
                    Ok(())
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::RootId;
    use crate::window::DAY;

    const ID: ChallengeId = ChallengeId([1; 16]);
    const WRITE: WriteId = WriteId([7; 16]);

    fn terms(now: i64) -> Terms {
        let now = Timestamp::from_unix(now);
        Terms {
            now,
            today: Window::containing(now, DAY, Duration::ZERO),
            cooldown: Duration::from_mins(1),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
        }
    }

    fn record(change: impl FnOnce(&mut Slot)) -> PhoneRecord {
        let mut slot = Slot {
            id: ID,
            root: RootId::parse("r1").expect("an id"),
            expires_at: Timestamp::from_unix(1_300),
            attempts_left: 5,
            used: false,
            written_by: None,
        };
        change(&mut slot);
        PhoneRecord {
            last_sent: Some(Timestamp::from_unix(1_000)),
            slots: BTreeMap::from([(2, slot)]),
            ..PhoneRecord::default()
        }
    }

    #[test]
    fn an_open_slot_takes_a_guess_until_the_second_it_expires() {
        assert_eq!(
            record(|_| ()).admits_guess(2, ID, WRITE, &terms(1_299)),
            Ok(())
        );
        assert_eq!(
            record(|_| ()).admits_guess(2, ID, WRITE, &terms(1_300)),
            Err(GuessRefusal::Closed(Closed::Expired))
        );
    }

    #[test]
    fn a_refused_guess_names_the_reason() {
        let guess = |r: PhoneRecord| r.admits_guess(2, ID, WRITE, &terms(1_010));
        assert_eq!(
            guess(record(|s| s.used = true)),
            Err(GuessRefusal::Closed(Closed::Used))
        );
        assert_eq!(
            guess(record(|s| s.attempts_left = 0)),
            Err(GuessRefusal::Closed(Closed::Exhausted))
        );
        assert_eq!(
            guess(record(|s| s.id = ChallengeId([2; 16]))),
            Err(GuessRefusal::Closed(Closed::Used))
        );
        assert_eq!(
            guess(PhoneRecord::default()),
            Err(GuessRefusal::Closed(Closed::Used))
        );
    }

    #[test]
    fn recognizes_its_own_write() {
        let applied = record(|s| {
            s.used = true;
            s.written_by = Some(WRITE);
        });
        assert!(matches!(
            applied.admits_guess(2, ID, WRITE, &terms(1_010)),
            Err(GuessRefusal::AlreadyApplied(slot)) if slot.used
        ));
    }

    #[test]
    fn a_locked_phone_takes_neither_guesses_nor_sends() {
        let mut soft = record(|_| ());
        soft.failures_today = 20;
        let until = Some(Timestamp::from_unix(86_400));
        assert_eq!(
            soft.admits_guess(2, ID, WRITE, &terms(1_010)),
            Err(GuessRefusal::Locked { until })
        );
        let mut hard = record(|_| ());
        hard.failures = 100;
        let new = Reservation::New { id: ID, slot: 3 };
        assert_eq!(
            hard.admits_send(&new, &terms(2_000)),
            Err(SendRefusal::Denied(Denial::Locked { until: None }))
        );
    }

    #[test]
    fn the_cooldown_ends_on_the_second() {
        let new = Reservation::New { id: ID, slot: 3 };
        let cooling_down = Denial::CoolingDown {
            until: Timestamp::from_unix(1_060),
            cooldown: Duration::from_mins(1),
        };
        assert_eq!(
            record(|_| ()).admits_send(&new, &terms(1_059)),
            Err(SendRefusal::Denied(cooling_down))
        );
        assert_eq!(record(|_| ()).admits_send(&new, &terms(1_060)), Ok(()));
    }

    #[test]
    fn an_idempotency_key_finds_its_challenge_until_it_expires() {
        let again = Reservation::Idempotent { id: ID, slot: 3 };
        assert!(matches!(
            record(|_| ()).admits_send(&again, &terms(1_100)),
            Err(SendRefusal::Repeated(2, _))
        ));
        assert_eq!(record(|_| ()).admits_send(&again, &terms(1_300)), Ok(()));
    }

    #[test]
    fn an_expired_slot_of_a_key_does_not_hide_its_live_one() {
        let again = Reservation::Idempotent { id: ID, slot: 3 };
        for dead in [1, 4] {
            let mut both = record(|_| ());
            let expired = record(|slot| slot.expires_at = Timestamp::from_unix(1_000));
            both.slots.insert(dead, expired.slots[&2].clone());
            assert!(matches!(
                both.admits_send(&again, &terms(1_100)),
                Err(SendRefusal::Repeated(2, _))
            ));
        }
    }

    #[test]
    fn a_resend_needs_an_open_challenge() {
        let resend = Reservation::Resend { id: ID, slot: 2 };
        assert_eq!(record(|_| ()).admits_send(&resend, &terms(1_100)), Ok(()));
        assert_eq!(
            record(|s| s.used = true).admits_send(&resend, &terms(1_100)),
            Err(SendRefusal::Closed(Closed::Used))
        );
    }
}
