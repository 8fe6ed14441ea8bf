//! Answers come before Lambda stops the function, even if the function has little time.

use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Much less than the calls of the SDK would take with their own timeouts.
const TIMEOUT: Duration = Duration::from_secs(3);

async fn start_world(mode: TokenMode) -> World {
    let world = World::builder().mode(mode).proxied();
    world.function_timeout(TIMEOUT).start().await
}

/// Waits for the answer, which must come before Lambda stops the function. Returns its status.
async fn await_in_time(what: &str, answer: impl Future<Output = Answer>) -> u16 {
    let answer = timeout(TIMEOUT, answer).await;
    answer.expect(what).status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_ends_in_time_when_any_of_its_calls_hangs() {
    let mut running = JoinSet::new();
    for (operation, fault, carrier, status) in [
        ("TransactWriteItems", Fault::Hang, Carrier::Deliver, 503),
        ("TransactWriteItems", Fault::Trickle, Carrier::Deliver, 503),
        ("Publish", Fault::Hang, Carrier::Deliver, 504),
        ("Publish", Fault::Trickle, Carrier::Deliver, 504),
        ("nothing", Fault::Hang, Carrier::Hang, 504),
    ] {
        running.spawn(async move {
            let world = start_world(TokenMode::Sealed).await;
            world.carrier(carrier);
            world.proxy().break_all(operation, fault);
            let what = format!("{operation}, {fault:?}, {carrier:?}");
            let seen = await_in_time(&what, world.client.send(&phone(1))).await;
            assert_eq!(seen, status, "{what}");
        });
    }
    assert_eq!(running.join_all().await.len(), 5);
}

/// The carrier refuses at once, and the refund hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_send_ends_in_time_when_its_refund_hangs() {
    let world = start_world(TokenMode::Sealed).await;
    world.carrier(Carrier::Refuse);
    for _ in 0..3 {
        let proxy = world.proxy();
        proxy.break_after("TransactWriteItems", 1, Fault::Hang);
        proxy.break_next("TransactWriteItems", Fault::Hang);
        proxy.break_next("TransactWriteItems", Fault::Hang);
    }
    let seen = await_in_time("refund", world.client.send(&phone(1))).await;
    assert_eq!(seen, 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_ends_in_time_when_its_read_hangs() {
    let world = start_world(TokenMode::Stored).await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    world.proxy().break_all("GetItem", Fault::Hang);
    let number = phone(1);
    let resend = world.client.resend(&number, &token);
    assert_eq!(await_in_time("GetItem", resend).await, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_and_a_spend_end_in_time_when_any_of_their_calls_hangs() {
    let mut running = JoinSet::new();
    for fault in [Fault::Hang, Fault::Trickle] {
        for operation in ["GetItem", "UpdateItem", "PutItem"] {
            running.spawn(async move {
                let world = start_world(TokenMode::Stored).await;
                let (client, number) = (&world.client, phone(1));
                let seen = if operation == "PutItem" {
                    let success = world.proof("register", &number).await;
                    world.proxy().break_all(operation, fault);
                    await_in_time(operation, client.spend(&success, "register")).await
                } else {
                    let token = client.send(&number).await.token();
                    let code = world.code(&number);
                    world.proxy().break_all(operation, fault);
                    await_in_time(operation, client.verify(&token, &code)).await
                };
                assert_eq!(seen, 503, "{operation}, {fault:?}");
            });
        }
    }
    assert_eq!(running.join_all().await.len(), 6);
}
