//! `block`, `unblock` and `blocks`.

use std::net::Ipv6Addr;

use phoneproof_aws::store::{self, BlockListError};
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::typed::drop_unseen;
use serde_json::{Value, json};

use crate::cli::{BlockArguments, Common, SubjectArguments};
use crate::confirm::confirm;
use crate::operator::Operator;
use crate::output::{CommandError, Reply, format_or_dash, format_table, make_row};
use crate::subjects::parse_targets;

pub(crate) async fn block(
    operator: &Operator,
    common: &Common,
    block: &BlockArguments,
) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let keyring = operator.read_keyring(&resources).await?;
    let targets = parse_targets(&block.subject, common, keyring.indexer())?;
    let now = operator.now();
    let until = block.until.or(block.duration.map(|span| now + span.0));
    if until.is_some_and(|ends| ends <= now) {
        return Err(CommandError::usage(
            "--until: an instant in the future is needed",
        ));
    }
    let store = operator.open_store(&resources);
    let (mut entries, mut before) = (Vec::new(), None);
    for target in targets {
        let earlier = store.find_block(&target.subject).await?;
        before = before.or(earlier.clone().filter(|block| block.is_in_force(now)));
        let entry = store::Block {
            subject: target.subject,
            // An entry that was made in clear keeps its label when it is made again by its index.
            label: target.label.or(earlier.and_then(|earlier| earlier.label)),
            reason: block.reason.clone(),
            created_at: Some(now),
            expires_at: until,
            is_removed: false,
        };
        store.block(&entry, now, &SystemRandom).await?;
        entries.push(entry);
    }
    if entries.iter().any(|entry| entry.subject.kind.is_range()) {
        store.spread_ranges(&SystemRandom).await?;
        for entry in &entries {
            // Somebody else may have taken it off, or blocked it until another instant.
            if store.find_block(&entry.subject).await?.as_ref() != Some(entry) {
                return Err(BlockListError::Contended.into());
            }
        }
    }
    let what = name_all(&entries);
    let before = before.map_or(String::new(), |block| {
        format!("; before: until {}", name_end(block.expires_at))
    });
    let ends = name_end(until);
    let wider = if names_part_of_64(&block.subject) {
        "\nAn IPv6 address counts with its /64, so this blocks the whole /64."
    } else {
        ""
    };
    let text = format!("{what}: blocked until {ends}{before}{wider}");
    Ok(Reply::with_result(describe_all(&entries), text))
}

pub(crate) async fn unblock(
    operator: &Operator,
    common: &Common,
    subject: &SubjectArguments,
) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let keyring = operator.read_keyring(&resources).await?;
    let targets = parse_targets(subject, common, keyring.indexer())?;
    confirm(common, "This takes the entry off the block list.")?;
    let (store, now) = (operator.open_store(&resources), operator.now());
    let subjects: Vec<_> = targets.into_iter().map(|target| target.subject).collect();
    let entries = store.unblock(&subjects, now, &SystemRandom).await?;
    if entries.is_empty() {
        return Ok(Reply::without_work("it was not on the block list"));
    }
    let text = format!("{}: unblocked", name_all(&entries));
    Ok(Reply::with_result(describe_all(&entries), text))
}

pub(crate) async fn list(operator: &Operator) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let mut blocks = operator.open_store(&resources).list_blocks().await?;
    blocks.sort_by_key(|block| block.created_at);
    let now = operator.now();
    let mut rows = vec![make_row([
        "subject", "value", "reason", "since", "until", "",
    ])];
    rows.extend(blocks.iter().map(|block| {
        vec![
            block.subject.to_string(),
            format_or_dash(block.label.as_ref()),
            block.reason.clone(),
            format_or_dash(block.created_at),
            format_or_dash(block.expires_at),
            if block.is_in_force(now) { "" } else { "ended" }.to_owned(),
        ]
    }));
    let json = blocks.iter().map(describe).collect();
    Ok(Reply::with_result(json, format_table(&rows)))
}

fn name_end(ends: Option<Timestamp>) -> String {
    ends.map_or("it is unblocked".to_owned(), |ends| ends.to_string())
}

/// Whether the operator named an IPv6 address, or a network that is smaller than the /64 by which it counts.
fn names_part_of_64(subject: &SubjectArguments) -> bool {
    let value = drop_unseen(subject.value.as_deref().unwrap_or_default());
    let (address, length) = value.split_once('/').unwrap_or((&value, "128"));
    let is_v6 = address
        .parse()
        .is_ok_and(|address: Ipv6Addr| address.to_ipv4_mapped().is_none());
    is_v6 && length.parse().is_ok_and(|length: u8| length > 64)
}

/// Names entries for people, with their labels.
fn name_all(entries: &[store::Block]) -> String {
    let names = entries.iter().map(|entry| match &entry.label {
        Some(label) => format!("{} {label}", entry.subject.kind.name()),
        None => entry.subject.to_string(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Describes entries for `--json`: one as an object, the parts of a network as a list.
fn describe_all(entries: &[store::Block]) -> Value {
    match entries {
        [entry] => describe(entry),
        _ => entries.iter().map(describe).collect(),
    }
}

/// Describes an entry of the block list for `--json`.
pub(crate) fn describe(block: &store::Block) -> Value {
    json!({
        "subject": block.subject.to_string(),
        "kind": block.subject.kind.name(),
        "index": block.subject.index.as_str(),
        "value": block.label,
        "reason": block.reason,
        "createdAt": block.created_at,
        "expiresAt": block.expires_at,
    })
}
