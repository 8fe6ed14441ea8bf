//! The same code again, and the same request again.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};

use crate::faults::{PLAIN, TRANSACTION, in_time, of_the_text, statuses, with_every_fault, world};

/// A world with a text, whose code may be asked for again.
async fn after_a_text(mode: TokenMode) -> (World, String) {
    let world = world(mode).await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    (world, token)
}

/// Breaks one call before the text in every way: there is a second text exactly if the answer says so, and the
/// code of the first goes on working.
async fn before_the_text(mode: TokenMode, operation: &'static str) -> BTreeMap<String, u16> {
    with_every_fault(|fault| async move {
        let (world, token) = after_a_text(mode).await;
        world.proxy().break_next(operation, fault);
        let resent = in_time(world.client.resend(&phone(1), &token)).await;
        let texts = 1 + usize::from(resent.status == 202);
        assert_eq!(world.text_count(), texts, "{fault:?}");
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_read_of_a_stored_challenge() {
    let seen = before_the_text(TokenMode::Stored, "GetItem").await;
    assert_eq!(seen, statuses(202, &PLAIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_reservation() {
    let seen = before_the_text(TokenMode::Sealed, "TransactWriteItems").await;
    assert_eq!(seen, statuses(202, &TRANSACTION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_text() {
    let seen = with_every_fault(|fault| async move {
        let (world, token) = after_a_text(TokenMode::Sealed).await;
        world.proxy().break_next("Publish", fault);
        let resent = in_time(world.client.resend(&phone(1), &token)).await;
        let texts = 1 + usize::from(fault.forwards());
        assert_eq!(world.text_count(), texts, "{fault:?}");
        // The challenge is that of the first text, and stays, whatever became of the second.
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await;
    assert_eq!(seen, of_the_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_giving_back_what_a_refused_text_counted() {
    let seen = with_every_fault(|fault| async move {
        let (world, token) = after_a_text(TokenMode::Sealed).await;
        world.carrier(Carrier::Refuse);
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let resent = in_time(world.client.resend(&phone(1), &token)).await;
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, resent.status)
    })
    .await;
    assert_eq!(seen, statuses(502, &[]));
}

/// A send under an idempotency key.
async fn keyed(world: &World) -> Answer {
    in_time(world.client.send_keyed(&phone(1), "6f96-19ff")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_repeat_of_a_request() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Stored).await;
        assert_eq!(keyed(&world).await.status, 202);
        world.proxy().break_next("TransactWriteItems", fault);
        let repeated = keyed(&world).await;
        assert_eq!(world.text_count(), 1, "{fault:?}");
        let token = if repeated.status == 202 {
            repeated.token()
        } else {
            keyed(&world).await.token()
        };
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, repeated.status)
    })
    .await;
    assert_eq!(seen, statuses(202, &TRANSACTION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_try_of_a_request_that_is_then_repeated() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.proxy().break_all("TransactWriteItems", fault);
        let broken = keyed(&world).await;
        world.proxy().mend();
        let repeated = keyed(&world).await;
        assert_eq!(repeated.status, 202, "{fault:?}: {}", repeated.text);
        // A write whose replies were all lost took the slot without a text: the repeat finds it and texts
        // nothing either. The token that it gets is good for a text after the cooldown.
        let silent = broken.status == 503 && fault.forwards();
        assert_eq!(world.text_count(), usize::from(!silent), "{fault:?}");
        world.advance(60);
        let token = repeated.token();
        let resent = in_time(world.client.resend(&phone(1), &token)).await;
        assert_eq!(resent.status, 202);
        assert_eq!(world.try_code(&token, &phone(1)).await, 200, "{fault:?}");
        (fault, broken.status)
    })
    .await;
    assert_eq!(seen, statuses(503, &[(Fault::Delay, 202)]));
}
