//! Second texts, second taps and second sends: what a repeat gets, and what it must not end.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, World, phone};
use serde_json::{Value, json};

use crate::api::flow::read_claims;

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
            // Nobody says that none are left.
            let old = world.client.verify(&sent.token(), &first).await;
            assert_eq!(
                (old.status, old.problem()),
                (410, "expired"),
                "{}",
                old.text
            );
            let detail = old.json["detail"].as_str().unwrap_or_default();
            assert!(detail.starts_with("A newer code was texted"), "{detail}");
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
async fn every_answer_to_a_send_says_how_many_guesses_are_left() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let sent = world.client.send_keyed(&phone(1), "first").await;
        assert_eq!(sent.json["attempts"], 5);
        let wrong = world.wrong_code(&phone(1));
        for left in [4, 3] {
            world.client.verify(&sent.token(), &wrong).await;
            // The repeat of the send.
            let again = world.client.send_keyed(&phone(1), "first").await;
            assert_eq!((again.status, &again.json["attempts"]), (202, &json!(left)));
        }
        // A resend, its repeat under its key, and a plain one.
        world.advance(61);
        for _ in 0..2 {
            let (number, token) = (phone(1), sent.token());
            let again = world.client.resend_keyed(&number, &token, "second").await;
            let resent = (again.status, &again.json["attempts"]);
            assert_eq!(resent, (202, &json!(3)));
        }
        world.client.verify(&sent.token(), &wrong).await;
        world.advance(61);
        let resent = world.client.resend(&phone(1), &sent.token()).await;
        assert_eq!((resent.status, &resent.json["attempts"]), (202, &json!(2)));
        // A renewal, and a resend of it by the token before it.
        world.advance(61);
        let renewed = world.client.resend(&phone(1), &sent.token()).await;
        assert_eq!(renewed.json["attempts"], 2);
        let wrong = wrong_for(&world.code(&phone(1)));
        world.client.verify(&renewed.token(), &wrong).await;
        for (wait, texts) in [(1, 4), (60, 5)] {
            world.advance(wait);
            let resent = world.client.resend(&phone(1), &sent.token()).await;
            assert_eq!((resent.status, &resent.json["attempts"]), (202, &json!(1)));
            assert_eq!(world.text_count(), texts);
        }
        let last = world.client.verify(&renewed.token(), &wrong).await;
        assert_eq!(last.json["attemptsRemaining"], 0, "{}", last.text);
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
fn wrong_for(right: &str) -> String {
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

#[tokio::test]
async fn no_text_promises_more_time_than_its_code_has() {
    for elapsed in [60, 61, 119, 120, 179, 180, 181, 240, 298] {
        let world = World::start().await;
        let sent = world.client.send(&phone(1)).await;
        world.advance(elapsed);
        let resent = world.client.resend(&phone(1), &sent.token()).await;
        let body = world.texts(&phone(1))[0].body.clone();
        let promised = body
            .split("works for ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let minutes: u64 = promised.and_then(|n| n.parse().ok()).expect("minutes");
        let left = resent.json["expiresIn"].as_u64().expect("seconds");
        assert!(
            minutes * 60 <= left && minutes >= 2,
            "after {elapsed}: {body} {left}"
        );
        world.advance(minutes * 60 - 1);
        let verified = world
            .client
            .verify(&resent.token(), &world.code(&phone(1)))
            .await;
        assert_eq!(verified.status, 200, "after {elapsed}: {}", verified.text);
    }
}

#[tokio::test]
async fn answers_say_seconds_beside_instants() {
    let world = World::start().await;
    let sent = world.client.send_keyed(&phone(1), "k").await;
    let seconds = |answer: &Answer| {
        ["expiresIn", "resendIn"].map(|name| answer.json[name].as_u64().expect("seconds"))
    };
    assert_eq!(seconds(&sent), [300, 60]);
    world.advance(59);
    assert_eq!(
        seconds(&world.client.send_keyed(&phone(1), "k").await),
        [241, 1]
    );
    world.advance(61);
    assert_eq!(
        seconds(&world.client.send_keyed(&phone(1), "k").await),
        [180, 0]
    );
    let resent = world.client.resend(&phone(1), &sent.token()).await;
    assert_eq!(seconds(&resent), [180, 60]);
    let (token, code) = (sent.token(), world.code(&phone(1)));
    let first = world.client.verify(&token, &code).await;
    assert_eq!(first.json["expiresIn"], 300);
    world.advance(10);
    let again = world.client.verify(&token, &code).await;
    assert_eq!(again.json["expiresIn"], 290);
    assert_eq!(again.json["expiresAt"], first.json["expiresAt"]);
}

#[tokio::test]
async fn a_code_entered_twice_around_its_end_is_right_twice() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let token = world.client.send(&phone(1)).await.token();
        let (code, wrong) = (world.code(&phone(1)), world.wrong_code(&phone(1)));
        world.advance(299);
        let first = world.client.verify(&token, &code).await;
        world.advance(2);
        assert_eq!(world.client.verify(&token, &wrong).await.status, 410);
        let second = world.client.verify(&token, &code).await;
        assert_eq!(read_claims(&first.token()), read_claims(&second.token()));
        world.advance(28);
        assert_eq!(world.client.verify(&token, &code).await.status, 410);
        // A code that nobody entered in time stays expired.
        let late = world.client.send(&phone(2)).await.token();
        world.advance(300);
        let refused = world.client.verify(&late, &world.code(&phone(2))).await;
        assert_eq!((refused.status, refused.problem()), (410, "expired"));
    }
}

#[tokio::test]
async fn a_phone_keeps_the_wrong_codes_of_one_day_only() {
    let world = World::start().await;
    for day in [1, 1, 2, 30, 80] {
        let token = world.client.send(&phone(1)).await.token();
        let wrong = world.wrong_code(&phone(1));
        assert_eq!(world.client.verify(&token, &wrong).await.status, 422);
        let scan = json!({ "TableName": "Challenges" });
        let items = world.dynamodb("Scan", &scan).await.json["Items"].take();
        let item = items[0].as_object().expect("a record");
        let counts = item.keys().filter(|name| name.starts_with("wrong_"));
        assert_eq!(counts.count(), 2, "the day and its count: {item:?}");
        world.advance(day * 86_400);
    }
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    assert_eq!(world.client.verify(&token, &code).await.status, 200);
    let items = world
        .dynamodb("Scan", &json!({ "TableName": "Challenges" }))
        .await;
    let counts = items.text.matches("wrong_").count();
    assert_eq!(counts, 0, "{}", items.text);
}

#[tokio::test]
async fn sends_to_a_test_number_end_no_earlier_one_and_fill_no_shared_limit() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2099-01-01T00:00:00Z\"\nper_day = 100\n";
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let builder = World::builder().policy_addition(number).mode(mode);
        let world = builder.start().await;
        let mut tokens = Vec::new();
        for n in 0..40 {
            let sent = if n % 2 == 0 {
                world.client.send("+14155550100").await
            } else {
                world
                    .client
                    .send_keyed("+14155550100", &format!("k{n}"))
                    .await
            };
            assert_eq!(sent.status, 202, "send {n}: {}", sent.text);
            tokens.push(sent.token());
            if n % 10 == 9 {
                world.advance(1);
            }
        }
        // As many challenges are open at once as a phone has slots.
        let full = world.client.send("+14155550100").await;
        assert_eq!((full.status, full.problem()), (429, "limited"));
        for token in &tokens {
            let verified = world.client.verify(token, "424242").await;
            assert_eq!(verified.status, 200, "{}", verified.text);
        }
        world.advance(30);
        let renewed = world.client.send("+14155550100").await;
        assert_eq!(renewed.status, 202, "{}", renewed.text);
        // The device and the address, which all of this shared, have their limits untouched.
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        // The device and the address count only that last send.
        let scan = json!({ "TableName": "Limits" });
        let scan = world.dynamodb("Scan", &scan).await;
        let counts = scan.json["Items"].as_array().expect("items").iter();
        let records = counts.filter(|item| {
            let key = item["pk"]["S"].as_str().expect("a key");
            key.starts_with("device#") || key.starts_with("ip#")
        });
        let counts = records.map(|item| {
            let members = item.as_object().expect("an item").iter();
            let counted = members.filter(|(name, _)| {
                let place = name.strip_prefix("hour_").or(name.strip_prefix("day_"));
                place.is_some_and(|place| place != "at")
            });
            counted.map(|(_, value)| value["N"].clone()).collect()
        });
        let counts: Vec<Vec<Value>> = counts.collect();
        assert_eq!(counts, [["1"], ["1"]]);
    }
}
