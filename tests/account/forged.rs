//! Access tokens that nobody should accept, and success tokens that are used by many at once.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phoneproof::crypto::keyring::Keyring;
use phoneproof::domain::clock::Clock as _;
use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{World, jwt_part, phone};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::account::{OTHER, PASSWORD, me, member, post, proof, register};

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A member, with the access token and the keys that signed it.
async fn forge() -> (World, String, Keyring) {
    let world = World::start().await;
    let (access, _) = member(&world, &phone(1)).await;
    assert_eq!(me(&world, &access).await.status, 200);
    let keyring = world.keyring(ACCOUNT_SECRET_ID).await;
    (world, access, keyring)
}

#[tokio::test]
async fn no_algorithm_but_the_keys_own() {
    let (world, access, keyring) = forge().await;
    let key = &keyring.jwks()["keys"][0];
    let secrets = [
        key.to_string(),
        key["x"].as_str().expect("a coordinate").to_owned(),
    ];
    let claims = encoded(&jwt_part(&access, 1));
    let signature = access.rsplit('.').next().expect("a signature");
    for alg in [
        "none", "NONE", "", "HS256", "HS512", "RS256", "ES384", "es256",
    ] {
        let mut header = jwt_part(&access, 0);
        header["alg"] = json!(alg);
        let message = format!("{}.{claims}", encoded(&header));
        let mut forged = vec![format!("{message}."), format!("{message}.{signature}")];
        for secret in &secrets {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
            forged.push(format!("{message}.{mac}"));
        }
        for token in forged {
            assert_eq!(me(&world, &token).await.status, 401, "{alg:?}");
        }
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_or_names_are_neither_used_nor_fetched() {
    let (world, access, keyring) = forge().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    let claims = encoded(&jwt_part(&access, 1));
    let signature = access.rsplit('.').next().expect("a signature");
    for kid in ["mine", "../../dev/null", url.as_str(), "' OR 1=1 --", ""] {
        let mut header = jwt_part(&access, 0);
        header["kid"] = json!(kid);
        header["jwk"] = keyring.jwks()["keys"][0].clone();
        header["jku"] = json!(url);
        header["x5u"] = json!(url);
        let token = format!("{}.{claims}.{signature}", encoded(&header));
        assert_eq!(me(&world, &token).await.status, 401, "{kid:?}");
    }
    let fetched = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept());
    assert!(fetched.await.is_err(), "nothing may be fetched");
}

#[tokio::test]
async fn times_and_names_are_required_with_their_types() {
    let (world, access, keyring) = forge().await;
    let signed = |claims: &Value| {
        let signed = keyring
            .signing_key(world.clock.now())
            .sign_jwt("at+jwt", claims);
        signed.expect("signed")
    };
    let good = jwt_part(&access, 1);
    let exp = good["exp"].as_u64().expect("seconds");
    // The forge can sign: refusals below are about what is said.
    assert_eq!(me(&world, &signed(&good)).await.status, 200);
    let odd = [
        json!(exp.to_string()),
        json!(null),
        json!(-1),
        json!([exp]),
        json!(1e300),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &odd {
            let mut claims = good.clone();
            claims[name] = value.clone();
            let refused = me(&world, &signed(&claims)).await;
            assert_eq!(refused.status, 401, "{name}: {value}");
        }
    }
    for name in ["exp", "nbf", "iat", "iss", "aud", "sub", "sid", "jti"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("claims").remove(name);
        assert_eq!(me(&world, &signed(&claims)).await.status, 401, "{name}");
    }
    for (name, value) in [
        ("iss", json!(world.stack.url)),
        ("aud", json!("login")),
        ("aud", json!([good["aud"]])),
        ("sub", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sid", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sub", json!("")),
        ("exp", json!(exp - 600 - 61)),
        ("nbf", json!(exp + 61)),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        assert_eq!(me(&world, &signed(&claims)).await.status, 401, "{name}");
    }
    for typ in ["JWT", "phone-verified+jwt", ""] {
        let token = keyring
            .signing_key(world.clock.now())
            .sign_jwt(typ, &good)
            .expect("signed");
        assert_eq!(me(&world, &token).await.status, 401, "{typ:?}");
    }
}

#[tokio::test]
async fn each_kind_of_token_is_good_for_its_own_place_only() {
    let (world, access, _) = forge().await;
    world.advance(60);
    let body = json!({ "phone": phone(2), "uniqueId": "d", "businessId": "register" });
    let challenge = world.client.post("/v1/send", &body).await.token();
    let session = crate::account::log_in(&world, &phone(1), PASSWORD).await;
    let (_, refresh) = crate::account::tokens(&session);
    let success = proof(&world, "register", &phone(3)).await;
    for (kind, token) in [
        ("challenge", &challenge),
        ("success", &success),
        ("access", &access),
        ("refresh", &refresh),
    ] {
        let verified = world.client.verify(token, "000000").await;
        let accepted_as_challenge = verified.problem() == "wrong-code";
        let opened = me(&world, token).await.status == 200;
        let refreshed = crate::account::refresh(&world, token).await.status == 200;
        let reset = json!({ "token": token, "password": OTHER });
        let other_business = post(&world, "/password-reset", &reset).await.status == 204;
        let registered = post(&world, "/accounts", &reset).await.status == 201;
        let diagonal = [
            kind == "challenge",
            kind == "access",
            kind == "refresh",
            false,
            kind == "success",
        ];
        let seen = [
            accepted_as_challenge,
            opened,
            refreshed,
            other_business,
            registered,
        ];
        assert_eq!(seen, diagonal, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_uses_of_one_success_token_at_once_one_counts() {
    let world = World::start().await;
    for (business, path) in [
        ("register", "/accounts"),
        ("password-reset", "/password-reset"),
        ("login", "/sessions"),
    ] {
        let token = proof(&world, business, &phone(1)).await;
        let mut body = json!({ "token": token });
        if path != "/sessions" {
            body["password"] = json!(PASSWORD);
        }
        let mut uses = JoinSet::new();
        for _ in 0..100 {
            let (client, body) = (world.client.clone(), body.clone());
            let path = format!("/account/v1{path}");
            uses.spawn(async move { client.post(&path, &body).await });
        }
        let answers = uses.join_all().await;
        let served = answers.iter().filter(|a| a.status < 300).count();
        assert_eq!(served, 1, "{path}");
        let others = answers.iter().filter(|a| matches!(a.status, 409 | 503));
        assert_eq!(others.count(), 99, "{path}");
    }
    assert_eq!(register(&world, &phone(1), OTHER).await.status, 409);
}

#[tokio::test]
async fn a_test_number_counts_only_where_the_operator_says_so() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2099-01-01T00:00:00Z\"\n";
    for refuses in [true, false] {
        let builder = World::builder().policy_addition(number);
        let builder = if refuses {
            builder.refuse_test_numbers()
        } else {
            builder
        };
        let world = builder.start().await;
        let body =
            json!({ "phone": "+14155550100", "uniqueId": "reviewer", "businessId": "register" });
        let sent = world.client.post("/v1/send", &body).await;
        let token = world.client.verify(&sent.token(), "424242").await.token();
        let body = json!({ "token": token, "password": PASSWORD });
        let answer = post(&world, "/accounts", &body).await;
        if refuses {
            assert_eq!((answer.status, answer.problem()), (403, "test-number"));
        } else {
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
    }
}
