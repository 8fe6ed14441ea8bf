//! The request that a receiver gets, and its signatures.

use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::{HookSecret, sign};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::hook::Reach;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{World, phone};
use serde_json::json;

use super::receiver::{Answer, Receiver, Seen};

async fn start(receiver: &Receiver) -> World {
    let builder = World::builder().route(&[Channel::Hook]);
    builder.hook(&receiver.url, Reach::Loopback).start().await
}

fn verify(keyring: &Keyring, seen: &Seen) -> bool {
    let at: i64 = seen.header("webhook-timestamp").parse().expect("seconds");
    let at = Timestamp::from_unix(at);
    let expected = sign(keyring, seen.header("webhook-id"), at, seen.body.as_bytes());
    seen.header("webhook-signature") == expected
}

#[tokio::test]
async fn a_receiver_gets_the_text_with_all_that_it_may_need() {
    let receiver = Receiver::always(Answer::of(200, "", r#"{"id":"SM1"}"#)).await;
    let world = start(&receiver).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    let seen = &seen[0];
    let first = seen.head.lines().next().expect("a line");
    assert_eq!(first, "POST /hook?key=canary-hook-key HTTP/1.1");
    assert_eq!(seen.header("content-type"), "application/json");
    assert!(seen.header("user-agent").starts_with("PhoneProof/"));
    let body = seen.json();
    let now = world.clock.now();
    let code = body["data"]["code"].as_str().expect("a code").to_owned();
    assert_eq!(body["type"], "sms.send");
    assert_eq!(body["timestamp"], json!(now));
    let text = body["data"]["body"].as_str().expect("a text");
    assert!(text.contains(&code), "{text}");
    assert_eq!(
        body["data"],
        json!({
            "phone": phone(1), "country": "US", "body": text, "code": code, "business": "login", "locale": "en",
            "segments": 1, "expiresAt": sent.json["expiresAt"], "sender": null, "registration": null, "attempt": 1,
        })
    );
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
    // Real time, because receivers refuse requests of another day.
    let at: i64 = seen.header("webhook-timestamp").parse().expect("seconds");
    let real = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970");
    let real = i64::try_from(real.as_secs()).expect("seconds");
    assert!((real - at).abs() < 60, "{at}");
    assert!(verify(&world.read_keyring(SECRET_ID).await, seen));
}

#[tokio::test]
async fn each_live_root_signs_and_the_id_stays_when_the_keyring_rotates() {
    let receiver = Receiver::start(|_, before| match before {
        0 => Answer::of(503, "", ""),
        _ => Answer::of(200, "", ""),
    })
    .await;
    let (old, new) = ("o".repeat(43), "n".repeat(43));
    let keyring =
        format!(r#"{{"current":"r2","index":"r1","roots":{{"r1":"{old}","r2":"{new}"}}}}"#);
    let world = World::builder()
        .route(&[Channel::Hook])
        .hook(&receiver.url, Reach::Loopback)
        .keyring(&keyring)
        .start()
        .await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2, "one try more");
    let keyring = Keyring::from_json(&keyring).expect("a keyring");
    let secrets: Vec<_> = keyring.roots().map(HookSecret::of).collect();
    assert_ne!(secrets[0].expose(), secrets[1].expose());
    for seen in &seen {
        assert!(verify(&keyring, seen));
        let signatures: Vec<_> = seen.header("webhook-signature").split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert!(
            signatures
                .iter()
                .all(|signature| signature.starts_with("v1,"))
        );
        for (root, secret) in [("r1", &old), ("r2", &new)] {
            let alone = format!(r#"{{"current":"{root}","roots":{{"{root}":"{secret}"}}}}"#);
            let alone = Keyring::from_json(&alone).expect("a keyring");
            let at =
                Timestamp::from_unix(seen.header("webhook-timestamp").parse().expect("seconds"));
            let own = sign(&alone, seen.header("webhook-id"), at, seen.body.as_bytes());
            assert!(signatures.contains(&own.as_str()), "{root}");
        }
    }
    // Only the attempt differs.
    let (mut first, second) = (seen[0].json(), seen[1].json());
    assert_eq!(
        (&first["data"]["attempt"], &second["data"]["attempt"]),
        (&json!(1), &json!(2))
    );
    first["data"]["attempt"] = json!(2);
    assert_eq!(first, second);
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[tokio::test]
async fn the_same_code_texted_again_has_an_id_of_its_own() {
    let receiver = Receiver::always(Answer::of(200, "", "")).await;
    let world = start(&receiver).await;
    let sent = world.client.send(&phone(1)).await;
    world.advance(60);
    let body = json!({
        "phone": phone(1), "uniqueId": world.client.device(), "businessId": "login", "token": sent.token(),
    });
    assert_eq!(world.client.post("/v1/send", &body).await.status, 202);
    let seen = receiver.seen();
    assert_eq!(
        seen[0].json()["data"]["code"],
        seen[1].json()["data"]["code"]
    );
    assert_ne!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[tokio::test]
async fn a_receiver_that_does_not_know_the_secret_is_named() {
    // The receiver of the stack reads another keyring than the one that the service signs with.
    let world = World::builder().route(&[Channel::Hook]).start().await;
    world.client.send(&phone(1)).await;
    let other = format!(r#"{{"current":"r1","r1":"{}"}}"#, "z".repeat(43));
    world.stack.backends.secret.set(Some(other));
    let refused = world.client.send(&phone(2)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    assert_eq!(world.lines.last()["reason"], "authentication-failed");
    assert_eq!(world.text_count(), 1);
}
