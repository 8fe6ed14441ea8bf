//! Purses: who pays for a text until its code is typed in. Every figure follows from the sample policy, in which a text
//! to the US costs a cent and a new country starts with six texts.

mod damaged;
mod owner;
mod shadow;

use std::collections::BTreeMap;
use std::time::Duration;

use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Client, PARALLEL, Units, World, at_once, phone, so_many_at_once};
use serde_json::{Value, json};

/// What a text to the US costs, in millionths of a dollar.
const PRICE: i64 = 10_000;

/// Lanes pay for a phone from its first typed code on, so that the tests need not wait a week.
async fn start() -> World {
    let world = World::builder().purses().proxied();
    let world = world.policy("after_days = 7 ", "after_days = 0 ");
    // A busy machine may need more time than Lambda gives for many requests at once.
    world
        .function_timeout(Duration::from_secs(25))
        .start()
        .await
}

fn nth(n: usize) -> String {
    phone(u32::try_from(n).expect("small"))
}

/// The `n`-th address of the network that [`establish`] makes familiar.
fn familiar(n: usize) -> String {
    format!("198.51.{}.{}", n / 250, n % 250)
}

/// Sends from a device and an address, and types the code in.
async fn verify_from(world: &World, number: &str, device: &str, address: &str) -> Answer {
    let sent = world.client.send_from(number, device, address).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    world
        .client
        .verify(&sent.token(), &world.code(number))
        .await
}

/// Makes the US a country that is served: users of the network 198.51.0.0/16 type codes in.
async fn establish(world: &World) {
    for n in 0..6 {
        let device = format!("founder-{n}");
        let number = nth(600 + n);
        let verified = verify_from(world, &number, &device, &familiar(n)).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
    }
}

fn assert_refused(answer: &Answer, rule: &str) {
    assert_eq!(
        (answer.status, answer.problem()),
        (429, "limited"),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["rule"], rule, "{}", answer.text);
    assert!(answer.json["retryAt"].is_string(), "{}", answer.text);
    assert_eq!(answer.json["code"], -1);
    assert!(answer.header("retry-after").is_some());
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let own = expected.iter();
    own.map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn an_established_send_is_one_transaction_of_seven_items() {
    let world = start().await;
    establish(&world).await;
    drop((world.proxy().take_calls(), world.proxy().take_units()));
    for n in 0..3 {
        let device = format!("d{n}");
        let sent = world
            .client
            .send_from(&nth(n), &device, &familiar(10 + n))
            .await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let expected = counts(&[("TransactWriteItems", 1), ("Publish", 1)]);
        assert_eq!(world.proxy().take_calls(), expected);
        let units = Units {
            write: 14,
            half_reads: 0,
        };
        assert_eq!(world.proxy().take_units(), units);
        let wrong = world.wrong_code(&nth(n));
        assert_eq!(world.client.verify(&sent.token(), &wrong).await.status, 422);
        assert_eq!(world.proxy().take_calls(), counts(&[("UpdateItem", 1)]));
        let code = world.code(&nth(n));
        assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
        // The success, and what it gives back to country, block, network and address.
        let calls = world.proxy().take_calls();
        assert_eq!(calls, counts(&[("UpdateItem", 5)]));
        let _ = world.proxy().take_units();
    }
}

#[tokio::test]
async fn random_numbers_of_a_new_country_get_six_texts() {
    let world = start().await;
    for n in 0..40 {
        let address = format!("203.{n}.113.7");
        let answer = world
            .client
            .send_from(&nth(n), &format!("d{n}"), &address)
            .await;
        if n < 6 {
            assert_eq!(answer.status, 202, "{n}: {}", answer.text);
        } else {
            assert_refused(&answer, "country-purse");
        }
    }
    assert_eq!(world.text_count(), 6);
    assert_eq!(world.read_limit("purse#US#0", "open").await, Some(0));
    // Time gives a text back after twelve hours without any.
    world.advance(12 * 3_600);
    let answer = world.client.send_from(&nth(50), "d50", "203.0.113.7").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let answer = world.client.send_from(&nth(51), "d51", "203.0.113.7").await;
    assert_refused(&answer, "country-purse");
    // Another country has its own.
    let answer = world
        .client
        .send_from("+447400123456", "gb", "203.0.113.7")
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

/// What one instance was told to refuse costs it one read unit each, and no write, for ten seconds. Whom the memory
/// cannot refuse passes meanwhile.
#[tokio::test]
async fn a_flood_on_empty_purses_reads_little_writes_nothing_and_stops_nobody_else() {
    let world = start().await;
    establish(&world).await;
    world.advance(60);
    let stranger = async |n: usize| {
        let address = format!("203.{}.113.7", n % 250);
        let device = format!("s{n}");
        world.client.send_from(&nth(n), &device, &address).await
    };
    let mut n = 0;
    while stranger(n).await.status == 202 {
        n += 1;
        assert!(n < 40, "the purse of strangers has an end");
    }
    drop((world.proxy().take_calls(), world.proxy().take_units()));
    for more in 1..=20 {
        assert_refused(&stranger(n + more).await, "country-purse");
    }
    let read_once = counts(&[("BatchGetItem", 20)]);
    assert_eq!(world.proxy().take_calls(), read_once);
    // The network and the phone's record, half a unit each.
    let units = Units {
        write: 0,
        half_reads: 2 * 20,
    };
    assert_eq!(world.proxy().take_units(), units);
    // A known phone at its device, and a new one in a familiar network.
    for (number, device, address) in [
        (nth(600), "founder-0", "203.9.113.7".to_owned()),
        (nth(300), "newcomer", familiar(99)),
    ] {
        let sent = world.client.send_from(&number, device, &address).await;
        assert_eq!(sent.status, 202, "{device}: {}", sent.text);
    }
    world.advance(10);
    drop(world.proxy().take_calls());
    assert_refused(&stranger(n + 21).await, "country-purse");
    let asked = world.proxy().take_calls();
    assert_eq!(
        asked["TransactWriteItems"], 1,
        "the store is asked again: {asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_sends_get_exactly_what_the_purse_holds() {
    let world = start().await;
    // Each one that loses the race reads and tries again, until the purse is empty.
    let (all, client) = (60, &world.client);
    let statuses = so_many_at_once(all, client, |n, client| async move {
        let address = format!("203.{}.113.{}", n % 200, n / 200);
        client.send_from(&nth(n), &format!("d{n}"), &address).await
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, 6), (429, all - 6)]));
    assert_eq!(world.text_count(), 6);
    assert_eq!(world.read_limit("purse#US#0", "open").await, Some(0));
    let day = world.clock.now().day();
    assert_eq!(
        world.read_limit(&format!("service#{day}"), "left").await,
        Some(4_750_000 - 6 * PRICE)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_right_codes_earn_once() {
    let world = start().await;
    let sent = world.client.send(&nth(1)).await;
    let (token, code) = (sent.token(), world.code(&nth(1)));
    assert_eq!(
        world.read_limit("purse#US#0", "open").await,
        Some(5 * PRICE)
    );
    let statuses = at_once(&world.client, |_, client| {
        let (token, code) = (token.clone(), code.clone());
        async move { client.verify(&token, &code).await }
    })
    .await;
    assert_eq!(
        statuses,
        BTreeMap::from([(200, *PARALLEL)]),
        "the same success for all"
    );
    assert_eq!(
        world.read_limit("purse#US#0", "open").await,
        Some(7 * PRICE)
    );
    assert_eq!(world.read_limit("purse#US#0", "typed").await, Some(1));
    // Nor does the repeat of a right code earn.
    world.advance(20);
    assert_eq!(world.client.verify(&token, &code).await.status, 200);
    assert_eq!(
        world.read_limit("purse#US#0", "open").await,
        Some(7 * PRICE)
    );
    assert_eq!(world.read_limit("purse#US#0", "typed").await, Some(1));
}

#[tokio::test]
async fn an_address_gets_back_what_is_typed() {
    let world = start().await;
    establish(&world).await;
    for n in 0..30 {
        let verified = verify_from(&world, &nth(n), &format!("d{n}"), "198.51.7.7").await;
        assert_eq!(verified.status, 200, "{n}: {}", verified.text);
    }
}

#[tokio::test]
async fn a_refused_text_gives_its_price_back_to_the_lane_and_not_to_the_block() {
    let world = start().await;
    world.carrier(Carrier::Refuse);
    let sent = world.client.send(&nth(1)).await;
    assert_eq!(sent.status, 502, "{}", sent.text);
    assert_eq!(
        world.read_limit("purse#US#0", "open").await,
        Some(6 * PRICE)
    );
    assert_eq!(world.read_limit("purse#US#0", "sent").await, Some(0));
    let scan = world
        .dynamodb("Scan", &json!({ "TableName": "Limits" }))
        .await;
    let items = scan.json["Items"].as_array().expect("items");
    let block = items.iter().find(|item| {
        item["pk"]["S"]
            .as_str()
            .is_some_and(|key| key.starts_with("block#"))
    });
    assert_eq!(
        block.expect("a block")["room"]["N"],
        (50_000 - PRICE).to_string()
    );
}

#[tokio::test]
async fn a_country_stops_at_its_money_of_a_day_typed_or_not() {
    let world = World::builder()
        .purses()
        .policy("usd_per_day = 25.00", "usd_per_day = 1.00")
        .start()
        .await;
    for n in 0..100 {
        let address = familiar(n);
        let verified = verify_from(&world, &nth(n), &format!("d{n}"), &address).await;
        assert_eq!(verified.status, 200, "{n}: {}", verified.text);
    }
    let refused = world
        .client
        .send_from(&nth(100), "d100", &familiar(100))
        .await;
    assert_refused(&refused, "money-per-day");
    let tomorrow = (world.clock.now().day() + 1) * 86_400;
    let tomorrow = Timestamp::from_unix(tomorrow).to_string();
    assert_eq!(refused.json["retryAt"], tomorrow);
}

#[tokio::test]
async fn a_test_number_touches_no_purse() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2099-01-01T00:00:00Z\"\nper_day = 100\n";
    let world = World::builder()
        .purses()
        .policy_addition(number)
        .start()
        .await;
    for _ in 0..10 {
        let sent = world.client.send("+14155550100").await;
        assert_eq!(
            world.client.verify(&sent.token(), "424242").await.status,
            200
        );
        world.advance(1);
    }
    let scan = world
        .dynamodb("Scan", &json!({ "TableName": "Limits" }))
        .await;
    assert_eq!(scan.json["Items"], Value::Array(vec![]));
    let record = world
        .dynamodb("Scan", &json!({ "TableName": "Challenges" }))
        .await;
    assert!(!record.text.contains("proved"), "{}", record.text);
}
