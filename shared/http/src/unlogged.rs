//! A request between its answer and its log line.

use std::time::Duration;

use phoneproof_observe::{Entry, Facts, Level};

use super::incoming::Incoming;
use super::problem::{Problem, ProblemType};
use super::reply::Reply;

/// A request that was answered and has no log line yet. [`App::log`](crate::App::log) writes it.
#[derive(Debug)]
#[must_use = "its line is not written yet"]
pub struct Unlogged<E> {
    pub(crate) incoming: Incoming<E>,
    pub(crate) verdict: Verdict,
}

/// How and when a request was answered.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The time from the Unix epoch to the answer.
    at: Duration,
    /// The time from the request to its answer.
    took: Duration,
    status: u16,
    /// The kind of refusal; `None` when the request was served.
    refused: Option<&'static ProblemType>,
    /// The rule that refused, if one did.
    rule: Option<&'static str>,
}

impl Verdict {
    pub(crate) fn new(outcome: &Result<Reply, Problem>, at: Duration, took: Duration) -> Self {
        let problem = outcome.as_ref().err();
        let status = match outcome {
            Ok(reply) => reply.status(),
            Err(problem) => problem.kind().status,
        };
        Self {
            at,
            took,
            status: status.as_u16(),
            refused: problem.map(Problem::kind),
            rule: problem.and_then(Problem::rule),
        }
    }

    /// Makes the entry of the journal. `refused_event` is the event of a refused request that has none of its own.
    pub(crate) fn make_entry<'a>(
        &self,
        request_id: &'a str,
        route: Option<&'a str>,
        facts: &'a Facts,
        refused_event: Option<&'static str>,
    ) -> Entry<'a> {
        Entry {
            at: self.at,
            request_id,
            route,
            status: self.status,
            outcome: self.refused.map_or("served", |kind| kind.slug),
            rule: self.rule,
            event: facts
                .event
                .or(refused_event.filter(|_| self.refused.is_some())),
            level: self.refused.map_or(Level::Info, |kind| kind.level),
            took: self.took,
            facts,
        }
    }
}
