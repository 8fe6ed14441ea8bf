//! Checks `[attestation]`: who may vouch for callers, and with which keys.

use std::collections::BTreeSet;

use phoneproof_crypto::attestation::read_public_key;
use phoneproof_domain::attestation::{AttestationKey, AttestationPolicy};

use super::faults::Faults;
use super::table::{AttestationKeyTable, AttestationTable};

/// The most keys that a policy may list. Two serve a rotation of one edge.
const MAX_KEYS: usize = 16;

/// Checks the section. It is `None` when a fault leaves it without a key.
pub(super) fn check_attestation(
    table: AttestationTable,
    faults: &mut Faults,
) -> Option<AttestationPolicy> {
    if !is_name(&table.issuer, 200) {
        let accepted = "1 to 200 visible ASCII characters are needed: the `iss` of attestations";
        faults.add("attestation.issuer", accepted);
    }
    if !(1..=MAX_KEYS).contains(&table.key.len()) {
        faults.add(
            "attestation.key",
            format_args!("1 to {MAX_KEYS} keys are needed"),
        );
    }
    let mut ids = BTreeSet::new();
    let keys: Vec<_> = (0..)
        .zip(table.key)
        .filter_map(|(place, key)| check_key(place, &key, &mut ids, faults))
        .collect();
    (!keys.is_empty()).then_some(AttestationPolicy {
        issuer: table.issuer,
        keys,
    })
}

fn check_key(
    place: usize,
    table: &AttestationKeyTable,
    ids: &mut BTreeSet<String>,
    faults: &mut Faults,
) -> Option<AttestationKey> {
    let at = |field| format!("attestation.key[{place}].{field}");
    if !is_name(&table.kid, 64) {
        faults.add(at("kid"), "1 to 64 visible ASCII characters are needed");
    } else if !ids.insert(table.kid.clone()) {
        faults.add(at("kid"), "another key has this id");
    }
    faults.check(at("pem"), read_public_key(&table.kid, &table.pem))
}

fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
