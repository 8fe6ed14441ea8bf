//! How the service answers when the carrier, the store or the keys fail.

use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, await_in_time, phone};
use serde_json::json;

#[tokio::test]
async fn a_refused_text_gives_the_quota_back_but_not_the_cooldown() {
    let world = World::start().await;
    world.carrier(Carrier::Refuse);
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    assert_eq!(refused.json["code"], -2);
    assert_says_what_was_given_back(&world, &refused);
    world.carrier(Carrier::Throttle);
    let throttled = world.client.send(&phone(2)).await;
    assert_eq!(throttled.status, 502);
    assert_says_what_was_given_back(&world, &throttled);
    world.carrier(Carrier::Deliver);
    let early = world.client.send(&phone(1)).await;
    assert_eq!(early.json["rule"], "phone-cooldown");
    assert_eq!(early.json["retryAt"], refused.json["retryAt"]);
    assert!(!early.text.contains("was sent"), "{}", early.text);
    // The limit is five an hour, and all five are still available.
    for n in 0..5 {
        world.advance(60);
        assert_eq!(world.client.send(&phone(1)).await.status, 202, "{n}");
    }
    world.advance(60);
    assert_eq!(
        world.client.send(&phone(1)).await.json["rule"],
        "phone-per-hour"
    );
}

/// Checks that a refused text's answer names what it gave back, and when the next text may be asked for.
fn assert_says_what_was_given_back(world: &World, refused: &Answer) {
    let rules = ["phone-per-hour", "phone-per-day", "device-per-day"];
    assert_eq!(refused.json["givenBack"], json!(rules));
    let next = world.clock.now() + Duration::from_mins(1);
    assert_eq!(refused.json["retryAt"], json!(next));
    assert_eq!(refused.header("retry-after"), Some("60"));
    let detail = refused.json["detail"].as_str().expect("a detail");
    assert!(rules.iter().all(|rule| detail.contains(rule)), "{detail}");
}

#[tokio::test]
async fn a_refused_text_whose_refund_fails_claims_nothing_given_back() {
    let world = World::builder().proxied().start().await;
    world.carrier(Carrier::Throttle);
    // The first transaction is the reservation, the second the refund.
    world
        .proxy()
        .break_after("TransactWriteItems", 1, Fault::Unexpected);
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(refused.status, 502);
    assert_eq!(refused.json["givenBack"], json!([]));
    assert!(!refused.text.contains("does not count"), "{}", refused.text);
    assert!(refused.json["retryAt"].is_string());
}

#[tokio::test]
async fn refused_texts_still_exhaust_the_address() {
    let world = World::start().await;
    world.carrier(Carrier::Refuse);
    for n in 0..20 {
        let answer = world
            .client
            .send_from(&phone(n), &format!("d{n}"), "192.0.2.1")
            .await;
        assert_eq!(answer.status, 502, "{n}");
    }
    let answer = world.client.send_from(&phone(20), "d20", "192.0.2.1").await;
    assert_eq!(
        (answer.status, answer.json["rule"].as_str()),
        (429, Some("address-per-hour"))
    );
}

#[tokio::test]
async fn a_refused_resend_leaves_the_challenge_alone() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    world.advance(60);
    world.carrier(Carrier::Refuse);
    assert_eq!(
        world.client.resend(&phone(1), &sent.token()).await.status,
        502
    );
    assert_eq!(
        world
            .client
            .verify(&sent.token(), &world.code(&phone(1)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unclear_carrier_answer_keeps_the_text_counted_and_returns_the_token() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        world.carrier(Carrier::Fail);
        let answer = world.client.send(&phone(1)).await;
        assert_eq!((answer.status, answer.problem()), (504, "delivery-unknown"));
        assert_eq!(answer.json["code"], -2);
        assert!(answer.json["expiresAt"].is_string() && answer.json["resendAt"].is_string());
        assert_eq!(
            world.stack.backends.inbox.count_publishes(),
            1,
            "no second try"
        );
        assert_eq!(
            world
                .client
                .verify(&answer.token(), &world.code(&phone(1)))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_silent_carrier_is_asked_once_and_given_up_within_the_functions_time() {
    let world = World::start().await;
    world.carrier(Carrier::Hang);
    let answer = await_in_time(world.client.send(&phone(1))).await;
    assert_eq!(answer.status, 504);
    assert_eq!(world.stack.backends.inbox.count_publishes(), 1);
    assert_eq!(
        world
            .client
            .verify(&answer.token(), &world.code(&phone(1)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn no_text_is_sent_when_the_rules_cannot_be_checked() {
    let world = World::builder().proxied().start().await;
    world.proxy().break_all("TransactWriteItems", Fault::Refuse);
    for n in 0..20 {
        let answer = world.client.send(&phone(n)).await;
        assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(world.stack.backends.inbox.count_publishes(), 0);
}

#[tokio::test]
async fn no_code_is_accepted_when_the_store_is_down() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.proxy().break_next("UpdateItem", Fault::Refuse);
    world.proxy().break_next("UpdateItem", Fault::Refuse);
    world.proxy().break_next("UpdateItem", Fault::Refuse);
    assert_eq!(
        world
            .client
            .verify(&token, &world.code(&phone(1)))
            .await
            .status,
        503
    );
    assert_eq!(
        world
            .client
            .verify(&token, &world.code(&phone(1)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_lost_reply_does_not_cost_the_user_their_success() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.proxy().break_next("UpdateItem", Fault::LoseReply);
    assert_eq!(
        world
            .client
            .verify(&token, &world.code(&phone(1)))
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .client
            .verify(&token, &world.code(&phone(1)))
            .await
            .status,
        200,
        "the same success once more"
    );
}

#[tokio::test]
async fn a_lost_reply_counts_a_wrong_code_once() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.proxy().break_next("UpdateItem", Fault::LoseReply);
    let answer = world
        .client
        .verify(&token, &world.wrong_code(&phone(1)))
        .await;
    assert_eq!(
        (answer.status, answer.json["attemptsRemaining"].as_i64()),
        (422, Some(4))
    );
    let answer = world
        .client
        .verify(&token, &world.wrong_code(&phone(1)))
        .await;
    assert_eq!(answer.json["attemptsRemaining"], 3);
}

#[tokio::test]
async fn a_lost_reply_counts_a_send_once_and_texts_once() {
    let world = World::builder().proxied().start().await;
    world
        .proxy()
        .break_next("TransactWriteItems", Fault::LoseReply);
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.texts(&phone(1)).len(), 1);
    for _ in 0..4 {
        world.advance(60);
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
    }
    world.advance(60);
    assert_eq!(
        world.client.send(&phone(1)).await.json["rule"],
        "phone-per-hour"
    );
}

#[tokio::test]
async fn a_lost_reply_spends_a_token_once() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let success = world
        .client
        .verify(&token, &world.code(&phone(1)))
        .await
        .token();
    world.proxy().break_next("PutItem", Fault::LoseReply);
    assert_eq!(world.client.spend(&success, "login").await.status, 200);
    assert_eq!(world.client.spend(&success, "login").await.status, 409);
}

#[tokio::test]
async fn a_send_repeats_after_a_conflict_three_times_then_gives_up() {
    let world = World::builder().proxied().start().await;
    for _ in 0..3 {
        world
            .proxy()
            .break_next("TransactWriteItems", Fault::CancelByConflict);
    }
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 4);
    world
        .proxy()
        .break_all("TransactWriteItems", Fault::CancelByConflict);
    assert_eq!(world.client.send(&phone(2)).await.status, 503);
    assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 4);
    assert_eq!(world.texts(&phone(2)).len(), 0);
}

#[tokio::test]
async fn a_guess_repeats_after_a_conflict_three_times_and_counts_once() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.proxy().break_next("UpdateItem", Fault::Conflict);
    let wrong = world.wrong_code(&phone(1));
    let answer = world.client.verify(&token, &wrong).await;
    assert_eq!(answer.json["attemptsRemaining"], 4);
    assert_eq!(world.proxy().take_calls()["UpdateItem"], 2);
    world.proxy().break_all("UpdateItem", Fault::Conflict);
    let answer = world.client.verify(&token, &wrong).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(world.proxy().take_calls()["UpdateItem"], 4);
    world.proxy().mend();
    let answer = world.client.verify(&token, &wrong).await;
    assert_eq!(answer.json["attemptsRemaining"], 3);
}

#[tokio::test]
async fn without_its_secret_the_service_works_for_an_hour_then_fails_closed() {
    let world = World::start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    world.stack.backends.secret.set(None);
    world.advance(3_599);
    assert_eq!(world.client.send(&phone(2)).await.status, 202);
    world.advance(1);
    let answer = world.client.send(&phone(3)).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert_eq!(world.text_count(), 2);
    let keyring = json!({ "current": "r1", "r1": "n".repeat(43) }).to_string();
    world.stack.backends.secret.set(Some(keyring));
    assert_eq!(
        world.client.send(&phone(3)).await.status,
        202,
        "and comes back"
    );
}
