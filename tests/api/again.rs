//! Second texts, second taps and second sends: what a repeat gets, and what it must not end.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Answer, World, jwt_part, phone};
use serde_json::{Value, json};

use crate::api::renewals::wrong_for;

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
        assert_eq!(jwt_part(&first.token(), 1), jwt_part(&second.token(), 1));
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
async fn sends_to_a_test_number_leave_earlier_codes_and_shared_limits_alone() {
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
