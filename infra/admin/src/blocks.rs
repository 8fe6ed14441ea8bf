//! `block`, `unblock` and `blocks`.

use phoneproof_aws::store;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::device::Device;
use phoneproof_domain::subject::{SubjectIndex, SubjectKind};
use serde_json::{Value, json};

use crate::cli::{BlockArguments, Common, Kind, SubjectArguments};
use crate::confirm::confirm;
use crate::operator::{Operator, parse_phone};
use crate::output::{CommandError, Reply, format_or_dash, format_table, make_row};

/// Makes the index by which the block list names a subject.
fn make_index(
    keyring: &Keyring,
    subject: &SubjectArguments,
) -> Result<(SubjectKind, SubjectIndex), CommandError> {
    let indexer = keyring.indexer();
    Ok(match subject.kind {
        Kind::Phone => (
            SubjectKind::Phone,
            indexer.phone(&parse_phone(&subject.value)?.phone),
        ),
        Kind::Device => (
            SubjectKind::Device,
            indexer.device(&parse_device(&subject.value)?),
        ),
        Kind::Address => (
            SubjectKind::Address,
            indexer.address(&parse_address(&subject.value)?),
        ),
    })
}

/// Reads a device as operators type it.
pub(crate) fn parse_device(text: &str) -> Result<Device, CommandError> {
    Device::parse(text).map_err(|error| CommandError::usage(format!("device: {error}")))
}

/// Reads an address as operators type it.
pub(crate) fn parse_address(text: &str) -> Result<SourceAddress, CommandError> {
    let address = text.parse().map(SourceAddress::new);
    address.map_err(|_| CommandError::usage("address: an IPv4 or IPv6 address is needed"))
}

pub(crate) async fn block(
    operator: &Operator,
    block: &BlockArguments,
) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let (kind, subject) = make_index(&operator.read_keyring(&resources).await?, &block.subject)?;
    let now = operator.now();
    let until = block.until.or(block.duration.map(|span| now + span.0));
    if until.is_some_and(|ends| ends <= now) {
        return Err(CommandError::usage(
            "--until: an instant in the future is needed",
        ));
    }
    let store = operator.open_store(&resources);
    let entry = store
        .block(kind, &subject, &block.reason, now, until)
        .await?;
    let text = match until {
        Some(ends) => format!("blocked until {ends}"),
        None => "blocked until it is unblocked".to_owned(),
    };
    Ok(Reply::done(describe(&entry), text))
}

pub(crate) async fn unblock(
    operator: &Operator,
    common: &Common,
    subject: &SubjectArguments,
) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let (kind, subject) = make_index(&operator.read_keyring(&resources).await?, subject)?;
    confirm(common, "This takes the entry off the block list.")?;
    match operator
        .open_store(&resources)
        .unblock(kind, &subject)
        .await?
    {
        Some(entry) => Ok(Reply::done(describe(&entry), "unblocked")),
        None => Ok(Reply::nothing("it was not on the block list")),
    }
}

pub(crate) async fn list(operator: &Operator) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let mut blocks = operator.open_store(&resources).list_blocks().await?;
    blocks.sort_by_key(|block| block.created_at);
    let now = operator.now();
    let mut rows = vec![make_row(["subject", "reason", "since", "until", ""])];
    rows.extend(blocks.iter().map(|block| {
        vec![
            block.key.clone(),
            block.reason.clone(),
            format_or_dash(block.created_at),
            format_or_dash(block.expires_at),
            if block.is_in_force(now) { "" } else { "ended" }.to_owned(),
        ]
    }));
    let json = blocks.iter().map(describe).collect();
    Ok(Reply::done(json, format_table(&rows)))
}

/// Describes an entry of the block list for `--json`.
pub(crate) fn describe(block: &store::Block) -> Value {
    let (kind, index) = block.key.split_once('#').unwrap_or_default();
    // The table calls an address `ip`; the command line does not.
    let kind = if kind == SubjectKind::Address.prefix() {
        "address"
    } else {
        kind
    };
    json!({
        "kind": kind,
        "index": index,
        "reason": block.reason,
        "createdAt": block.created_at,
        "expiresAt": block.expires_at,
    })
}
