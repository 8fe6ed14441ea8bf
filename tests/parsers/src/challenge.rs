//! Targets for challenge tokens.

use std::sync::LazyLock;

use phoneproof_crypto::derive::{Purpose, RootKey};
use phoneproof_crypto::{aead, base64url, challenge_token, from_base64url};
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::{Challenge, ChallengeId};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::phone::Phone;

use crate::fixture::{Counting, ISSUER, KEYRING, NOW, SECRET};
use crate::{CANARY, Outcome, Target, assert_silent};

/// Reads the bytes as the text of a challenge token, as a client presents it.
pub(crate) const TOKEN: Target = Target {
    name: "challenge_token",
    run: token,
    seeds: || {
        let ours = OURS.iter().map(|token| token.clone().into_bytes());
        ours.chain([NEXT_DAY.clone().into_bytes()]).collect()
    },
    words: &[
        ".", "v1", "v2", "r1", "r2", "-20780", "-20779", "-020780", "-+20780", "A", "=", "+", "/",
        " ", "\n", ".A",
    ],
};

/// Seals the bytes with the right key and reads the result as a challenge token.
///
/// No outsider has that key, but the opened challenge must still be valid.
pub(crate) const CONTENTS: Target = Target {
    name: "challenge_contents",
    run: contents,
    seeds: || OURS.iter().map(|token| unseal(token)).collect(),
    words: &[
        "\0",
        "\x01",
        "\x0c+14152007986",
        "\x02US",
        "\x02zh",
        "\u{7f}",
        "\x04+123",
    ],
};

/// Tokens that the service has sealed today.
static OURS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let plain = challenge();
    let full = Challenge {
        country: None,
        action: Some([5; 32]),
        test: true,
        locale: Locale::parse("zh-hans-cn").expect("a locale"),
        ..challenge()
    };
    [plain, full]
        .iter()
        .map(|challenge| seal(challenge, NOW))
        .collect()
});

/// A token that was sealed by a clock two days ahead.
static NEXT_DAY: LazyLock<String> =
    LazyLock::new(|| seal(&challenge(), NOW + std::time::Duration::from_hours(48)));

fn challenge() -> Challenge {
    Challenge {
        id: ChallengeId([9; 16]),
        phone: Phone::from_canonical("+14152007986").expect("canonical"),
        country: Country::parse("US").ok(),
        device: Device::parse(CANARY).expect("a device"),
        business: BusinessId::parse("login").expect("an id"),
        slot: 3,
        expires_at: Timestamp::from_unix(1_795_435_500),
        code_mac: [4; 32],
        locale: Locale::parse("en").expect("a locale"),
        action: None,
        test: false,
        payment: None,
    }
}

fn seal(challenge: &Challenge, now: Timestamp) -> String {
    let token = challenge_token::seal(challenge, KEYRING.current(), ISSUER, now, &Counting);
    token.expect("sealed").into_text()
}

fn token(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    match challenge_token::open(text, &KEYRING, ISSUER, NOW) {
        Ok((challenge, root)) => {
            assert!(
                OURS.iter().any(|ours| ours == text),
                "only the service can seal"
            );
            assert_eq!(root.id().as_str(), "r1");
            check(&challenge);
            Outcome::Accepted
        }
        Err(error) => {
            assert_silent(&format!("{error} {error:?}"));
            Outcome::Refused
        }
    }
}

fn contents(bytes: &[u8]) -> Outcome {
    let (nonce, sealed) =
        aead::seal(&day_key(), ASSOCIATED, bytes.to_vec(), &Counting).expect("sealed");
    let text = format!("v2.r1-20780.{}.{}", base64url(nonce), base64url(sealed));
    match challenge_token::open(&text, &KEYRING, ISSUER, NOW) {
        Ok((challenge, _)) => {
            check(&challenge);
            Outcome::Accepted
        }
        Err(_) => Outcome::Refused,
    }
}

/// Checks that an opened challenge stays the same when it is sealed and opened again.
fn check(challenge: &Challenge) {
    assert_silent(&format!("{challenge:?}"));
    let again = seal(challenge, NOW);
    let opened = challenge_token::open(&again, &KEYRING, ISSUER, NOW);
    assert_eq!(&opened.expect("opens").0, challenge);
}

const ASSOCIATED: &[u8] = b"v2\nr1-20780\nhttps://verify.example.com\nchallenge";

/// Returns the sealing key of the day of [`NOW`].
fn day_key() -> [u8; 32] {
    assert_eq!(NOW.day(), 20_780);
    *RootKey::new(SECRET).derive(Purpose::Seal(20_780))
}

fn unseal(token: &str) -> Vec<u8> {
    let mut parts = token.split('.').skip(2);
    let mut part = || from_base64url(parts.next().expect("four parts")).expect("base64url");
    let (nonce, sealed) = (part(), part());
    aead::open(&day_key(), ASSOCIATED, &nonce, sealed).expect("opens")
}
