//! Samples of durations, with their median and other percentiles.

use std::time::Duration;

/// The durations of one step, measured many times.
#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one duration to the sample.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Returns the number of durations.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn count(&self) -> f64 {
        self.0.len() as f64
    }

    /// Adds all durations of another sample.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds another sample to this one, pair by pair, in the order measured.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| *a + *b).collect())
    }

    /// Returns the percentile: the duration that `percent` of 100 measurements do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the median in milliseconds.
    pub(crate) fn median_ms(&self) -> f64 {
        self.percentile(50).as_secs_f64() * 1_000.0
    }
}
