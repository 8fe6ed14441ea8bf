//! What a phone that was verified keeps, whatever strangers do.

use super::*;

#[tokio::test]
async fn a_pumped_number_block_stops_strangers_and_not_a_neighbour_that_was_verified() {
    let world = start().await;
    establish(&world).await;
    let neighbour = "+14152009999";
    assert_eq!(
        verify_from(&world, neighbour, "neighbour", &familiar(20))
            .await
            .status,
        200
    );
    let mut sent = 0;
    for n in 0..40 {
        let number = format!("+1415200{:04}", 1_000 + n);
        let answer = world
            .client
            .send_from(&number, &format!("d{n}"), &familiar(30 + n))
            .await;
        match answer.status {
            202 => sent += 1,
            _ => assert_refused(&answer, "number-block-purse"),
        }
    }
    // Five cents to begin with, and two more texts for the neighbour's code.
    assert_eq!(sent, 6);
    world.advance(60);
    let again = world
        .client
        .send_from(neighbour, "neighbour", &familiar(20))
        .await;
    assert_eq!(again.status, 202, "{}", again.text);
}

#[tokio::test]
async fn strangers_who_keep_asking_for_a_phone_do_not_stop_its_owner() {
    let world = start().await;
    establish(&world).await;
    let (number, owner) = (nth(1), "owner");
    assert_eq!(
        verify_from(&world, &number, owner, &familiar(1))
            .await
            .status,
        200
    );
    // A device has ten texts a day.
    for hour in 0..3_usize {
        for n in 0..8_usize {
            world.advance(61);
            let (device, address) = (format!("s{hour}-{n}"), familiar(40 + 8 * hour + n));
            let stranger = world.client.send_from(&number, &device, &address).await;
            assert!([202, 429].contains(&stranger.status), "{}", stranger.text);
            world.advance(1);
        }
        // Without a code typed in: the allowance has three texts, with a cooldown of its own.
        let mut last = None;
        for n in 0..3 {
            let sent = world.client.send_from(&number, owner, &familiar(1)).await;
            assert_eq!(sent.status, 202, "{hour} {n}: {}", sent.text);
            last = Some(sent.token());
            world.advance(61);
        }
        let token = last.expect("a token");
        assert_eq!(
            world
                .client
                .verify(&token, &world.code(&number))
                .await
                .status,
            200
        );
        // The allowance has the phone's limit of an hour once more.
        world.advance(3_600);
    }
}

/// The allowance is not for those who do not wait.
#[tokio::test]
async fn the_owner_of_a_verified_phone_has_a_cooldown_after_his_own_text() {
    let world = start().await;
    establish(&world).await;
    assert_eq!(
        verify_from(&world, &nth(1), "owner", &familiar(1))
            .await
            .status,
        200
    );
    let again = world.client.send_from(&nth(1), "owner", &familiar(1)).await;
    assert_refused(&again, "phone-cooldown");
    let other = world
        .client
        .send_from(&nth(1), "stranger", "203.0.113.7")
        .await;
    assert_refused(&other, "phone-cooldown");
    world.advance(60);
    let sent = world.client.send_from(&nth(1), "owner", &familiar(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
}

/// What an instance remembers of a known phone refuses strangers without a call, and its owner only when the allowance
/// did.
#[tokio::test]
async fn a_remembered_refusal_of_a_known_phone_does_not_refuse_its_owner() {
    let world = start().await;
    establish(&world).await;
    let number = nth(1);
    let verified = verify_from(&world, &number, "owner", &familiar(1)).await;
    assert_eq!(verified.status, 200);
    world.advance(61);
    let stranger = async |n: usize| {
        let (device, address) = (format!("s{n}"), format!("203.{n}.113.1"));
        world.client.send_from(&number, &device, &address).await
    };
    assert_eq!(stranger(0).await.status, 202);
    assert_refused(&stranger(1).await, "phone-cooldown");
    drop(world.proxy().take_calls());
    for n in 2..12 {
        assert_refused(&stranger(n).await, "phone-cooldown");
    }
    assert_eq!(world.proxy().take_calls(), counts(&[]));
    let owner = async || {
        world
            .client
            .send_from(&number, "owner", "203.9.113.1")
            .await
    };
    let sent = owner().await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    // The allowance has a cooldown of its own, which is remembered, too.
    assert_refused(&owner().await, "phone-cooldown");
    drop(world.proxy().take_calls());
    for _ in 0..10 {
        assert_refused(&owner().await, "phone-cooldown");
    }
    assert_eq!(world.proxy().take_calls(), counts(&[]));
}

/// An owner with a new device, who sits in the network that the phone was verified in.
#[tokio::test]
async fn the_network_of_the_owner_has_a_reserve_too() {
    let world = start().await;
    establish(&world).await;
    let number = nth(1);
    assert_eq!(
        verify_from(&world, &number, "owner", &familiar(1))
            .await
            .status,
        200
    );
    for n in 0..6 {
        world.advance(61);
        let address = format!("203.{n}.113.1");
        drop(
            world
                .client
                .send_from(&number, &format!("s{n}"), &address)
                .await,
        );
    }
    // The sixth stranger was refused, but the fifth one's text may still cool down.
    world.advance(61);
    let answer = world
        .client
        .send_from(&number, "new-phone", &familiar(9))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let stranger = world.client.send_from(&number, "s9", "203.0.113.9").await;
    assert_eq!(stranger.status, 429, "{}", stranger.text);
}

/// Two requests from the network of a phone, within its cooldown, must not tell whether somebody has verified it.
#[tokio::test]
async fn a_neighbour_in_the_network_learns_nothing_from_a_cooldown() {
    let world = start().await;
    establish(&world).await;
    let (known, unknown) = (nth(1), nth(2));
    let verified = verify_from(&world, &known, "owner", &familiar(1)).await;
    assert_eq!(verified.status, 200);
    world.advance(61);
    let mut answers = Vec::new();
    for number in [&known, &unknown] {
        let first = world.client.send_from(number, "n1", &familiar(8)).await;
        assert_eq!(first.status, 202, "{}", first.text);
        let second = world.client.send_from(number, "n2", &familiar(9)).await;
        assert_refused(&second, "phone-cooldown");
        answers.push(second.json["retryAt"].clone());
    }
    assert_eq!(answers[0], answers[1]);
    // The phone's own device does not wait for strangers.
    let owner = world.client.send_from(&known, "owner", &familiar(1)).await;
    assert_eq!(owner.status, 202, "{}", owner.text);
}

/// A phone that nobody verifies any more is forgotten as known, although strangers keep its record alive.
#[tokio::test]
async fn evidence_leaves_the_record_after_90_days() {
    let world = start().await;
    assert_eq!(
        verify_from(&world, &nth(1), "owner", &familiar(1))
            .await
            .status,
        200
    );
    let is_known = async || {
        let scan = world
            .dynamodb("Scan", &json!({ "TableName": "Challenges" }))
            .await;
        scan.text.contains("\"proved\"") && scan.text.contains("proved_device")
    };
    for (days, known) in [(45, true), (44, true), (1, false)] {
        world.advance(days * 86_400);
        let address = format!("203.{days}.113.7");
        let asked = world.client.send_from(&nth(1), "stranger", &address).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(is_known().await, known, "after {days} more days");
    }
}

/// The allowance of a known phone may find that no purse pays. The answer is then that of any phone, or the purse's name
/// would tell that somebody has verified this one.
#[tokio::test]
async fn a_purse_that_cannot_pay_for_an_allowance_tells_nothing_of_the_phone() {
    let world = World::builder().purses().proxied();
    let world = world.policy("phone_per_hour = 5\n", "phone_per_hour = 1\n");
    let world = world.start().await;
    let (known, unknown) = (nth(1), nth(2));
    let verified = verify_from(&world, &known, "owner", "198.51.0.1").await;
    assert_eq!(verified.status, 200);
    let sent = world.client.send_from(&unknown, "other", "203.0.113.1");
    assert_eq!(sent.await.status, 202);
    let mut strangers = 10..40;
    let refused = loop {
        let n = strangers.next().expect("the country is empty before");
        let address = format!("203.{n}.113.1");
        let device = format!("s{n}");
        let answer = world.client.send_from(&nth(n), &device, &address).await;
        if answer.status != 202 {
            break answer;
        }
    };
    assert_refused(&refused, "country-purse");
    world.advance(61);
    for instance in [world.instance().await, world.instance().await] {
        let client = Client::new(&instance.url);
        for _ in 0..2 {
            // A new device in the network that the known phone was verified in, and its own device elsewhere.
            for (device, address) in [("new", "198.51.0.2"), ("owner", "203.99.113.1")] {
                let answers = [
                    client.send_from(&known, device, address).await,
                    client.send_from(&unknown, device, address).await,
                ];
                for answer in &answers {
                    assert_refused(answer, "phone-per-hour");
                }
                let [known, unknown] = answers.map(|answer| answer.json["retryAt"].clone());
                assert_eq!(known, unknown);
            }
        }
    }
}
