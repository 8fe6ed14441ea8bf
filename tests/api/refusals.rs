//! Each refusal in the table of outcomes has a test here.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{World, hex, phone};
use serde_json::json;

use crate::api::problem::assert_problem;

const MODES: [TokenMode; 2] = [TokenMode::Sealed, TokenMode::Stored];

#[tokio::test]
async fn numbers_that_cannot_be_texted_are_refused_before_any_call() {
    let world = World::builder().proxied().start().await;
    for (number, status, problem, rule) in [
        ("+1 415 200", 400, "invalid-phone", None),
        ("415 200 7986", 400, "invalid-phone", None),
        ("+1 800 FLOWERS", 400, "invalid-phone", None),
        (
            "+39 333 123 4567",
            403,
            "destination-not-allowed",
            Some("country"),
        ),
        (
            "+870 773 123 456",
            403,
            "destination-not-allowed",
            Some("country"),
        ),
        (
            "+1 900 234 5678",
            403,
            "destination-not-allowed",
            Some("number-type"),
        ),
        (
            "+1 800 234 5678",
            403,
            "destination-not-allowed",
            Some("number-type"),
        ),
        (
            "+44 20 7946 0958",
            403,
            "destination-not-allowed",
            Some("number-type"),
        ),
        (
            "+44 76 4050 0123",
            403,
            "destination-not-allowed",
            Some("number-type"),
        ),
    ] {
        let answer = world.client.send(number).await;
        assert_problem(&answer, status, problem, None);
        assert_eq!(answer.json["rule"].as_str(), rule, "{number}");
    }
    assert!(world.proxy().take_calls().is_empty());
}

#[tokio::test]
async fn a_code_is_refused_from_the_second_it_expires() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let (early, late) = (
            world.client.send(&phone(1)).await,
            world.client.send(&phone(2)).await,
        );
        world.advance(299);
        assert_eq!(
            world
                .client
                .verify(&early.token(), &world.code(&phone(1)))
                .await
                .status,
            200
        );
        world.advance(1);
        let answer = world
            .client
            .verify(&late.token(), &world.code(&phone(2)))
            .await;
        assert_problem(&answer, 410, "expired", Some(-5));
    }
}

#[tokio::test]
async fn a_token_of_another_deployment_is_refused() {
    let keyring = json!({ "current": "r1", "r1": "k".repeat(43) }).to_string();
    let one = World::builder().keyring(&keyring).start().await;
    let two = World::builder().keyring(&keyring).start().await;
    let token = one.client.send(&phone(1)).await.token();
    let answer = two.client.verify(&token, &one.code(&phone(1))).await;
    assert_problem(&answer, 400, "invalid-token", None);
}

#[tokio::test]
async fn a_sealed_token_is_refused_in_stored_mode() {
    let keyring = json!({ "current": "r1", "r1": "k".repeat(43) }).to_string();
    let world = World::builder()
        .mode(TokenMode::Stored)
        .keyring(&keyring)
        .start()
        .await;
    let sealed = World::builder()
        .keyring(&keyring)
        .start()
        .await
        .client
        .send(&phone(1))
        .await
        .token();
    assert_problem(
        &world.client.verify(&sealed, "123456").await,
        400,
        "invalid-token",
        None,
    );
}

#[tokio::test]
async fn a_resend_must_be_for_the_same_exchange() {
    let world = World::start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    for (number, device, business) in [
        (phone(2), "device-1", "login"),
        (phone(1), "other", "login"),
        (phone(1), "device-1", "register"),
    ] {
        let body =
            json!({ "phone": number, "uniqueId": device, "businessId": business, "token": token });
        assert_problem(
            &world.client.post("/v1/send", &body).await,
            400,
            "invalid-token",
            None,
        );
    }
    assert_eq!(world.text_count(), 1);
}

#[tokio::test]
async fn a_challenge_that_is_over_is_not_resent() {
    let world = World::start().await;
    let used = world.client.send(&phone(1)).await.token();
    world.client.verify(&used, &world.code(&phone(1))).await;
    let guessed = world.client.send(&phone(2)).await.token();
    for _ in 0..5 {
        world
            .client
            .verify(&guessed, &world.wrong_code(&phone(2)))
            .await;
    }
    let expired = world.client.send(&phone(3)).await.token();
    world.advance(60);
    assert_problem(
        &world.client.resend(&phone(1), &used).await,
        409,
        "already-used",
        Some(-5),
    );
    assert_problem(
        &world.client.resend(&phone(2), &guessed).await,
        429,
        "attempts-exhausted",
        Some(-5),
    );
    world.advance(240);
    assert_problem(
        &world.client.resend(&phone(3), &expired).await,
        410,
        "expired",
        Some(-5),
    );
    assert_eq!(world.text_count(), 3);
}

#[tokio::test]
async fn an_expired_success_token_is_not_spent() {
    let world = World::start().await;
    let challenge = world.client.send(&phone(1)).await.token();
    let success = world
        .client
        .verify(&challenge, &world.code(&phone(1)))
        .await
        .token();
    world.advance(300 + 60);
    assert_problem(
        &world.client.spend(&success, "login").await,
        410,
        "expired",
        None,
    );
}

#[tokio::test]
async fn a_business_with_a_client_key_requires_it() {
    // SHA-256 of "secret-key".
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"secret-key");
    let hex = hex(digest.as_ref());
    let with_key = format!("[business.login]\nclient_key_sha256 = \"{hex}\"\n");
    let world = World::builder()
        .policy("[business.login]\n", &with_key)
        .start()
        .await;
    assert_problem(&world.client.send(&phone(1)).await, 401, "client-key", None);
    let body = json!({ "phone": phone(1), "uniqueId": "d", "businessId": "login" });
    let wrong = world
        .client
        .post_with("/v1/send", &body, &[("x-client-key", "other")])
        .await;
    assert_problem(&wrong, 401, "client-key", None);
    let right = world
        .client
        .post_with("/v1/send", &body, &[("x-client-key", "secret-key")])
        .await;
    assert_eq!(right.status, 202);
    assert_eq!(world.text_count(), 1);
}
