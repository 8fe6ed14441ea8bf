//! The lines of the functions' logs.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::Client;
use phoneproof_aws::clients::error_code;
use phoneproof_domain::clock::Timestamp;
use serde_json::Value;

use crate::operator::{Operator, Place};
use crate::output::{Exit, Failure};

/// A line of a log: one JSON object.
pub(crate) struct Line {
    /// When it was written, in milliseconds since the Unix epoch.
    pub(crate) at_ms: i64,
    pub(crate) members: Value,
}

impl Line {
    /// A member as text, however it is written.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.members.get(name)?.as_f64()
    }

    /// Whether it is the one line that a request leaves.
    pub(crate) fn is_request(&self) -> bool {
        self.members.get("message").and_then(Value::as_str) == Some("request")
    }
}

/// Reads lines, each once.
pub(crate) struct Reader {
    client: Client,
    groups: Vec<String>,
    from_ms: i64,
    /// Time and id of the lines that were read and may be seen again.
    seen: BTreeSet<(i64, String)>,
}

/// Lines can become visible after later ones (CloudWatch Logs user guide): look back this far again.
const LATE_MS: i64 = 10_000;

impl Reader {
    pub(crate) fn new(operator: &Operator, place: Place, from: Timestamp) -> Result<Self, Failure> {
        if place.log_groups.is_empty() {
            let advice = "give --stack-name, or set the variables that `cargo run` prints";
            return Err(Failure::new(
                Exit::Usage,
                "which log? LOG_GROUP is not set",
                advice,
            ));
        }
        Ok(Self {
            client: Client::new(&operator.aws),
            groups: place.log_groups,
            from_ms: from.unix().saturating_mul(1_000),
            seen: BTreeSet::new(),
        })
    }

    /// The lines that were not read before, in order of time.
    pub(crate) async fn next(&mut self) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        for group in self.groups.clone() {
            self.read_group(&group, &mut lines).await?;
        }
        lines.sort_by_key(|line| line.at_ms);
        if let Some(last) = lines.last() {
            self.from_ms = self.from_ms.max(last.at_ms - LATE_MS);
            self.seen = self.seen.split_off(&(self.from_ms, String::new()));
        }
        Ok(lines)
    }

    async fn read_group(&mut self, group: &str, lines: &mut Vec<Line>) -> Result<(), Failure> {
        let mut pages = self
            .client
            .filter_log_events()
            .log_group_name(group)
            .start_time(self.from_ms)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| Failure::call("FilterLogEvents", &error_code(&error)))?;
            for event in page.events() {
                let at_ms = event.timestamp().unwrap_or_default();
                let id = format!("{group} {}", event.event_id().unwrap_or_default());
                let members = event
                    .message()
                    .and_then(|text| serde_json::from_str(text).ok());
                // Lambda's own lines (START, REPORT) are no JSON.
                if let Some(members) = members.filter(Value::is_object)
                    && self.seen.insert((at_ms, id))
                {
                    lines.push(Line { at_ms, members });
                }
            }
        }
        Ok(())
    }
}
