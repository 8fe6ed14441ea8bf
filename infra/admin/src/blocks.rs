//! `block`, `unblock` and `blocks`.

use phoneproof_aws::store;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::device::Device;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::subject::SubjectKind;
use serde_json::{Value, json};

use crate::cli::{Block, Common, Kind, Subject};
use crate::confirm::confirm;
use crate::operator::{Operator, phone};
use crate::output::{Failure, Outcome, or_dash, row, table};

/// Who a subject is, in the words of the tables.
fn index(keyring: &Keyring, subject: &Subject) -> Result<(SubjectKind, SubjectIndex), Failure> {
    let indexer = keyring.indexer();
    Ok(match subject.kind {
        Kind::Phone => (
            SubjectKind::Phone,
            indexer.phone(&phone(&subject.value)?.phone),
        ),
        Kind::Device => (
            SubjectKind::Device,
            indexer.device(&device(&subject.value)?),
        ),
        Kind::Address => (
            SubjectKind::Address,
            indexer.address(&address(&subject.value)?),
        ),
    })
}

pub(crate) fn device(text: &str) -> Result<Device, Failure> {
    Device::parse(text).map_err(|error| Failure::usage(format!("device: {error}")))
}

pub(crate) fn address(text: &str) -> Result<SourceAddress, Failure> {
    let address = text.parse().map(SourceAddress::new);
    address.map_err(|_| Failure::usage("address: an IPv4 or IPv6 address is needed"))
}

pub(crate) async fn block(operator: &Operator, block: &Block) -> Result<Outcome, Failure> {
    let place = operator.place().await?;
    let (kind, subject) = index(&operator.keyring(&place).await?, &block.subject)?;
    let now = operator.now();
    let until = block.until.or(block.duration.map(|span| now + span.0));
    if until.is_some_and(|ends| ends <= now) {
        return Err(Failure::usage(
            "--until: an instant in the future is needed",
        ));
    }
    let store = operator.store(&place);
    let entry = store
        .block(kind, &subject, &block.reason, now, until)
        .await?;
    let text = match until {
        Some(ends) => format!("blocked until {ends}"),
        None => "blocked until it is unblocked".to_owned(),
    };
    Ok(Outcome::done(shown(&entry), text))
}

pub(crate) async fn unblock(
    operator: &Operator,
    common: &Common,
    subject: &Subject,
) -> Result<Outcome, Failure> {
    let place = operator.place().await?;
    let (kind, subject) = index(&operator.keyring(&place).await?, subject)?;
    confirm(common, "This takes the entry off the block list.")?;
    match operator.store(&place).unblock(kind, &subject).await? {
        Some(entry) => Ok(Outcome::done(shown(&entry), "unblocked")),
        None => Ok(Outcome::nothing("it was not on the block list")),
    }
}

pub(crate) async fn list(operator: &Operator) -> Result<Outcome, Failure> {
    let place = operator.place().await?;
    let mut blocks = operator.store(&place).list_blocks().await?;
    blocks.sort_by_key(|block| block.created_at);
    let now = operator.now();
    let mut rows = vec![row(["subject", "reason", "since", "until", ""])];
    rows.extend(blocks.iter().map(|block| {
        vec![
            block.key.clone(),
            block.reason.clone(),
            or_dash(block.created_at),
            or_dash(block.expires_at),
            if block.is_in_force(now) { "" } else { "ended" }.to_owned(),
        ]
    }));
    let json = blocks.iter().map(shown).collect();
    Ok(Outcome::done(json, table(&rows)))
}

pub(crate) fn shown(block: &store::Block) -> Value {
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
