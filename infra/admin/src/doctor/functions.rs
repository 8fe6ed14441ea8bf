//! The rights of the functions, as far as their logs show that one is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use serde_json::Value;

use super::Facts;
use super::finding::Finding;

/// How far back the logs are read.
const BACK: Duration = Duration::from_hours(24);

/// The error codes of AWS that say that a right is missing. Log lines with one of them are asked for.
const CODES: [&str; 2] = ["AccessDenied", "AuthorizationError"];

/// The most kinds of refused calls that are named.
const NAMED: usize = 5;

/// Looks for calls that AWS refused the functions in the last day.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(resources) = &facts.resources else {
        return vec![Finding::of_unchecked("the stack is not known", "")];
    };
    if resources.log_groups.is_empty() {
        return vec![Finding::of_unchecked("LOG_GROUP is not set", "")];
    }
    let client = Client::new(&facts.operator.aws);
    let from = facts.operator.now() - BACK;
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for group in &resources.log_groups {
        let request = client
            .filter_log_events()
            .log_group_name(group)
            .start_time(from.unix().saturating_mul(1_000))
            .filter_pattern(CODES.map(|code| format!("?{code}")).join(" "));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => return vec![Finding::of_call("logs:FilterLogEvents", &error)],
            };
            let lines = page.events().iter().filter_map(|event| event.message());
            for call in lines.filter_map(read_refused) {
                *refused.entry(call).or_default() += 1;
            }
        }
    }
    vec![report(&refused)]
}

/// Reads which call a log line says was refused for want of a right.
fn read_refused(line: &str) -> Option<String> {
    let members: Value = serde_json::from_str(line).ok()?;
    let is_denial = |text: &&str| CODES.iter().any(|code| text.contains(code));
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    if let Some(cause) = member("cause").or(member("error")).filter(is_denial) {
        return Some(cause.to_owned());
    }
    // The only line with a code is that of a text which SNS did not take.
    let code = member("code").filter(is_denial)?;
    Some(format!("Publish failed ({code})"))
}

fn report(refused: &BTreeMap<String, usize>) -> Finding {
    if refused.is_empty() {
        return Finding::ok("no call of the functions lacked a right in the last day");
    }
    let mut named: Vec<String> = refused
        .iter()
        .take(NAMED)
        .map(|(call, count)| format!("{call}, {count} times"))
        .collect();
    if refused.len() > NAMED {
        named.push("and others".to_owned());
    }
    Finding::fail(
        format!(
            "calls of the functions lacked a right in the last day: {}",
            named.join("; ")
        ),
        "deploy the template unchanged: its roles have every right. If they do, look for a permissions boundary or a service control policy",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_is_read_from_its_line() {
        for (line, call) in [
            (
                r#"{"level":"warn","message":"SNS did not take a text","code":"AuthorizationError"}"#,
                Some("Publish failed (AuthorizationError)"),
            ),
            (
                r#"{"level":"error","message":"the service is not available","cause":"UpdateItem failed (AccessDeniedException)"}"#,
                Some("UpdateItem failed (AccessDeniedException)"),
            ),
            (r#"{"level":"warn","code":"Throttled"}"#, None),
            (r#"{"message":"request","carrier":"AccessDenied"}"#, None),
            ("START AccessDenied", None),
        ] {
            assert_eq!(read_refused(line).as_deref(), call, "{line}");
        }
    }
}
