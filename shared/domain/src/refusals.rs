//! Refusals that are remembered, so that a flood of refused requests does not ask the store each time.
//!
//! The memory belongs to one instance. It only refuses, and never admits: what it does not know, the store decides.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::Timestamp;

/// For how long a refusal is remembered at most. After that the store is asked again.
///
/// So an operator who unblocks, unlocks or forgets a subject, or a count that is given back, is obeyed within this
/// time.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// How many refusals an instance remembers. A key of a subject has about 60 bytes, and the evidence of a phone two
/// indexes, so they take about a megabyte.
pub const CAPACITY: usize = 4_096;

/// A refusal as it was given.
struct Entry<R> {
    refusal: R,
    /// When it was given.
    since: Timestamp,
    /// From when the store can admit again; `None` when waiting does not help.
    retry_at: Option<Timestamp>,
}

impl<R> Entry<R> {
    /// Whether the refusal holds at `now`. It does not hold before it was given, as a clock that was set back would
    /// show.
    fn holds(&self, now: Timestamp) -> bool {
        self.since <= now
            && now < self.since + REMEMBERED_FOR
            && self.retry_at.is_none_or(|retry_at| now < retry_at)
    }
}

/// A bounded memory of refusals `R` by the key `K` of what was refused, such as a rule with its subject.
///
/// A refusal holds until its `retry_at`, for [`REMEMBERED_FOR`] at most. The oldest one makes room for a new one.
#[derive(derive_more::Debug)]
#[debug("Refusals {{ count: {:?}, .. }}", self.entries.len())]
pub struct Refusals<K, R> {
    entries: BTreeMap<K, Entry<R>>,
    /// The keys, in the order in which they were remembered. A key whose entry is gone or younger may still stand here.
    order: VecDeque<(Timestamp, K)>,
    capacity: usize,
}

impl<K: Ord + Clone, R> Refusals<K, R> {
    /// Makes a memory of at most `capacity` refusals.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    /// Returns the refusal of `key` that holds at `now`.
    #[must_use]
    pub fn recall(&self, key: &K, now: Timestamp) -> Option<&R> {
        let entry = self.entries.get(key).filter(|entry| entry.holds(now))?;
        Some(&entry.refusal)
    }

    /// Remembers that the store refused `key` at `now`, and may admit it from `retry_at` on.
    ///
    /// A refusal that still holds is kept: another one does not make it last longer.
    pub fn remember(&mut self, key: K, refusal: R, retry_at: Option<Timestamp>, now: Timestamp) {
        if self.capacity == 0 || self.recall(&key, now).is_some() {
            return;
        }
        while let Some((since, _)) = self.order.front()
            && (self.order.len() >= self.capacity || *since + REMEMBERED_FOR <= now)
        {
            self.drop_oldest();
        }
        self.order.push_back((now, key.clone()));
        let entry = Entry {
            refusal,
            since: now,
            retry_at,
        };
        self.entries.insert(key, entry);
    }

    fn drop_oldest(&mut self) {
        if let Some((since, key)) = self.order.pop_front()
            && self
                .entries
                .get(&key)
                .is_some_and(|entry| entry.since == since)
        {
            self.entries.remove(&key);
        }
    }

    /// Returns how many refusals are kept, those that have ended included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no refusal is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn at(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_refusal_holds_until_its_end_and_for_ten_seconds_at_most() {
        let mut refusals = Refusals::new(8);
        refusals.remember("short", 1, Some(at(3)), START);
        refusals.remember("long", 2, Some(at(3_600)), START);
        refusals.remember("endless", 3, None, START);
        let holds = |key, seconds| refusals.recall(&key, at(seconds)).copied();
        assert_eq!((holds("short", 2), holds("short", 3)), (Some(1), None));
        assert_eq!((holds("long", 9), holds("long", 10)), (Some(2), None));
        assert_eq!((holds("endless", 9), holds("endless", 10)), (Some(3), None));
        assert_eq!(holds("other", 0), None);
        let before = START - Duration::from_secs(1);
        assert_eq!(
            refusals.recall(&"long", before),
            None,
            "the clock was set back"
        );
    }

    #[test]
    fn a_refusal_that_holds_is_not_prolonged_by_another() {
        let mut refusals = Refusals::new(8);
        refusals.remember("key", 1, None, START);
        refusals.remember("key", 2, None, at(9));
        assert_eq!(refusals.recall(&"key", at(9)), Some(&1));
        assert_eq!(refusals.recall(&"key", at(10)), None);
        refusals.remember("key", 3, None, at(10));
        assert_eq!(refusals.recall(&"key", at(19)), Some(&3));
    }

    #[test]
    fn the_oldest_makes_room_and_debug_shows_a_number() {
        let mut refusals = Refusals::new(2);
        for (key, second) in [("canary-a", 0), ("canary-b", 1), ("canary-c", 2)] {
            refusals.remember(key, key, None, at(second));
        }
        assert_eq!(refusals.recall(&"canary-a", at(3)), None);
        assert_eq!(refusals.recall(&"canary-b", at(3)), Some(&"canary-b"));
        assert_eq!(format!("{refusals:?}"), "Refusals { count: 2, .. }");
        let mut none = Refusals::new(0);
        none.remember("key", 1, None, START);
        assert!(none.is_empty());
    }

    /// The subjects of the property below, and the capacity, which is too small for them.
    const SUBJECTS: usize = 12;
    const FEW: usize = 5;

    proptest! {
        /// Random requests meet a store that begins to refuse, and whose refusals an operator ends. The memory stands
        /// before it, as it does before the real one.
        #[test]
        fn it_never_admits_is_bounded_and_refuses_nothing_for_longer_than_ten_seconds(
            steps in prop::collection::vec((0..SUBJECTS, 0..4_u64, 0..8_u8, 1..40_u64), 1..400),
        ) {
            let mut refusals = Refusals::new(FEW);
            // Until when the store refuses each subject, and since when it would admit it again.
            let mut refused_until = [None; SUBJECTS];
            let mut admits_since = [START; SUBJECTS];
            let mut now = START;
            for (subject, wait, event, lasts) in steps {
                now = now + Duration::from_secs(wait);
                match (event, refused_until[subject]) {
                    (0..4, None) => refused_until[subject] = Some(now + Duration::from_secs(lasts)),
                    (7, Some(_)) => {
                        refused_until[subject] = None;
                        admits_since[subject] = now;
                    }
                    (_, Some(until)) if until <= now => {
                        refused_until[subject] = None;
                        admits_since[subject] = until;
                    }
                    _ => {}
                }
                let store = refused_until[subject];
                match refusals.recall(&subject, now) {
                    Some(until) => {
                        prop_assert!(now < *until, "refused after its end");
                        if store.is_none() {
                            prop_assert!(now < admits_since[subject] + REMEMBERED_FOR);
                        }
                    }
                    // The store decides: the memory has no answer that admits.
                    None => {
                        if let Some(until) = store {
                            refusals.remember(subject, until, Some(until), now);
                            prop_assert!(refusals.recall(&subject, now).is_some());
                        }
                    }
                }
                prop_assert!(refusals.len() <= FEW && refusals.order.len() <= FEW);
            }
        }
    }
}
