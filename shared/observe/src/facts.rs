//! What happened while one request was served.

use std::time::Duration;

use tokio::time::Instant;

use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::Delivery;
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::BusinessId;

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// DynamoDB.
    Store,
    /// SNS.
    Carrier,
    /// Secrets Manager.
    Keys,
}

/// One call of a dependency, with its retries.
#[derive(Debug, Clone, Copy)]
pub struct DependencyCall {
    /// The service that was called.
    pub dependency: Dependency,
    /// When the first try began.
    pub began: Instant,
    /// How long the caller waited, retries included.
    pub took: Duration,
}

/// A text that was handed to the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSent {
    /// The number of messages that the text is billed as.
    pub segments: u32,
    /// The estimated cost; `None` when the policy names no price.
    pub cost: Option<MicroUsd>,
    /// What the carrier said.
    pub delivery: Delivery,
}

/// What happened while one request was served.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The country of the number, if the policy texts it: a set that no caller can widen.
    pub country: Option<Country>,
    /// The business, if the policy has it.
    pub business: Option<BusinessId>,
    /// The text that was handed to the carrier.
    pub text: Option<TextSent>,
    /// Whether the request was for checking a code.
    pub is_verification: bool,
    /// Whether a code was right. Test numbers do not count.
    pub verified: bool,
    /// What happened to an account, in a service that has accounts.
    pub event: Option<&'static str>,
    calls: Vec<DependencyCall>,
}

impl Facts {
    /// Notes a call of `dependency` that began at `began` and has just ended.
    pub fn note_call(&mut self, dependency: Dependency, began: Instant) {
        self.calls.push(DependencyCall {
            dependency,
            began,
            took: began.elapsed(),
        });
    }

    /// Returns the calls in the order in which they ended.
    #[must_use]
    pub fn calls(&self) -> &[DependencyCall] {
        &self.calls
    }

    /// Returns the time spent on `dependency`; `None` when it was not called.
    #[must_use]
    pub fn time_spent(&self, dependency: Dependency) -> Option<Duration> {
        let mut times = self
            .calls
            .iter()
            .filter(|call| call.dependency == dependency)
            .map(|call| call.took)
            .peekable();
        times.peek()?;
        Some(times.sum())
    }
}
