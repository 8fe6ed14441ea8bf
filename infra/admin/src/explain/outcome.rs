//! What `explain` says of the last outcome that was reported for a phone.

use phoneproof_domain::receipt::LastOutcome;
use serde_json::{Value, json};

use crate::output::Reply;

/// Adds the last outcome. It decides nothing, so it stands behind all that does.
pub(super) fn add(reply: &mut Reply, last: Option<&LastOutcome>) {
    if let Some(members) = reply.json.as_object_mut() {
        members.insert("lastOutcome".to_owned(), last.map_or(Value::Null, to_json));
    }
    let said = last.map_or_else(|| "none was reported".to_owned(), to_text);
    reply.text.push_str("\nlast outcome: ");
    reply.text.push_str(&said);
}

fn to_json(last: &LastOutcome) -> Value {
    json!({
        "at": last.report.at,
        "channel": last.channel.as_str(),
        "outcome": last.report.outcome.as_str(),
        "reason": last.report.reason.as_str(),
    })
}

fn to_text(last: &LastOutcome) -> String {
    format!(
        "{} by {} at {} ({})",
        last.report.outcome.as_str(),
        last.channel.as_str(),
        last.report.at,
        last.report.reason.as_str(),
    )
}
