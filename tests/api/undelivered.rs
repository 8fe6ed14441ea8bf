//! What the answer to a text that the carrier refused says: what is known of its limits, and when the next text can
//! pass.

use std::time::Duration;

use phoneproof_domain::clock::Clock as _;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::json;

/// The SDK makes three tries of one transaction. The second transaction of a refused send is its refund.
fn lose_the_refund(world: &World, fault: Fault) {
    let proxy = world.proxy();
    proxy.break_after("TransactWriteItems", 1, fault);
    proxy.break_next("TransactWriteItems", fault);
    proxy.break_next("TransactWriteItems", fault);
}

#[tokio::test]
async fn a_refund_without_an_answer_is_neither_claimed_nor_denied() {
    for (fault, is_written) in [
        (Fault::LoseReply, true),
        (Fault::CutAfter, true),
        (Fault::Refuse, false),
    ] {
        let world = World::builder().proxied().start().await;
        for _ in 0..4 {
            assert_eq!(world.client.send(&phone(1)).await.status, 202);
            world.advance(60);
        }
        world.carrier(Carrier::Refuse);
        lose_the_refund(&world, fault);
        let refused = world.client.send(&phone(1)).await;
        let rules = json!(["phone-per-hour", "phone-per-day", "device-per-day"]);
        assert_eq!(refused.json["givenBack"], json!([]), "{fault:?}");
        assert_eq!(refused.json["perhapsGivenBack"], rules, "{fault:?}");
        let detail = refused.json["detail"].as_str().expect("a detail");
        assert!(!detail.contains("No limit"), "{detail}");
        assert!(
            detail.contains("may count towards phone-per-hour"),
            "{detail}"
        );
        // The counts tell when the next text can pass, whether the refund was written or not.
        world.carrier(Carrier::Deliver);
        assert_next_text_passes_at_retry_at(&world, &refused, &phone(1), "192.0.2.1").await;
        let waited = world.clock.now().unix() % 3_600;
        assert_eq!(waited, if is_written { 5 * 60 } else { 0 }, "{fault:?}");
    }
}

/// Waits until a second before `retryAt`, when a text from `address` is limited, and then until it passes.
async fn assert_next_text_passes_at_retry_at(
    world: &World,
    refused: &Answer,
    phone: &str,
    address: &str,
) {
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    let seconds = refused.header("retry-after").expect("seconds");
    let seconds: u64 = seconds.parse().expect("seconds");
    let at = world.clock.now() + Duration::from_secs(seconds);
    assert_eq!(refused.json["retryAt"], json!(at));
    let send = || world.client.send_from(phone, "another", address);
    world.advance(seconds - 1);
    assert_eq!(send().await.status, 429, "a second before {at}");
    world.advance(1);
    assert_eq!(send().await.status, 202, "at {at}");
}

#[tokio::test]
async fn the_text_that_used_up_an_unrefunded_limit_says_when_that_limit_ends() {
    // Twenty texts of one address to numbers far apart.
    let address = "192.0.2.1";
    let world = World::start().await;
    world.carrier(Carrier::Refuse);
    world.advance(600);
    for n in 0..19 {
        let device = format!("d{n}");
        let refused = world.client.send_from(&phone(n), &device, address).await;
        assert_eq!(refused.header("retry-after"), Some("60"), "{n}");
    }
    let last = world.client.send_from(&phone(19), "d19", address).await;
    assert_eq!(last.header("retry-after"), Some("3000"));
    assert_says_that_refunded_limits_are_free(&last);
    world.carrier(Carrier::Deliver);
    assert_next_text_passes_at_retry_at(&world, &last, &phone(19), address).await;
}

#[tokio::test]
async fn the_text_that_emptied_a_number_block_says_when_the_block_can_pay_again() {
    // Five texts to one block of numbers, which starts with five cents. Their lane gets its money back, the block does
    // not.
    let number = |n: u32| format!("+141520079{n:02}");
    let address = |n: u32| format!("192.0.2.{}", n + 1);
    let world = World::builder().purses().start().await;
    world.carrier(Carrier::Refuse);
    for n in 0..4 {
        let device = format!("d{n}");
        let refused = world
            .client
            .send_from(&number(n), &device, &address(n))
            .await;
        assert_eq!(refused.header("retry-after"), Some("60"), "{n}");
    }
    let last = world.client.send_from(&number(4), "d4", &address(4)).await;
    assert_eq!(
        last.header("retry-after"),
        Some("21600"),
        "six hours for a text"
    );
    assert_says_that_refunded_limits_are_free(&last);
    world.carrier(Carrier::Deliver);
    assert_next_text_passes_at_retry_at(&world, &last, &number(4), &address(4)).await;
}

fn assert_says_that_refunded_limits_are_free(refused: &Answer) {
    let rules = ["phone-per-hour", "phone-per-day", "device-per-day"];
    assert_eq!(refused.json["givenBack"], json!(rules));
    assert!(refused.json["perhapsGivenBack"].is_null());
}

#[tokio::test]
async fn a_refused_text_whose_limits_cannot_be_read_says_so() {
    let world = World::builder().proxied().start().await;
    world.carrier(Carrier::Refuse);
    world.proxy().break_all("GetItem", Fault::Unexpected);
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(refused.status, 502);
    assert_says_that_refunded_limits_are_free(&refused);
    assert_eq!(refused.header("retry-after"), Some("60"));
    let detail = refused.json["detail"].as_str().expect("a detail");
    assert!(detail.contains("could not be read"), "{detail}");
}
