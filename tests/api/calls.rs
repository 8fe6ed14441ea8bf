//! The network calls of each request. Users wait for every one of them.

use std::collections::BTreeMap;
use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_tests::{Client, Death, Fault, HOOK, World, phone};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::voice::build;

fn to_counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn a_send_makes_one_dynamodb_and_one_sns_call() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).proxied().start().await;
        for n in 0..3 {
            assert_eq!(world.client.send(&phone(n)).await.status, 202);
            let expected = to_counts(&[("TransactWriteItems", 1), ("Publish", 1)]);
            assert_eq!(world.proxy().take_calls(), expected);
        }
    }
}

#[tokio::test]
async fn a_send_by_any_channel_makes_two_calls() {
    for (channel, operation) in [
        (Channel::Sns, "Publish"),
        (Channel::EndUserMessaging, "SendTextMessage"),
        (Channel::Notify, "SendNotifyTextMessage"),
        (Channel::NotifyVoice, "SendNotifyVoiceMessage"),
        (Channel::Hook, HOOK),
    ] {
        let world = World::builder().route(&[channel]).proxied().start().await;
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        let expected = to_counts(&[("TransactWriteItems", 1), (operation, 1)]);
        assert_eq!(world.proxy().take_calls(), expected);
    }
}

/// The connection to End User Messaging opens beside the reservation, so nobody waits for it. The next call takes it,
/// and one that may have died in a freeze is replaced: a call may not be repeated.
#[tokio::test]
async fn a_call_makes_two_calls_over_a_connection_that_opens_beside_the_first() {
    // On loopback SNS is the same host as End User Messaging. So texts take the hook here, and only calls use the wire.
    let texts = [Channel::Hook];
    let mut world = build().route(&texts).purses().proxied().start().await;
    let (instance, wire) = world.wired_instance().await;
    world.client = Client::new(&instance.url);
    let mut tokens = Vec::new();
    for n in 1..=3 {
        tokens.push(world.client.send(&phone(n)).await.token());
    }
    world.advance(60);
    let before = wire.count_opened();
    let key = json!({ "TableName": "Limits", "Key": { "pk": { "S": "calls#US" } } });
    world.proxy().break_next("TransactWriteItems", Fault::Delay);
    let opened = async {
        for _ in 0..1_000 {
            if wire.count_opened() > before {
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        world.database.call("GetItem", &key).await.json
    };
    let first = phone(1);
    let (called, stored) = tokio::join!(world.client.call(&first, &tokens[0]), opened);
    assert_eq!(called.status, 202, "{}", called.text);
    assert_eq!(stored["Item"], Value::Null, "nothing was reserved yet");
    assert_eq!(wire.count_opened(), before + 1);
    let expected = to_counts(&[("TransactWriteItems", 1), ("SendNotifyVoiceMessage", 1)]);
    drop(world.proxy().take_calls());
    assert_eq!(world.client.call(&phone(2), &tokens[1]).await.status, 202);
    assert_eq!(world.proxy().take_calls(), expected);
    assert_eq!(wire.count_opened(), before + 1, "the connection was there");
    // A typed code makes room for another stranger's call.
    let code = world.code(&phone(1));
    assert_eq!(world.client.verify(&tokens[0], &code).await.status, 200);
    // In a freeze of Lambda the other end forgets the connection. It is trusted for three seconds.
    wire.kill(Death::Silence);
    sleep(Duration::from_millis(3_100)).await;
    drop(world.proxy().take_calls());
    let called = world.client.call(&phone(3), &tokens[2]).await;
    assert_eq!(called.status, 202, "{}", called.text);
    assert_eq!(world.proxy().take_calls(), expected);
    assert_eq!(wire.count_opened(), before + 2);
    assert_eq!(world.texts(&phone(3)).len(), 2, "one text and one call");
}

#[tokio::test]
async fn a_resend_under_a_key_makes_the_calls_of_a_send_and_its_repeat_only_the_first() {
    for (mode, reads) in [
        (TokenMode::Sealed, &[][..]),
        (TokenMode::Stored, &[("GetItem", 1)]),
    ] {
        let world = World::builder().mode(mode).proxied().start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(60);
        drop(world.proxy().take_calls());
        for calls in [
            &[("TransactWriteItems", 1), ("Publish", 1)][..],
            &[("TransactWriteItems", 1)],
        ] {
            let resent = world.client.resend_keyed(&phone(1), &token, "k").await;
            assert_eq!(resent.status, 202, "{}", resent.text);
            let expected = to_counts(&[reads, calls].concat());
            assert_eq!(world.proxy().take_calls(), expected);
        }
    }
}

#[tokio::test]
async fn a_verify_makes_one_dynamodb_call_and_a_read_in_stored_mode() {
    for (mode, expected) in [
        (TokenMode::Sealed, to_counts(&[("UpdateItem", 1)])),
        (
            TokenMode::Stored,
            to_counts(&[("GetItem", 1), ("UpdateItem", 1)]),
        ),
    ] {
        let world = World::builder().mode(mode).proxied().start().await;
        let token = world.client.send(&phone(1)).await.token();
        drop(world.proxy().take_calls());
        assert_eq!(
            world
                .client
                .verify(&token, &world.wrong_code(&phone(1)))
                .await
                .status,
            422
        );
        assert_eq!(world.proxy().take_calls(), expected);
        assert_eq!(
            world
                .client
                .verify(&token, &world.code(&phone(1)))
                .await
                .status,
            200
        );
        assert_eq!(world.proxy().take_calls(), expected);
    }
}

#[tokio::test]
async fn a_token_that_does_not_open_makes_no_call() {
    let world = World::builder().proxied().start().await;
    world.client.verify("v1.r1-20780.AAAA.AAAA", "123456").await;
    assert!(world.proxy().take_calls().is_empty());
}

#[tokio::test]
async fn the_policy_for_front_ends_makes_no_call_even_when_the_keyring_is_old() {
    let world = World::builder().proxied().start().await;
    drop(world.proxy().take_calls());
    for seconds in [0, 300, 86_400] {
        world.advance(seconds);
        assert_eq!(world.client.get("/v1/policy").await.status, 200);
        assert!(world.proxy().take_calls().is_empty());
    }
}
