//! Canaries in texts that carry what a receipt brings back, and in receipts that are taken, refused and broken.

use std::sync::Arc;

use http::Method;
use phoneproof_crypto::webhook::sign;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Clock as _;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Fault, World};
use serde_json::{Value, json};

use crate::canaries::{Canaries, DEVICE, PHONE};

async fn post(world: &World, body: &Value) -> phoneproof_tests::Answer {
    let (now, body) = (world.clock.now(), body.to_string().into_bytes());
    let signature = sign(&world.read_keyring(SECRET_ID).await, "msg_1", now, &body);
    let at = now.unix().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", &at),
        ("webhook-signature", &signature),
    ];
    let path = "/v1/receipts";
    world.client.raw(Method::POST, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_of_receipts_appear_in_no_log_and_no_table() {
    let mut canaries = Canaries::new();
    let builder = World::builder().route(&[Channel::Hook]);
    let world = builder.receipts().proxied().start().await;
    let body = json!({ "phone": PHONE, "uniqueId": DEVICE, "businessId": "login" });
    let sent = world.client.post("/v1/send", &body).await;
    assert_eq!(sent.status, 202);
    let texts = world.texts(PHONE);
    let receipt = texts.first().expect("a text").attributes.get("receipt");
    let receipt = receipt.expect("a value").clone();
    canaries.add(&receipt);
    let said = |receipt: &str, outcome: &str| {
        json!({
            "type": "sms.receipt", "phone": PHONE,
            "data": { "receipt": receipt, "outcome": outcome, "reason": PHONE, "device": DEVICE },
        })
    };
    for (receipt, outcome, status) in [
        (receipt.as_str(), "delivered", 204),
        (receipt.as_str(), PHONE, 400),
        (PHONE, "delivered", 400),
    ] {
        let answer = canaries.look(post(&world, &said(receipt, outcome)).await);
        assert_eq!(answer.status, status);
    }
    world.proxy().break_all("UpdateItem", Fault::Throttle);
    world.advance(1);
    let answer = canaries.look(post(&world, &said(&receipt, "delivered")).await);
    assert_eq!(answer.status, 503);
    world.proxy().mend();
    for event in [
        json!({ "source": PHONE }),
        json!({
            "source": "aws.sms-voice",
            "detail": {
                "eventType": "TEXT_DELIVERED", "eventTimestamp": 1, "destinationPhoneNumber": PHONE,
                "isoCountryCode": PHONE, "context": { "phoneproof-receipt": PHONE },
            },
        }),
    ] {
        let receipts = Arc::clone(&world.stack.receipts);
        let taken = phoneproof_receipts::take(receipts, event).await;
        taken.expect("given up");
    }
    canaries.collect(&world).await;
    canaries.assert_nowhere(&[], &["served", "malformed"]);
}
