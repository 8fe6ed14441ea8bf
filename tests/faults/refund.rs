//! Refunds that the store refuses. Each has a line that names what refused, and the answer says what was given back.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::{Value, json};

use crate::faults::log::Log;

const OF_US: &str = "purse#US#0";
const REFUNDED: [&str; 3] = ["phone-per-hour", "phone-per-day", "device-per-day"];

/// The transactions of a reservation: the first one meets a country of which nothing is stored.
const RESERVATION: usize = 2;

/// Starts a world with purses whose carrier refuses.
async fn start() -> World {
    let builder = World::builder().mode(TokenMode::Sealed);
    let world = builder.purses().proxied().start().await;
    world.carrier(Carrier::Refuse);
    world
}

/// Lets another writer put this item after the reservation, before the refund.
fn put_before_refund(world: &World, table: &str, item: &Value) {
    let put = json!({ "TableName": table, "Item": item });
    let proxy = world.proxy();
    proxy.overtake_after("TransactWriteItems", RESERVATION - 1, put);
}

/// Makes the purse of the US on the day that is so many days after today, with this amount in the lane of strangers.
fn make_purse(world: &World, later: i64, open: &Value) -> Value {
    let day = world.clock.now().day() + later;
    json!({
        "pk": { "S": OF_US }, "open": open, "left": { "N": "1" }, "day": { "N": day.to_string() },
    })
}

/// Sends a text that the carrier refuses, and returns the answer with the warnings and errors of it.
async fn send(world: &World) -> (Answer, String) {
    let log = Log::take();
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    (refused, log.text())
}

fn assert_has_line(log: &str, words: &[&str]) {
    let has = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(log.lines().any(has), "no line has {words:?}: {log}");
}

#[tokio::test]
async fn a_damaged_purse_keeps_the_price_and_the_counts_are_given_back() {
    let world = start().await;
    let damaged = make_purse(&world, 0, &json!({ "S": "much" }));
    put_before_refund(&world, "Limits", &damaged);
    let (refused, log) = send(&world).await;
    assert_eq!(refused.json["givenBack"], json!(REFUNDED));
    assert!(!refused.text.contains(OF_US), "{}", refused.text);
    assert_has_line(&log, &["WARN", "price", OF_US, "of another type"]);
}

#[tokio::test]
async fn a_purse_at_another_day_keeps_the_price_and_the_counts_are_given_back() {
    let world = start().await;
    let tomorrow = make_purse(&world, 1, &json!({ "N": "5" }));
    put_before_refund(&world, "Limits", &tomorrow);
    let (refused, log) = send(&world).await;
    assert_eq!(refused.json["givenBack"], json!(REFUNDED));
    assert_has_line(&log, &["WARN", "price", OF_US, "another day"]);
    assert_eq!(world.read_limit(OF_US, "open").await, Some(5));
}

#[tokio::test]
async fn a_challenge_that_is_gone_gives_nothing_back_and_the_line_says_so() {
    let world = start().await;
    send(&world).await;
    let scan = json!({ "TableName": "Challenges" });
    let records = world.dynamodb("Scan", &scan).await;
    let emptied = json!({ "pk": records.json["Items"][0]["pk"] });
    put_before_refund(&world, "Challenges", &emptied);
    world.advance(60);
    let (refused, log) = send(&world).await;
    assert_eq!(refused.json["givenBack"], json!([]));
    assert!(refused.json["perhapsGivenBack"].is_null());
    assert_has_line(&log, &["WARN", "not refunded", "record of the phone"]);
}

#[tokio::test]
async fn a_refund_that_meets_other_writers_is_repeated_three_times_and_then_named() {
    for (conflicts, given_back) in [(3, json!(REFUNDED)), (4, json!([]))] {
        let world = start().await;
        let proxy = world.proxy();
        proxy.break_after("TransactWriteItems", RESERVATION, Fault::CancelByConflict);
        for _ in 1..conflicts {
            proxy.break_next("TransactWriteItems", Fault::CancelByConflict);
        }
        let (refused, log) = send(&world).await;
        assert_eq!(refused.json["givenBack"], given_back, "{conflicts}");
        assert!(refused.json["perhapsGivenBack"].is_null(), "{conflicts}");
        if conflicts == 4 {
            assert_has_line(&log, &["WARN", "not refunded", "TransactWriteItems"]);
            assert_has_line(&log, &["other writers kept touching"]);
        } else {
            assert_eq!(log, "");
        }
    }
}
