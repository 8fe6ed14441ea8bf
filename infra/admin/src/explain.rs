//! `explain`: says which rule would refuse a text now. It decides with the functions that the service decides with.

use phoneproof_aws::store::{Block, Store};
use phoneproof_crypto::index::Indexer;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone::Destination;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal, Terms};
use phoneproof_domain::policy::{DestinationRefusal, Policy};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{SubjectIndex, Subjects};
use serde_json::{Value, json};

use crate::blocks;
use crate::operator::{Operator, parse_phone};
use crate::opted_out::is_opted_out;
use crate::output::{CommandError, Reply, format_or_dash, format_table, make_row};

/// What one rule decides, and the count and limit it decides by.
struct Finding {
    rule: Rule,
    count: Option<u32>,
    limit: Option<u32>,
    block: Option<Block>,
    denial: Option<Denial>,
}

pub(crate) async fn explain(
    operator: &Operator,
    typed_phone: &str,
    device: Option<&str>,
    address: Option<&str>,
) -> Result<Reply, CommandError> {
    let destination = parse_phone(typed_phone)?;
    let (policy, resources) = (operator.read_policy()?, operator.find_resources().await?);
    let destination = policy.numbers.classify(destination);
    let keyring = operator.read_keyring(&resources).await?;
    let subjects = index_subjects(keyring.indexer(), &destination, device, address)?;
    let (store, now) = (operator.open_store(&resources), operator.now());
    let limits = policy.limits_of(&destination.phone, now);
    let terms = policy.terms(now, &limits);
    let record = store
        .read_phone_record(&subjects.phone_index, &terms.today)
        .await?;
    let record = record.unwrap_or_default();
    let mut findings = Vec::new();
    for gate in policy.gates(subjects, &limits, now) {
        findings.push(check_gate(gate, &store, &record, &terms).await?);
    }
    let opted_out = is_opted_out(operator, &resources, &destination.phone).await;
    let mut reply = report(&policy, &destination, &findings, &record, &terms);
    add_opted_out(&mut reply, &opted_out);
    Ok(reply)
}

/// Adds what SNS says about the number. SNS takes a text to a number that is opted out, and drops it.
fn add_opted_out(reply: &mut Reply, opted_out: &Result<bool, String>) {
    if let Some(members) = reply.json.as_object_mut() {
        members.insert("optedOut".to_owned(), json!(opted_out.as_ref().ok()));
    }
    let said = match opted_out {
        Ok(true) => "yes, its owner replied STOP, so SNS drops every text; see `opt-in`".to_owned(),
        Ok(false) => "no".to_owned(),
        Err(code) => format!("not known ({code})"),
    };
    reply.text.push_str("\nopted out: ");
    reply.text.push_str(&said);
}

/// Makes the indexes of the subjects that the operator named. `None` leaves out the rules about that subject.
fn index_subjects(
    indexer: &Indexer,
    destination: &Destination,
    device: Option<&str>,
    address: Option<&str>,
) -> Result<Subjects<Option<SubjectIndex>>, CommandError> {
    Ok(Subjects {
        phone_index: indexer.phone(&destination.phone),
        device_index: device
            .map(blocks::parse_device)
            .transpose()?
            .map(|device| indexer.device(&device)),
        address_index: address
            .map(blocks::parse_address)
            .transpose()?
            .map(|address| indexer.address(&address)),
        number_block_index: indexer.number_block(&destination.phone),
    })
}

/// Reads what the store holds for one gate, and decides as a send would.
async fn check_gate(
    gate: Gate,
    store: &Store,
    record: &PhoneRecord,
    terms: &Terms,
) -> Result<Finding, CommandError> {
    let mut finding = Finding {
        rule: gate.rule,
        count: None,
        limit: None,
        block: None,
        denial: None,
    };
    let refuses = match &gate.check {
        Check::NotBlocked => {
            let block = store.find_block(gate.rule.subject(), &gate.subject).await?;
            finding.block = block.filter(|block| block.is_in_force(terms.now));
            finding.block.is_some()
        }
        Check::Reserve => true,
        Check::Count(quota) => {
            let count = store.read_count(gate.rule, &gate.subject, quota).await?;
            finding.count = Some(count);
            finding.limit = Some(quota.limit);
            count >= quota.limit
        }
    };
    // No challenge is made, so any id will do.
    let new = Reservation::New {
        id: ChallengeId([0; 16]),
        slot: 0,
    };
    if refuses && let Some(SendRefusal::Denied(denial)) = gate.refusal(record, &new, terms) {
        finding.denial = Some(denial);
    }
    Ok(finding)
}

fn report(
    policy: &Policy,
    destination: &Destination,
    findings: &[Finding],
    record: &PhoneRecord,
    terms: &Terms,
) -> Reply {
    let not_texted = policy
        .numbers
        .admits(destination)
        .err()
        .map(DestinationRefusal::rule);
    let is_test = policy.test_number(&destination.phone, terms.now).is_some();
    let not_texted = not_texted.filter(|_| !is_test);
    let denial = Denial::most_lasting(findings.iter().filter_map(|finding| finding.denial));
    let retry_at = denial
        .as_ref()
        .filter(|_| not_texted.is_none())
        .and_then(Denial::retry_at);
    let rule = not_texted.or(denial.as_ref().map(Denial::rule));
    let json = json!({
        "phone": destination.phone.mask(),
        "country": destination.country.map(|country| country.to_string()),
        "refusedBy": rule,
        "retryAt": retry_at,
        "testNumber": is_test,
        "rules": findings.iter().map(describe_finding).collect::<Value>(),
        "failures": record.failures,
        "failuresToday": record.failures_today,
        "lastSent": record.last_sent,
        "challenges": describe_challenges(record, terms.now),
    });
    let verdict = match (rule, retry_at) {
        (None, _) => "would be sent now".to_owned(),
        (Some(rule), Some(at)) => format!("refused by {rule} until {at}"),
        (Some(rule), None) => format!("refused by {rule}; waiting does not help"),
    };
    let text = format!(
        "{} ({}): {verdict}\n\n{}\n\nwrong codes: {} in a row, {} today; last text: {}; open challenges: {}",
        destination.phone.mask(),
        destination
            .country
            .map_or_else(|| "no country".to_owned(), |country| country.to_string()),
        format_table(&make_rows(findings)),
        record.failures,
        record.failures_today,
        format_or_dash(record.last_sent),
        count_open(record, terms.now),
    );
    Reply::done(json, text)
}

fn make_rows(findings: &[Finding]) -> Vec<Vec<String>> {
    let mut rows = vec![make_row(["rule", "count", "limit", "frees at", ""])];
    rows.extend(findings.iter().map(|finding| {
        vec![
            finding.rule.name().to_owned(),
            format_or_dash(finding.count),
            format_or_dash(finding.limit),
            format_or_dash(finding.denial.as_ref().and_then(Denial::retry_at)),
            match (&finding.denial, &finding.block) {
                (Some(_), Some(block)) => format!("refuses: {}", block.reason),
                (Some(denial), None) => format!("refuses ({})", denial.rule()),
                (None, _) => String::new(),
            },
        ]
    }));
    rows
}

fn describe_finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule.name(),
        "count": finding.count,
        "limit": finding.limit,
        "refuses": finding.denial.is_some(),
        "freesAt": finding.denial.as_ref().and_then(Denial::retry_at),
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
    let open = |slot: &&phoneproof_domain::phone_record::Slot| {
        slot.expires_at > now && slot.used.is_none() && slot.attempts_left > 0
    };
    record.slots.values().filter(open).count()
}
