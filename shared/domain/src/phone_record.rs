//! The phone's record: its challenges, its wrong codes, and the decisions made on them.
//!
//! [`PhoneRecord::admits_send`] and [`PhoneRecord::admits_attempt`] decide. The store repeats both decisions as
//! conditions of its writes, so that two requests at once cannot both pass. When a condition fails, these functions name
//! the reason.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::challenge::{ChallengeId, Closed};
use crate::clock::Timestamp;
use crate::denial::Denial;
use crate::root::RootId;
use crate::window::Window;

/// Identifies one write request, so that a write the SDK repeats after a lost reply is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId(pub [u8; 16]);

/// The place of a challenge on its phone's record.
pub type SlotIndex = u8;

/// The longest a request can go on after its write was applied: the timeout of the functions (`template.yaml`).
///
/// A call whose reply was lost is repeated, and then the slot must still say what the first try wrote.
pub const REPEATED_FOR: Duration = Duration::from_secs(10);

/// How slots are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotLayout {
    /// How many slots a phone has.
    pub count: SlotIndex,
    /// The time that one slot stands for.
    pub cooldown: Duration,
}

impl SlotLayout {
    /// Enough slots that one is reused only [`REPEATED_FOR`] after its challenge has expired.
    ///
    /// Sends are at least a cooldown apart, so the same index returns after `count - 1` whole
    /// cooldowns at the earliest, and `count` is chosen so that this is at least the lifetime and that time.
    #[must_use]
    pub fn new(cooldown: Duration, longest_lifetime: Duration) -> Self {
        let step = cooldown.as_secs().max(1);
        let occupied = longest_lifetime.saturating_add(REPEATED_FOR);
        let needed = occupied.as_secs().div_ceil(step).saturating_add(1);
        Self {
            count: SlotIndex::try_from(needed).unwrap_or(SlotIndex::MAX),
            cooldown: Duration::from_secs(step),
        }
    }

    /// The slot of a challenge sent at `now`.
    #[must_use]
    pub fn index_at(&self, now: Timestamp) -> SlotIndex {
        let step = i64::try_from(self.cooldown.as_secs()).unwrap_or(i64::MAX);
        let index = now
            .unix()
            .div_euclid(step)
            .rem_euclid(i64::from(self.count));
        SlotIndex::try_from(index).unwrap_or(0)
    }
}

/// A challenge as the phone's record holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Whose slot it is.
    pub id: ChallengeId,
    /// The root that its code comes from, so that a repeat makes the same one after another root became current.
    pub root: RootId,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// Guesses that are left.
    pub attempts_left: u32,
    /// Whether the right code was given.
    pub used: bool,
    /// The request that wrote the slot last, after the send.
    pub written_by: Option<WriteId>,
}

/// Wrong codes after which a phone is locked (NIST SP 800-63B-4 section 3.2.2 allows at most 100
/// consecutive failures).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong codes in one day that lock the phone until the day ends.
    pub soft: u32,
    /// Consecutive wrong codes that lock the phone until an operator unlocks it.
    pub hard: u32,
    /// How long failures are remembered after the last write to the phone's record.
    pub remembered: Duration,
}

/// What is stored about a phone, in `Challenges`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PhoneRecord {
    /// When a text was last reserved.
    pub last_sent: Option<Timestamp>,
    /// Consecutive wrong codes.
    pub failures: u32,
    /// Wrong codes of the current day.
    pub failures_today: u32,
    /// The challenges.
    pub slots: BTreeMap<SlotIndex, Slot>,
}

/// The challenge that a send is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// A challenge with a random id.
    New {
        /// Its id.
        id: ChallengeId,
        /// Its place.
        slot: SlotIndex,
    },
    /// A challenge whose id comes from an idempotency key: it may exist already.
    Idempotent {
        /// Its id.
        id: ChallengeId,
        /// Its place.
        slot: SlotIndex,
    },
    /// The same code again, for a challenge that exists.
    Resend {
        /// Its id.
        id: ChallengeId,
        /// Its place.
        slot: SlotIndex,
    },
}

impl Reservation {
    /// The id of the challenge.
    #[must_use]
    pub const fn id(&self) -> ChallengeId {
        match self {
            Self::New { id, .. } | Self::Idempotent { id, .. } | Self::Resend { id, .. } => *id,
        }
    }

    /// The slot of the challenge.
    #[must_use]
    pub const fn slot(&self) -> SlotIndex {
        match self {
            Self::New { slot, .. } | Self::Idempotent { slot, .. } | Self::Resend { slot, .. } => {
                *slot
            }
        }
    }
}

/// Why the phone's record does not take a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendRefusal {
    /// The idempotency key was used: this is its challenge.
    Repeated(SlotIndex, Slot),
    /// The challenge to resend is over.
    Closed(Closed),
    /// Locked or cooling down.
    Denied(Denial),
}

/// Why the phone's record does not take a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptRefusal {
    /// The write of this very request was applied before; the slot as it was left.
    AlreadyApplied(Slot),
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked.
    Locked {
        /// When the lock ends by itself.
        until: Option<Timestamp>,
    },
}

/// The instants and limits a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The current instant.
    pub now: Timestamp,
    /// The current day, which soft locks last for.
    pub today: Window,
    /// The least time between two texts to one phone.
    pub cooldown: Duration,
    /// When wrong codes lock the phone.
    pub lockout: Lockout,
}

impl PhoneRecord {
    /// Whether this record takes `reservation`.
    ///
    /// # Errors
    ///
    /// [`SendRefusal`] when it does not.
    pub fn admits_send(&self, reservation: &Reservation, terms: &Terms) -> Result<(), SendRefusal> {
        match *reservation {
            Reservation::New { .. } => {}
            Reservation::Idempotent { id, .. } => {
                // A key that was used before has dead slots of the same id beside the live one.
                let lives = |slot: &Slot| slot.id == id && slot.expires_at > terms.now;
                if let Some((index, slot)) = self.slots.iter().find(|(_, slot)| lives(slot)) {
                    return Err(SendRefusal::Repeated(*index, slot.clone()));
                }
            }
            Reservation::Resend { id, slot } => {
                self.open_slot(slot, id, terms.now)
                    .map_err(SendRefusal::Closed)?;
            }
        }
        self.unlocked(terms)
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

    /// Whether this record takes a guess for challenge `id` in `slot`.
    ///
    /// # Errors
    ///
    /// [`AttemptRefusal`] when it does not.
    pub fn admits_attempt(
        &self,
        slot: SlotIndex,
        id: ChallengeId,
        write: WriteId,
        terms: &Terms,
    ) -> Result<(), AttemptRefusal> {
        if let Some(own) = self.slots.get(&slot)
            && own.id == id
            && own.written_by == Some(write)
        {
            return Err(AttemptRefusal::AlreadyApplied(own.clone()));
        }
        self.open_slot(slot, id, terms.now)
            .map_err(AttemptRefusal::Closed)?;
        self.unlocked(terms)
            .map_err(|until| AttemptRefusal::Locked { until })
    }

    fn open_slot(&self, slot: SlotIndex, id: ChallengeId, now: Timestamp) -> Result<(), Closed> {
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

    /// `Err` holds the end of the lock, if it ends by itself.
    fn unlocked(&self, terms: &Terms) -> Result<(), Option<Timestamp>> {
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
    use crate::window::DAY;
    use proptest::prelude::*;

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
            record(|_| ()).admits_attempt(2, ID, WRITE, &terms(1_299)),
            Ok(())
        );
        assert_eq!(
            record(|_| ()).admits_attempt(2, ID, WRITE, &terms(1_300)),
            Err(AttemptRefusal::Closed(Closed::Expired))
        );
    }

    #[test]
    fn a_closed_slot_says_why() {
        let guess = |r: PhoneRecord| r.admits_attempt(2, ID, WRITE, &terms(1_010));
        assert_eq!(
            guess(record(|s| s.used = true)),
            Err(AttemptRefusal::Closed(Closed::Used))
        );
        assert_eq!(
            guess(record(|s| s.attempts_left = 0)),
            Err(AttemptRefusal::Closed(Closed::Exhausted))
        );
        assert_eq!(
            guess(record(|s| s.id = ChallengeId([2; 16]))),
            Err(AttemptRefusal::Closed(Closed::Used))
        );
        assert_eq!(
            guess(PhoneRecord::default()),
            Err(AttemptRefusal::Closed(Closed::Used))
        );
    }

    #[test]
    fn the_write_of_this_request_is_recognised() {
        let applied = record(|s| {
            s.used = true;
            s.written_by = Some(WRITE);
        });
        assert!(matches!(
            applied.admits_attempt(2, ID, WRITE, &terms(1_010)),
            Err(AttemptRefusal::AlreadyApplied(slot)) if slot.used
        ));
    }

    #[test]
    fn locks_refuse_guesses_and_sends() {
        let mut soft = record(|_| ());
        soft.failures_today = 20;
        let until = Some(Timestamp::from_unix(86_400));
        assert_eq!(
            soft.admits_attempt(2, ID, WRITE, &terms(1_010)),
            Err(AttemptRefusal::Locked { until })
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
    fn cooldown_ends_on_the_second() {
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
    fn an_idempotency_key_finds_its_challenge_while_it_lives() {
        let again = Reservation::Idempotent { id: ID, slot: 3 };
        assert!(matches!(
            record(|_| ()).admits_send(&again, &terms(1_100)),
            Err(SendRefusal::Repeated(2, _))
        ));
        assert_eq!(record(|_| ()).admits_send(&again, &terms(1_300)), Ok(()));
    }

    #[test]
    fn a_dead_slot_of_a_key_does_not_hide_its_live_one() {
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

    proptest! {
        /// A stranger's send cannot reuse the slot of a live challenge.
        #[test]
        fn a_reused_slot_has_expired_and_nobody_repeats_its_write(
            cooldown in 1_u64..600, lifetime in 30_u64..3_600, start in 0_i64..2_000_000_000,
            gaps in proptest::collection::vec(0_u64..600, 1..60),
        ) {
            let (cooldown, lifetime) = (Duration::from_secs(cooldown), Duration::from_secs(lifetime));
            let layout = SlotLayout::new(cooldown, lifetime);
            prop_assume!(layout.count < SlotIndex::MAX);
            let mut taken: BTreeMap<SlotIndex, Timestamp> = BTreeMap::new();
            let mut now = Timestamp::from_unix(start);
            for gap in gaps {
                let expiry = taken.insert(layout.index_at(now), now + lifetime);
                prop_assert!(expiry.is_none_or(|at| at + REPEATED_FOR <= now));
                now = now + cooldown + Duration::from_secs(gap);
            }
        }
    }
}
