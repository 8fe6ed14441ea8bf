//! Time as an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant in whole seconds since the Unix epoch, UTC.
///
/// Every rule counts in whole seconds, and so does every stored expiry. Nothing finer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `seconds` after the Unix epoch.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The number of whole days since the Unix epoch.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(SECONDS_PER_DAY)
    }

    /// How long after `earlier` this instant is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Seconds in a day; leap seconds do not exist in Unix time.
pub const SECONDS_PER_DAY: i64 = 86_400;

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_seconds(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_seconds(duration)))
    }
}

/// RFC 3339 in UTC, as in `2026-11-23T12:00:00Z`; the Unix seconds for years beyond 9999.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formatted = OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok());
        match formatted {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> Timestamp;

    /// The time since the Unix epoch as finely as the clock knows it. For reports only: every rule
    /// counts in whole seconds.
    fn since_epoch(&self) -> Duration {
        self.now().since(Timestamp(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_rfc_3339() {
        assert_eq!(Timestamp::from_unix(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(
            Timestamp::from_unix(1_795_435_200).to_string(),
            "2026-11-23T12:00:00Z"
        );
    }

    #[test]
    fn a_later_instant_is_no_time_before_an_earlier_one() {
        let earlier = Timestamp::from_unix(10);
        let later = Timestamp::from_unix(15);
        assert_eq!(later.since(earlier), Duration::from_secs(5));
        assert_eq!(earlier.since(later), Duration::ZERO);
    }

    #[test]
    fn a_clock_of_whole_seconds_knows_nothing_finer() {
        struct Stopped;
        impl Clock for Stopped {
            fn now(&self) -> Timestamp {
                Timestamp::from_unix(15)
            }
        }
        assert_eq!(Stopped.since_epoch(), Duration::from_secs(15));
    }
}
