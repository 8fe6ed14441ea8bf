//! What happened while one request was served.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::phone::Country;
use crate::domain::policy::{BusinessId, MicroUsd};
use crate::sms::sender::Delivery;

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
pub struct Call {
    /// Whom.
    pub dependency: Dependency,
    /// When it began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
}

/// A text that was handed to the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// How many messages it is billed as.
    pub segments: u32,
    /// What it is estimated to cost; `None` when the policy names no price.
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
    pub text: Option<Text>,
    /// Whether a code was right. Test numbers do not count.
    pub verified: bool,
    calls: Vec<Call>,
}

impl Facts {
    /// Notes that a call of `dependency` has just ended.
    pub fn called(&mut self, dependency: Dependency, began: Instant) {
        self.calls.push(Call {
            dependency,
            began,
            took: began.elapsed(),
        });
    }

    /// The calls, in order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The time spent on `dependency`; `None` when it was not called.
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
