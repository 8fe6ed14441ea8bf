use super::*;

fn secret(fill: char) -> String {
    std::iter::repeat_n(fill, 43).collect()
}

#[test]
fn reads_a_generated_root_beside_added_ones() {
    let text = format!(
        r#"{{"current":"r2","index":"r1","roots":{{"r2":"{}"}},"r1":"{}"}}"#,
        secret('b'),
        secret('a')
    );
    let keyring = Keyring::from_json(&text).expect("valid");
    assert_eq!(keyring.current().id().as_str(), "r2");
    assert_eq!(keyring.jwks()["keys"].as_array().map(Vec::len), Some(2));
}

#[test]
fn keeps_the_index_of_a_phone_when_another_root_becomes_current() {
    let (a, b) = (secret('a'), secret('b'));
    let before = Keyring::from_json(&format!(r#"{{"current":"r1","roots":{{"r1":"{a}"}}}}"#));
    let after = Keyring::from_json(&format!(
        r#"{{"current":"r2","index":"r1","roots":{{"r1":"{a}","r2":"{b}"}}}}"#
    ));
    let phone = phoneproof_domain::phone::Phone::from_canonical("+14152007986").expect("canonical");
    let index = |k: Result<Keyring, KeyringError>| k.expect("valid").indexer().index_phone(&phone);
    assert_eq!(index(before), index(after));
}

#[test]
fn derives_a_different_key_for_every_name_and_every_root() {
    let keyring = tests_support::keyring(&["r1", "r2"]);
    let keys: Vec<_> = keyring
        .roots()
        .flat_map(|root| ["refresh", "other"].map(|name| *root.named_key(name)))
        .collect();
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (4, 4));
}

#[test]
fn names_every_fault_and_quotes_no_secret() {
    let (a, key) = (secret('a'), crate::base64url([7; 32]));
    let pepper = format!(r#"{{"id":"r1","key":"{key}"}}"#);
    let second_form = |index: &str, peppers: &str| {
        format!(
            r#"{{"version":2,"current":"r1","roots":{{"r1":"{a}"}},"keys":{{"index":"{index}","idempotency":"{key}",
            "reference":"{key}"}},"peppers":[{peppers}]}}"#
        )
    };
    assert!(Keyring::from_json(&second_form(&key, &pepper)).is_ok());
    let cases = [
        ("canary".to_owned(), KeyringError::NotJson),
        (
            r#"{"current":"r1","canary":1}"#.to_owned(),
            KeyringError::NotJson,
        ),
        (
            r#"{"current":"r1","roots":{"r1":"canary"}}"#.to_owned(),
            KeyringError::ShortSecret("r1".into()),
        ),
        (
            format!(r#"{{"current":"r2","roots":{{"r1":"{a}"}}}}"#),
            KeyringError::UnknownRoot("current"),
        ),
        (
            format!(r#"{{"current":"r1","index":"r9","roots":{{"r1":"{a}"}}}}"#),
            KeyringError::UnknownRoot("index"),
        ),
        (
            format!(r#"{{"current":"r1","roots":{{"r1":"{a}","r2":"{a}"}}}}"#),
            KeyringError::UnknownRoot("index"),
        ),
        (
            format!(r#"{{"current":"r1","roots":{{"R-1":"{a}"}}}}"#),
            KeyringError::BadId,
        ),
        (
            format!(
                r#"{{"current":"r1","roots":{{"r1":"{a}"}},"rsa":{{"kid":"rsa1","pkcs8":"canary"}}}}"#
            ),
            KeyringError::BadRsaKey,
        ),
        (
            r#"{"version":3,"canary":1}"#.to_owned(),
            KeyringError::UnknownVersion,
        ),
        (
            second_form("canary", &pepper),
            KeyringError::BadKey("keys.index"),
        ),
        (
            second_form(&key, r#"{"id":"r1","key":"canary"}"#),
            KeyringError::BadKey("peppers"),
        ),
        (
            second_form(&key, &pepper.replace("r1", "R1")),
            KeyringError::BadId,
        ),
        (second_form(&key, ""), KeyringError::NoPepper),
    ];
    for (text, expected) in cases {
        let error = Keyring::from_json(&text).expect_err(&text);
        assert!(!error.to_string().contains("canary"));
        assert_eq!(error, expected);
    }
}

#[test]
fn shows_only_ids_in_debug_output() {
    let text = format!(r#"{{"current":"r1","roots":{{"r1":"{}"}}}}"#, secret('z'));
    let shown = format!("{:?}", Keyring::from_json(&text).expect("valid"));
    assert!(shown.contains("r1") && !shown.contains("zzz"));
}

/// Hashes are made with the pepper of the current root, and checked with that of every root.
#[test]
fn the_first_form_has_a_pepper_for_each_root_and_hashes_with_the_current_ones() {
    let (one, two) = (secret('x'), secret('y'));
    for current in ["r1", "r2"] {
        let text = format!(
            r#"{{"current":"{current}","index":"r1","roots":{{"r1":"{one}","r2":"{two}"}}}}"#
        );
        let keyring = Keyring::from_json(&text).expect("valid");
        let now = Timestamp::from_unix(1_800_000_000);
        assert_eq!(keyring.current_pepper(now).id().as_str(), current);
        let keys = ["r1", "r2"].map(|id| {
            let id = RootId::parse(id).expect("an id");
            let pepper = keyring.pepper(&id).expect("a pepper");
            assert_eq!(*pepper.id(), id);
            pepper.key().to_vec()
        });
        assert_ne!(keys[0], keys[1]);
        assert_eq!(keys.map(|key| key.len()), [32, 32]);
        let other = RootId::parse("r3").expect("an id");
        assert!(keyring.pepper(&other).is_none());
    }
}

/// The answers were computed with another implementation.
#[test]
fn converts_the_first_form_to_the_known_keys() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    let text = format!(r#"{{"current":"r1","r1":"{secret}"}}"#);
    let (document, was_first_form) = Document::read(&text).expect("valid");
    assert!(was_first_form);
    let json = serde_json::to_value(document).expect("JSON");
    let expected = serde_json::json!({
        "version": 2,
        "current": "r1",
        "roots": { "r1": secret },
        "keys": {
            "index": "K19OPa05qJhRK1qC44txNcg6rP0YgqXktvA26coCBuY",
            "idempotency": "yhDhZGP9ZeCnMyU1e32s0_gdymezmzE6BpZ_Vu1Zztw",
            "reference": "bA9dkB2t144L5itq7vKRfi_HF3HArRy-cQjRG7rKXo4",
        },
        "peppers": [{ "id": "r1", "key": "VLosJzAgF110PoHqtjhvQfd7jvtVcsSCbMH2hF4sphU" }],
    });
    assert_eq!(json, expected);
}
