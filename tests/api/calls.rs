//! The network calls of each request. Users wait for every one of them.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_tests::{HOOK, World, phone};

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
