//! Targets for key sets and keyrings.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::keyring_edit::KeyringDocument;
use phoneproof_domain::phone::Phone;
use phoneproof_guard::{Claims, Guard};
use serde_json::{Value, json};

use crate::bodies::JSON_WORDS;
use crate::fixture::{ISSUER, NOW};
use crate::jwt::{SPECIMEN, SPECIMEN_AUDIENCE, SPECIMEN_KEYS, SPECIMEN_NOW};
use crate::{CANARY, Outcome, Target, assert_silent, reread};

/// Reads the bytes as a key set, as a relying party fetches it.
pub(crate) const JWKS: Target = Target {
    name: "jwks",
    run: jwks,
    seeds: || {
        let other = json!({ "keys": [
            { "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rsa1", "e": "AQAB", "n": "sXch" },
            { "kty": "EC", "crv": "P-384", "alg": "ES384", "kid": "r1", "x": "AA", "y": "AA" },
            { "kty": "oct", "alg": "HS256", "kid": "r1", "k": "AAAA" },
            { "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "r3", "x": "AAAA" },
        ] });
        let mut both: Value = serde_json::from_str(SPECIMEN_KEYS).expect("JSON");
        let keys = both["keys"].as_array_mut().expect("an array");
        keys.extend(other["keys"].as_array().cloned().unwrap_or_default());
        [SPECIMEN_KEYS.trim_end().to_owned(), both.to_string()]
            .map(String::into_bytes)
            .to_vec()
    },
    words: &[
        "\"keys\"",
        "[]",
        "{}",
        "null",
        "\"\"",
        "\"r1\"",
        "\"RS256\"",
        "\"HS256\"",
        "\"none\"",
        "\"EC\"",
        "\"RSA\"",
        "\"oct\"",
        "\"P-384\"",
        "\"enc\"",
        "\"key_ops\":[\"encrypt\"],",
        "\"key_ops\":[\"verify\"],",
        "AQAB",
        "A",
        "=",
        ",",
        ":",
        "\"kid\":\"r1\",",
        "\"x5c\":[\"\"],",
        "\"d\":\"AA\",",
    ],
};

/// Reads the bytes as the keyring secret.
pub(crate) const KEYRING: Target = Target {
    name: "keyring",
    run: keyring,
    seeds: || {
        let secret = |fill: &str| format!("{CANARY}{}", fill.repeat(37));
        let (a, b) = (secret("a"), secret("b"));
        [
            json!({ "current": "r1", "r1": a }),
            json!({ "current": "r2", "index": "r1", "roots": { "r2": b }, "r1": a }),
            json!({
                "current": "r2", "index": "r1", "roots": { "r1": a, "r2": b },
                "rsa": { "kid": "rsa1", "pkcs8": *PKCS8 },
                "added": { "r2": 1_000, "rsa1": 1_000 }, "replaced": { "r1": 2_000 },
            }),
            json!({
                "version": 2, "current": "r2", "roots": { "r2": b },
                "keys": { "index": KEY, "idempotency": KEY, "reference": KEY },
                "peppers": [{ "id": "r1", "key": KEY }, { "id": "p1", "key": KEY, "from": 1_000 }],
                "rsa": { "kid": "rsa1", "pkcs8": *PKCS8, "from": 1_600 },
            }),
        ]
        .map(|keyring| keyring.to_string().into_bytes())
        .to_vec()
    },
    words: JSON_WORDS,
};

/// A key of 32 bytes as a keyring holds it.
const KEY: &str = "K19OPa05qJhRK1qC44txNcg6rP0YgqXktvA26coCBuY";

/// An RSA private key as a keyring holds it: PKCS #8 in base64.
static PKCS8: LazyLock<String> = LazyLock::new(|| {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("encodable");
    STANDARD.encode(der.as_ref())
});

fn jwks(bytes: &[u8]) -> Outcome {
    let guard = match Guard::new(ISSUER, bytes) {
        Ok(guard) => guard,
        Err(error) => {
            assert_silent(&format!("{error} {error:?}"));
            return Outcome::Refused;
        }
    };
    let token = SPECIMEN.trim_end();
    if guard.check(token, SPECIMEN_AUDIENCE, SPECIMEN_NOW).is_ok() {
        let set = reread(bytes);
        let keys = set.as_ref().and_then(|set| set["keys"].as_array());
        assert!(
            keys.is_none_or(|keys| keys.iter().any(is_key_of_specimen)),
            "a token is accepted only with its own key in the set"
        );
    }
    Outcome::Accepted
}

/// Whether a key is the specimen's and may verify signatures.
fn is_key_of_specimen(key: &Value) -> bool {
    let specimen: Value = serde_json::from_str(SPECIMEN_KEYS).expect("JSON");
    let specimen = &specimen["keys"][0];
    let same = |name: &str| key[name] == specimen[name];
    let signs = key["use"].is_null() || key["use"] == "sig";
    let verifies = key["key_ops"]
        .as_array()
        .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    ["kty", "crv", "alg", "kid", "x", "y"].into_iter().all(same) && signs && verifies
}

fn keyring(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let keyring = match Keyring::from_json(text) {
        Ok(keyring) => keyring,
        Err(error) => {
            assert_silent(&format!("{error} {error:?}"));
            return Outcome::Refused;
        }
    };
    assert_silent(&format!("{keyring:?}"));
    check_signing(&keyring);
    let document = KeyringDocument::from_json(text)
        .expect("operators can read every keyring that functions can");
    let written = document.to_json().expect("operators can write it again");
    let again = Keyring::from_json(&written).expect("functions can read what operators write");
    assert_eq!(again.jwks(), keyring.jwks());
    assert_eq!(again.current().id(), keyring.current().id());
    let phone = Phone::from_canonical("+14152007986").expect("canonical");
    let index = |keyring: &Keyring| keyring.indexer().index_phone(&phone);
    assert_eq!(index(&again), index(&keyring), "indexes outlive every edit");
    let pepper = |keyring: &Keyring| keyring.current_pepper(NOW).key().to_vec();
    assert_eq!(pepper(&again), pepper(&keyring));
    Outcome::Accepted
}

/// Checks that a keyring's own key set accepts the tokens that it signs.
fn check_signing(keyring: &Keyring) {
    let keys = keyring.jwks().to_string();
    assert_silent(&keys);
    let guard = Guard::new(ISSUER, keys.as_bytes()).expect("its keys are usable");
    let now = u64::try_from(NOW.unix()).expect("after 1970");
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: "subject".to_owned(),
        aud: "login".to_owned(),
        iat: now,
        nbf: now,
        exp: now + 300,
        jti: "jti".to_owned(),
        phone_number: "+14152007986".to_owned(),
        phone_number_verified: true,
        device_id: "device".to_owned(),
        amr: Vec::new(),
        action: None,
        test: false,
    };
    let token = keyring.signing_key(NOW).sign(&claims).expect("signed");
    let checked = guard.check(&token.into_text(), "login", now);
    assert!(checked.is_ok(), "{checked:?}");
}
