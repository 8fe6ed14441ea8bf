//! Answers come before the function is stopped, however short its time.

use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};
use tokio::time::timeout;

/// Far below what the calls of the SDK would take by themselves.
const TIMEOUT: Duration = Duration::from_secs(3);

async fn world(mode: TokenMode) -> World {
    let world = World::builder().mode(mode).proxied();
    world.function_timeout(TIMEOUT).start().await
}

/// The status of an answer, which must come before the function is stopped.
async fn in_time(what: &str, answer: impl Future<Output = Answer>) -> u16 {
    let answer = timeout(TIMEOUT, answer).await;
    answer.expect(what).status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_ends_in_time_whatever_hangs() {
    for (operation, fault, carrier, status) in [
        ("TransactWriteItems", Fault::Hang, Carrier::Deliver, 503),
        ("TransactWriteItems", Fault::Trickle, Carrier::Deliver, 503),
        ("Publish", Fault::Hang, Carrier::Deliver, 504),
        ("Publish", Fault::Trickle, Carrier::Deliver, 504),
        ("nothing", Fault::Hang, Carrier::Hang, 504),
    ] {
        let world = world(TokenMode::Sealed).await;
        world.carrier(carrier);
        world.proxy().break_all(operation, fault);
        let what = format!("{operation}, {fault:?}, {carrier:?}");
        let seen = in_time(&what, world.client.send(&phone(1))).await;
        assert_eq!(seen, status, "{what}");
    }
    // The carrier refuses at once, and what gives the quota back hangs.
    let world = world(TokenMode::Sealed).await;
    world.carrier(Carrier::Refuse);
    for _ in 0..3 {
        let proxy = world.proxy();
        proxy.break_after("TransactWriteItems", 1, Fault::Hang);
        proxy.break_next("TransactWriteItems", Fault::Hang);
        proxy.break_next("TransactWriteItems", Fault::Hang);
    }
    let seen = in_time("refund", world.client.send(&phone(1))).await;
    assert_eq!(seen, 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_ends_in_time_when_its_read_hangs() {
    let world = world(TokenMode::Stored).await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    world.proxy().break_all("GetItem", Fault::Hang);
    let number = phone(1);
    let resend = world.client.resend(&number, &token);
    assert_eq!(in_time("GetItem", resend).await, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_and_a_spending_end_in_time_whatever_hangs() {
    for fault in [Fault::Hang, Fault::Trickle] {
        let world = world(TokenMode::Stored).await;
        let token = world.client.send(&phone(1)).await.token();
        let code = world.code(&phone(1));
        for operation in ["GetItem", "UpdateItem"] {
            world.proxy().break_all(operation, fault);
            let seen = in_time(operation, world.client.verify(&token, &code)).await;
            assert_eq!(seen, 503, "{operation}, {fault:?}");
            world.proxy().mend();
        }
        let success = world.proof("register", &phone(2)).await;
        world.proxy().break_all("PutItem", fault);
        let spending = world.client.spend(&success, "register");
        assert_eq!(in_time("PutItem", spending).await, 503, "{fault:?}");
    }
}
