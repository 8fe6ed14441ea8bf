//! Slots: the places of challenges on a phone's record.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::challenge::{ChallengeId, SlotIndex};
use crate::clock::Timestamp;
use crate::purse::Micros;
use crate::root::RootId;

/// Identifies one write: 128 random bits.
///
/// The SDK repeats a write whose reply was lost. The id lets the store recognize the repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId(pub [u8; 16]);

/// Identifies a resend under an idempotency key: 128 bits of a keyed MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResendId(pub [u8; 16]);

/// The longest time that a request can go on after its write was applied: the timeout of the functions in
/// `template.yaml`.
///
/// The SDK repeats a call whose reply was lost. When the repeat comes, the slot must still hold what the first try
/// wrote.
pub const REPEATED_FOR: Duration = Duration::from_secs(10);

/// How long the same right code gets the same success again, counted from the instant at which it was entered.
///
/// A phone may fill in a code while its owner taps, and a client repeats a request whose answer it did not get.
pub const REPEATABLE_FOR: Duration = Duration::from_secs(30);

/// The slots beside those that the cooldown needs, for challenges out of a phone's allowance: three at its device.
pub const RESERVE_SLOTS: SlotIndex = 3;

/// The slots of every phone under one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotLayout {
    /// The number of slots of a phone; at least one.
    pub count: SlotIndex,
    /// The time that one slot stands for; at least a second.
    pub cooldown: Duration,
}

impl SlotLayout {
    /// Plans enough slots that none is reused until [`REPEATED_FOR`] after its challenge expires.
    ///
    /// Sends are at least a cooldown apart, so an index returns after `count - 1` whole cooldowns at the earliest.
    /// `count` is the smallest number for which this time covers the longest lifetime and [`REPEATED_FOR`], and
    /// [`RESERVE_SLOTS`] more.
    ///
    /// There are at most `most`, which is what the store of the records can hold. Where more were needed, as for a test
    /// number, which has no cooldown, a send may find its slot taken. It then takes another one, because a send never
    /// replaces a challenge that is not over.
    #[must_use]
    pub fn new(cooldown: Duration, longest_lifetime: Duration, most: SlotIndex) -> Self {
        let step = cooldown.as_secs().max(1);
        let occupied = longest_lifetime.saturating_add(REPEATED_FOR);
        let needed = occupied
            .as_secs()
            .div_ceil(step)
            .saturating_add(1 + u64::from(RESERVE_SLOTS));
        Self {
            count: SlotIndex::try_from(needed).map_or(most, |needed| needed.min(most)),
            cooldown: Duration::from_secs(step),
        }
    }

    /// Returns the slot of a challenge that is sent at `now`.
    #[must_use]
    pub fn index_at(&self, now: Timestamp) -> SlotIndex {
        let step = i64::try_from(self.cooldown.as_secs()).unwrap_or(i64::MAX);
        let index = now
            .unix()
            .div_euclid(step)
            .rem_euclid(i64::from(self.count));
        SlotIndex::try_from(index).unwrap_or(0)
    }

    /// Returns the slot after `slot`, and the first one after the last.
    #[must_use]
    pub const fn next(&self, slot: SlotIndex) -> SlotIndex {
        let next = slot.saturating_add(1);
        if next < self.count { next } else { 0 }
    }
}

/// The entry of a right code, which consumed its challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Use {
    /// When the code was entered: the `iat` of the success token.
    pub at: Timestamp,
    /// The write that consumed the challenge. Its id is the `jti` of the success token, so a repeat gets the same one.
    pub by: WriteId,
}

/// A challenge as the phone's record holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The challenge that the slot belongs to.
    pub id: ChallengeId,
    /// The root that the code comes from. A repeated send makes the same code even after another root became current.
    pub root: RootId,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// The guesses that are left; none after a renewal, which takes them over.
    pub attempts_left: u32,
    /// The challenge that followed this one near its end.
    pub renewed_as: Option<ChallengeId>,
    /// The entry of the right code; `None` while nobody has entered it.
    pub used: Option<Use>,
    /// The last wrong guess that was counted; `None` before the first.
    pub written_by: Option<WriteId>,
    /// The resends under idempotency keys, each with its instant. Their texts went out, or may have.
    pub resends: BTreeMap<ResendId, Timestamp>,
    /// The calls that spoke the code; `None` where none did, or may have.
    pub calls: Option<CodeCalls>,
}

/// The calls that spoke a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeCalls {
    /// What the last one cost.
    pub price: Micros,
    /// Whether no text had the code: a call near the end of a challenge speaks a new one.
    pub alone: bool,
}

impl Slot {
    /// Whether the right code was entered so recently that it gets the same success again.
    #[must_use]
    pub fn is_repeatable(&self, now: Timestamp) -> bool {
        self.used.is_some_and(|used| now < used.at + REPEATABLE_FOR)
    }

    /// Returns from when on another challenge may take the slot.
    #[must_use]
    pub fn free_at(&self) -> Timestamp {
        let expired = self.expires_at + REPEATED_FOR;
        self.used
            .map_or(expired, |used| expired.min(used.at + REPEATABLE_FOR))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const MOST: SlotIndex = 40;

    #[test]
    fn the_first_slot_comes_after_the_last() {
        let layout = SlotLayout::new(Duration::from_mins(1), Duration::from_mins(5), MOST);
        let last = layout.count - 1;
        assert_eq!(
            [0, last - 1, last].map(|slot| layout.next(slot)),
            [1, last, 0]
        );
        assert_eq!(layout.next(SlotIndex::MAX), 0);
    }

    proptest! {
        /// Otherwise a stranger's send could overwrite a live challenge.
        #[test]
        fn a_slot_is_reused_only_after_its_challenge_expired_and_no_repeated_write_can_come(
            cooldown in 1_u64..600, lifetime in 30_u64..3_600, start in 0_i64..2_000_000_000,
            gaps in proptest::collection::vec(0_u64..600, 1..60),
        ) {
            let (cooldown, lifetime) = (Duration::from_secs(cooldown), Duration::from_secs(lifetime));
            let layout = SlotLayout::new(cooldown, lifetime, MOST);
            prop_assume!(layout.count < MOST);
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
