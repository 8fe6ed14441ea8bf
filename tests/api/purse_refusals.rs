//! What a refused request costs, also one with an idempotency key, and when it may come again.

use std::collections::BTreeMap;

use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_tests::{Answer, Units, World, phone};
use serde_json::json;

fn stranger(n: u32) -> (String, String) {
    (format!("s{n}"), format!("203.{}.113.7", n % 250))
}

/// Sends under an idempotency key, or asks for the code of a token again.
async fn send(world: &World, n: u32, key: Option<&str>, token: Option<&str>) -> Answer {
    let (device, address) = stranger(n);
    let mut body = json!({ "phone": phone(n), "uniqueId": device, "businessId": "login" });
    if let Some(token) = token {
        body["token"] = json!(token);
    }
    let mut headers = vec![("x-test-source-ip", address.as_str())];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    world.client.post_with("/v1/send", &body, &headers).await
}

/// A country whose purse of strangers is empty, as this instance knows. Returns the token of the first send.
async fn start_empty() -> (World, String) {
    let world = World::builder().purses().proxied().start().await;
    let first = send(&world, 0, Some("first"), None).await;
    assert_eq!(first.status, 202, "{}", first.text);
    world.advance(61);
    for n in 1..7 {
        let answer = send(&world, n, None, None).await;
        assert_eq!(answer.status == 202, n < 6, "{n}: {}", answer.text);
    }
    drop((world.proxy().take_calls(), world.proxy().take_units()));
    (world, first.token())
}

/// The calls and the units of `count` requests that read once.
fn assert_cheap(world: &World, count: usize) {
    let calls = world.proxy().take_calls();
    let read_once = BTreeMap::from([("BatchGetItem".to_owned(), count)]);
    assert_eq!(calls, read_once);
    let units = Units {
        write: 0,
        half_reads: 2 * count,
    };
    assert_eq!(world.proxy().take_units(), units);
}

#[tokio::test]
async fn keyed_requests_at_an_empty_purse_read_a_unit_and_write_nothing() {
    let (world, token) = start_empty().await;
    for n in 100..120 {
        let refused = send(&world, n, Some(&format!("key-{n}")), None).await;
        assert_eq!(refused.json["rule"], "country-purse", "{}", refused.text);
        assert!(refused.json["retryAt"].is_string(), "{}", refused.text);
    }
    assert_cheap(&world, 20);
    // Nor does it help to have a token.
    for n in 0..10 {
        let key = format!("again-{n}");
        let refused = send(&world, 0, Some(&key), Some(&token)).await;
        assert_eq!(refused.json["rule"], "country-purse", "{}", refused.text);
    }
    assert_cheap(&world, 10);
    // The repeat of a send that went out has its answer, as before.
    let repeated = send(&world, 0, Some("first"), None).await;
    assert_eq!(repeated.status, 202, "{}", repeated.text);
    assert_cheap(&world, 1);
    let code = world.code(&phone(0));
    let verified = world.client.verify(&repeated.token(), &code).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    drop((world.proxy().take_calls(), world.proxy().take_units()));
    // A challenge that is over is not a matter of purses.
    let over = send(&world, 0, None, Some(&token)).await;
    assert_eq!(over.problem(), "already-used", "{}", over.text);
}

/// A keyed request to a phone that cools down names the wait that lasts.
#[tokio::test]
async fn a_keyed_request_names_what_lasts_longest() {
    let (world, _) = start_empty().await;
    let refused = send(&world, 5, Some("other"), None).await;
    assert_eq!(refused.json["rule"], "country-purse", "{}", refused.text);
    assert_cheap(&world, 1);
}

/// The money for new countries is used up. One that never began waits for the next day, and begins then.
#[tokio::test]
async fn a_new_country_waits_for_the_money_of_the_next_day() {
    let world = World::builder()
        .purses()
        .policy("DE 0.09, FR 0.07", "DE 0.05, FR 0.05")
        .policy("unearned_usd_per_day = 4.75", "unearned_usd_per_day = 0.06")
        .start()
        .await;
    // Noon and twelve hours would be the end of the day by chance.
    world.advance(3_600);
    // Six texts to the US.
    assert_eq!(send(&world, 0, None, None).await.status, 202);
    let abroad = async || {
        let headers = [("x-test-source-ip", "203.9.113.7")];
        world
            .client
            .send_with("+447400123456", "gb", &headers)
            .await
    };
    let tomorrow = Timestamp::from_unix((world.clock.now().day() + 1) * 86_400);
    for _ in 0..2 {
        let refused = abroad().await;
        assert_eq!(refused.json["rule"], "country-purse", "{}", refused.text);
        assert_eq!(refused.json["retryAt"], tomorrow.to_string());
    }
    let wait = tomorrow.unix() - world.clock.now().unix();
    world.advance(u64::try_from(wait).expect("later"));
    let sent = abroad().await;
    assert_eq!(sent.status, 202, "{}", sent.text);
}

/// It is the same for every caller: the allowance of a phone has limits per hour and day, as its common share has.
#[tokio::test]
async fn a_phone_has_a_limit_for_each_hour_and_day_also_in_its_reserve() {
    let world = World::builder().purses().start().await;
    let number = phone(1);
    let mut texted = BTreeMap::new();
    for n in 0..200 {
        world.advance(61);
        // Each from another device in the network that the phone was verified in, with its code typed in.
        let (device, address) = (format!("d{n}"), format!("192.0.2.{n}"));
        let sent = world.client.send_from(&number, &device, &address).await;
        if sent.status != 202 {
            let rule = sent.json["rule"].as_str().unwrap_or_default();
            assert!(rule.starts_with("phone-per-"), "{}", sent.text);
            continue;
        }
        let code = world.code(&number);
        let verified = world.client.verify(&sent.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
        let hour = world.clock.now().unix().div_euclid(3_600);
        *texted.entry(hour).or_insert(0) += 1;
    }
    // The limits of a phone are five an hour and ten a day. Its network has as many for itself.
    assert_eq!(texted.values().sum::<u32>(), 20, "{texted:?}");
    assert!(texted.values().all(|count| *count <= 10), "{texted:?}");
}

/// A device that the phone was verified with has its own, which nobody else in its network uses up.
#[tokio::test]
async fn the_network_of_an_owner_does_not_use_up_what_his_device_has() {
    let world = World::builder().shadow().start().await;
    let number = phone(1);
    let ask = async |device: &str, host: u32| {
        let address = format!("192.0.2.{host}");
        world.client.send_from(&number, device, &address).await
    };
    for round in 0..9 {
        let sent = ask("owner", 1).await;
        assert_eq!(sent.status, 202, "{round}: {}", sent.text);
        let code = world.code(&number);
        let verified = world.client.verify(&sent.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
        world.advance(1_300);
        // Neighbours who never wait, and never type a code in.
        for n in 0..4 {
            let host = 10 + 4 * round + n;
            let asked = ask(&format!("neighbour-{host}"), host).await;
            assert!([202, 429].contains(&asked.status), "{}", asked.text);
            world.advance(if n < 3 { 59 } else { 1 });
        }
    }
}
