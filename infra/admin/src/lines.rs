//! Reads the log lines of the functions.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::Client;
use phoneproof_aws::clients::error_code;
use phoneproof_domain::clock::Timestamp;
use serde_json::Value;

use crate::operator::{Operator, Resources};
use crate::output::{CommandError, Exit};

/// A log line, which is one JSON object.
pub(crate) struct Line {
    /// When it was written, in milliseconds since the Unix epoch.
    pub(crate) at_ms: i64,
    /// The JSON object; `shared/observe/LOGGING.md` lists its members.
    pub(crate) members: Value,
}

impl Line {
    /// A member as text; a number or a list is written as JSON. `None` if it is missing or `null`.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A member that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.members.get(name)?.as_f64()
    }

    /// The id of the request. The line of an event has it in its span.
    pub(crate) fn request_id(&self) -> Option<String> {
        let of_span = || {
            let id = self.members.get("span")?.get("request_id")?;
            id.as_str().map(str::to_owned)
        };
        self.text("request_id").or_else(of_span)
    }

    /// Whether this is the request line, of which each request leaves one.
    pub(crate) fn is_request(&self) -> bool {
        self.members.get("message").and_then(Value::as_str) == Some("request")
    }
}

/// Reads log lines, each line once.
pub(crate) struct Reader {
    client: Client,
    groups: Vec<String>,
    from_ms: i64,
    /// Time and id of the lines that were read and that CloudWatch Logs may return again.
    seen: BTreeSet<(i64, String)>,
}

/// How far each read looks back. A line can become visible after later ones (CloudWatch Logs user guide).
const LATE_MS: i64 = 10_000;

impl Reader {
    /// Makes a reader that starts at `from`.
    pub(crate) fn new(
        operator: &Operator,
        resources: Resources,
        from: Timestamp,
    ) -> Result<Self, CommandError> {
        if resources.log_groups.is_empty() {
            let advice = "give --stack-name, or set the variables that `cargo run` prints";
            return Err(CommandError::new(
                Exit::Usage,
                "LOG_GROUP is not set, so the log group is not known",
                advice,
            ));
        }
        Ok(Self {
            client: Client::new(&operator.aws),
            groups: resources.log_groups,
            from_ms: from.unix().saturating_mul(1_000),
            seen: BTreeSet::new(),
        })
    }

    /// Reads the lines that were not read before, in order of time.
    pub(crate) async fn read_new(&mut self) -> Result<Vec<Line>, CommandError> {
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

    async fn read_group(&mut self, group: &str, lines: &mut Vec<Line>) -> Result<(), CommandError> {
        let mut pages = self
            .client
            .filter_log_events()
            .log_group_name(group)
            .start_time(self.from_ms)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                CommandError::of_operation("FilterLogEvents", &error_code(&error))
            })?;
            for event in page.events() {
                let at_ms = event.timestamp().unwrap_or_default();
                let id = format!("{group} {}", event.event_id().unwrap_or_default());
                let members = event
                    .message()
                    .and_then(|text| serde_json::from_str(text).ok());
                // The lines that Lambda itself writes (START, REPORT) are not JSON.
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
