//! `tail`.

use std::io::{self, Write as _};
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use serde_json::Value;

use crate::cli::Common;
use crate::lines::{Line, Reader};
use crate::operator::Operator;
use crate::output::{Failure, Outcome};
use crate::time::Span;

/// CloudWatch Logs allows five `FilterLogEvents` a second per account.
const POLL: Duration = Duration::from_secs(2);

/// Members that a short line shows, in this order.
const SHOWN: [&str; 9] = [
    "route",
    "status",
    "outcome",
    "rule",
    "country",
    "business",
    "carrier",
    "operation",
    "code",
];

pub(crate) async fn tail(
    operator: &Operator,
    common: &Common,
    since: Span,
    follow: bool,
    filters: &[String],
) -> Result<Outcome, Failure> {
    let filters = filters
        .iter()
        .map(|filter| parse(filter))
        .collect::<Result<Vec<_>, _>>()?;
    let place = operator.place().await?;
    let mut reader = Reader::new(operator, place, operator.now() - since.0)?;
    loop {
        for line in reader.next().await? {
            let wanted = filters
                .iter()
                .all(|(name, value)| line.text(name).as_ref() == Some(value));
            let shown = if common.json {
                machine(line.members)
            } else {
                human(&line)
            };
            if wanted && writeln!(io::stdout(), "{shown}").is_err() {
                return Ok(quiet());
            }
        }
        if !follow {
            return Ok(quiet());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The lines are out already.
fn quiet() -> Outcome {
    Outcome::done(Value::Null, "")
}

fn parse(filter: &str) -> Result<(String, String), Failure> {
    let (name, value) = filter.split_once('=').ok_or_else(|| {
        Failure::usage("--filter: a member and its value are needed, as in outcome=limited")
    })?;
    Ok((name.to_owned(), value.to_owned()))
}

fn machine(mut members: Value) -> String {
    if let Value::Object(members) = &mut members {
        members.remove("_aws");
    }
    members.to_string()
}

fn human(line: &Line) -> String {
    let at = Timestamp::from_unix(line.at_ms.div_euclid(1_000));
    let level = line.text("level").unwrap_or_default().to_lowercase();
    let mut parts = vec![at.to_string(), format!("{level:5}")];
    if !line.is_request() {
        parts.extend(line.text("message"));
    }
    parts.extend(SHOWN.iter().filter_map(|name| line.text(name)));
    parts.extend(
        line.number("Time")
            .map(|milliseconds| format!("{milliseconds:.1} ms")),
    );
    parts.extend(line.text("request_id"));
    parts.join("  ")
}
