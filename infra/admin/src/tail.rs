//! `tail`: prints log lines, and new ones as they come.

use std::io::{self, Write as _};
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use serde_json::Value;

use crate::cli::Common;
use crate::lines::{Line, Reader};
use crate::operator::Operator;
use crate::output::{CommandError, Reply};
use crate::time::Span;

/// How often `--follow` asks for new lines. CloudWatch Logs allows an account five `FilterLogEvents` a second.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// The members that a line for people shows, in this order.
const SHOWN: [&str; 11] = [
    "route",
    "status",
    "outcome",
    "rule",
    "country",
    "business",
    "carrier",
    "channel",
    "reason",
    "operation",
    "code",
];

/// The members that the line of an event shows after these: what failed, and where.
const SHOWN_OF_EVENT: [&str; 9] = [
    "cause", "error", "item", "damage", "path", "warning", "place", "part", "pepper",
];

pub(crate) async fn tail(
    operator: &Operator,
    common: &Common,
    since: Span,
    follow: bool,
    filters: &[String],
) -> Result<Reply, CommandError> {
    let filters = filters
        .iter()
        .map(|filter| parse_filter(filter))
        .collect::<Result<Vec<_>, _>>()?;
    let resources = operator.find_resources().await?;
    let mut reader = Reader::new(operator, resources, operator.now() - since.0)?;
    loop {
        for line in reader.read_new().await? {
            let wanted = filters
                .iter()
                .all(|(name, value)| line.text(name).as_ref() == Some(value));
            let printed = if common.json {
                format_json(line.members)
            } else {
                format_text(&line)
            };
            if wanted && writeln!(io::stdout(), "{printed}").is_err() {
                return Ok(end());
            }
        }
        if !follow {
            return Ok(end());
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Ends the command without more output, because its lines are printed already.
fn end() -> Reply {
    Reply::with_result(Value::Null, "")
}

fn parse_filter(filter: &str) -> Result<(String, String), CommandError> {
    let named = filter.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = named.ok_or_else(|| {
        CommandError::usage("--filter: a member and its value are needed, as in outcome=limited")
    })?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Formats a line as JSON, without the metrics, which only CloudWatch reads.
fn format_json(mut members: Value) -> String {
    if let Value::Object(members) = &mut members {
        members.remove("_aws");
    }
    members.to_string()
}

/// Formats a line for people.
fn format_text(line: &Line) -> String {
    let at = Timestamp::from_unix(line.at_ms.div_euclid(1_000));
    let level = line.text("level").unwrap_or_default().to_lowercase();
    let mut parts = vec![at.to_string(), format!("{level:5}")];
    if !line.is_request() {
        parts.extend(line.text("message"));
    }
    parts.extend(SHOWN.iter().filter_map(|name| line.text(name)));
    if !line.is_request() {
        parts.extend(SHOWN_OF_EVENT.iter().filter_map(|name| line.text(name)));
    }
    parts.extend(
        line.number("Time")
            .map(|milliseconds| format!("{milliseconds:.1} ms")),
    );
    parts.extend(line.request_id());
    parts.join("  ")
}
