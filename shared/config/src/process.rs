//! The environment, the clock and the random source of the process.
//!
//! Only the entry points use this module. All other code takes these as arguments.

use std::time::Duration;

use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::random::{Random, RandomUnavailable};
use time::OffsetDateTime;

use crate::Environment;

/// The environment variables of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "one of the two places that read the ambient clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(OffsetDateTime::now_utc().unix_timestamp())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the other place that reads the ambient clock"
    )]
    fn since_epoch(&self) -> Duration {
        (OffsetDateTime::now_utc() - OffsetDateTime::UNIX_EPOCH).unsigned_abs()
    }
}

/// The random generator of the operating system (`getrandom(2)`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads ambient randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        getrandom::fill(bytes).map_err(RandomUnavailable::new)
    }
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::random::draw_array;

    use super::*;

    #[test]
    fn the_finer_time_agrees_with_the_whole_seconds() {
        let epoch = Timestamp::from_unix(0);
        let (before, fine, after) = (
            SystemClock.now(),
            SystemClock.since_epoch(),
            SystemClock.now(),
        );
        assert!(before.since(epoch) <= fine && fine < after.since(epoch) + Duration::from_secs(1));
    }

    #[test]
    fn two_draws_of_the_system_differ() {
        let draw = || draw_array::<16>(&SystemRandom).expect("random bytes");
        assert_ne!(draw(), draw());
    }
}
