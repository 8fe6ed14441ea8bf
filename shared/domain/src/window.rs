//! Fixed windows of time, and the quotas that hold in them.

use std::time::Duration;

use crate::clock::Timestamp;

/// The length of the windows of hourly rules.
pub const HOUR: Duration = Duration::from_hours(1);
/// The length of the windows of daily rules, and of the lock after too many wrong codes in one day.
pub const DAY: Duration = Duration::from_hours(24);

/// A fixed stretch of time. It includes its start and excludes its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first second of the window.
    pub start: Timestamp,
    /// How long the window lasts; at least a second.
    pub length: Duration,
}

impl Window {
    /// Returns the window of `length` that contains `now`.
    ///
    /// Windows begin at `offset` after midnight UTC, and at every whole `length` from there. A `length` below a second
    /// counts as one.
    #[must_use]
    pub fn containing(now: Timestamp, length: Duration, offset: Duration) -> Self {
        let length_seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
        let shifted = (now - offset).unix();
        let start = Timestamp::from_unix(shifted - shifted.rem_euclid(length_seconds)) + offset;
        Self { start, length }
    }

    /// Returns the instant at which this window ends and the next one begins.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.length
    }
}

/// How many texts one subject may cause in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The number of texts that one window admits.
    pub limit: u32,
    /// The window that the texts are counted in.
    pub window: Window,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_are_aligned_to_the_start_of_the_day() {
        let now = Timestamp::from_unix(1_795_435_200); // 2026-11-23T12:00:00Z
        let offset = Duration::from_hours(16); // midnight in Shanghai
        let day = Window::containing(now, DAY, offset);
        assert_eq!(day.start.to_string(), "2026-11-22T16:00:00Z");
        assert_eq!(day.end().to_string(), "2026-11-23T16:00:00Z");
    }

    proptest! {
        #[test]
        fn a_window_contains_its_instant_and_windows_do_not_overlap(
            now in 0_i64..4_000_000_000, length in prop_oneof![Just(3_600_u64), Just(86_400)], offset in 0_u64..86_400,
        ) {
            let (length, offset) = (Duration::from_secs(length), Duration::from_secs(offset));
            let window = Window::containing(Timestamp::from_unix(now), length, offset);
            prop_assert!(window.start.unix() <= now && now < window.end().unix());
            let next = Window::containing(window.end(), length, offset);
            prop_assert_eq!(next.start, window.end());
        }
    }
}
