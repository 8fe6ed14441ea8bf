//! Collects the faults of a policy file.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use phoneproof_domain::policy::{Fault, PolicyFaults};

/// Collects faults, so that an operator sees all of them at once.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Notes that the value at `path` is not accepted, and why.
    pub(super) fn add(&mut self, path: impl Display, reason: impl Display) {
        self.0.push(Fault {
            path: path.to_string(),
            reason: reason.to_string(),
        });
    }

    /// Returns `value`, and notes a fault if it is not in `range`.
    pub(super) fn check_range(
        &mut self,
        path: impl Display,
        value: u32,
        range: RangeInclusive<u32>,
    ) -> u32 {
        if !range.contains(&value) {
            self.add(
                path,
                format_args!("{value} is not within {} to {}", range.start(), range.end()),
            );
        }
        value
    }

    /// Returns `value` seconds, and notes a fault if the number is not in `range`.
    pub(super) fn check_seconds(
        &mut self,
        path: impl Display,
        value: u32,
        range: RangeInclusive<u32>,
    ) -> Duration {
        Duration::from_secs(u64::from(self.check_range(path, value, range)))
    }

    /// Returns the value of `result`, or notes its error as the fault.
    pub(super) fn check<T, E: Display>(
        &mut self,
        path: impl Display,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|reason| self.add(path, reason)).ok()
    }

    /// Returns `value` if no fault was noted, or else the faults.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, PolicyFaults> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(PolicyFaults(self.0)),
        }
    }
}
