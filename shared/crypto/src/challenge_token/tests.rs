use super::*;
use crate::keyring::tests_support::keyring;
use phoneproof_domain::random::RandomUnavailable;
use proptest::prelude::*;

/// Fills with 1, 2, 3 and so on.
struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        for (byte, value) in bytes.iter_mut().zip(1..) {
            *byte = value;
        }
        Ok(())
    }
}

const ISSUER: &str = "https://verify.example.com";
const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);

fn challenge() -> Challenge {
    Challenge {
        id: ChallengeId([9; 16]),
        phone: Phone::from_canonical("+14152007986").expect("canonical"),
        country: Country::parse("US").ok(),
        device: Device::parse("device-1").expect("a device"),
        business: BusinessId::parse("login").expect("an id"),
        slot: 3,
        expires_at: Timestamp::from_unix(1_795_435_500),
        code_mac: [4; 32],
        locale: Locale::parse("en").expect("a locale"),
        action: None,
        test: false,
        payment: Some(Payment {
            payer: Payer {
                lane: Lane::Crowd,
                shard: 1,
                price: 220_000,
                day: 20_780,
                network: SubjectIndex::from_text(base64url([5; 32])),
                codes_needed: Some(3),
                heals: false,
            },
            address: SubjectIndex::from_text(base64url([6; 32])),
            hour: Timestamp::from_unix(1_795_435_200),
        }),
    }
}

fn seal_one() -> String {
    seal(
        &challenge(),
        keyring(&["r1"]).current(),
        ISSUER,
        NOW,
        &Counting,
    )
    .expect("sealed")
    .into_text()
}

#[test]
fn seals_to_the_known_text() {
    assert_eq!(
        seal_one(),
        "v2.r1-20780.AQIDBAUGBwgJCgsM._Mu2R42VAlr1FuGonUlpHQ3Ju4t5pFkyoZbCyWog7JOUr4UKGPnqzQb1u_I0pLUeCoxf5yj-VRyHIf4Ob_Tf9qmSmQIGQi2XFuecr_sfivt7bDK6yaWhGRF3yTuWtloqnjP0yg4jIsah-KJCu6qKtZoInYNUvFwxrmZ-O1wu9okf169BDGK1Qjjnuq1LDUKhb3LWYSOHzwrqmCJ0qIGg-eo8d9wzuypi0IDBCXNgJdZ3ArgA_E-Yze3Qu4I"
    );
}

#[test]
fn opens_a_token_of_the_version_before() {
    let text = "v1.r1-20780.AQIDBAUGBwgJCgsM._Mu2R42VAlr1FuGonUlpHQ3Ju4t5pFkyoZbCyWog7JOUr4UKGPnqzQb1u_I0pLUeCoxf5yj-VRyHIf4Ob_Tf9qmSmQIGQi2XFuecr_sfivt7bDK6yaWhGRF3yUKFCL2yh0h9SIsJhE-hVUI";
    let (opened, _) = open(text, &keyring(&["r1"]), ISSUER, NOW).expect("opens");
    let expected = Challenge {
        payment: None,
        ..challenge()
    };
    assert_eq!(opened, expected);
    assert!(
        open(
            &text.replacen("v1", "v2", 1),
            &keyring(&["r1"]),
            ISSUER,
            NOW
        )
        .is_err()
    );
}

#[test]
fn opens_what_was_sealed() {
    let keyring = keyring(&["r1"]);
    let (opened, root) = open(&seal_one(), &keyring, ISSUER, NOW).expect("opens");
    assert_eq!(opened, challenge());
    assert_eq!(root.id().as_str(), "r1");
}

#[test]
fn refuses_a_token_of_another_key_issuer_or_day() {
    let text = seal_one();
    assert!(open(&text, &keyring(&["r2"]), ISSUER, NOW).is_err());
    assert!(open(&text, &keyring(&["r1"]), "https://other.example.com", NOW).is_err());
    let later = |days: u64| NOW + std::time::Duration::from_secs(86_400 * days);
    assert!(open(&text, &keyring(&["r1"]), ISSUER, later(1)).is_ok());
    assert!(open(&text, &keyring(&["r1"]), ISSUER, later(2)).is_err());
}

#[test]
fn opens_a_token_of_an_instance_whose_clock_is_a_day_ahead() {
    let (text, keyring) = (seal_one(), keyring(&["r1"]));
    let earlier = |days: u64| NOW - std::time::Duration::from_secs(86_400 * days);
    assert!(open(&text, &keyring, ISSUER, earlier(1)).is_ok());
    assert!(open(&text, &keyring, ISSUER, earlier(2)).is_err());
}

#[test]
fn opens_tokens_of_an_old_root_until_it_is_retired() {
    let text = seal_one();
    assert!(open(&text, &keyring(&["r2", "r1"]), ISSUER, NOW).is_ok());
    assert!(open(&text, &keyring(&["r2", "r3"]), ISSUER, NOW).is_err());
}

#[test]
fn refuses_every_flipped_bit_and_every_other_length() {
    let (text, keyring) = (seal_one(), keyring(&["r1"]));
    for index in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[index / 8] ^= 1 << (index % 8);
        if let Ok(forged) = String::from_utf8(bytes) {
            assert!(open(&forged, &keyring, ISSUER, NOW).is_err(), "bit {index}");
        }
    }
    for length in 0..text.len() {
        assert!(open(&text[..length], &keyring, ISSUER, NOW).is_err());
    }
    for longer in ["A", "=", ".", ".A", " ", "\n"] {
        assert!(open(&format!("{text}{longer}"), &keyring, ISSUER, NOW).is_err());
    }
    assert!(open(&text.replace("-20780", "-020780"), &keyring, ISSUER, NOW).is_err());
    assert!(open(&text.replace("-20780", "-+20780"), &keyring, ISSUER, NOW).is_err());
}

proptest! {
    #[test]
    fn refuses_any_text_that_was_not_sealed(text in "(v[12]\\.)?(r1-20780\\.)?[A-Za-z0-9_.=-]{0,80}") {
        prop_assert!(open(&text, &keyring(&["r1"]), ISSUER, NOW).is_err());
    }

    #[test]
    fn opens_any_challenge_that_was_sealed(device in "[ -~]{1,40}[!-~]", slot: u8, mac: [u8; 32], action: Option<[u8; 32]>, test: bool) {
        // A placeholder that many devices share does not name a device.
        let device = Device::parse(&device);
        prop_assume!(device.is_ok());
        let original = Challenge {
            device: device.expect("a device"),
            slot, code_mac: mac, action, test,
            ..challenge()
        };
        let keyring = keyring(&["r1"]);
        let text = seal(&original, keyring.current(), ISSUER, NOW, &Counting).expect("sealed").into_text();
        let (opened, _) = open(&text, &keyring, ISSUER, NOW).expect("opens");
        prop_assert_eq!(opened, original);
    }
}
