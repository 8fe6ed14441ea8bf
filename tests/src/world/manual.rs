//! The clock and the random source of a world.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::random::{Random, RandomUnavailable};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Creates a clock that shows noon UTC of the day after tomorrow.
    ///
    /// That is later than the real clock, by which the embedded database deletes expired items. It is also far from
    /// every window's end.
    #[must_use]
    pub fn new() -> Self {
        let noon = (SystemClock.now().day() + 2) * 86_400 + 12 * 3_600;
        Self(AtomicI64::new(noon))
    }

    /// Moves the clock forward, by whole seconds.
    pub fn advance(&self, by: Duration) {
        let seconds =
            i64::try_from(by.as_secs()).expect("a test moves the clock by less than 2^63 seconds");
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the clock back, by whole seconds.
    pub fn set_back(&self, by: Duration) {
        let seconds =
            i64::try_from(by.as_secs()).expect("a test moves the clock by less than 2^63 seconds");
        self.0.fetch_sub(seconds, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// A random source that always gives the same bytes for the same seed.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha20Rng>);

impl SeededRandom {
    /// Creates the generator with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.0
            .lock()
            .map_err(RandomUnavailable::new)?
            .fill_bytes(bytes);
        Ok(())
    }
}
