//! Forged success tokens at the three places that accept success tokens: the service's own ledger, the guard crate and
//! the account service. The forgeries are the table of `phoneproof_tests::Specimen`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::{Guard, PhoneProof, Rejection};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{
    Forger, Forgery, RsaKey, Sign, Specimen, World, jwk_forms, jwt_part, phone,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SUCCESS: &str = "phone-verified+jwt";

/// The claims, besides the times, without which a success token is refused.
const REQUIRED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "jti",
    "phone_number",
    "phone_number_verified",
    "device_id",
    "amr",
];

/// A world whose keys the test holds, and a good success token for the business `register`.
struct Forge {
    world: World,
    specimen: Specimen<'static>,
}

impl Forge {
    /// Starts a world that signs with the key of its root.
    async fn new() -> Self {
        let secret = "k".repeat(43);
        let keyring = json!({ "current": "r1", "roots": { "r1": secret } });
        let issuer = Forger::of_root(&secret);
        let sign = move |header: &Value, claims: &str| issuer.sign(header, claims);
        Self::start(&keyring, Vec::new(), Box::new(sign)).await
    }

    /// Starts a world that signs with an RSA key.
    async fn with_rsa(root: &str, rsa: RsaKey) -> Self {
        let keyring = json!({
            "current": "r1", "roots": { "r1": root }, "rsa": { "kid": "rsa1", "pkcs8": rsa.pkcs8() },
        });
        let forms = rsa.public_forms();
        let sign = move |header: &Value, claims: &str| rsa.sign(header, claims);
        Self::start(&keyring, forms, Box::new(sign)).await
    }

    async fn start(keyring: &Value, mut secrets: Vec<Vec<u8>>, sign: Sign<'static>) -> Self {
        let world = World::builder().keyring(&keyring.to_string()).start().await;
        let body = json!({ "phone": phone(1), "uniqueId": "d", "businessId": "register" });
        let sent = world.client.post("/v1/send", &body).await;
        let token = world
            .client
            .verify(&sent.token(), &world.code(&phone(1)))
            .await
            .token();
        let header = jwt_part(&token, 0);
        let jwks = world.read_keyring(SECRET_ID).await.jwks();
        let keys = jwks["keys"].as_array().expect("keys");
        let own = keys.iter().find(|key| key["kid"] == header["kid"]);
        secrets.extend(jwk_forms(own.expect("the key of the token")));
        Self {
            specimen: Specimen {
                claims: jwt_part(&token, 1),
                header,
                token,
                required: REQUIRED,
                secrets,
                sign,
            },
            world,
        }
    }

    /// Whether the ledger, the guard and the account service accept the token, in this order.
    async fn accept(&self, token: &str) -> [bool; 3] {
        let client = &self.world.client;
        let body = json!({ "token": token, "password": "tiny" });
        // The account service refuses the password after it has checked the token, and leaves the token unspent.
        let account = client.post("/account/v1/accounts", &body).await;
        let at_account = account.problem() == "password-refused";
        let at_guard = self.check(token).await.is_ok();
        let at_ledger = client.spend(token, "register").await.status == 200;
        [at_ledger, at_guard, at_account]
    }

    async fn check(&self, token: &str) -> Result<PhoneProof, Rejection> {
        let jwks = self.world.read_keyring(SECRET_ID).await.jwks().to_string();
        let guard = Guard::new(self.world.stack.url.as_str(), jwks.as_bytes()).expect("keys");
        let now = u64::try_from(self.world.clock.now().unix()).expect("after 1970");
        guard.check(token, "register", now)
    }

    async fn assert_refused(&self, token: &str, what: &str) {
        assert_eq!(self.accept(token).await, [false; 3], "{what}");
    }

    /// Asserts that all three places refuse every forgery and that the guard gives the expected reason. Returns the
    /// number of forgeries.
    async fn assert_all_refused(&self, forgeries: Vec<Forgery>) -> usize {
        for forgery in &forgeries {
            self.assert_refused(&forgery.token, &forgery.what).await;
            if let Some(rejection) = forgery.rejection {
                let said = self.check(&forgery.token).await.err();
                assert_eq!(said, Some(rejection), "{}", forgery.what);
            }
        }
        forgeries.len()
    }

    /// Asserts that an unchanged token is accepted when it is signed again. So every refusal was caused by the change.
    async fn assert_good(&self) {
        let again = self.specimen.sign_again();
        assert_eq!(self.accept(&again).await, [true; 3]);
    }
}

/// Keyrings in which one of the issuer's keys signs under its own id or under the id of the other key, and whether
/// tokens of the keyring are good.
fn keyrings_with_the_other_id(root: &str, rsa: &RsaKey) -> Vec<(Keyring, bool)> {
    let own = json!({ "current": "r1", "roots": { "r1": root } });
    let ec_as_rsa = json!({ "current": "rsa1", "roots": { "rsa1": root } });
    let rsa_as_ec = json!({
        "current": "x1", "roots": { "x1": root }, "rsa": { "kid": "r1", "pkcs8": rsa.pkcs8() },
    });
    [(own, true), (ec_as_rsa, false), (rsa_as_ec, false)]
        .into_iter()
        .map(|(text, good)| {
            let keyring = Keyring::from_json(&text.to_string());
            (keyring.expect("a keyring"), good)
        })
        .collect()
}

#[tokio::test]
async fn algorithm_confusion() {
    let forge = Forge::new().await;
    let forgeries = forge.specimen.of_algorithms();
    let tried = forge.assert_all_refused(forgeries).await;
    forge.assert_good().await;
    let (rsa, root) = (RsaKey::new(), "r".repeat(43));
    let others = keyrings_with_the_other_id(&root, &rsa);
    let forge = Forge::with_rsa(&root, rsa).await;
    assert_eq!(forge.specimen.header["alg"], "RS256");
    let forgeries = forge.specimen.of_algorithms();
    let tried_of_rsa = forge.assert_all_refused(forgeries).await;
    for (keyring, expected) in others {
        let mut claims = forge.specimen.claims.clone();
        claims["jti"] = json!(format!("of {:?}", keyring.current().id()));
        let key = keyring.signing_key(forge.world.clock.now());
        let token = key.sign_jwt(SUCCESS, &claims).expect("signed");
        let header = jwt_part(&token, 0);
        assert_eq!(forge.accept(&token).await, [expected; 3], "{header}");
    }
    forge.assert_good().await;
    assert_eq!((tried, tried_of_rsa), (16 * 8 + 1, 16 * 14 + 1));
}

/// Serves a forger's keys at a URL, and counts how often they are fetched.
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
    let own = forge.specimen.header["kid"]
        .as_str()
        .expect("an id")
        .to_owned();
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
        let mut all = forge.specimen.header.clone();
        all["kid"] = json!(kid);
        let mut headers = Vec::new();
        for (name, value) in ways {
            let mut alone = forge.specimen.header.clone();
            alone["kid"] = json!(kid);
            alone[name] = value.clone();
            all[name] = value;
            headers.push(alone);
        }
        headers.push(all);
        for header in headers {
            let token = forger.sign(&header, &forge.specimen.claims.to_string());
            forge.assert_refused(&token, &header.to_string()).await;
            tried += 1;
        }
        assert_eq!(
            fetched.load(Ordering::SeqCst),
            0,
            "{kid:?}: a key was fetched"
        );
    }
    // The issuer's own key signs under ids that name none of its keys.
    tried += forge.assert_all_refused(forge.specimen.of_keys()).await;
    assert_eq!(tried, 9 * 5 + 10);
    forge.assert_good().await;
}

#[tokio::test]
async fn odd_times() {
    let forge = Forge::new().await;
    let tried = forge.assert_all_refused(forge.specimen.of_times()).await;
    assert_eq!(tried, 33);
    let exp = forge.specimen.claims["exp"].as_u64().expect("seconds");
    let mut claims = forge.specimen.claims.clone();
    claims["exp"] = json!(exp - 300 - 61);
    let token = (forge.specimen.sign)(&forge.specimen.header, &claims.to_string());
    forge.assert_refused(&token, "a minute too late").await;
    forge.assert_good().await;
}

#[tokio::test]
async fn odd_claims() {
    let forge = Forge::new().await;
    let forgeries = [forge.specimen.of_claims(), forge.specimen.of_types()].concat();
    let tried = forge.assert_all_refused(forgeries).await;
    assert_eq!(tried, 8 * 4 + 6 + 7);
    let mut claims = forge.specimen.claims.clone();
    claims["phone_number_verified"] = json!(false);
    let unverified = (forge.specimen.sign)(&forge.specimen.header, &claims.to_string());
    forge
        .assert_refused(&unverified, "a number that was not verified")
        .await;
    forge.assert_good().await;
}

#[tokio::test]
async fn odd_shapes() {
    let forge = Forge::new().await;
    let tried = forge.assert_all_refused(forge.specimen.of_shapes()).await;
    assert_eq!(tried, 10);
    forge.assert_good().await;
}
