//! The facts that a request line reports.

use std::time::Duration;

use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::{Delivery, NotTaken};
use phoneproof_domain::money::Estimate;
use phoneproof_domain::purse::EmptyPurse;
use phoneproof_domain::subject::Subject;
use tokio::time::Instant;

/// A service that is called for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// The tables in DynamoDB.
    Store,
    /// The credits in DynamoDB. A function makes them after its answer, so `StoreTime` leaves them out.
    Credits,
    /// A channel that takes texts.
    Carrier(Channel),
    /// The keyring in Secrets Manager.
    Keys,
}

/// One call of a dependency, retries included.
#[derive(Debug, Clone, Copy)]
pub struct DependencyCall {
    /// The dependency that was called.
    pub dependency: Dependency,
    /// When the first try began.
    pub began: Instant,
    /// How long it took, retries included.
    pub took: Duration,
}

/// A text that was handed to the channels of its route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSent {
    /// The number of messages that the text is billed as.
    pub segments: u32,
    /// The estimated cost of the text; `None` when the policy names no price and no highest price.
    pub cost: Option<Estimate>,
    /// What became of the text at the last channel that was tried.
    pub delivery: Delivery,
}

/// What happened while one request was served.
///
/// Its members are counts, amounts, times, values of closed sets, one keyed index, and codes of channels in a form
/// that no phone number and no code fits ([`Detail`](phoneproof_domain::delivery::Detail)). So no personal data can
/// reach a log in clear.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The country of the number, if the policy serves it. A caller cannot add a country to this set.
    pub country: Option<Country>,
    /// The business of the request, if the policy has it.
    pub business: Option<BusinessId>,
    /// The text that was handed to the channels, if any.
    pub text: Option<TextSent>,
    /// The channels that did not take the text, in the order in which they were tried, and why.
    pub not_taken: Vec<(Channel, NotTaken)>,
    /// Whether the request asked to check a code.
    pub is_verification: bool,
    /// Whether the code of a challenge was right. Challenges of test numbers do not count.
    pub verified: bool,
    /// What happened, in the words of a function whose requests are events, such as `registered`.
    pub event: Option<&'static str>,
    /// The subject that a rule refused. Its index is a pseudonym, the one of the tables. Operators block by it.
    pub denied: Option<Subject>,
    /// The device that asked for the code, when the code was wrong. A guesser asked for the codes on the same device.
    pub guessed_by: Option<Subject>,
    /// Whether the operator's edge vouches for the caller: the request has an attestation that counts.
    pub vouched: bool,
    /// The first rule of purses that would have refused the text, if it were not in shadow mode.
    pub would_refuse: Option<&'static str>,
    /// A purse that was open to the caller and could not pay, whether or not another one did.
    pub empty_purse: Option<EmptyPurse>,
    /// How much of its money stop the country has used today, in percent. `None` if the request did not read it.
    pub money_used: Option<u8>,
    /// How many credits of the typed code were lost: purses and counts that got nothing for it.
    pub credits_lost: u32,
    calls: Vec<DependencyCall>,
}

impl Facts {
    /// Notes a call of `dependency` that began at `began` and has just ended.
    pub fn note_dependency(&mut self, dependency: Dependency, began: Instant) {
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

    /// Returns the time spent on the dependencies that are `wanted`; `None` when none was called.
    #[must_use]
    pub fn sum_up_time(&self, wanted: impl Fn(Dependency) -> bool) -> Option<Duration> {
        let mut times = self
            .calls
            .iter()
            .filter(|call| wanted(call.dependency))
            .map(|call| call.took)
            .peekable();
        times.peek()?;
        Some(times.sum())
    }
}
