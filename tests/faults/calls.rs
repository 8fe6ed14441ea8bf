//! Faults at a call: at its reservation, at the second try on the purse of calls, at the call itself, at the refund of
//! a call that was refused, and at the credits of a code that was called.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, World, await_in_time, phone};

use crate::faults::{
    PLAIN, TRANSACTION, expect_statuses, expect_statuses_of_the_text, with_every_fault,
};

/// What a call to the US costs, in millionths of a dollar.
const PRICE: i64 = 30_000;

/// The calls that a country starts with, and at most holds.
const CALLS: i64 = 3;

const VOICE: &str = "\n[notify]\nconfiguration_id = \"notify-1\"\n\
                     voice_template_id = \"notify-code-verification-voice-english-001\"\n\
                     [voice]\ncountries = [\"US\"]\nprice_usd = 0.03\nstart_calls = 3\ncap_calls = 3\n";

async fn start() -> World {
    let builder = World::builder().mode(TokenMode::Sealed);
    let builder = builder.policy_addition(VOICE).purses().proxied();
    builder.start().await
}

/// Texts a number, waits until it may be called, and returns the token.
async fn text(world: &World, n: u32) -> String {
    let sent = world.client.send(&phone(n)).await;
    world.advance(60);
    sent.token()
}

async fn call(world: &World, n: u32, token: &str) -> Answer {
    await_in_time(world.client.call(&phone(n), token)).await
}

/// How many calls were placed to a number. Its first message is the text.
fn count_calls(world: &World, n: u32) -> i64 {
    let messages = world.texts(&phone(n)).len();
    i64::try_from(messages).expect("few") - 1
}

/// Reads what the strangers' room of the purse of calls holds; all of it before the first call.
async fn read_room(world: &World) -> i64 {
    let room = world.read_limit("calls#US", "open").await;
    room.unwrap_or(CALLS * PRICE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_placed_and_paid_at_most_once_when_its_reservation_fails() {
    for broken in [0, 1] {
        let seen = with_every_fault(move |fault| async move {
            let world = start().await;
            let token = text(&world, 1).await;
            // The first transaction finds no purse of calls. The second is made from what was read.
            world
                .proxy()
                .break_after("TransactWriteItems", broken, fault);
            let called = call(&world, 1, &token).await;
            let placed = count_calls(&world, 1);
            assert_eq!(placed, i64::from(called.status == 202), "{fault:?}");
            let paid = CALLS * PRICE - read_room(&world).await;
            assert!(paid >= placed * PRICE && paid <= PRICE, "{fault:?}: {paid}");
            let verified = world.try_code(&token, &phone(1)).await;
            assert_eq!(verified, 200, "{fault:?}");
            (fault, called.status)
        })
        .await;
        assert_eq!(seen, expect_statuses(202, &TRANSACTION), "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_read_of_the_purse_of_calls_calls_at_most_once_and_pays_for_it() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        let token = text(&world, 1).await;
        world.proxy().break_next("BatchGetItem", fault);
        let called = call(&world, 1, &token).await;
        let placed = count_calls(&world, 1);
        assert_eq!(placed, i64::from(called.status == 202), "{fault:?}");
        let paid = CALLS * PRICE - read_room(&world).await;
        assert_eq!(paid, placed * PRICE, "{fault:?}");
        (fault, called.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &PLAIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_placed_at_most_once_when_the_carrier_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        let token = text(&world, 1).await;
        world.proxy().break_next("SendNotifyVoiceMessage", fault);
        let called = call(&world, 1, &token).await;
        let placed = count_calls(&world, 1);
        assert!(placed <= 1, "{fault:?}");
        // A refused call was given back; one that may have been placed was not.
        let paid = CALLS * PRICE - read_room(&world).await;
        let expected = if called.status == 502 { 0 } else { PRICE };
        assert_eq!(paid, expected, "{fault:?}");
        let verified = world.try_code(&token, &phone(1)).await;
        assert_eq!(verified, 200, "{fault:?}");
        (fault, called.status)
    })
    .await;
    assert_eq!(seen, expect_statuses_of_the_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_refund_of_a_call_never_wins_room() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        let token = text(&world, 1).await;
        assert_eq!(call(&world, 1, &token).await.status, 202);
        let token = text(&world, 2).await;
        world.carrier(Carrier::Refuse);
        // The first transaction is the reservation and succeeds. The second is the refund.
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let called = call(&world, 2, &token).await;
        let paid = CALLS * PRICE - read_room(&world).await;
        assert!([PRICE, 2 * PRICE].contains(&paid), "{fault:?}: {paid}");
        (fault, called.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(502, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_credit_of_a_called_code_loses_room_and_never_gains_it() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        // The first update marks the challenge as used. The others are the credits, the one of the calls among them.
        for broken in 1..=5 {
            let n = u32::try_from(broken).expect("small");
            let token = text(&world, n).await;
            assert_eq!(call(&world, n, &token).await.status, 202, "{fault:?}");
            let before = read_room(&world).await;
            world.proxy().break_after("UpdateItem", broken, fault);
            let code = world.code(&phone(n));
            let verified = await_in_time(world.client.verify(&token, &code)).await;
            assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
            world.proxy().mend();
            let got = read_room(&world).await - before;
            // From the cap on, a code gives back its price.
            let full = if before < CALLS * PRICE {
                2 * PRICE
            } else {
                PRICE
            };
            assert!([0, full].contains(&got), "{fault:?} {broken}: {got}");
            // A code that was lost leaves too little for the calls that follow.
            world.advance(24 * 3600);
        }
        (fault, 200)
    })
    .await;
    assert_eq!(seen, expect_statuses(200, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_call_makes_each_of_the_requests_that_are_broken_here() {
    // A call that is never made would pass all of the above.
    let world = start().await;
    let token = text(&world, 1).await;
    drop(world.proxy().take_calls());
    assert_eq!(call(&world, 1, &token).await.status, 202);
    let calls = world.proxy().take_calls();
    assert_eq!(calls.get("SendNotifyVoiceMessage"), Some(&1), "{calls:?}");
    assert_eq!(calls.get("TransactWriteItems"), Some(&2), "{calls:?}");
    assert_eq!(calls.get("BatchGetItem"), Some(&1), "{calls:?}");
}
