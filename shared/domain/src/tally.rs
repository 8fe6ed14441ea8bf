//! Tallies: how often something happened in the current window, as the record of a subject holds it.
//!
//! An update of a store can add to an attribute, but it cannot begin it anew when another window has come. So a tally
//! has [`PLACES`] places, and each window counts in its own. Every write removes all other places. A window may have
//! the place of an older one, when nobody wrote in between. Then the count has to [begin anew](Begin::Anew), which the
//! store finds out by a failed condition.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::window::Window;

/// The places of a tally. The number is prime. So a subject that comes back at the same hour of another day, or on the
/// same day of another week, seldom meets the place of an older window.
pub const PLACES: u8 = 31;

/// How a write counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begin {
    /// It adds to the count of the window, or makes it where the place is empty.
    #[default]
    Next,
    /// It replaces what the place holds, if nobody has counted since the tally was seen.
    Anew {
        /// The start of the window that the tally was seen at; `None` for one without a window.
        at: Option<Timestamp>,
    },
}

/// The counts of one subject in windows of one length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// The start of the last window in which something was counted.
    pub at: Option<Timestamp>,
    /// The counts, by place. All but one are left over from windows that are over.
    pub places: BTreeMap<u8, u32>,
}

impl Tally {
    /// Returns the place in which `window` counts, below [`PLACES`].
    #[must_use]
    pub fn place(window: &Window) -> u8 {
        let length = i64::try_from(window.length.as_secs()).unwrap_or(i64::MAX);
        let number = window.start.unix().div_euclid(length.max(1));
        u8::try_from(number.rem_euclid(i64::from(PLACES))).unwrap_or_default()
    }

    /// Returns what was counted in `window`.
    #[must_use]
    pub fn count_in(&self, window: &Window) -> u32 {
        let own = self.places.get(&Self::place(window)).copied();
        own.filter(|_| self.at == Some(window.start)).unwrap_or(0)
    }

    /// Returns the window in which to count, and how. It is the one that was asked for, or a later one that another
    /// instance has begun, whose clock is ahead.
    #[must_use]
    pub fn begin(&self, asked: Window) -> (Window, Begin) {
        let start = self.at.map_or(asked.start, |at| at.max(asked.start));
        let window = Window { start, ..asked };
        let is_held = self.places.contains_key(&Self::place(&window));
        let begin = if is_held == (self.at == Some(start)) {
            Begin::Next
        } else {
            Begin::Anew { at: self.at }
        };
        (window, begin)
    }

    /// Whether a write that begins like this may touch the tally in `window`. The store repeats it as a condition.
    #[must_use]
    pub fn takes(&self, window: &Window, begin: Begin) -> bool {
        let is_held = self.places.contains_key(&Self::place(window));
        match (begin, self.at) {
            (Begin::Anew { at }, own) => own == at,
            (Begin::Next, Some(at)) if at == window.start => is_held,
            (Begin::Next, own) => own.is_none_or(|at| at < window.start) && !is_held,
        }
    }

    /// Counts one in `window`.
    pub fn count(&mut self, window: &Window) {
        let counted = self.count_in(window).saturating_add(1);
        self.at = Some(window.start);
        self.places = BTreeMap::from([(Self::place(window), counted)]);
    }

    /// Takes back one of what was counted in `window`. Tells whether it did: nothing is taken from a window without a
    /// count, or once a later window has begun. The store repeats it as a condition.
    pub fn give_back(&mut self, window: &Window) -> bool {
        let place = self.places.get_mut(&Self::place(window));
        let counted = place.filter(|counted| self.at == Some(window.start) && **counted > 0);
        let Some(counted) = counted else {
            return false;
        };
        *counted -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::window::HOUR;

    fn hour(number: i64) -> Window {
        let now = Timestamp::from_unix(number * 3_600);
        Window::containing(now, HOUR, Duration::ZERO)
    }

    #[test]
    fn an_older_window_in_the_same_place_is_started_again() {
        let mut tally = Tally::default();
        tally.count(&hour(5));
        tally.count(&hour(5));
        assert_eq!((tally.count_in(&hour(5)), tally.count_in(&hour(6))), (2, 0));
        assert_eq!(tally.begin(hour(5)), (hour(5), Begin::Next));
        assert_eq!(tally.begin(hour(6)), (hour(6), Begin::Next));
        let again = hour(5 + i64::from(PLACES));
        assert_eq!(Tally::place(&again), Tally::place(&hour(5)));
        let anew = Begin::Anew {
            at: Some(hour(5).start),
        };
        assert_eq!(tally.begin(again), (again, anew));
        tally.count(&again);
        assert_eq!((tally.count_in(&again), tally.places.len()), (1, 1));
    }

    #[test]
    fn a_clock_behind_counts_in_the_window_that_has_begun() {
        let mut tally = Tally::default();
        tally.count(&hour(6));
        assert_eq!(tally.begin(hour(5)), (hour(6), Begin::Next));
        assert!(!tally.takes(&hour(5), Begin::Next));
    }

    #[test]
    fn only_what_the_last_window_counted_is_given_back() {
        let mut tally = Tally::default();
        assert!(!tally.give_back(&hour(5)), "nothing was counted");
        tally.count(&hour(5));
        assert!(!tally.give_back(&hour(6)), "it was counted before");
        assert!(tally.give_back(&hour(5)));
        assert_eq!(tally.count_in(&hour(5)), 0);
        assert!(!tally.give_back(&hour(5)), "one text is given back once");
        tally.count(&hour(5));
        assert_eq!(tally.count_in(&hour(5)), 1);
        tally.count(&hour(6));
        assert!(!tally.give_back(&hour(5)), "a later hour has begun");
        assert_eq!(tally.count_in(&hour(6)), 1);
    }

    proptest! {
        #[test]
        fn what_begins_as_it_was_seen_is_taken(
            at in proptest::option::of(0_i64..100), places in proptest::collection::btree_map(0_u8..PLACES, 1_u32..5, 0..4),
            asked in 0_i64..100,
        ) {
            let tally = Tally { at: at.map(|at| hour(at).start), places };
            let (window, begin) = tally.begin(hour(asked));
            prop_assert!(window.start >= hour(asked).start);
            prop_assert!(tally.takes(&window, begin));
            let mut after = tally;
            let before = after.count_in(&window);
            after.count(&window);
            prop_assert_eq!(after.count_in(&window), before + 1);
            prop_assert!(after.takes(&window, Begin::Next), "what was written is not left over from another window");
        }
    }
}
