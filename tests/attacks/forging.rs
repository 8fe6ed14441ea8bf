//! Success tokens that nobody was given, tried wherever one is accepted: at the service's own ledger, at the
//! guard crate and at the account service.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phoneproof::config::TokenMode;
use phoneproof::crypto::keyring::Keyring;
use phoneproof::domain::clock::Clock as _;
use phoneproof_guard::Guard;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{PARALLEL, World, at_once, jwt_part, phone};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{challenge, nth_phone, success};

/// A world whose keys we hold, and a good token of business `register`.
struct Forge {
    world: World,
    keyring: Keyring,
    header: Value,
    claims: Value,
    token: String,
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Forge {
    async fn new() -> Self {
        let world = World::start().await;
        let body = json!({ "phone": phone(1), "uniqueId": "d", "businessId": "register" });
        let sent = world.client.post("/v1/send", &body).await;
        let token = world
            .client
            .verify(&sent.token(), &world.code(&phone(1)))
            .await
            .token();
        Self {
            keyring: world.keyring(SECRET_ID).await,
            header: jwt_part(&token, 0),
            claims: jwt_part(&token, 1),
            token,
            world,
        }
    }

    /// A token that the issuer's own key signed, whatever it says.
    fn signed(&self, typ: &str, claims: &Value) -> String {
        let signed = self
            .keyring
            .signing_key(self.world.clock.now())
            .sign_jwt(typ, claims);
        signed.expect("signed")
    }

    /// Whether ledger, guard and account service accept the token; they should agree.
    async fn accepted(&self, token: &str) -> [bool; 3] {
        let client = &self.world.client;
        let jwks = self.keyring.jwks().to_string();
        let guard = Guard::new(self.world.stack.url.as_str(), jwks.as_bytes()).expect("keys");
        let now = u64::try_from(self.world.clock.now().unix()).expect("after 1970");
        let at_guard = guard.check(token, "register", now).is_ok();
        let body = json!({ "token": token, "password": "tiny" });
        // A password that is refused after the token was checked, and leaves it unspent.
        let account = client.post("/account/v1/accounts", &body).await;
        let at_account = account.problem() == "password-refused";
        let at_ledger = client.spend(token, "register").await.status == 200;
        [at_ledger, at_guard, at_account]
    }

    async fn assert_refused(&self, token: &str, why: &str) {
        assert_eq!(self.accepted(token).await, [false; 3], "{why}");
    }

    /// What was tried is refused for what it says: the token as it was is accepted everywhere.
    async fn assert_good(&self) {
        assert_eq!(self.accepted(&self.token).await, [true; 3]);
    }
}

#[tokio::test]
async fn algorithm_confusion() {
    let forge = Forge::new().await;
    let key = &forge.keyring.jwks()["keys"][0];
    let secrets = [
        key.to_string(),
        key["x"].as_str().expect("a coordinate").to_owned(),
        format!("{}{}", key["x"], key["y"]),
    ];
    let claims = encoded(&forge.claims);
    let right = forge.token.rsplit('.').next().expect("a signature");
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES384",
        "ES512", "EdDSA", "es256",
    ] {
        let mut header = forge.header.clone();
        header["alg"] = json!(alg);
        let message = format!("{}.{claims}", encoded(&header));
        let mut forged = vec![
            format!("{message}."),
            message.clone(),
            format!("{message}.{right}"),
        ];
        for secret in &secrets {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let mac = hmac::sign(&secret, message.as_bytes());
            forged.push(format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac)));
        }
        for token in forged {
            forge.assert_refused(&token, alg).await;
        }
    }
    // CVE-2022-21449: r = s = 0 verified as anything.
    let message = forge.token.rsplit_once('.').expect("three parts").0;
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    forge
        .assert_refused(&format!("{message}.{zeros}"), "zeros")
        .await;
    forge.assert_good().await;
}

#[tokio::test]
async fn keys_in_the_header() {
    let forge = Forge::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("one"));
    let claims = encoded(&forge.claims);
    let right = forge.token.rsplit('.').next().expect("a signature");
    let own = forge.keyring.jwks()["keys"][0].clone();
    for kid in [
        "mine",
        "../../../dev/null",
        "/proc/self/environ",
        url.as_str(),
        "r1' OR '1'='1",
        "R1",
        "r1\u{0}",
        "",
    ] {
        let mut header = forge.header.clone();
        header["kid"] = json!(kid);
        for (name, value) in [
            ("jwk", own.clone()),
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["MIIB"])),
        ] {
            header[name] = value;
            let token = format!("{}.{claims}.{right}", encoded(&header));
            forge.assert_refused(&token, kid).await;
        }
    }
    let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept());
    assert!(connected.await.is_err(), "a key was fetched");
    forge.assert_good().await;
}

#[tokio::test]
async fn odd_times() {
    let forge = Forge::new().await;
    let exp = forge.claims["exp"].as_u64().expect("seconds");
    let values = [
        json!(exp.to_string()),
        json!("99999999999"),
        json!(null),
        json!(true),
        json!(-1),
        json!([exp]),
        json!({ "at": exp }),
        json!(1e300),
        json!(0),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &values {
            // The past is no odd time for a beginning.
            if name != "exp" && *value == json!(0) {
                continue;
            }
            let mut claims = forge.claims.clone();
            claims[name] = value.clone();
            let token = forge.signed("phone-verified+jwt", &claims);
            forge.assert_refused(&token, name).await;
        }
        let mut claims = forge.claims.clone();
        claims.as_object_mut().expect("claims").remove(name);
        let token = forge.signed("phone-verified+jwt", &claims);
        forge.assert_refused(&token, name).await;
    }
    for (name, value) in [("nbf", exp + 3_600), ("exp", exp - 300 - 61)] {
        let mut claims = forge.claims.clone();
        claims[name] = json!(value);
        let token = forge.signed("phone-verified+jwt", &claims);
        forge.assert_refused(&token, name).await;
    }
    forge.assert_good().await;
}

#[tokio::test]
async fn one_kind_of_token_for_another() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let (opened, code, _) = challenge(&world, &phone(1), 1).await;
        let login = success(&world, &phone(2), 2).await;
        let body = json!({ "phone": phone(3), "uniqueId": "d3", "businessId": "register" });
        let sent = world.client.post("/v1/send", &body).await;
        let register = world
            .client
            .verify(&sent.token(), &world.code(&phone(3)))
            .await
            .token();
        let jwks = world.keyring(SECRET_ID).await.jwks().to_string();
        let guard = Guard::new(world.stack.url.as_str(), jwks.as_bytes()).expect("keys");
        let now = u64::try_from(world.clock.now().unix()).expect("after 1970");
        let tokens = [&opened, &login, &register];
        let mut seen = Vec::new();
        for token in tokens {
            seen.push([
                world.client.verify(token, &code).await.status == 200,
                guard.check(token, "login", now).is_ok(),
                world.client.spend(token, "login").await.status == 200,
                guard.check(token, "register", now).is_ok(),
                world.client.spend(token, "register").await.status == 200,
            ]);
        }
        let diagonal = [
            [true, false, false, false, false],
            [false, true, true, false, false],
            [false, false, false, true, true],
        ];
        assert_eq!(seen, diagonal, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_token_used_twice() {
    let world = World::start().await;
    for round in 0..5 {
        let token = success(&world, &nth_phone(round), round).await;
        let statuses = at_once(&world.client, |_, client| {
            let token = token.clone();
            async move { client.spend(&token, "login").await }
        })
        .await;
        let expected = BTreeMap::from([(200, 1), (409, *PARALLEL - 1)]);
        assert_eq!(statuses, expected, "round {round}");
    }
}
