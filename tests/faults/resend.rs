//! Faults while a code is resent, and while a request is repeated under its idempotency key.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, await_in_time, phone};

use crate::faults::{
    PLAIN, TRANSACTION, expect_statuses, expect_statuses_of_the_text, start_world, with_every_fault,
};

/// Starts a world with one text and waits for the end of the cooldown. Returns the challenge token.
async fn start_after_a_text(mode: TokenMode) -> (World, String) {
    let world = start_world(mode).await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    (world, token)
}

/// Breaks one call before the text with every fault. Asserts that the second text goes out exactly if the answer is
/// 202, and that the first code still works.
async fn break_before_the_text(mode: TokenMode, operation: &'static str) -> BTreeMap<String, u16> {
    with_every_fault(|fault| async move {
        let (world, token) = start_after_a_text(mode).await;
        world.proxy().break_next(operation, fault);
        let resent = await_in_time(world.client.resend(&phone(1), &token)).await;
        let texts = 1 + usize::from(resent.status == 202);
        assert_eq!(world.text_count(), texts, "{fault:?}");
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_code_stays_good_when_the_read_of_a_resend_fails() {
    let seen = break_before_the_text(TokenMode::Stored, "GetItem").await;
    assert_eq!(seen, expect_statuses(202, &PLAIN));
}

/// An instance that meets many faults uses up its retries. The SDK would count those of all clients of a process
/// together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_retries_of_one_instance_are_not_those_of_another() {
    let (other, token) = start_after_a_text(TokenMode::Stored).await;
    other.proxy().break_all("GetItem", Fault::CutBefore);
    let ask = || async { other.client.resend(&phone(1), &token).await.status };
    // Each of these costs ten or more of the 500 tokens that the SDK has for retries.
    for _ in 0..8 {
        let statuses = join_all((0..8).map(|_| ask())).await;
        assert_eq!(statuses, [503; 8]);
    }
    other.proxy().break_all("GetItem", Fault::Refuse);
    drop(other.proxy().take_calls());
    assert_eq!(ask().await, 503);
    let tries = other.proxy().take_calls().get("GetItem").copied();
    assert!(tries < Some(3), "no retry is left: {tries:?}");
    let (world, token) = start_after_a_text(TokenMode::Stored).await;
    world.proxy().break_next("GetItem", Fault::Refuse);
    let resent = await_in_time(world.client.resend(&phone(1), &token)).await;
    assert_eq!(resent.status, 202, "{}", resent.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_code_stays_good_when_the_reservation_of_a_resend_fails() {
    let seen = break_before_the_text(TokenMode::Sealed, "TransactWriteItems").await;
    assert_eq!(seen, expect_statuses(202, &TRANSACTION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_code_stays_good_when_the_carrier_fails_at_a_resend() {
    let seen = with_every_fault(|fault| async move {
        let (world, token) = start_after_a_text(TokenMode::Sealed).await;
        world.proxy().break_next("Publish", fault);
        let resent = await_in_time(world.client.resend(&phone(1), &token)).await;
        let texts = 1 + usize::from(fault.forwards());
        assert_eq!(world.text_count(), texts, "{fault:?}");
        // The challenge of the first text stays, even if the second text failed.
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses_of_the_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_code_stays_good_when_the_refund_of_a_resend_fails() {
    let seen = with_every_fault(|fault| async move {
        let (world, token) = start_after_a_text(TokenMode::Sealed).await;
        world.carrier(Carrier::Refuse);
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let resent = await_in_time(world.client.resend(&phone(1), &token)).await;
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(502, &[]));
}

/// Sends under an idempotency key.
async fn send_under_key(world: &World) -> Answer {
    await_in_time(world.client.send_keyed(&phone(1), "6f96-19ff")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_texts_once_when_a_call_of_the_repeat_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Stored).await;
        assert_eq!(send_under_key(&world).await.status, 202);
        world.proxy().break_next("TransactWriteItems", fault);
        let repeated = send_under_key(&world).await;
        assert_eq!(world.text_count(), 1, "{fault:?}");
        let token = if repeated.status == 202 {
            repeated.token()
        } else {
            send_under_key(&world).await.token()
        };
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, repeated.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &TRANSACTION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_repeated_after_its_calls_failed_gets_a_working_token() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        world.proxy().break_all("TransactWriteItems", fault);
        let broken = send_under_key(&world).await;
        world.proxy().mend();
        let repeated = send_under_key(&world).await;
        assert_eq!(repeated.status, 202, "{fault:?}: {}", repeated.text);
        // If all replies were lost, the write took the slot but no text was sent. The repeat finds the slot and texts
        // nothing either. After the cooldown its token gets a text.
        let silent = broken.status == 503 && fault.forwards();
        assert_eq!(world.text_count(), usize::from(!silent), "{fault:?}");
        world.advance(60);
        let token = repeated.token();
        let resent = await_in_time(world.client.resend(&phone(1), &token)).await;
        assert_eq!(resent.status, 202);
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, broken.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(503, &[(Fault::Delay, 202)]));
}
