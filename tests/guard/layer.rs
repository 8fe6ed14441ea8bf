//! The layer protects a route: it lets only requests with a good token reach the handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::{Request, Response};
use phoneproof_guard::{
    Fetch, FetchFailed, Guard, Https, RefusalSlug, RemoteGuard, TokenRequired, Verified,
};
use phoneproof_tests::{World, phone};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use crate::guard::{fetch_jwks, now, obtain_success_token};

async fn protect(world: &World) -> Router {
    let guard = Guard::new(world.stack.url.as_str(), &fetch_jwks(world).await).expect("keys");
    let at = now(world);
    let whose = |Verified(proof): Verified| async move { proof.phone };
    Router::new()
        .route("/whose", get(whose))
        .layer(TokenRequired::new(guard, "login").with_clock(move || at))
}

async fn ask(router: &Router, authorization: &[&str]) -> (Response<()>, String) {
    let mut request = Request::get("/whose");
    for value in authorization {
        request = request.header("authorization", *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    (
        Response::from_parts(parts, ()),
        String::from_utf8(body.to_vec()).expect("text"),
    )
}

#[tokio::test]
async fn a_good_token_reaches_the_handler_with_its_phone() {
    let world = World::start().await;
    let (router, token) = (protect(&world).await, obtain_success_token(&world, 1).await);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let (answer, body) = ask(&router, &[&format!("{scheme} {token}")]).await;
        assert_eq!((answer.status().as_u16(), body), (200, phone(1)));
    }
}

#[tokio::test]
async fn without_a_token_the_challenge_names_scheme_and_realm_only() {
    let world = World::start().await;
    let (router, token) = (protect(&world).await, obtain_success_token(&world, 1).await);
    let good = format!("Bearer {token}");
    for authorization in [
        &[][..],
        &["Basic dTpw"],
        &["Bearer"],
        &[token.as_str()],
        &[good.as_str(), good.as_str()],
    ] {
        let (answer, body) = ask(&router, authorization).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(
            answer.headers()["www-authenticate"],
            "Bearer realm=\"login\""
        );
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let problem: Value = serde_json::from_str(&body).expect("a problem document");
        assert_eq!(problem["type"], "urn:phoneproof:problem:token-required");
        let slug = answer.extensions().get::<RefusalSlug>().map(|by| by.slug);
        assert_eq!(slug, Some("token-required"));
    }
}

#[tokio::test]
async fn a_bad_token_is_refused_and_not_echoed() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let early = protect(&world).await;
    let tampered = format!("{}AAAA", &token[..token.len() - 4]);
    for (bad, reason) in [
        ("canary", "not a token of the expected kind"),
        (tampered.as_str(), "bad signature"),
    ] {
        let (answer, body) = ask(&early, &[&format!("Bearer {bad}")]).await;
        assert_eq!(answer.status(), 401);
        let challenge = format!(
            "Bearer realm=\"login\", error=\"invalid_token\", error_description=\"{reason}\""
        );
        assert_eq!(answer.headers()["www-authenticate"], challenge.as_str());
        assert!(!body.contains(bad), "{body}");
        let slug = answer.extensions().get::<RefusalSlug>().map(|by| by.slug);
        assert_eq!(slug, Some("invalid-token"));
    }
    world.advance(300 + 60);
    let late = protect(&world).await;
    let (answer, _) = ask(&late, &[&format!("Bearer {token}")]).await;
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("expired"), "{challenge}");
}

#[tokio::test]
async fn a_success_token_of_another_audience_is_refused() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let guard = Guard::new(world.stack.url.as_str(), &fetch_jwks(&world).await).expect("keys");
    let at = now(&world);
    let router = Router::new()
        .route("/whose", get(|| async { "served" }))
        .layer(TokenRequired::new(guard, "register").with_clock(move || at));
    let (answer, _) = ask(&router, &[&format!("Bearer {token}")]).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_route_without_its_layer_fails_instead_of_being_open() {
    let whose = |Verified(proof): Verified| async move { proof.phone };
    let router = Router::new().route("/whose", get(whose));
    assert_eq!(ask(&router, &[]).await.0.status(), 500);
}

/// An issuer whose keys cannot be fetched.
struct Down;

impl Fetch for Down {
    async fn fetch(&self, _: &str) -> Result<Vec<u8>, FetchFailed> {
        Err(FetchFailed::new("down"))
    }
}

#[tokio::test]
async fn the_layer_fails_closed_without_the_issuers_keys_and_says_when_it_asks_again() {
    let guard = RemoteGuard::new("https://verify.example.com", Down);
    let time = Arc::new(AtomicU64::new(1_000));
    let clock = Arc::clone(&time);
    let layer = TokenRequired::new(guard, "login").with_clock(move || clock.load(Ordering::SeqCst));
    let router = Router::new()
        .route("/whose", get(|| async { "served" }))
        .layer(layer);
    for (at, wait) in [
        (1_000, "1"),
        (1_001, "2"),
        (1_002, "1"),
        (1_003, "4"),
        (1_007, "8"),
        (1_010, "5"),
    ] {
        time.store(at, Ordering::SeqCst);
        let (answer, _) = ask(&router, &["Bearer e30.e30.e30"]).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], wait, "at {at}");
        let slug = answer.extensions().get::<RefusalSlug>().map(|by| by.slug);
        assert_eq!(slug, Some("unavailable"));
    }
}

#[tokio::test]
async fn a_token_of_a_test_number_reaches_the_handler_only_where_the_service_says_so() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"000000\"\n\
                  until = \"2099-01-01T00:00:00Z\"\n";
    let world = World::builder().policy_addition(number).start().await;
    let sent = world.client.send("+14155550100").await;
    let token = world.client.verify(&sent.token(), "000000").await.token();
    for accepts in [false, true] {
        let guard = Guard::new(world.stack.url.as_str(), &fetch_jwks(&world).await).expect("keys");
        let at = now(&world);
        let layer = TokenRequired::new(guard, "login").with_clock(move || at);
        let layer = if accepts {
            layer.accept_test_numbers()
        } else {
            layer
        };
        let router = Router::new().route("/whose", get(|| async { "served" }));
        let (answer, body) = ask(&router.layer(layer), &[&format!("Bearer {token}")]).await;
        if accepts {
            assert_eq!((answer.status().as_u16(), body.as_str()), (200, "served"));
            continue;
        }
        assert_eq!(answer.status(), 403);
        let problem: Value = serde_json::from_str(&body).expect("a problem document");
        assert_eq!(problem["type"], "urn:phoneproof:problem:test-number");
        assert!(!body.contains(&token), "{body}");
        let slug = answer.extensions().get::<RefusalSlug>().map(|by| by.slug);
        assert_eq!(slug, Some("test-number"));
    }
}

#[tokio::test]
async fn a_token_that_approves_an_action_reaches_only_a_route_that_compares_it() {
    const ACTION: &str = "pay:order-42:EUR 100";
    let world = World::start().await;
    let body =
        json!({ "phone": phone(1), "uniqueId": "d", "businessId": "login", "action": ACTION });
    let sent = world.client.post("/v1/send", &body).await;
    let verified = world
        .client
        .verify(&sent.token(), &world.code(&phone(1)))
        .await;
    let (bound, unbound) = (verified.token(), obtain_success_token(&world, 2).await);
    let (fetch, at) = (Https::new().expect("a client"), now(&world));
    let guard = RemoteGuard::new(world.stack.url.as_str(), fetch);
    let whose = |Verified(proof): Verified| async move { proof.is_for(ACTION).to_string() };
    let route = |guard: RemoteGuard<Https>| {
        let layer = TokenRequired::new(guard, "login").with_clock(move || at);
        Router::new().route("/whose", get(whose)).layer(layer)
    };
    let (paying, other) = (route(guard.clone().accept_actions()), route(guard));
    for (router, token, status, says) in [
        (&paying, &bound, 200, "true"),
        (&paying, &unbound, 200, "false"),
        (&other, &unbound, 200, "false"),
        (&other, &bound, 403, "urn:phoneproof:problem:other-action"),
    ] {
        let (answer, body) = ask(router, &[&format!("Bearer {token}")]).await;
        assert_eq!(answer.status(), status, "{body}");
        assert!(
            body.contains(says) && !body.contains(token.as_str()),
            "{body}"
        );
        let slug = answer.extensions().get::<RefusalSlug>().map(|by| by.slug);
        assert_eq!(slug, (status == 403).then_some("other-action"));
    }
}

#[tokio::test]
async fn the_layer_protects_lambda_functions_too() {
    use lambda_http::{Body, Error, Request};
    use phoneproof_guard::PhoneProof;

    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let guard = Guard::new(world.stack.url.as_str(), &fetch_jwks(&world).await).expect("keys");
    let at = now(&world);
    let handler = service_fn(|request: Request| async move {
        let proof = request.extensions().get::<PhoneProof>();
        let phone = proof.map_or(String::new(), |proof| proof.phone.clone());
        Ok::<_, Error>(Response::new(Body::from(phone)))
    });
    let function = ServiceBuilder::new()
        .layer(TokenRequired::new(guard, "login").with_clock(move || at))
        .service(handler);
    let request = || {
        http::Request::get("/")
            .body(Body::Empty)
            .expect("a request")
    };
    let refused = function
        .clone()
        .oneshot(request())
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 401);
    let mut authorized = request();
    let header = format!("Bearer {token}").parse().expect("a header");
    authorized.headers_mut().insert("authorization", header);
    let served = function.oneshot(authorized).await.expect("an answer");
    assert_eq!(served.body().as_ref(), phone(1).as_bytes());
}
