//! Success tokens that nobody was given, tried wherever one is accepted: at the service's own ledger, at the
//! guard crate and at the account service.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::Guard;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Forger, RsaKey, World, encoded, jwt_part, phone, with_mac};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SUCCESS: &str = "phone-verified+jwt";

/// A world whose keys we hold, and a good token of business `register`.
struct Forge {
    world: World,
    keyring: Keyring,
    header: Value,
    claims: Value,
    token: String,
}

impl Forge {
    async fn new() -> Self {
        Self::on(World::start().await).await
    }

    async fn on(world: World) -> Self {
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
        sign(&self.keyring, &self.world, typ, claims)
    }

    /// The public key of the good token.
    fn key(&self) -> Value {
        let jwks = self.keyring.jwks();
        let keys = jwks["keys"].as_array().expect("keys");
        let own = keys.iter().find(|key| key["kid"] == self.header["kid"]);
        own.expect("the key of the token").clone()
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

fn sign(keyring: &Keyring, world: &World, typ: &str, claims: &Value) -> String {
    let signed = keyring.signing_key(world.clock.now()).sign_jwt(typ, claims);
    signed.expect("signed")
}

/// The good token under every algorithm but its own: unsigned, with the signature that it had, and with a
/// MAC of each of `secrets`. How many there were.
async fn under_other_algorithms(forge: &Forge, secrets: &[Vec<u8>]) -> usize {
    let claims = encoded(&forge.claims);
    let right = forge.token.rsplit('.').next().expect("a signature");
    let mut tried = 0;
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "RS384", "PS256",
        "ES256", "ES384", "ES512", "EdDSA", "es256", "rs256",
    ] {
        let mut header = forge.header.clone();
        if header["alg"] == alg {
            continue;
        }
        header["alg"] = json!(alg);
        let message = format!("{}.{claims}", encoded(&header));
        let mut forged = vec![
            format!("{message}."),
            message.clone(),
            format!("{message}.{right}"),
        ];
        let macs = secrets.iter();
        forged.extend(macs.map(|secret| with_mac(alg, secret, &message)));
        for token in forged {
            forge.assert_refused(&token, alg).await;
            tried += 1;
        }
    }
    // CVE-2022-21449: r = s = 0 verified as anything.
    let message = forge.token.rsplit_once('.').expect("three parts").0;
    let zeros = "A".repeat(right.len());
    let token = format!("{message}.{zeros}");
    forge.assert_refused(&token, "zeros").await;
    tried + 1
}

/// A public key as somebody may take it for a secret: the JWK, and its numbers alone.
fn jwk_forms(key: &Value) -> Vec<Vec<u8>> {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let numbers = ["x", "y", "n"].map(text);
    let mut forms = vec![key.to_string(), text("x") + &text("y")];
    forms.extend(numbers);
    forms.retain(|form| !form.is_empty());
    forms.into_iter().map(String::into_bytes).collect()
}

/// Each of the issuer's keys signs under the id of the other.
async fn under_the_other_id(forge: &Forge, root: &str, rsa: &RsaKey) {
    let own = json!({ "current": "r1", "roots": { "r1": root } });
    let ec_as_rsa = json!({ "current": "rsa1", "roots": { "rsa1": root } });
    let rsa_as_ec = json!({
        "current": "x1", "roots": { "x1": root }, "rsa": { "kid": "r1", "pkcs8": rsa.pkcs8() },
    });
    let mut claims = forge.claims.clone();
    for (keyring, expected) in [(own, true), (ec_as_rsa, false), (rsa_as_ec, false)] {
        claims["jti"] = json!(format!("of {keyring:.30}"));
        let keyring = Keyring::from_json(&keyring.to_string()).expect("a keyring");
        let token = sign(&keyring, &forge.world, SUCCESS, &claims);
        let header = jwt_part(&token, 0);
        assert_eq!(forge.accepted(&token).await, [expected; 3], "{header}");
    }
}

#[tokio::test]
async fn algorithm_confusion() {
    let forge = Forge::new().await;
    let tried = under_other_algorithms(&forge, &jwk_forms(&forge.key())).await;
    forge.assert_good().await;
    let (rsa, root) = (RsaKey::new(), "k".repeat(43));
    let keyring = json!({
        "current": "r1", "roots": { "r1": root }, "rsa": { "kid": "rsa1", "pkcs8": rsa.pkcs8() },
    });
    let world = World::builder().keyring(&keyring.to_string());
    let forge = Forge::on(world.start().await).await;
    assert_eq!(forge.header["alg"], "RS256");
    let mut secrets = jwk_forms(&forge.key());
    secrets.extend(rsa.public_forms());
    let tried_of_rsa = under_other_algorithms(&forge, &secrets).await;
    under_the_other_id(&forge, &root, &rsa).await;
    forge.assert_good().await;
    assert_eq!((tried, tried_of_rsa), (16 * 7 + 1, 16 * 13 + 1));
}

/// Serves a forger's keys to whoever follows the header of a token, and counts them.
async fn bait(keys: Value) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/jwks.json", listener.local_addr().expect("one"));
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let answer = move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        keys.to_string()
    };
    let served = axum::serve(listener, Router::new().fallback(answer));
    tokio::spawn(async move { served.await });
    (url, taken)
}

#[tokio::test]
async fn keys_in_the_header() {
    let (forge, forger) = (Forge::new().await, Forger::new());
    let own = forge.header["kid"].as_str().expect("an id").to_owned();
    let mut tried = 0;
    for kid in [
        own.as_str(),
        "mine",
        "../../../dev/null",
        "/proc/self/environ",
        "http://127.0.0.1:9/jwks.json",
        "r1' OR '1'='1",
        "R1",
        "r1\u{0}",
        "",
    ] {
        let jwk = forger.jwk(&json!(kid));
        let (url, fetched) = bait(json!({ "keys": [jwk] })).await;
        let ways = [
            ("jwk", jwk),
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["MIIB"])),
        ];
        let mut all = forge.header.clone();
        all["kid"] = json!(kid);
        let mut headers = Vec::new();
        for (name, value) in ways {
            let mut alone = forge.header.clone();
            alone["kid"] = json!(kid);
            alone[name] = value.clone();
            all[name] = value;
            headers.push(alone);
        }
        headers.push(all);
        for header in headers {
            let token = forger.signed(&header, &forge.claims);
            forge.assert_refused(&token, &header.to_string()).await;
            tried += 1;
        }
        assert_eq!(
            fetched.load(Ordering::SeqCst),
            0,
            "{kid:?}: a key was fetched"
        );
    }
    assert_eq!(tried, 9 * 5);
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
            let token = forge.signed(SUCCESS, &claims);
            forge.assert_refused(&token, name).await;
        }
        let mut claims = forge.claims.clone();
        claims.as_object_mut().expect("claims").remove(name);
        let token = forge.signed(SUCCESS, &claims);
        forge.assert_refused(&token, name).await;
    }
    for (name, value) in [("nbf", exp + 3_600), ("exp", exp - 300 - 61)] {
        let mut claims = forge.claims.clone();
        claims[name] = json!(value);
        let token = forge.signed(SUCCESS, &claims);
        forge.assert_refused(&token, name).await;
    }
    forge.assert_good().await;
}
