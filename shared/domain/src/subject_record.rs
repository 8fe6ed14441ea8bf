//! The record of a subject: its block and its tallies.
//!
//! A phone, a device and an address have one record each, so a send writes one item for each of them.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::tally::Tally;
use crate::window::HOUR;

/// What a record holds as the end of a block that does not end: the last second of the year 9999.
pub const NEVER: Timestamp = Timestamp::from_unix(253_402_300_799);

/// What the rules need of a phone's, a device's or an address's record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectRecord {
    /// When the block of the subject ends; [`NEVER`] for one without an end, `None` without a block.
    pub blocked_until: Option<Timestamp>,
    /// The texts of the hour.
    pub hour: Tally,
    /// The texts of the day.
    pub day: Tally,
}

impl SubjectRecord {
    /// Whether the subject is blocked at `now`.
    #[must_use]
    pub fn is_blocked(&self, now: Timestamp) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// Returns the texts in windows of this length, an hour or a day.
    #[must_use]
    pub fn tally(&self, length: Duration) -> &Tally {
        if length <= HOUR {
            &self.hour
        } else {
            &self.day
        }
    }

    /// Returns the texts in windows of this length, an hour or a day, to count in them.
    pub fn tally_mut(&mut self, length: Duration) -> &mut Tally {
        if length <= HOUR {
            &mut self.hour
        } else {
            &mut self.day
        }
    }
}
