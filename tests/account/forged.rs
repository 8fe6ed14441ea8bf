//! Forged access tokens, tokens of another kind, and one success token that many requests use at once.

use http::Method;
use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{Forger, Specimen, World, jwk_forms, jwt_part, phone};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::account::{
    OTHER, PASSWORD, call_with_token, get_me, post, register, register_and_log_in, verify_phone,
};

/// The claims, besides the times, without which an access token is refused.
const REQUIRED: &[&str] = &["iss", "aud", "sub", "sid", "jti"];

#[tokio::test]
async fn every_forged_access_token_is_refused() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let secret: Value = serde_json::from_str(&world.secret(ACCOUNT_SECRET_ID).await).expect("JSON");
    let issuer = Forger::of_root(secret["r1"].as_str().expect("a root"));
    let specimen = Specimen {
        header: jwt_part(&access, 0),
        claims: jwt_part(&access, 1),
        token: access,
        required: REQUIRED,
        secrets: jwk_forms(&world.read_keyring(ACCOUNT_SECRET_ID).await.jwks()["keys"][0]),
        sign: Box::new(move |header, claims| issuer.sign(header, claims)),
    };
    assert_eq!(get_me(&world, &specimen.sign_again()).await.status, 200);
    for forgery in specimen.forgeries() {
        let answer = get_me(&world, &forgery.token).await;
        assert_eq!(answer.status, 401, "{}", forgery.what);
    }
    let exp = specimen.claims["exp"].as_u64().expect("seconds");
    for (name, value) in [
        ("iss", json!(world.stack.url)),
        ("sub", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sid", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sub", json!("")),
        ("exp", json!(exp - 600 - 61)),
        ("nbf", json!(exp + 61)),
    ] {
        let mut claims = specimen.claims.clone();
        claims[name] = value;
        let token = (specimen.sign)(&specimen.header, &claims.to_string());
        assert_eq!(get_me(&world, &token).await.status, 401, "{name}");
    }
    assert_eq!(get_me(&world, &specimen.token).await.status, 200);
}

#[tokio::test]
async fn each_kind_of_token_is_accepted_only_where_it_belongs() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    world.advance(60);
    let body = json!({ "phone": phone(2), "uniqueId": "d", "businessId": "register" });
    let challenge = world.client.post("/v1/send", &body).await.token();
    let session = crate::account::log_in(&world, &phone(1), PASSWORD).await;
    let (_, refresh) = crate::account::read_tokens(&session);
    let success = verify_phone(&world, "register", &phone(3)).await;
    for (kind, token) in [
        ("challenge", &challenge),
        ("success", &success),
        ("access", &access),
        ("refresh", &refresh),
    ] {
        let verified = world.client.verify(token, "000000").await;
        let accepted_as_challenge = verified.problem() == "wrong-code";
        let opened = get_me(&world, token).await.status == 200;
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
async fn a_hundred_parallel_uses_of_one_success_token_count_once() {
    let world = World::start().await;
    for (business, path) in [
        ("register", "/accounts"),
        ("password-reset", "/password-reset"),
        ("login", "/sessions"),
    ] {
        let token = verify_phone(&world, business, &phone(1)).await;
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

/// What a person approved for a payment, in a business of this service, opens no account.
#[tokio::test]
async fn the_approval_of_an_action_counts_for_no_call() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    for (n, business, path) in [
        (2, "register", "/accounts"),
        (1, "login", "/sessions"),
        (1, "login", "/sessions with a password"),
        (1, "password-change", "/password"),
        (3, "phone-change", "/phone"),
        (1, "password-reset", "/password-reset"),
    ] {
        world.advance(60);
        let number = phone(n);
        let asked = json!({
            "phone": number, "uniqueId": "d", "businessId": business, "action": "pay:order-42:EUR 100",
        });
        let sent = world.client.post("/v1/send", &asked).await;
        let verified = world
            .client
            .verify(&sent.token(), &world.code(&number))
            .await;
        let token = verified.token();
        let mut body = json!({ "token": token, "password": OTHER });
        let answer = match path {
            "/password" | "/phone" => {
                call_with_token(&world, Method::POST, path, &access, Some(&body)).await
            }
            "/sessions" => post(&world, path, &json!({ "token": token })).await,
            "/sessions with a password" => {
                body["phone"] = json!(number);
                body["password"] = json!(PASSWORD);
                post(&world, "/sessions", &body).await
            }
            _ => post(&world, path, &body).await,
        };
        assert_eq!(
            (answer.status, answer.problem()),
            (400, "invalid-token"),
            "{path}: {}",
            answer.text
        );
        let counted = world.client.spend(&token, business).await;
        assert_eq!(counted.status, 200, "{path}: it was not spent");
    }
    assert_eq!(get_me(&world, &access).await.status, 200);
}

#[tokio::test]
async fn a_test_number_counts_only_where_the_operator_allows_it() {
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
