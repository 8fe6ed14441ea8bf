//! The context that travels with one request through every layer.

use std::sync::Arc;
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::{Random, RandomUnavailable, draw_array};
use tokio::time::Instant;

use crate::facts::{Dependency, Facts};

/// The context of one request: its instant, its deadline, its random source and its facts.
///
/// All decisions of a request use the same `now`, so they agree with each other.
#[derive(derive_more::Debug)]
#[debug("RequestContext {{ now: {now:?}, .. }}")]
pub struct RequestContext {
    /// When the request came.
    pub now: Timestamp,
    /// When the answer must be ready. Every call of a dependency ends by then.
    pub deadline: Instant,
    /// The source of ids, nonces and jitter.
    pub random: Arc<dyn Random>,
    /// The facts that the request line reports.
    pub facts: Facts,
}

impl RequestContext {
    /// Begins a request that came at `now` and whose answer is due `within` this time.
    #[must_use]
    pub fn new(now: Timestamp, within: Duration, random: Arc<dyn Random>) -> Self {
        Self {
            now,
            deadline: Instant::now() + within,
            random,
            facts: Facts::default(),
        }
    }

    /// Draws an array of random bytes.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] when the source fails.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], RandomUnavailable> {
        draw_array(self.random.as_ref())
    }

    /// Notes a call of `dependency` that began at `began` and has just ended.
    pub fn note_dependency(&mut self, dependency: Dependency, began: Instant) {
        self.facts.note_dependency(dependency, began);
    }
}
