//! Resends near the end of a challenge: a new one takes over its guesses.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, phone};
use serde_json::json;

#[tokio::test]
async fn a_resend_near_the_end_gives_a_new_code_a_full_life_and_the_guesses_that_were_left() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        for (used, early) in [(0, 292), (2, 181), (4, 299)] {
            let world = World::builder().mode(mode).start().await;
            let sent = world.client.send(&phone(1)).await;
            let (first, wrong) = (world.code(&phone(1)), world.wrong_code(&phone(1)));
            for _ in 0..used {
                world.client.verify(&sent.token(), &wrong).await;
            }
            world.advance(early);
            let renewed = world.client.resend(&phone(1), &sent.token()).await;
            assert_eq!(renewed.status, 202, "{}", renewed.text);
            let seconds = (&renewed.json["expiresIn"], &renewed.json["resendIn"]);
            assert_eq!(seconds, (&json!(300), &json!(60)));
            assert_eq!(renewed.json["attempts"], 5 - used);
            let second = world.code(&phone(1));
            assert_ne!(first, second);
            let text = world.texts(&phone(1))[0].body.clone();
            assert!(text.contains("works for 5 minutes"), "{text}");
            // The guesses went to the new challenge. A repeat of the request finds it and texts nothing.
            // No answer says that no guesses are left.
            let old = world.client.verify(&sent.token(), &first).await;
            assert_eq!(
                (old.status, old.problem()),
                (410, "expired"),
                "{}",
                old.text
            );
            let detail = old.json["detail"].as_str().unwrap_or_default();
            assert!(detail.starts_with("A newer code was sent"), "{detail}");
            let repeated = world.client.resend(&phone(1), &sent.token()).await;
            assert_eq!((repeated.status, world.text_count()), (202, 2));
            assert_eq!(repeated.json["expiresAt"], renewed.json["expiresAt"]);
            // The last second of the new life, after all guesses but one.
            world.advance(299);
            for left in (1..5 - used).rev() {
                let guess = world
                    .client
                    .verify(&renewed.token(), &wrong_for(&second))
                    .await;
                assert_eq!(guess.json["attemptsRemaining"], left, "{}", guess.text);
            }
            assert_eq!(
                world.client.verify(&repeated.token(), &second).await.status,
                200
            );
        }
    }
}

#[tokio::test]
async fn every_token_of_a_chain_of_renewals_finds_the_live_code() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder()
            .mode(mode)
            .policy(
                "[business.login]\n",
                "[business.login]\ncode_lifetime_seconds = 200\n",
            )
            .start()
            .await;
        let first = world.client.send_keyed(&phone(1), "first").await;
        world.advance(90);
        let second = world.client.resend(&phone(1), &first.token()).await;
        world.advance(90);
        let third = world.client.resend(&phone(1), &second.token()).await;
        let code = world.code(&phone(1));
        assert_eq!(world.text_count(), 3);
        // The third code lives. A repeat with any token, or under the key of the first send, gets its token.
        for again in [
            world.client.resend(&phone(1), &first.token()).await,
            world.client.resend(&phone(1), &second.token()).await,
            world.client.send_keyed(&phone(1), "first").await,
        ] {
            assert_eq!(again.status, 202, "{}", again.text);
            assert_eq!(again.json["expiresAt"], third.json["expiresAt"]);
        }
        assert_eq!(world.text_count(), 3);
        for old in [&first, &second] {
            let told = world.client.verify(&old.token(), &code).await;
            assert_eq!((told.status, told.problem()), (410, "expired"));
        }
        let again = world.client.resend(&phone(1), &first.token()).await;
        let verified = world.client.verify(&again.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
    }
}

/// A code may live so short that its renewal ends soon, too, while the token before it can still be presented.
#[tokio::test]
async fn no_resend_with_an_earlier_token_texts_a_code_that_ends_soon() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        for (life, waits) in [(200, [90, 100]), (170, [60, 105]), (130, [60, 65])] {
            for key in [None, Some("again")] {
                let lifetime = format!("[business.login]\ncode_lifetime_seconds = {life}\n");
                let builder = World::builder().mode(mode);
                let world = builder
                    .policy("[business.login]\n", &lifetime)
                    .start()
                    .await;
                let first = world.client.send(&phone(1)).await.token();
                let wrong = world.wrong_code(&phone(1));
                world.client.verify(&first, &wrong).await;
                world.advance(waits[0]);
                let second = world.client.resend(&phone(1), &first).await;
                assert_eq!(second.json["attempts"], 4, "{}", second.text);
                world.advance(waits[1]);
                let third = match key {
                    Some(key) => world.client.resend_keyed(&phone(1), &first, key).await,
                    None => world.client.resend(&phone(1), &first).await,
                };
                assert_eq!(
                    (third.status, world.text_count()),
                    (202, 3),
                    "{}",
                    third.text
                );
                let promised = (&third.json["expiresIn"], &third.json["attempts"]);
                assert_eq!(promised, (&json!(life), &json!(4)), "{life}");
                let text = world.texts(&phone(1))[0].body.clone();
                let minutes = format!("works for {} minute", life / 60);
                assert!(text.contains(&minutes), "{text}");
                // Every token before it finds it, and no code before it works.
                let code = world.code(&phone(1));
                for old in [&first, &second.token()] {
                    let told = world.client.verify(old, &code).await;
                    assert_eq!((told.status, told.problem()), (410, "expired"));
                }
                let repeated = match key {
                    Some(key) => world.client.resend_keyed(&phone(1), &first, key).await,
                    None => world.client.resend(&phone(1), &second.token()).await,
                };
                assert_eq!((repeated.status, world.text_count()), (202, 3));
                assert_eq!(repeated.json["expiresAt"], third.json["expiresAt"]);
                world.advance(life - 1);
                let verified = world.client.verify(&third.token(), &code).await;
                assert_eq!(verified.status, 200, "{}", verified.text);
            }
        }
    }
}

/// A code that is not `right`.
pub(super) fn wrong_for(right: &str) -> String {
    let right: u32 = right.parse().expect("digits");
    format!("{:06}", (right + 1) % 1_000_000)
}

#[tokio::test]
async fn the_token_before_a_renewal_asks_for_its_text_again_after_each_cooldown() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let first = world.client.send(&phone(1)).await.token();
        world.advance(181);
        let renewed = world.client.resend(&phone(1), &first).await;
        let code = world.code(&phone(1));
        // A repeat of the request texts nothing, and says when the next text can be asked for.
        world.advance(59);
        let repeated = world.client.resend(&phone(1), &first).await;
        let seconds = (repeated.status, &repeated.json["resendIn"]);
        assert_eq!((seconds, world.text_count()), ((202, &json!(1)), 2));
        // Afterwards it is a resend like any other, with the cooldown of any other.
        world.advance(1);
        let resent = world.client.resend(&phone(1), &first).await;
        assert_eq!((resent.status, world.text_count()), (202, 3));
        assert_eq!(world.code(&phone(1)), code, "the same code");
        assert_eq!(resent.json["expiresAt"], renewed.json["expiresAt"]);
        assert_eq!(resent.json["resendIn"], 60);
        let early = world.client.resend(&phone(1), &first).await;
        assert_eq!(
            (early.status, &early.json["rule"]),
            (429, &json!("phone-cooldown"))
        );
        let verified = world.client.verify(&resent.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
    }
}

#[tokio::test]
async fn a_refused_renewal_gives_the_guesses_back() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    let (code, wrong) = (world.code(&phone(1)), world.wrong_code(&phone(1)));
    world.client.verify(&sent.token(), &wrong).await;
    world.advance(250);
    world.carrier(Carrier::Refuse);
    let refused = world.client.resend(&phone(1), &sent.token()).await;
    assert_eq!(refused.problem(), "delivery-failed");
    let guess = world.client.verify(&sent.token(), &wrong).await;
    assert_eq!(guess.json["attemptsRemaining"], 3, "{}", guess.text);
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
}

#[tokio::test]
async fn a_repeated_renewal_that_is_over_is_refused_like_any_other_resend() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        for (used, status, problem) in [
            (true, 409, "already-used"),
            (false, 429, "attempts-exhausted"),
        ] {
            let world = World::builder().mode(mode).start().await;
            let first = world.client.send(&phone(1)).await.token();
            world.advance(250);
            let renewed = world.client.resend(&phone(1), &first).await;
            assert_eq!(renewed.status, 202, "{}", renewed.text);
            let (renewed, code) = (renewed.token(), world.code(&phone(1)));
            let guesses = if used { 1 } else { 5 };
            for _ in 0..guesses {
                let guess = if used { code.clone() } else { wrong_for(&code) };
                world.client.verify(&renewed, &guess).await;
            }
            // The token of the renewal, and that of the challenge before it, get the same answer.
            for token in [&renewed, &first] {
                let again = world.client.resend(&phone(1), token).await;
                assert_eq!((again.status, again.problem()), (status, problem));
                assert_eq!(again.json["detail"], "Ask for a new code.");
                assert!(again.json["token"].is_null(), "{}", again.text);
            }
            assert_eq!(world.text_count(), 2);
        }
    }
}
