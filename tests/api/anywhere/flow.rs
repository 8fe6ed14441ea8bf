//! Sends, verifications and spends that succeed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phoneproof_guard::Guard;
use phoneproof_tests::{Site, jwt_part};
use serde_json::json;

#[tokio::test]
async fn a_phone_is_verified_and_its_token_is_spent_once() {
    for site in Site::in_each_mode().await {
        run_whole_flow(&site).await;
    }
}

async fn run_whole_flow(site: &Site) {
    let phone = site.phone(1);
    let sent = site.client.send(&phone).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(sent.json["codeLength"], 6);
    assert_eq!(sent.json["attempts"], 5);
    assert_eq!(sent.header("cache-control"), Some("no-store"));
    assert!(!sent.text.contains(&phone[1..6]), "the number is masked");
    let texts = site.texts(&phone).await;
    assert_eq!(texts.len(), 1);
    if let Some(attributes) = &texts[0].attributes {
        assert_eq!(attributes["AWS.SNS.SMS.SMSType"], "Transactional");
        assert_eq!(attributes["AWS.SNS.SMS.MaxPrice"], "0.50");
    }

    let verified = site
        .client
        .verify(&sent.token(), &site.code(&phone).await)
        .await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    assert_eq!(verified.json["tokenType"], "phone-verified+jwt");

    let jwks = site.client.get("/.well-known/jwks.json").await;
    let guard = Guard::new(site.issuer().await, jwks.text.as_bytes()).expect("keys");
    let proof = guard
        .check(&verified.token(), "login", site.now())
        .expect("a valid token");
    assert_eq!(proof.phone, phone);
    assert_eq!(proof.device, site.client.device());

    for status in [200, 409] {
        let answer = site.client.spend(&verified.token(), "login").await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn an_action_is_bound_by_its_digest() {
    let site = Site::open().await;
    let body = json!({ "phone": site.phone(1), "uniqueId": site.client.device(), "businessId": "login", "action": "pay:42" });
    let sent = site.client.post("/v1/send", &body).await;
    let verified = site
        .client
        .verify(&sent.token(), &site.code(&site.phone(1)).await)
        .await;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"pay:42");
    assert_eq!(
        jwt_part(&verified.token(), 1)["action"],
        URL_SAFE_NO_PAD.encode(digest)
    );
}

#[tokio::test]
async fn the_text_follows_the_locale() {
    let site = Site::open().await;
    for (n, locale, expected) in [
        (1, "zh-Hans-CN", "验证码"),
        (2, "fr", "login code"),
        (3, "en-US", "login code"),
    ] {
        let body = json!({ "phone": site.phone(n), "uniqueId": site.client.device(), "businessId": "login", "locale": locale });
        assert_eq!(site.client.post("/v1/send", &body).await.status, 202);
        assert!(
            site.texts(&site.phone(n)).await[0].body.contains(expected),
            "{locale}"
        );
    }
}

#[tokio::test]
async fn a_national_number_with_region_is_the_same_phone() {
    let site = Site::open().await;
    let phone = site.phone(1);
    let national = format!("({}) {}-{}", &phone[2..5], &phone[5..8], &phone[8..]);
    let body = json!({
        "phone": national, "region": "US", "uniqueId": site.client.device(), "businessId": "login",
    });
    assert_eq!(site.client.post("/v1/send", &body).await.status, 202);
    assert_eq!(site.texts(&phone).await.len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_of_another_device_is_another_send() {
    let site = Site::open().await;
    let key = [("idempotency-key", "k")];
    for (device, status) in [(site.device("a"), 202), (site.device("b"), 429)] {
        let sent = site.client.send_with(&site.phone(1), &device, &key).await;
        assert_eq!(sent.status, status);
    }
}
