//! Texts that show what a code approves.

use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::{Guard, PhoneProof, Rejection};
use phoneproof_tests::{Answer, Client, World, phone};
use serde_json::json;

const TEMPLATE: &str =
    "{code} is your {brand} login code. It works for {minutes} minutes. Never share it.";

/// A policy whose login texts show the action, in English and Chinese.
async fn start() -> World {
    World::builder()
        .policy(TEMPLATE, "{code} to {action}.")
        .policy("您正在登录，验证码 {code}", "{action}，验证码 {code}")
        .policy_addition(
            "\n[business.login.actions]\n\
             pay = { en = \"approve a payment\", zh = \"确认付款\" }\n\
             other = { en = \"confirm this step\", zh = \"确认操作\" }\n",
        )
        .start()
        .await
}

async fn send(client: &Client, n: u32, more: serde_json::Value) -> Answer {
    let mut body = json!({ "phone": phone(n), "uniqueId": format!("d{n}"), "businessId": "login" });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    client.post("/v1/send", &body).await
}

/// The words of the latest text to a phone.
fn text_of(world: &World, n: u32) -> String {
    let texts = world.texts(&phone(n));
    texts.last().expect("a text").body.clone()
}

#[tokio::test]
async fn a_text_shows_the_label_of_its_action_in_its_language() {
    let world = start().await;
    for (n, more, words) in [
        (
            1,
            json!({ "action": "pay:order-42:EUR 100" }),
            "to approve a payment.",
        ),
        (
            2,
            json!({ "action": "pay", "locale": "zh-CN" }),
            "确认付款，验证码",
        ),
        (3, json!({ "action": "move:all" }), "to confirm this step."),
        (4, json!({ "locale": "zh" }), "确认操作，验证码"),
    ] {
        assert_eq!(send(&world.client, n, more).await.status, 202);
        let body = text_of(&world, n);
        assert!(body.contains(words), "{body}");
        let rest = body.replace(&world.code(&phone(n)), "");
        assert!(!rest.contains("42") && !rest.contains("EUR"), "{body}");
    }
}

/// The same code must not come with words that show less.
#[tokio::test]
async fn a_resend_names_the_action_that_its_texts_show() {
    let world = start().await;
    let action = json!({ "action": "pay:order-42" });
    let token = send(&world.client, 1, action.clone()).await.token();
    for other in [
        json!({}),
        json!({ "action": "pay:order-43" }),
        json!({ "action": "pay" }),
    ] {
        world.advance(60);
        let mut resend = other;
        resend["token"] = json!(token);
        let refused = send(&world.client, 1, resend).await;
        assert_eq!((refused.status, refused.problem()), (400, "invalid-token"));
    }
    assert_eq!(world.texts(&phone(1)).len(), 1);
    let mut resend = action;
    resend["token"] = json!(token);
    assert_eq!(send(&world.client, 1, resend).await.status, 202);
    assert!(text_of(&world, 1).contains("approve a payment"));
    // A challenge without an action is resent without one.
    let token = send(&world.client, 2, json!({})).await.token();
    world.advance(60);
    assert_eq!(
        send(&world.client, 2, json!({ "token": token }))
            .await
            .status,
        202
    );
}

#[tokio::test]
async fn a_resend_of_texts_that_show_no_action_keeps_the_action_of_its_token() {
    let world = World::start().await;
    let token = send(&world.client, 1, json!({ "action": "pay:order-42" }))
        .await
        .token();
    world.advance(60);
    let token = send(&world.client, 1, json!({ "token": token }))
        .await
        .token();
    assert!(prove(&world, &token, 1).await.is_for("pay:order-42"));
}

/// Verifies a challenge and checks its success token, as a relying party does.
async fn prove(world: &World, challenge: &str, n: u32) -> PhoneProof {
    let verified = world.client.verify(challenge, &world.code(&phone(n))).await;
    let jwks = world.client.get("/.well-known/jwks.json").await.text;
    let guard = Guard::new(world.stack.url.clone(), jwks.as_bytes()).expect("keys");
    let now = u64::try_from(world.clock.now().unix()).expect("after 1970");
    assert_eq!(
        guard.check(&verified.token(), "register", now),
        Err(Rejection::WrongAudience)
    );
    let guard = guard.accept_actions();
    guard.check(&verified.token(), "login", now).expect("good")
}

#[tokio::test]
async fn a_proof_is_for_the_action_of_its_send_and_for_no_other() {
    let world = start().await;
    let action = "pay:order-42:EUR 100";
    let token = send(&world.client, 1, json!({ "action": action }))
        .await
        .token();
    let proof = prove(&world, &token, 1).await;
    assert_eq!(proof.phone, phone(1));
    assert!(proof.is_for(action));
    for other in ["pay", "pay:order-42:EUR 1000", "approve a payment", ""] {
        assert!(!proof.is_for(other), "{other}");
    }
    let token = send(&world.client, 2, json!({})).await.token();
    assert!(!prove(&world, &token, 2).await.is_for(action));
}
