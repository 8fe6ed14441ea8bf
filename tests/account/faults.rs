//! What happens when the tables, the keys or the verification service are away.

use http::Method;
use phoneproof_tests::{Fault, World, phone};
use serde_json::json;

use crate::{OTHER, PASSWORD, log_in, me, member, post, proof, refresh, tokens, with_token};

#[tokio::test]
async fn without_its_tables_every_route_says_unavailable_and_nothing_changes() {
    let world = World::builder().proxied().start().await;
    let (access, refresh_token) = member(&world, &phone(1)).await;
    let reset = proof(&world, "password-reset", &phone(1)).await;
    let change = proof(&world, "password-change", &phone(1)).await;
    let register = proof(&world, "register", &phone(2)).await;
    let proxy = world.proxy();
    for operation in ["GetItem", "UpdateItem", "TransactWriteItems"] {
        proxy.break_all(operation, Fault::Refuse);
    }
    let body = |token: &str| json!({ "token": token, "password": OTHER });
    let answers = [
        post(&world, "/accounts", &body(&register)).await,
        post(&world, "/password-reset", &body(&reset)).await,
        with_token(
            &world,
            Method::POST,
            "/password",
            &access,
            Some(&body(&change)),
        )
        .await,
        log_in(&world, &phone(1), PASSWORD).await,
        refresh(&world, &refresh_token).await,
        me(&world, &access).await,
        with_token(&world, Method::GET, "/sessions", &access, None).await,
        with_token(&world, Method::DELETE, "/sessions", &access, None).await,
        with_token(&world, Method::DELETE, "/sessions/all", &access, None).await,
        with_token(&world, Method::DELETE, "/me", &access, None).await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.header("retry-after").is_some());
    }
    proxy.mend();
    assert_eq!(me(&world, &access).await.status, 200);
    tokens(&refresh(&world, &refresh_token).await);
    tokens(&log_in(&world, &phone(1), PASSWORD).await);
    // The proofs were not spent.
    assert_eq!(
        post(&world, "/password-reset", &body(&reset)).await.status,
        204
    );
}

#[tokio::test]
async fn a_reply_that_is_lost_after_the_write_is_not_applied_twice() {
    let world = World::builder().proxied().start().await;
    let (_, refresh_token) = member(&world, &phone(1)).await;
    let token = proof(&world, "password-reset", &phone(1)).await;
    let proxy = world.proxy();
    proxy.break_next("TransactWriteItems", Fault::LoseReply);
    let body = json!({ "token": token, "password": OTHER });
    let reset = post(&world, "/password-reset", &body).await;
    // The SDK repeats the call with its request token and learns how it went.
    assert_eq!(reset.status, 204, "{}", reset.text);
    assert_eq!(refresh(&world, &refresh_token).await.status, 401);
    let (_, first) = tokens(&log_in(&world, &phone(1), OTHER).await);
    proxy.break_next("TransactWriteItems", Fault::LoseReply);
    let (_, second) = tokens(&refresh(&world, &first).await);
    tokens(&refresh(&world, &second).await);
}

#[tokio::test]
async fn a_broken_keyring_refuses_once_it_is_too_old_and_the_service_recovers() {
    let world = World::start().await;
    let (access, _) = member(&world, &phone(1)).await;
    world.stack.backends.account_secret.set(None);
    // Live keys are used on for a while; past their age limit nothing is served without them.
    world.advance(3 * 3_600);
    let answer = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_ne!(me(&world, &access).await.status, 200);
}
