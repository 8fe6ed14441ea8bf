//! CloudWatch Logs: the last lines of the functions, by time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::protocol;
use crate::sms_account::SmsAccount;

/// The name of the one log group. All functions write to it, because they run in this process.
pub const LOG_GROUP: &str = "/local";

/// How many lines the log keeps. The oldest make room for new ones.
const CAPACITY: usize = 10_000;

/// The most events of one answer of `FilterLogEvents` (CloudWatch Logs API reference).
const MAX_EVENTS: usize = 10_000;

struct Line {
    number: u64,
    at_ms: u64,
    text: String,
}

#[derive(Default)]
struct Lines {
    written: u64,
    kept: VecDeque<Line>,
}

/// The last lines of one local stack; clones share them.
#[derive(Clone, Default, derive_more::Debug)]
#[debug("Log(…)")]
pub struct Log(Arc<Mutex<Lines>>);

impl Log {
    /// Adds a line, written at `at_ms` milliseconds after the Unix epoch.
    pub fn push(&self, at_ms: u64, line: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.kept.len() == CAPACITY {
            lines.kept.pop_front();
        }
        lines.written += 1;
        let number = lines.written;
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        lines.kept.push_back(Line {
            number,
            at_ms,
            text,
        });
    }

    /// Finds the lines that `FilterLogEvents` asks for; `None` if it names another log group.
    fn find_events(&self, request: &Value) -> Option<Value> {
        if request.get("logGroupName")? != LOG_GROUP {
            return None;
        }
        let start = request
            .get("startTime")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = lines.kept.iter().filter(|line| line.at_ms >= start);
        let event = |line: &Line| {
            json!({
                "eventId": line.number.to_string(),
                "timestamp": line.at_ms,
                "ingestionTime": line.at_ms,
                "logStreamName": "local",
                "message": line.text,
            })
        };
        let events: Vec<Value> = wanted.take(MAX_EVENTS).map(event).collect();
        Some(json!({ "events": events, "searchedLogStreams": [] }))
    }
}

/// Answers `FilterLogEvents` with the lines of the one log group, from `startTime` on.
pub(super) fn filter_log_events(log: &Log, body: &[u8]) -> Response {
    match log.find_events(&protocol::parse(body)) {
        Some(answer) => protocol::answer(&answer),
        None => protocol::refuse(StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
    }
}

/// Answers `DescribeLogGroups` with the groups of SNS whose names begin with `logGroupNamePrefix`.
pub(super) fn describe_log_groups(account: &SmsAccount, body: &[u8]) -> Response {
    let request = protocol::parse(body);
    let prefix = request.get("logGroupNamePrefix").and_then(Value::as_str);
    let prefix = prefix.unwrap_or_default();
    let groups = account.contents().log_groups;
    let wanted = groups.iter().filter(|(name, _)| name.starts_with(prefix));
    let describe = |(name, days): (&String, &Option<u32>)| match days {
        Some(days) => json!({ "logGroupName": name, "retentionInDays": days }),
        None => json!({ "logGroupName": name }),
    };
    protocol::answer(&json!({ "logGroups": wanted.map(describe).collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(log: &Log, start: u64) -> Vec<String> {
        let request = json!({ "logGroupName": LOG_GROUP, "startTime": start });
        let answer = log.find_events(&request).expect("the one group");
        let events = answer["events"].as_array().expect("events");
        let message = |event: &Value| event["message"].as_str().expect("a message").to_owned();
        events.iter().map(message).collect()
    }

    #[test]
    fn finds_lines_by_time_and_drops_the_oldest() {
        let log = Log::default();
        for n in 0..10_001_u64 {
            log.push(n, format!("line {n}\n").as_bytes());
        }
        assert_eq!(messages(&log, 9_999), ["line 9999", "line 10000"]);
        assert_eq!(
            messages(&log, 0).first().map(String::as_str),
            Some("line 1")
        );
        let other = json!({ "logGroupName": "/aws/lambda/other" });
        assert!(log.find_events(&other).is_none());
    }
}
