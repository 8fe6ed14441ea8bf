//! How the account service answers when its tables or its keys cannot be reached.

use http::Method;
use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{Fault, World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, call_with_token, get_me, log_in, post, read_tokens, refresh,
    register_and_log_in, verify_phone,
};

#[tokio::test]
async fn without_its_tables_every_route_answers_unavailable_and_changes_nothing() {
    let world = World::builder().proxied().start().await;
    let (access, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    let reset = verify_phone(&world, "password-reset", &phone(1)).await;
    let change = verify_phone(&world, "password-change", &phone(1)).await;
    let register = verify_phone(&world, "register", &phone(2)).await;
    let proxy = world.proxy();
    for operation in ["GetItem", "UpdateItem", "TransactWriteItems"] {
        proxy.break_all(operation, Fault::Refuse);
    }
    let body = |token: &str| json!({ "token": token, "password": OTHER });
    let answers = [
        post(&world, "/accounts", &body(&register)).await,
        post(&world, "/password-reset", &body(&reset)).await,
        call_with_token(
            &world,
            Method::POST,
            "/password",
            &access,
            Some(&body(&change)),
        )
        .await,
        log_in(&world, &phone(1), PASSWORD).await,
        refresh(&world, &refresh_token).await,
        get_me(&world, &access).await,
        call_with_token(&world, Method::GET, "/sessions", &access, None).await,
        call_with_token(&world, Method::DELETE, "/sessions", &access, None).await,
        call_with_token(&world, Method::DELETE, "/sessions/all", &access, None).await,
        call_with_token(&world, Method::DELETE, "/me", &access, None).await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.header("retry-after").is_some());
    }
    proxy.mend();
    assert_eq!(get_me(&world, &access).await.status, 200);
    read_tokens(&refresh(&world, &refresh_token).await);
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    // The success token was not spent.
    assert_eq!(
        post(&world, "/password-reset", &body(&reset)).await.status,
        204
    );
}

#[tokio::test]
async fn a_reply_that_is_lost_after_the_write_is_not_applied_twice() {
    let world = World::builder().proxied().start().await;
    let (_, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let proxy = world.proxy();
    proxy.break_next("TransactWriteItems", Fault::LoseReply);
    let body = json!({ "token": token, "password": OTHER });
    let reset = post(&world, "/password-reset", &body).await;
    // The SDK repeats the call with its request token, and DynamoDB answers with the first result.
    assert_eq!(reset.status, 204, "{}", reset.text);
    assert_eq!(refresh(&world, &refresh_token).await.status, 401);
    let (_, first) = read_tokens(&log_in(&world, &phone(1), OTHER).await);
    proxy.break_next("TransactWriteItems", Fault::LoseReply);
    let (_, second) = read_tokens(&refresh(&world, &first).await);
    read_tokens(&refresh(&world, &second).await);
}

#[tokio::test]
async fn the_service_refuses_when_its_keyring_is_too_old_and_recovers_with_the_secret() {
    let world = World::start().await;
    let (_, mut token) = register_and_log_in(&world, &phone(1)).await;
    world.advance(300);
    // The hour for which old keys are good begins now.
    let mut access;
    (access, token) = read_tokens(&refresh(&world, &token).await);
    let good = world.secret(ACCOUNT_SECRET_ID).await;
    let secret = &world.stack.backends.account_secret;
    secret.set(None);
    for n in 0..12 {
        world.advance(if n == 11 { 299 } else { 300 });
        (access, token) = read_tokens(&refresh(&world, &token).await);
        assert_eq!(get_me(&world, &access).await.status, 200);
        read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    }
    world.advance(1);
    // The token is good, but the service has no key to check it with.
    let seen = get_me(&world, &access).await;
    assert_eq!((seen.status, seen.problem()), (503, "unavailable"));
    assert!(seen.header("retry-after").is_some());
    let line = world.lines.last();
    assert_eq!(line["outcome"], "unavailable", "{line}");
    assert_eq!(
        (&line["level"], &line["Faults"]),
        (&json!("error"), &json!(1))
    );
    let jwks = "/account/.well-known/jwks.json";
    for refused in [
        log_in(&world, &phone(1), PASSWORD).await,
        refresh(&world, &token).await,
        world.client.get(jwks).await,
    ] {
        assert_eq!(refused.status, 503, "{}", refused.text);
    }
    // The next request after the secret is back reads it.
    secret.set(Some(good));
    assert_eq!(get_me(&world, &access).await.status, 200);
    read_tokens(&refresh(&world, &token).await);
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert_eq!(world.client.get(jwks).await.status, 200);
}
