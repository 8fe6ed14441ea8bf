//! Targets for the tokens that the guard checks.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use phoneproof_account::access_token::Access;
use phoneproof_crypto::base64url;
use phoneproof_guard::{Guard, LEEWAY_SECONDS, PhoneProof, TOKEN_TYPE, Token, TokenGuard};
use serde_json::{Value, json};

use crate::fixture::ISSUER;
use crate::{CANARY, Outcome, Target, assert_silent, reread};

pub(crate) const SPECIMEN: &str = include_str!("../../../shared/guard/specimen/token.txt");
pub(crate) const SPECIMEN_KEYS: &str = include_str!("../../../shared/guard/specimen/jwks.json");
/// An instant at which the specimen is valid, in Unix seconds.
pub(crate) const SPECIMEN_NOW: u64 = 1_800_000_060;
/// The audience of the specimen.
pub(crate) const SPECIMEN_AUDIENCE: &str = "password-change";

const NOW: u64 = 1_800_000_000;
const KID: &str = "r1";

/// Reads the bytes as the text of a success token, as a client presents it.
pub(crate) const SUCCESS_TOKEN: Target = Target {
    name: "success_token",
    run: success_token,
    seeds: || vec![SPECIMEN.trim_end().as_bytes().to_vec()],
    words: &[
        ".",
        "..",
        "e30",
        "=",
        "A",
        "-",
        "_",
        "+",
        "/",
        " ",
        "\n",
        "eyJhbGciOiJub25lIn0",
        "eyJhbGciOiJIUzI1NiIsImtpZCI6InIxIiwidHlwIjoicGhvbmUtdmVyaWZpZWQrand0In0",
    ],
};

/// Reads the bytes as header and claims, with a zero byte between them, and signs them with the right key.
///
/// A faulty or foreign issuer could make such tokens.
pub(crate) const SIGNED: Target = Target {
    name: "signed_token",
    run: signed_token,
    seeds,
    words: SIGNED_WORDS,
};

const SIGNED_WORDS: &[&str] = &[
    "\"none\"",
    "\"HS256\"",
    "\"RS256\"",
    "\"ES384\"",
    "\"ES256\"",
    "\"JWT\"",
    "\"at+jwt\"",
    "\"phone-verified+jwt\"",
    "\"r1\"",
    "\"r2\"",
    "\"crit\":[\"exp\"],",
    "\"crit\":null,",
    "\"b64\":false,",
    "\"zip\":\"DEF\",",
    "\"jwk\":{},",
    "\"cty\":\"JWT\",",
    "1800000300",
    "1800000300.0",
    "18e8",
    "1e300",
    "-1",
    "18446744073709551615",
    "18446744073709551616",
    "\"1800000300\"",
    "false",
    "\"aud\":\"login\",",
    "[\"login\"]",
    "\"exp\":1800000300,",
    "null",
    "{}",
    "[]",
    "\"\"",
    "\"\\u0000\"",
    ",",
    ":",
    "\0",
];

fn success_token(bytes: &[u8]) -> Outcome {
    static GUARD: LazyLock<Guard> =
        LazyLock::new(|| Guard::new(ISSUER, SPECIMEN_KEYS.as_bytes()).expect("keys"));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    match GUARD.check(text, SPECIMEN_AUDIENCE, SPECIMEN_NOW) {
        Ok(proof) => {
            assert_eq!(text, SPECIMEN.trim_end(), "only the issuer can sign");
            assert_eq!(proof.phone, "+14155550100");
            Outcome::Accepted
        }
        Err(rejection) => {
            assert_silent(&format!("{rejection} {rejection:?}"));
            Outcome::Refused
        }
    }
}

/// An issuer that signs any header and any claims.
struct Forge {
    pair: EcdsaKeyPair,
    success: Guard,
    /// One that refuses tokens that are bound to an action.
    unbound: Guard,
    access: TokenGuard<Access>,
}

static FORGE: LazyLock<Forge> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let keys = json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KID, "x": base64url(x), "y": base64url(y),
    }] });
    let keys = keys.to_string();
    Forge {
        success: Guard::new(ISSUER, keys.as_bytes())
            .expect("keys")
            .accept_actions(),
        unbound: Guard::new(ISSUER, keys.as_bytes()).expect("keys"),
        access: TokenGuard::new(ISSUER, keys.as_bytes()).expect("keys"),
        pair,
    }
});

impl Forge {
    fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", base64url(signature.expect("signed")))
    }
}

fn signed_token(bytes: &[u8]) -> Outcome {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    let (header, claims) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let token = FORGE.sign(header, claims);
    if let Ok(proof) = FORGE.success.check(&token, "login", NOW) {
        assert_silent(&format!("{proof:?}"));
        if let Some(claims) = check_claims(header, claims, TOKEN_TYPE, "login") {
            check_proof(&proof, &claims);
        }
        let elsewhere = FORGE.success.check(&token, "register", NOW);
        assert!(elsewhere.is_err(), "a token is for one business only");
        let unbound = FORGE.unbound.check(&token, "login", NOW).ok();
        assert_eq!(unbound, proof.action.is_none().then_some(proof));
        return Outcome::Accepted;
    }
    if let Ok(access) = FORGE.access.check(&token, ISSUER, NOW) {
        if let Some(claims) = check_claims(header, claims, Access::TYPE, ISSUER) {
            assert_eq!(claims["sub"], base64url(access.account.0));
            assert_eq!(claims["sid"], base64url(access.session.0));
        }
        return Outcome::Accepted;
    }
    Outcome::Refused
}

fn check_proof(proof: &PhoneProof, claims: &Value) {
    assert_eq!(claims["phone_number_verified"], true);
    assert_eq!(claims["phone_number"], proof.phone);
    assert_eq!(claims["sub"], proof.subject);
    assert_eq!(claims["device_id"], proof.device);
    assert_eq!(claims["aud"], proof.business);
    assert_eq!(claims["jti"], proof.jti);
    assert_eq!(claims["iat"], proof.verified_at);
    assert_eq!(claims["exp"], proof.expires_at);
    assert_eq!(claims["action"].as_str(), proof.action.as_deref());
    assert_eq!(claims["test"].as_bool().unwrap_or(false), proof.test);
}

/// Checks the header and the claims of an accepted token with a second reader. Returns the claims.
fn check_claims(header: &[u8], claims: &[u8], typ: &str, audience: &str) -> Option<Value> {
    let (header, claims) = (reread(header)?, reread(claims)?);
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["typ"], typ);
    assert_eq!(header["kid"], KID);
    assert!(
        header["crit"].is_null(),
        "a token with critical members must be refused"
    );
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], audience);
    let seconds = |name: &str| claims[name].as_u64().expect("whole seconds");
    assert!(seconds("exp").saturating_add(LEEWAY_SECONDS) > NOW);
    assert!(seconds("nbf") <= NOW + LEEWAY_SECONDS);
    Some(claims)
}

fn seeds() -> Vec<Vec<u8>> {
    let header = |typ| json!({ "typ": typ, "alg": "ES256", "kid": KID }).to_string();
    let success = json!({
        "iss": ISSUER, "sub": "subject", "aud": "login", "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": "jti",
        "phone_number": "+14152007986", "phone_number_verified": true, "device_id": CANARY, "amr": ["sms", "otp"],
    });
    let mut bound = success.clone();
    bound["action"] = json!("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    bound["test"] = json!(true);
    let access = json!({
        "iss": ISSUER, "aud": ISSUER, "sub": base64url([1; 16]), "client_id": "first-party", "iat": NOW, "nbf": NOW,
        "exp": NOW + 600, "jti": base64url([3; 16]), "sid": base64url([2; 16]),
    });
    let critical = header(TOKEN_TYPE).replace('}', r#","crit":["exp"]}"#);
    let over = success.to_string().replace("1800000300", "1799999940");
    let unproven = success.to_string().replace("true", "false");
    [
        format!("{}\0{success}", header(TOKEN_TYPE)),
        format!("{}\0{bound}", header(TOKEN_TYPE)),
        format!("{}\0{access}", header(Access::TYPE)),
        format!("{critical}\0{success}"),
        format!("{}\0{over}", header(TOKEN_TYPE)),
        format!("{}\0{unproven}", header(TOKEN_TYPE)),
    ]
    .map(String::into_bytes)
    .to_vec()
}
