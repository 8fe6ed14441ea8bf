//! Hashes of passwords, from the text that is stored to the answer.

use phoneproof_crypto::keyring::REFRESH_AFTER;
use phoneproof_crypto::keyring_edit::{KeyringDocument, Replacement};

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);

/// Bytes that are not random: they count up.
struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at % 256).unwrap_or(0);
        }
        Ok(())
    }
}

struct NoRandom;

impl Random for NoRandom {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomUnavailable> {
        Err(RandomUnavailable::new("broken"))
    }
}

fn write_keyring(current: &str, roots: &[&str]) -> String {
    let roots: Vec<_> = roots
        .iter()
        .map(|id| format!("\"{id}\":\"{}\"", id.repeat(22)))
        .collect();
    let (index, roots) = ("r1", roots.join(","));
    format!(r#"{{"current":"{current}","index":"{index}","roots":{{{roots}}}}}"#)
}

fn keyring(current: &str, roots: &[&str]) -> Keyring {
    Keyring::from_json(&write_keyring(current, roots)).expect("a keyring")
}

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

#[test]
fn only_the_right_password_passes() {
    let keyring = keyring("r1", &["r1"]);
    let hasher = Hasher::new(&keyring, NOW);
    let right = password("correct horse battery");
    let stored = hasher.hash(&right, &Counting).expect("a hash");
    let check = |typed: &str| hasher.check(&password(typed), Some(&stored), &Counting);
    assert_eq!(check("correct horse battery"), Ok(Outcome::Right));
    assert_eq!(check("Correct horse battery"), Ok(Outcome::Wrong));
    assert_eq!(hasher.check(&right, None, &Counting), Ok(Outcome::Wrong));
}

#[test]
fn the_tag_names_pepper_and_cost_and_the_pepper_counts() {
    let one = keyring("r1", &["r1"]);
    let other = Keyring::from_json(&format!(
        r#"{{"current":"r1","roots":{{"r1":"{}"}}}}"#,
        "x".repeat(43)
    ))
    .expect("a keyring");
    let typed = password("correct horse battery");
    let stored = Hasher::new(&one, NOW)
        .hash(&typed, &Counting)
        .expect("a hash");
    assert!(
        stored
            .as_text()
            .starts_with("argon2id.r1.19456.2.AAECAwQFBgcICQoLDA0ODw.")
    );
    let elsewhere = Hasher::new(&other, NOW).check(&typed, Some(&stored), &Counting);
    assert_eq!(elsewhere, Ok(Outcome::Wrong));
}

#[test]
fn an_old_pepper_or_cost_is_upgraded() {
    let typed = password("correct horse battery");
    let before = keyring("r1", &["r1"]);
    let old = Hasher::new(&before, NOW)
        .hash(&typed, &Counting)
        .expect("a hash");
    let after = replace_leaked(&write_keyring("r1", &["r1"]));
    // Not yet every function can have read the new pepper.
    let early = Hasher::new(&after, NOW).check(&typed, Some(&old), &Counting);
    assert_eq!(early, Ok(Outcome::Right));
    let hasher = Hasher::new(&after, NOW + REFRESH_AFTER);
    let upgraded = hasher.check(&typed, Some(&old), &Counting);
    let Ok(Outcome::Upgrade(new)) = upgraded else {
        panic!("{upgraded:?}");
    };
    assert!(new.as_text().starts_with("argon2id.p1."));
    assert_eq!(
        hasher.check(&typed, Some(&new), &Counting),
        Ok(Outcome::Right)
    );
    let cost = Cost {
        kibibytes: 64,
        passes: 1,
    };
    let pepper = before.current_pepper(NOW);
    let hash = digest(&typed, pepper, cost, &[7; SALT_BYTES]).expect("a hash");
    let (salt, hash) = (base64url([7; SALT_BYTES]), base64url(hash.as_slice()));
    let cheap = StoredPassword(format!("argon2id.r1.64.1.{salt}.{hash}"));
    let upgraded = Hasher::new(&before, NOW).check(&typed, Some(&cheap), &Counting);
    assert_eq!(upgraded, Ok(Outcome::Upgrade(old)));
}

/// The keyring after the secret in `text` has leaked.
fn replace_leaked(text: &str) -> Keyring {
    let mut document = KeyringDocument::from_json(text).expect("a keyring");
    let new = Replacement {
        root: &[8; 32],
        pepper: Some(&[9; 32]),
        rsa: None,
    };
    document.replace_leaked(new, NOW);
    Keyring::from_json(&document.to_json().expect("a keyring")).expect("a keyring")
}

#[test]
fn a_retired_pepper_is_a_wrong_password_after_the_same_work() {
    let typed = password("correct horse battery");
    let before = keyring("r1", &["r1", "r2"]);
    let stored = Hasher::new(&before, NOW)
        .hash(&typed, &Counting)
        .expect("a hash");
    let after = Keyring::from_json(&format!(
        r#"{{"current":"r2","roots":{{"r2":"{}"}}}}"#,
        "r2".repeat(22)
    ))
    .expect("a keyring");
    let check = |random: &dyn Random| Hasher::new(&after, NOW).check(&typed, Some(&stored), random);
    assert_eq!(check(&Counting), Ok(Outcome::Wrong));
    // A salt is drawn for the work, so without random bytes there is no answer.
    assert_eq!(
        check(&NoRandom),
        Err(RandomUnavailable::new("broken").into())
    );
}

#[test]
fn a_damaged_text_is_an_error_not_a_wrong_password() {
    let typed = password("correct horse battery");
    let first = keyring("r1", &["r1"]);
    let stored = Hasher::new(&first, NOW)
        .hash(&typed, &Counting)
        .expect("a hash");
    let text = stored.as_text();
    for damaged in [
        text.replacen("r1", "R1", 1),
        text.replacen("argon2id", "argon2i", 1),
        text.replacen("19456", "4000000", 1),
        text.replacen("19456", "-1", 1),
        text.replacen(".2.", ".4000000.", 1),
        format!("{text}.more"),
        text[..text.len() - 1].to_owned(),
        String::new(),
    ] {
        let stored = StoredPassword::from_text(damaged.clone());
        let checked = Hasher::new(&first, NOW).check(&typed, Some(&stored), &Counting);
        assert_eq!(checked, Err(HashFailed::Damaged), "{damaged}");
    }
}

#[test]
fn debug_hides_the_hash() {
    let stored = StoredPassword::from_text("canary".to_owned());
    assert_eq!(format!("{stored:?}"), "StoredPassword(…)");
}
