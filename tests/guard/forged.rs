//! Tokens that nobody should accept: each is a good one with one thing changed, signed again where the
//! forger could sign.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phoneproof_guard::{Guard, PhoneProof, Rejection};
use phoneproof_tests::{World, jwt_part};
use serde_json::{Value, json};

use crate::guard::{now, success_token};

/// An issuer whose key we hold, so that claims no issuer would make carry a signature that is right.
struct Forge {
    pair: EcdsaKeyPair,
    guard: Guard,
    header: Value,
    claims: Value,
    now: u64,
    jwks: Value,
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Forge {
    async fn new() -> Self {
        let world = World::start().await;
        let token = success_token(&world, 1).await;
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let point = pair.public_key().as_ref();
        let jwks = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": jwt_part(&token, 0)["kid"],
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        }] });
        let keys = jwks.to_string();
        Self {
            guard: Guard::new(world.stack.url.as_str(), keys.as_bytes()).expect("keys"),
            header: jwt_part(&token, 0),
            claims: jwt_part(&token, 1),
            now: now(&world),
            pair,
            jwks,
        }
    }

    fn check(&self, token: &str) -> Result<PhoneProof, Rejection> {
        self.guard.check(token, "login", self.now)
    }

    /// A token that the issuer's own key signed, whatever it says.
    fn signed(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .expect("signed");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.signed(&self.header, &claims.to_string())
    }

    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.header.clone();
        change(&mut header);
        self.signed(&header, &self.claims.to_string())
    }
}

#[tokio::test]
async fn the_forge_can_sign_so_that_refusals_mean_something() {
    let forge = Forge::new().await;
    let again = forge.signed(&forge.header, &forge.claims.to_string());
    assert!(forge.check(&again).is_ok());
}

#[tokio::test]
async fn no_other_algorithm_than_the_keys_is_accepted() {
    let forge = Forge::new().await;
    let public = forge.jwks["keys"][0]["x"].as_str().expect("a coordinate");
    let claims = encoded(&forge.claims);
    for alg in [
        "none", "None", "NONE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES384", "EdDSA",
        "es256",
    ] {
        let mut header = forge.header.clone();
        header["alg"] = json!(alg);
        let message = format!("{}.{claims}", encoded(&header));
        // Unsigned, signed with the public key as a secret (CVE-2016-10555), and rightly signed.
        let secret = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
        let right = forge.signed(&header, &forge.claims.to_string());
        for token in [
            format!("{message}."),
            format!("{message}.{mac}"),
            message.clone(),
            right,
        ] {
            assert!(forge.check(&token).is_err(), "{alg:?}: {token}");
        }
    }
}

#[tokio::test]
async fn no_key_that_a_token_brings_or_names_is_used() {
    let forge = Forge::new().await;
    let own = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "mine",
        "x": forge.jwks["keys"][0]["x"], "y": forge.jwks["keys"][0]["y"] });
    for kid in [
        "mine",
        "../../etc/passwd",
        "/dev/null",
        "http://127.0.0.1:9/",
        "r1'--",
        "",
        "R1",
    ] {
        let token = forge.with_header(|header| {
            header["kid"] = json!(kid);
            header["jwk"] = own.clone();
            header["jku"] = json!("http://127.0.0.1:9/jwks.json");
            header["x5u"] = json!("http://127.0.0.1:9/cert.pem");
        });
        assert_eq!(
            forge.check(&token).err(),
            Some(Rejection::UnknownKey),
            "{kid:?}"
        );
    }
    let without = forge.with_header(|header| drop(header.as_object_mut().map(|h| h.remove("kid"))));
    assert_eq!(forge.check(&without).err(), Some(Rejection::Malformed));
}

#[tokio::test]
async fn the_type_must_be_a_success_tokens_and_nothing_unknown_critical() {
    let forge = Forge::new().await;
    for typ in [
        "JWT",
        "at+jwt",
        "phone-verified",
        "PHONE-VERIFIED+JWT",
        "application/phone-verified+jwt",
        "",
    ] {
        let token = forge.with_header(|header| header["typ"] = json!(typ));
        assert_eq!(
            forge.check(&token).err(),
            Some(Rejection::Malformed),
            "{typ:?}"
        );
    }
    let critical = forge.with_header(|header| header["crit"] = json!(["exp"]));
    assert_eq!(forge.check(&critical).err(), Some(Rejection::Malformed));
}

#[tokio::test]
async fn times_are_required_and_whole_numbers() {
    let forge = Forge::new().await;
    let exp = forge.claims["exp"].as_u64().expect("seconds");
    let odd = [
        json!(exp.to_string()),
        json!("never"),
        json!(-1),
        json!(null),
        json!([exp]),
        json!({ "at": exp }),
        json!(true),
        json!(1e300),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &odd {
            let token = forge.with_claims(|claims| claims[name] = value.clone());
            assert_eq!(
                forge.check(&token).err(),
                Some(Rejection::Malformed),
                "{name}: {value}"
            );
        }
        let without =
            forge.with_claims(|claims| drop(claims.as_object_mut().map(|c| c.remove(name))));
        assert_eq!(
            forge.check(&without).err(),
            Some(Rejection::Malformed),
            "{name}"
        );
    }
    let future = forge.with_claims(|claims| claims["nbf"] = json!(exp + 3_600));
    assert_eq!(forge.check(&future).err(), Some(Rejection::NotYetValid));
    let past = forge.with_claims(|claims| claims["exp"] = json!(1));
    assert_eq!(forge.check(&past).err(), Some(Rejection::Expired));
    // Leeway must not overflow.
    let forever = forge.with_claims(|claims| claims["exp"] = json!(u64::MAX));
    assert!(forge.check(&forever).is_ok(), "the issuer decides how long");
}

#[tokio::test]
async fn every_other_claim_is_required_with_its_type() {
    let forge = Forge::new().await;
    for name in [
        "iss",
        "sub",
        "aud",
        "jti",
        "phone_number",
        "phone_number_verified",
        "device_id",
        "amr",
    ] {
        let without =
            forge.with_claims(|claims| drop(claims.as_object_mut().map(|c| c.remove(name))));
        assert_eq!(
            forge.check(&without).err(),
            Some(Rejection::Malformed),
            "{name}"
        );
        for value in [json!(7), json!(null), json!({})] {
            let token = forge.with_claims(|claims| claims[name] = value.clone());
            assert_eq!(
                forge.check(&token).err(),
                Some(Rejection::Malformed),
                "{name}: {value}"
            );
        }
    }
    let unverified = forge.with_claims(|claims| claims["phone_number_verified"] = json!(false));
    assert_eq!(forge.check(&unverified).err(), Some(Rejection::Malformed));
    let many = forge.with_claims(|claims| claims["aud"] = json!(["login", "register"]));
    assert_eq!(
        forge.check(&many).err(),
        Some(Rejection::Malformed),
        "one token, one audience"
    );
    let other = forge.with_claims(|claims| claims["iss"] = json!("https://evil.example.com"));
    assert_eq!(forge.check(&other).err(), Some(Rejection::WrongIssuer));
}

#[tokio::test]
async fn a_claim_given_twice_is_refused() {
    let forge = Forge::new().await;
    let claims = forge.claims.to_string();
    for name in ["aud", "exp", "phone_number"] {
        let value = &forge.claims[name];
        let twice = claims.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        assert!(
            forge.check(&forge.signed(&forge.header, &twice)).is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn other_shapes_and_encodings_are_refused() {
    let forge = Forge::new().await;
    let good = forge.signed(&forge.header, &forge.claims.to_string());
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        head.to_owned(),
        format!("{head}."),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        good.replace('_', "/").replace('-', "+") + "+",
        json!({ "protected": head, "signature": signature }).to_string(),
        "e30.".repeat(5_000),
    ] {
        assert!(forge.check(&token).is_err(), "{token:.60}");
    }
}
