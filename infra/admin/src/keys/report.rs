//! The list of keys.

use phoneproof_crypto::keyring_edit::{KeyFacts, KeyPurpose};
use phoneproof_domain::clock::Timestamp;
use serde_json::{Value, json};

use super::OpenKeyring;
use crate::output::{Reply, format_or_dash, format_table, make_row};

/// Reports the keys as they are at `now`, under the sentences `done` that say what was changed.
pub(super) fn report(opened: &OpenKeyring, now: Timestamp, done: &str) -> Reply {
    let mut keys = opened.document.keys(now);
    // Nothing uses the peppers of a verification stack.
    keys.retain(|key| opened.secret.keeps_passwords() || key.purpose != KeyPurpose::Pepper);
    let mut rows = vec![make_row([
        "key",
        "purpose",
        "algorithm",
        "",
        "added",
        "replaced",
    ])];
    rows.extend(keys.iter().map(|key| {
        vec![
            key.id.clone(),
            name(key.purpose).to_owned(),
            name_algorithm(key.purpose).to_owned(),
            describe_state(key, now),
            format_or_dash(key.added),
            format_or_dash(key.replaced),
        ]
    }));
    let json = json!({
        "keyring": opened.secret.owner.name(),
        "keys": keys.iter().map(describe_key).collect::<Value>(),
        "done": (!done.is_empty()).then_some(done),
    });
    let separator = if done.is_empty() { "" } else { "\n\n" };
    let heading = format!("Keyring of the {} service:", opened.secret.owner);
    let table = format_table(&rows);
    Reply::with_result(json, format!("{done}{separator}{heading}\n{table}"))
}

const fn name(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Root => "root",
        KeyPurpose::Rsa => "rsa",
        KeyPurpose::Index => "index",
        KeyPurpose::Pepper => "pepper",
    }
}

/// What the key, or the keys that derive from it, are used with.
const fn name_algorithm(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Root => "ES256",
        KeyPurpose::Rsa => "RS256",
        KeyPurpose::Index => "HMAC",
        KeyPurpose::Pepper => "Argon2id",
    }
}

/// Whether the key is in use, or from when on.
fn describe_state(key: &KeyFacts, now: Timestamp) -> String {
    match (key.is_current, key.from) {
        (true, _) => "current".to_owned(),
        (false, Some(from)) if key.purpose == KeyPurpose::Rsa => format!("signs from {from}"),
        // A pepper that another one has replaced keeps the instant at which it came into use.
        (false, Some(from)) if now < from => format!("used from {from}"),
        (false, _) => String::new(),
    }
}

fn describe_key(key: &KeyFacts) -> Value {
    json!({
        "id": key.id,
        "purpose": name(key.purpose),
        "algorithm": name_algorithm(key.purpose),
        "current": key.is_current,
        "from": key.from,
        "added": key.added,
        "replaced": key.replaced,
    })
}
