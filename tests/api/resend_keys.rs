//! Resends under an idempotency key: one that is repeated texts once.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, PARALLEL, World, at_once, phone, until_served};

const MODES: [TokenMode; 2] = [TokenMode::Sealed, TokenMode::Stored];

/// Checks that a request was accepted, and how many texts there are after it.
fn assert_texts(world: &World, answer: &Answer, texts: usize) {
    let seen = (answer.status, world.text_count());
    assert_eq!(seen, (202, texts), "{}", answer.text);
}

#[tokio::test]
async fn a_resend_repeated_under_its_key_texts_once() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(60);
        let number = phone(1);
        let resend = |key| world.client.resend_keyed(&number, &token, key);
        let first = resend("a").await;
        assert_texts(&world, &first, 2);
        // Within the cooldown, and after it. Another key asks for another text, and ends no earlier key.
        for (wait, key, texts, resend_in) in [
            (10, "a", 2, 50),
            (51, "a", 2, 0),
            (0, "b", 3, 60),
            (1, "b", 3, 59),
            (1, "a", 3, 0),
            (60, "a", 3, 0),
        ] {
            world.advance(wait);
            let again = resend(key).await;
            assert_texts(&world, &again, texts);
            assert_eq!(again.token(), token, "the challenge is the same");
            assert_eq!(again.json["expiresAt"], first.json["expiresAt"]);
            assert_eq!(again.json["attempts"], first.json["attempts"]);
            assert_eq!(again.json["resendIn"], resend_in, "{key} after {wait}");
        }
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&token, &code).await.status, 200);
        let over = resend("a").await;
        assert_eq!((over.status, over.problem()), (409, "already-used"));
    }
}

#[tokio::test]
async fn a_late_resend_repeated_under_its_key_texts_its_new_code_once() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(185);
        let renewed = world.client.resend_keyed(&phone(1), &token, "a").await;
        assert_texts(&world, &renewed, 2);
        for wait in [1, 65] {
            world.advance(wait);
            let again = world.client.resend_keyed(&phone(1), &token, "a").await;
            assert_texts(&world, &again, 2);
            assert_eq!(again.json["expiresAt"], renewed.json["expiresAt"]);
            assert_eq!(again.json["resendAt"], renewed.json["resendAt"]);
        }
        for texts in [3, 3] {
            let other = world.client.resend_keyed(&phone(1), &token, "b").await;
            assert_texts(&world, &other, texts);
            world.advance(10);
        }
        let again = world.client.resend_keyed(&phone(1), &token, "a").await;
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&again.token(), &code).await.status, 200);
    }
}

#[tokio::test]
async fn a_resend_repeated_under_its_key_near_the_end_makes_no_new_code() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(100);
        let first = world.client.resend_keyed(&phone(1), &token, "a").await;
        world.advance(90);
        let again = world.client.resend_keyed(&phone(1), &token, "a").await;
        assert_texts(&world, &again, 2);
        assert_eq!(again.token(), token);
        assert_eq!(again.json["expiresAt"], first.json["expiresAt"]);
        // Another request renews the challenge. The repeat gets the renewal, and no text.
        let renewed = world.client.resend_keyed(&phone(1), &token, "b").await;
        assert_texts(&world, &renewed, 3);
        world.advance(70);
        let late = world.client.resend_keyed(&phone(1), &token, "a").await;
        assert_texts(&world, &late, 3);
        assert_eq!(late.json["expiresAt"], renewed.json["expiresAt"]);
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&late.token(), &code).await.status, 200);
    }
}

#[tokio::test]
async fn the_key_of_a_refused_resend_asks_for_its_text_again() {
    for early in [60, 185] {
        let world = World::start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(early);
        world.carrier(Carrier::Refuse);
        let refused = world.client.resend_keyed(&phone(1), &token, "a").await;
        assert_eq!(refused.problem(), "delivery-failed", "{}", refused.text);
        world.carrier(Carrier::Deliver);
        world.advance(60);
        let again = world.client.resend_keyed(&phone(1), &token, "a").await;
        assert_texts(&world, &again, 2);
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&again.token(), &code).await.status, 200);
    }
}

#[tokio::test]
async fn the_key_of_a_send_does_not_stand_for_a_resend() {
    let world = World::start().await;
    let token = world.client.send_keyed(&phone(1), "a").await.token();
    world.advance(60);
    let resent = world.client.resend_keyed(&phone(1), &token, "a").await;
    assert_texts(&world, &resent, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_resends_under_one_key_text_once() {
    for early in [60, 185] {
        let world = World::start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(early);
        let statuses = at_once(&world.client, |_, client| {
            let (phone, token) = (phone(1), token.clone());
            async move { until_served(|| client.resend_keyed(&phone, &token, "k")).await }
        })
        .await;
        assert_eq!(statuses, BTreeMap::from([(202, *PARALLEL)]));
        assert_eq!(world.text_count(), 2);
    }
}
