use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);
const LIFETIME: Duration = Duration::from_mins(10);

fn generate() -> KeyringDocument {
    let secret = "a".repeat(64);
    KeyringDocument::from_json(&format!(r#"{{"current":"r1","r1":"{secret}"}}"#)).expect("valid")
}

fn later(minutes: u64) -> Timestamp {
    NOW + Duration::from_mins(minutes)
}

/// The keys of `purpose` as they are listed at `now`: their ids, and which is in use.
fn list(keyring: &KeyringDocument, purpose: KeyPurpose, now: Timestamp) -> Vec<(String, bool)> {
    let keys = keyring.keys(now).into_iter();
    keys.filter(|key| key.purpose == purpose)
        .map(|key| (key.id, key.is_current))
        .collect()
}

fn roots(keyring: &KeyringDocument) -> Vec<(String, bool)> {
    list(keyring, KeyPurpose::Root, NOW)
}

fn functions(keyring: &KeyringDocument) -> Keyring {
    Keyring::from_json(&keyring.to_json().expect("usable")).expect("usable")
}

fn index(keyring: &Keyring) -> String {
    let phone = phoneproof_domain::phone::Phone::from_canonical("+14152007986").expect("canonical");
    keyring.indexer().index_phone(&phone).as_str().to_owned()
}

#[test]
fn keeps_the_index_through_a_rotation_and_waits_for_functions_caches_and_tokens() {
    let mut keyring = generate();
    let before = index(&functions(&keyring));
    keyring.add("r2", &[7; 32], NOW).expect("added");
    // Five minutes for the functions, five more for a key set that one of them published at the last moment.
    let early = keyring.promote("r2", later(9), false);
    assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(10)));
    keyring.promote("r2", later(10), false).expect("promoted");
    assert!(matches!(
        keyring.retire("r2", LIFETIME, later(60), true),
        Err(EditError::Unsafe(_))
    ));
    let early = keyring.retire("r1", LIFETIME, later(24), false);
    assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(25)));
    keyring
        .retire("r1", LIFETIME, later(25), false)
        .expect("the first root is a root like any other");
    assert_eq!(roots(&keyring), [("r2".to_owned(), true)]);
    assert_eq!(index(&functions(&keyring)), before);
}

#[test]
fn skips_only_the_waiting_when_forced() {
    let mut keyring = generate();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    keyring.promote("r2", NOW, true).expect("promoted");
    keyring.retire("r1", LIFETIME, NOW, true).expect("retired");
    assert!(matches!(
        keyring.retire("r2", LIFETIME, NOW, true),
        Err(EditError::Unsafe(_))
    ));
}

#[test]
fn a_converted_keyring_gives_the_same_keys_and_holds_no_root_that_was_removed() {
    let (secret, second) = ("a".repeat(43), "b".repeat(43));
    let text = format!(
        r#"{{"current":"r2","index":"r1","roots":{{"r2":"{second}"}},"r1":"{secret}","replaced":{{"r1":1}}}}"#
    );
    let before = Keyring::from_json(&text).expect("valid");
    let mut keyring = KeyringDocument::from_json(&text).expect("valid");
    assert!(keyring.was_first_form());
    keyring.retire("r1", LIFETIME, NOW, false).expect("retired");
    let text = keyring.to_json().expect("usable");
    assert!(!text.contains(&secret) && text.contains(&second));
    let after = functions(&keyring);
    assert_eq!(index(&before), index(&after));
    let challenge = |keyring: &Keyring| keyring.indexer().derive_challenge_id(&[b"key"]);
    assert_eq!(challenge(&before), challenge(&after));
    let place = |keyring: &Keyring| keyring.indexer().derive_place(&[1; 16]);
    assert_eq!(place(&before), place(&after));
    for id in ["r1", "r2"] {
        let id = RootId::parse(id).expect("an id");
        let pepper = |keyring: &Keyring| keyring.pepper(&id).expect("a pepper").key().to_vec();
        assert_eq!(pepper(&before), pepper(&after));
    }
    assert_eq!(
        before.current_pepper(NOW).id(),
        after.current_pepper(NOW).id()
    );
    let again = KeyringDocument::from_json(&text).expect("valid");
    assert!(!again.was_first_form());
    assert_eq!(*again.to_json().expect("usable"), *text);
}

#[test]
fn a_leak_ends_every_root_at_once_and_nothing_else() {
    let mut keyring = generate();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    let before = functions(&keyring);
    let new = Replacement {
        root: &[8; 32],
        pepper: Some(&[9; 32]),
        rsa: None,
    };
    let replaced = keyring.replace_leaked(new, NOW);
    let expected = Replaced {
        ended: vec!["r1".to_owned(), "r2".to_owned()],
        root: "r3".to_owned(),
        rsa: None,
        pepper: Some("p1".to_owned()),
    };
    assert_eq!(replaced, expected);
    let after = functions(&keyring);
    assert_eq!(roots(&keyring), [("r3".to_owned(), true)]);
    assert_eq!(after.jwks()["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(index(&before), index(&after));
    // Who has the old keyring can neither find the challenge of an idempotency key nor make a reference.
    let (old, new) = (before.indexer(), after.indexer());
    assert_ne!(
        old.derive_challenge_id(&[b"k"]),
        new.derive_challenge_id(&[b"k"])
    );
    assert_ne!(old.derive_place(&[1; 16]), new.derive_place(&[1; 16]));
    // The old pepper stays for the passwords made with it. Functions that have not read the new one could not use it.
    assert_eq!(after.current_pepper(later(4)).id().as_str(), "r1");
    assert_eq!(after.current_pepper(later(5)).id().as_str(), "p1");
    let peppers = |now| list(&keyring, KeyPurpose::Pepper, now);
    let listed = |current: &str| ["r1", "p1"].map(|id| (id.to_owned(), id == current));
    assert_eq!(peppers(later(4)), listed("r1"));
    assert_eq!(peppers(later(5)), listed("p1"));
}

#[test]
fn no_id_of_a_leaked_root_comes_back() {
    let mut keyring = generate();
    let ids = (1..=4_u8).map(|n| {
        let (root, pepper) = ([n; 32], [n + 100; 32]);
        let new = Replacement {
            root: &root,
            pepper: Some(&pepper),
            rsa: None,
        };
        let replaced = keyring.replace_leaked(new, NOW);
        (replaced.root, replaced.pepper.unwrap_or_default())
    });
    let ids: Vec<_> = ids.collect();
    let expected = [("r2", "p1"), ("r3", "p2"), ("r4", "p3"), ("r5", "p4")];
    assert_eq!(
        ids,
        expected.map(|(root, pepper)| (root.to_owned(), pepper.to_owned()))
    );
}

#[test]
fn a_pepper_is_removed_only_with_force_and_when_new_passwords_do_not_need_it() {
    let mut keyring = generate();
    let new = Replacement {
        root: &[8; 32],
        pepper: Some(&[9; 32]),
        rsa: None,
    };
    keyring.replace_leaked(new, NOW);
    for (id, now) in [("r1", later(4)), ("p1", later(4)), ("p1", later(5))] {
        let refused = keyring.retire_pepper(id, now, true);
        assert!(matches!(refused, Err(EditError::Unsafe(_))), "{id}");
    }
    let refused = keyring.retire_pepper("r1", later(5), false);
    assert!(matches!(refused, Err(EditError::Unsafe(_))));
    assert_eq!(
        keyring.retire_pepper("r2", later(5), true),
        Err(EditError::Unknown("r2".to_owned()))
    );
    keyring
        .retire_pepper("r1", later(5), true)
        .expect("retired");
    assert_eq!(
        list(&keyring, KeyPurpose::Pepper, NOW),
        [("p1".to_owned(), true)]
    );
    assert_eq!(functions(&keyring).current_pepper(NOW).id().as_str(), "p1");
}

#[test]
fn retires_a_root_that_was_never_current_at_once() {
    let mut keyring = generate();
    keyring.add("r2", &[7; 32], NOW).expect("added");
    keyring.retire("r2", LIFETIME, NOW, false).expect("retired");
    assert_eq!(roots(&keyring), [("r1".to_owned(), true)]);
}

#[test]
fn refuses_ids_that_are_malformed_taken_or_unknown() {
    let mut keyring = generate();
    assert_eq!(
        keyring.add("r1", &[7; 32], NOW),
        Err(EditError::Exists("r1".to_owned()))
    );
    assert_eq!(
        keyring.add("R-2", &[7; 32], NOW),
        Err(EditError::Malformed {
            next: "r2".to_owned()
        })
    );
    for refused in [
        keyring.retire("index", LIFETIME, NOW, true),
        keyring.promote("index", NOW, true),
    ] {
        let told = refused.expect_err("no root").to_string();
        assert!(told.contains("never retired"), "{told}");
    }
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
    let mut keyring = generate();
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

#[test]
fn an_rsa_key_is_current_when_it_signs_and_a_leaked_one_is_replaced_at_once() {
    let der = || {
        use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
        use aws_lc_rs::rsa::{KeyPair, KeySize};
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("encodable");
        der.as_ref().to_vec()
    };
    let mut keyring = generate();
    keyring.add_rsa("rsa1", &der(), NOW).expect("added");
    for (minutes, signs) in [(0, false), (9, false), (10, true)] {
        let now = later(minutes);
        let listed = list(&keyring, KeyPurpose::Rsa, now);
        assert_eq!(listed, [("rsa1".to_owned(), signs)], "{minutes} min");
        let algorithm = functions(&keyring).signing_key(now).algorithm();
        assert_eq!(algorithm == "RS256", signs, "{minutes} min");
    }
    let new = Replacement {
        root: &[8; 32],
        pepper: None,
        rsa: Some(&der()),
    };
    let replaced = keyring.replace_leaked(new, later(20));
    assert_eq!(replaced.ended, ["r1", "rsa1"]);
    assert_eq!(replaced.rsa.as_deref(), Some("rsa2"));
    let functions = functions(&keyring);
    assert_eq!(functions.signing_key(later(20)).algorithm(), "RS256");
    assert_eq!(functions.jwks()["keys"][0]["kid"], "rsa2");
}

#[test]
fn no_word_of_a_command_or_of_the_keyring_is_an_id() {
    let mut keyring = generate();
    for word in [
        "index", "current", "add", "promote", "retire", "rotate", "list", "next", "rsa", "all",
    ] {
        let refused = |next: &str| {
            Err(EditError::Reserved {
                id: word.to_owned(),
                next: next.to_owned(),
            })
        };
        assert_eq!(keyring.add(word, &[7; 32], NOW), refused("r2"));
        assert_eq!(
            keyring.add_rsa(word, b"not looked at", NOW),
            refused("rsa1")
        );
    }
    for id in ["r2", "2027spring", "address", "list2"] {
        keyring.add(id, &[7; 32], NOW).expect(id);
    }
}

#[test]
fn no_id_comes_back() {
    let mut keyring = generate();
    let used = |result: Result<(), EditError>| match result {
        Err(EditError::Used { next, .. }) => next,
        other => panic!("{other:?}"),
    };
    let pkcs8: &[u8] = b"not looked at";
    // An unused root was known to functions and caches, too.
    keyring.add("r2", &[7; 32], NOW).expect("added");
    keyring.retire("r2", LIFETIME, NOW, false).expect("retired");
    assert_eq!(keyring.next_id(), "r3");
    assert_eq!(used(keyring.add("r2", &[7; 32], NOW)), "r3");
    keyring.add_rsa("rsa1", pkcs8, NOW).expect("added");
    keyring
        .retire("rsa1", LIFETIME, NOW, true)
        .expect("retired");
    assert_eq!(keyring.next_rsa_id(), "rsa2");
    assert_eq!(used(keyring.add_rsa("rsa1", pkcs8, NOW)), "rsa2");
    assert_eq!(used(keyring.add("rsa1", &[7; 32], NOW)), "r3");
    let new = Replacement {
        root: &[8; 32],
        pepper: Some(&[9; 32]),
        rsa: None,
    };
    let replaced = keyring.replace_leaked(new, NOW);
    assert_eq!(
        (replaced.ended, replaced.root),
        (vec!["r1".to_owned()], "r3".to_owned())
    );
    // The pepper `p1` waits for its time; `r1` is a pepper still, and was a root.
    let pending = keyring.retire_pepper("p1", NOW, true);
    assert!(
        matches!(pending, Err(EditError::Unsafe(reason)) if reason.contains(&later(5).to_string()))
    );
    keyring
        .retire_pepper("r1", later(5), true)
        .expect("retired");
    for id in ["r1", "r2", "p1", "rsa1"] {
        assert_eq!(used(keyring.add(id, &[7; 32], NOW)), "r4");
    }
    // The keyring that functions and commands read again says the same.
    let text = keyring.to_json().expect("usable");
    let mut again = KeyringDocument::from_json(&text).expect("valid");
    assert_eq!(used(again.add("r2", &[7; 32], NOW)), "r4");
    again.add("r4", &[7; 32], NOW).expect("added");
}

#[test]
fn a_keyring_says_whose_it_is_once_it_was_edited() {
    use crate::keyring::KeyringOwner::{Account, Verification};
    let mut keyring = generate();
    assert_eq!(functions(&keyring).owner(), None);
    keyring.set_owner(Account);
    let after = functions(&keyring);
    assert_eq!(after.owner(), Some(Account));
    assert!(Account.check(after.owner()).is_ok() && Account.check(None).is_ok());
    let refused = Verification
        .check(after.owner())
        .expect_err("the other service's");
    assert_eq!(
        refused.to_string(),
        "keyring: the verification service's is needed, and this is the account service's"
    );
    let first = format!(
        r#"{{"owner":"account","current":"r1","r1":"{}"}}"#,
        "a".repeat(64)
    );
    assert_eq!(
        Keyring::from_json(&first).expect("valid").owner(),
        Some(Account)
    );
}
