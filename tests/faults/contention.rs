//! Throttled and overlapping transactions. Each is repeated, and counts once.

use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Fault, World, phone};

use crate::faults::start_world;

/// The pairs of writers that overlap.
const PAIRS: u32 = 20;

/// Sends to `phone` until the hour's limit of five refuses. Returns the sends that went through.
async fn count_room(world: &World, phone: &str) -> usize {
    let mut sent = 0;
    for _ in 0..6 {
        world.advance(60);
        sent += usize::from(world.client.send(phone).await.status == 202);
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_transaction_is_repeated_three_times_then_the_log_names_the_throttle() {
    for (fault, code) in [
        (Fault::CancelByThrottling, "ThrottlingError"),
        (Fault::CancelByThroughput, "ProvisionedThroughputExceeded"),
    ] {
        let world = start_world(TokenMode::Sealed).await;
        for _ in 0..3 {
            world.proxy().break_next("TransactWriteItems", fault);
        }
        assert_eq!(world.client.send(&phone(1)).await.status, 202, "{code}");
        assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 4);
        world.proxy().break_all("TransactWriteItems", fault);
        let refused = world.client.send(&phone(2)).await;
        assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
        assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 4);
        assert_eq!(world.text_count(), 1, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_in_progress_is_asked_for_under_its_own_token_until_it_ends() {
    let world = start_world(TokenMode::Sealed).await;
    // The first try is applied and its reply is lost. Then DynamoDB says more often than it would conflict that the
    // transaction is in progress. Another token would count the send twice, or meet its own cooldown.
    world
        .proxy()
        .break_next("TransactWriteItems", Fault::LoseReply);
    for _ in 0..6 {
        world
            .proxy()
            .break_next("TransactWriteItems", Fault::InProgress);
    }
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 8);
    assert_eq!(world.text_count(), 1);
    assert_eq!(count_room(&world, &phone(1)).await, 4, "it counted once");
}

/// No fault comes twice to a quiet service. In a long run on a busy machine, the SDK's repeat of a lost call met the next one,
/// and an owner was refused for the text that this request had just counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_repeat_of_an_applied_transaction_is_never_canceled() {
    for fault in [
        Fault::CancelByConflict,
        Fault::CancelByThrottling,
        Fault::CancelByThroughput,
    ] {
        let world = start_world(TokenMode::Sealed).await;
        for fault in [Fault::LoseReply, fault] {
            world.proxy().break_next("TransactWriteItems", fault);
        }
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        assert_eq!(world.proxy().take_calls()["TransactWriteItems"], 2);
        assert_eq!(world.text_count(), 1);
        assert_eq!(count_room(&world, &phone(1)).await, 4, "it counted once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_stays_in_progress_ends_with_the_time_of_the_function() {
    let time = Duration::from_secs(3);
    let world = World::builder().proxied().function_timeout(time);
    let world = world.start().await;
    world
        .proxy()
        .break_all("TransactWriteItems", Fault::InProgress);
    let number = phone(1);
    let answer = tokio::time::timeout(time, world.client.send(&number)).await;
    let answer = answer.expect("an answer within the function's time");
    assert_eq!((answer.status, world.text_count()), (503, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_overlapping_sends_from_one_address_both_text() {
    let world = World::builder()
        .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
        .proxied()
        .start()
        .await;
    world.proxy().let_writers_conflict();
    for pair in 0..PAIRS {
        let (one, two) = (phone(2 * pair), phone(2 * pair + 1));
        let (one, two) = tokio::join!(
            world.client.send_from(&one, &one, "192.0.2.1"),
            world.client.send_from(&two, &two, "192.0.2.1"),
        );
        assert_eq!((one.status, two.status), (202, 202), "{pair}");
    }
    assert!(world.proxy().conflicts() > 0, "no writers overlapped");
    assert_eq!(world.text_count(), 2 * usize::try_from(PAIRS).expect("few"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_that_overlaps_a_resend_counts_once() {
    let world = World::builder()
        .policy("device_per_day = 10 ", "device_per_day = 1000 ")
        .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
        .proxied()
        .start()
        .await;
    let mut conflicts = 0;
    world.proxy().let_writers_conflict();
    for n in 0..PAIRS {
        let number = phone(n);
        let token = world.client.send(&number).await.token();
        let wrong = world.wrong_code(&number);
        world.advance(60);
        let before = world.proxy().conflicts();
        let (resent, guess) = tokio::join!(
            world.client.resend(&number, &token),
            world.client.verify(&token, &wrong),
        );
        conflicts += world.proxy().conflicts() - before;
        assert_eq!((resent.status, guess.status), (202, 422), "{n}");
        assert_eq!(guess.json["attemptsRemaining"], 4, "{n}");
    }
    assert!(conflicts > 0, "no writers overlapped");
}
