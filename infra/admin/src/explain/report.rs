//! What `explain` prints.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone::{Destination, NumberType};
use phoneproof_domain::phone_record::{PhoneRecord, Slot, Terms};
use phoneproof_domain::policy::{DestinationRefusal, Policy};
use serde_json::{Value, json};

use super::calls::CallForecast;
use super::purses::Forecast;
use super::{Asked, Finding};
use crate::blocks;
use crate::output::{Reply, format_or_dash, format_table, make_row};

/// The problem type by which the service refuses a number that no numbering plan and no range of the policy has.
const INVALID_PHONE: &str = "invalid-phone";

pub(super) fn report(
    policy: &Policy,
    asked: &Asked<'_>,
    (findings, forecast, calls): (&[Finding], Option<&Forecast>, Option<&CallForecast>),
    record: &PhoneRecord,
    terms: &Terms,
) -> Reply {
    let destination = asked.destination.as_ref();
    let listed = destination.map_or(Ok(None), |destination| {
        policy.test_number(&destination.phone, terms.now)
    });
    let is_test = matches!(listed, Ok(Some(_)));
    let not_texted = match listed {
        Ok(Some(_)) => None,
        Ok(None) => destination.and_then(|destination| find_refusal(policy, destination)),
        Err(ended) => Some(ended.rule()),
    };
    let denials = findings
        .iter()
        .filter(|finding| !finding.is_lifted)
        .filter_map(|finding| Some((finding.denial?, finding.frees_at())));
    let last_end = find_last_end(denials.clone().map(|(_, frees_at)| frees_at));
    // A send asks the purses when no gate refuses it.
    let unpaid = forecast.and_then(Forecast::refusal);
    let unpaid = unpaid.map(|refusal| (Denial::Unpaid(refusal), Some(refusal.retry_at)));
    // The service names the same rule. To callers it names no end of a block; here all of them are known.
    let refusing = Denial::find_most_lasting(denials).map(|(denial, _)| (denial, last_end));
    let refusing = refusing.or(unpaid);
    let retry_at = refusing
        .filter(|_| not_texted.is_none())
        .and_then(|(_, frees_at)| frees_at);
    let rule = not_texted.or(refusing.map(|(denial, _)| denial.rule()));
    let json = json!({
        "phone": destination.map(|destination| destination.phone.mask()),
        "country": destination.and_then(|destination| destination.country).map(|country| country.to_string()),
        "refusedBy": rule,
        "retryAt": retry_at,
        "testNumber": is_test,
        "rules": findings.iter().map(describe_finding).collect::<Value>(),
        "failures": record.failures,
        "failuresToday": record.failures_today,
        "lastTried": record.last_sent,
        "challenges": describe_challenges(record, terms.now),
        "purses": forecast.map(Forecast::to_json),
        "calls": calls.map(CallForecast::to_json),
    });
    let verdict = match (rule, retry_at) {
        (None, _) if destination.is_none() => "refused by none of its rules now".to_owned(),
        (None, _) => forecast.map_or("would be sent now".to_owned(), Forecast::verdict),
        (Some(rule), Some(at)) => format!("refused by {rule} until {at}"),
        (Some(rule), None) => format!("refused by {rule}; waiting does not help"),
    };
    let table = format_table(&make_rows(findings));
    let mut text = format!("{}: {verdict}\n\n{table}", name_asked(asked));
    if let Some(forecast) = forecast {
        text = format!("{text}\n\n{}", forecast.to_text());
    }
    if let Some(calls) = calls {
        text = format!("{text}\n\n{}", calls.to_text());
    }
    if destination.is_some() {
        text = format!(
            "{text}\n\nwrong codes: {} in a row, {} today; last text or try: {}; open challenges: {}",
            record.failures,
            record.failures_today,
            format_or_dash(record.last_sent),
            count_open(record, terms.now),
        );
    }
    Reply::with_result(json, text)
}

/// Names the rule, or the problem without a rule, by which the service refuses a classified destination before it asks
/// the database.
fn find_refusal(policy: &Policy, destination: &Destination) -> Option<&'static str> {
    if destination.number_type == NumberType::Unassigned {
        return Some(INVALID_PHONE);
    }
    let refusal = policy.numbers.admits(destination).err();
    refusal.map(DestinationRefusal::rule)
}

/// Returns the last of these ends; `None` if one of them has no end.
fn find_last_end(ends: impl Iterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    let ends: Option<Vec<_>> = ends.collect();
    ends.and_then(|ends| ends.into_iter().max())
}

/// Names what the operator asked about, with the phone masked.
fn name_asked(asked: &Asked<'_>) -> String {
    match (&asked.destination, asked.device, asked.address) {
        (Some(destination), _, _) => format!(
            "{} ({})",
            destination.phone.mask(),
            destination
                .country
                .map_or_else(|| "no country".to_owned(), |country| country.to_string()),
        ),
        (None, Some(_), Some(_)) => "this device at this address".to_owned(),
        (None, Some(_), None) => "this device".to_owned(),
        (None, None, Some(_)) => "this address".to_owned(),
        (None, None, None) => "this business".to_owned(),
    }
}

fn make_rows(findings: &[Finding]) -> Vec<Vec<String>> {
    let mut rows = vec![make_row(["rule", "count", "limit", "frees at", ""])];
    rows.extend(findings.iter().map(|finding| {
        vec![
            finding.name().to_owned(),
            format_or_dash(finding.count),
            format_or_dash(finding.limit),
            format_or_dash(finding.frees_at()),
            match (&finding.denial, &finding.block) {
                (Some(_), Some(block)) => match &block.label {
                    Some(label) => format!("refuses {label}: {}", block.reason),
                    None => format!("refuses: {}", block.reason),
                },
                (Some(_), None) if finding.is_lifted => {
                    "the phone's allowance has a text for this caller".to_owned()
                }
                (Some(_), None) => "refuses".to_owned(),
                (None, _) => String::new(),
            },
        ]
    }));
    rows
}

fn describe_finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.name(),
        "subject": finding.subject.to_string(),
        "count": finding.count,
        "limit": finding.limit,
        "refuses": finding.denial.is_some() && !finding.is_lifted,
        "freesAt": finding.frees_at(),
        "block": finding.block.as_ref().map(blocks::describe),
    })
}

fn describe_challenges(record: &PhoneRecord, now: Timestamp) -> Value {
    let live = record.slots.values().filter(|slot| slot.expires_at > now);
    live.map(|slot| {
        json!({ "expiresAt": slot.expires_at, "attemptsLeft": slot.attempts_left, "used": slot.used.is_some() })
    })
    .collect()
}

fn count_open(record: &PhoneRecord, now: Timestamp) -> usize {
    let open =
        |slot: &&Slot| slot.expires_at > now && slot.used.is_none() && slot.attempts_left > 0;
    record.slots.values().filter(open).count()
}
