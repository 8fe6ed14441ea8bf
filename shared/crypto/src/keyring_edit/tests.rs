use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);
const LIFETIME: Duration = Duration::from_mins(10);

fn generated() -> KeyringDocument {
    let secret = "a".repeat(64);
    KeyringDocument::from_json(&format!(r#"{{"current":"r1","r1":"{secret}"}}"#)).expect("valid")
}

fn later(minutes: u64) -> Timestamp {
    NOW + Duration::from_mins(minutes)
}

#[test]
fn keeps_the_index_through_a_rotation_and_waits_for_functions_and_tokens() {
    let mut keyring = generated();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    let early = keyring.promote("r2", later(4), false);
    assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(5)));
    keyring.promote("r2", later(5), false).expect("promoted");
    assert!(matches!(
        keyring.retire("r2", LIFETIME, later(60), true),
        Err(EditError::Unsafe(_))
    ));
    assert!(matches!(
        keyring.retire("r1", LIFETIME, later(60), true),
        Err(EditError::Unsafe(_))
    ));
    keyring.add("r3", &[8; 32], later(60)).expect("added");
    keyring.promote("r3", later(65), false).expect("promoted");
    let early = keyring.retire("r2", LIFETIME, later(79), false);
    assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(80)));
    keyring
        .retire("r2", LIFETIME, later(80), false)
        .expect("retired");
    let facts = keyring.keys();
    assert_eq!(
        facts.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(),
        ["r1", "r3"]
    );
    assert!(facts[0].is_index && !facts[0].is_current && facts[1].is_current);
    keyring.to_json().expect("usable");
}

#[test]
fn skips_only_the_waiting_when_forced() {
    let mut keyring = generated();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    keyring.promote("r2", NOW, true).expect("promoted");
    keyring.add("r3", &[8; 32], NOW).expect("added");
    keyring.promote("r3", NOW, true).expect("promoted");
    keyring.retire("r2", LIFETIME, NOW, true).expect("retired");
    for id in ["r1", "r3"] {
        assert!(
            matches!(
                keyring.retire(id, LIFETIME, NOW, true),
                Err(EditError::Unsafe(_))
            ),
            "{id}"
        );
    }
}

#[test]
fn retires_a_root_that_was_never_current_at_once() {
    let mut keyring = generated();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    keyring.retire("r2", LIFETIME, NOW, false).expect("retired");
    assert_eq!(keyring.next_id(), "r2");
}

#[test]
fn refuses_ids_that_are_malformed_taken_or_unknown() {
    let mut keyring = generated();
    assert_eq!(
        keyring.add("r1", &[7; 32], NOW),
        Err(EditError::Exists("r1".to_owned()))
    );
    assert_eq!(
        keyring.add("R-2", &[7; 32], NOW),
        Err(EditError::Keyring(KeyringError::BadId))
    );
    assert_eq!(
        keyring.promote("r9", NOW, true),
        Err(EditError::Unknown("r9".to_owned()))
    );
    assert_eq!(
        keyring.promote("r1", NOW, true),
        Err(EditError::Current("r1".to_owned()))
    );
    assert_eq!(
        keyring.retire("r9", LIFETIME, NOW, true),
        Err(EditError::Unknown("r9".to_owned()))
    );
}

#[test]
fn never_writes_a_broken_rsa_key() {
    let mut keyring = generated();
    keyring.add_rsa("rsa1", b"no key", NOW).expect("noted");
    assert_eq!(keyring.to_json().err(), Some(KeyringError::BadRsaKey));
    assert_eq!(
        keyring.add_rsa("rsa2", b"", NOW),
        Err(EditError::Exists("rsa1".to_owned()))
    );
    assert!(matches!(
        keyring.retire("rsa1", LIFETIME, NOW, false),
        Err(EditError::Unsafe(_))
    ));
    keyring
        .retire("rsa1", LIFETIME, NOW, true)
        .expect("retired");
    keyring.to_json().expect("usable");
}
