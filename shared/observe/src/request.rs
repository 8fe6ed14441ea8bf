//! What travels with one request through every layer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::{Random, RandomUnavailable, random_array};
use tokio::time::Instant;

use crate::facts::{Dependency, Facts};

/// The circumstances of one request: when it came, when its answer is due, its random source, and what happened so far.
///
/// One request sees one `now`, so its decisions agree with each other.
pub struct RequestContext {
    /// When the request came.
    pub now: Timestamp,
    /// When the answer must be ready. Every call ends by then.
    pub deadline: Instant,
    /// The source of ids, nonces and jitter.
    pub random: Arc<dyn Random>,
    /// What happened so far, for the request line.
    pub facts: Facts,
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl RequestContext {
    /// Begins at `now` a request whose answer is due `within` this time.
    #[must_use]
    pub fn new(now: Timestamp, within: Duration, random: Arc<dyn Random>) -> Self {
        Self {
            now,
            deadline: Instant::now() + within,
            random,
            facts: Facts::default(),
        }
    }

    /// Draws random bytes.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] when the source fails.
    pub fn draw<const N: usize>(&self) -> Result<[u8; N], RandomUnavailable> {
        random_array(self.random.as_ref())
    }

    /// Notes a call of `dependency` that began at `began` and has just ended.
    pub fn note_call(&mut self, dependency: Dependency, began: Instant) {
        self.facts.note_call(dependency, began);
    }
}
