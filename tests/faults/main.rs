//! Every fault at every call: the right status in time, no double text, no lost success, and quota as
//! documented.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::collections::BTreeMap;
use std::time::Duration;

use phoneproof::config::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, Fault, World, phone};
use tokio::task::JoinSet;

/// Lambda stops a function then (`template.yaml`).
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `test` with every fault, each in a world of its own, side by side: some take as long as they may.
async fn with_every_fault<F>(test: impl Fn(Fault) -> F) -> BTreeMap<String, u16>
where
    F: Future<Output = (Fault, u16)> + Send + 'static,
{
    let mut running = JoinSet::new();
    for fault in Fault::ALL {
        running.spawn(test(fault));
    }
    let statuses = running.join_all().await.into_iter();
    statuses
        .map(|(fault, status)| (format!("{fault:?}"), status))
        .collect()
}

/// The answer, which must come before the function is stopped.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(FUNCTION_TIMEOUT, answer).await;
    answer.expect("an answer before the function's timeout")
}

/// `status` for every fault but those named.
fn statuses(status: u16, others: &[(Fault, u16)]) -> BTreeMap<String, u16> {
    let of = |fault: Fault| {
        let other = others.iter().find(|(other, _)| *other == fault);
        (
            format!("{fault:?}"),
            other.map_or(status, |(_, status)| *status),
        )
    };
    Fault::ALL.into_iter().map(of).collect()
}

/// What a plain write is not repeated after: the answers that are not about it.
const NOT_REPEATED: [(Fault, u16); 2] = [(Fault::CancelByConflict, 503), (Fault::Unexpected, 503)];

async fn world(mode: TokenMode) -> World {
    World::builder().mode(mode).proxied().start().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_reservation_of_a_send() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Stored).await;
        world.proxy().break_next("TransactWriteItems", fault);
        let sent = in_time(world.client.send(&phone(1))).await;
        let texts = world.text_count();
        assert_eq!(texts, usize::from(sent.status == 202), "{fault:?}");
        if sent.status == 202 {
            let verified = world
                .client
                .verify(&sent.token(), &world.code(&phone(1)))
                .await;
            assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
        }
        // Counted at most once, whatever happened: the hour has room for four more, and no fifth.
        let mut more = 0;
        for _ in 0..5 {
            world.advance(60);
            more += usize::from(world.client.send(&phone(1)).await.status == 202);
        }
        let unknown = sent.status == 503 && fault.forwards();
        let expected = if sent.status == 202 || unknown { 4 } else { 5 };
        assert_eq!(more, expected, "{fault:?} {}", sent.status);
        (fault, sent.status)
    })
    .await;
    // The SDK repeats whatever did not arrive. What the table refuses in so many words it does not
    // repeat, and of those the service repeats only a cancelled transaction: the others do not answer
    // a transaction.
    let expected = statuses(202, &[(Fault::Conflict, 503), (Fault::Unexpected, 503)]);
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_text() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.proxy().break_next("Publish", fault);
        let sent = in_time(world.client.send(&phone(1))).await;
        // Whoever waits for a text that may have gone out holds the token that belongs to it.
        let texts = world.text_count();
        assert!(texts <= 1);
        if texts == 1 {
            let verified = world
                .client
                .verify(&sent.token(), &world.code(&phone(1)))
                .await;
            assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
        }
        assert_eq!(
            world.stack.backends.inbox.publishes(),
            usize::from(fault.forwards())
        );
        (fault, sent.status)
    })
    .await;
    // 502 where the carrier refused, which is known and given back; 504 where nobody knows.
    let refused = [
        Fault::CancelByConflict,
        Fault::Conflict,
        Fault::Throttle,
        Fault::Unexpected,
    ];
    let mut others = refused.map(|fault| (fault, 502)).to_vec();
    others.push((Fault::Delay, 202));
    let expected = statuses(504, &others);
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_giving_back_what_a_refused_text_counted() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.carrier(Carrier::Refuse);
        // The reservation goes through; the second transaction is the refund.
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let sent = in_time(world.client.send(&phone(1))).await;
        world.carrier(Carrier::Deliver);
        let mut more = 0;
        for _ in 0..6 {
            world.advance(60);
            more += usize::from(world.client.send(&phone(1)).await.status == 202);
        }
        // Quota can be lost with a refund, never won.
        assert!((4..=5).contains(&more), "{fault:?}: {more}");
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, statuses(502, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_right_code() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let seen = with_every_fault(move |fault| async move {
            let world = world(mode).await;
            let token = world.client.send(&phone(1)).await.token();
            let code = world.code(&phone(1));
            world.proxy().break_next("UpdateItem", fault);
            let first = in_time(world.client.verify(&token, &code)).await;
            let second = world.client.verify(&token, &code).await;
            let successes = [&first, &second]
                .into_iter()
                .filter(|a| a.status == 200)
                .count();
            // Only a write whose reply nobody waits for can cost the success.
            let lost = first.status == 503 && fault.forwards();
            assert_eq!(
                successes,
                usize::from(!lost),
                "{fault:?} {} {}",
                first.status,
                second.status
            );
            (fault, first.status)
        })
        .await;
        let expected = statuses(200, &NOT_REPEATED);
        assert_eq!(seen, expected, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_wrong_code() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        let token = world.client.send(&phone(1)).await.token();
        let wrong = world.wrong_code(&phone(1));
        world.proxy().break_next("UpdateItem", fault);
        let first = in_time(world.client.verify(&token, &wrong)).await;
        // Counted at most once: at least three more are left after the next.
        let next = world.client.verify(&token, &wrong).await;
        let counted = first.status == 422 || fault.forwards();
        let left = if counted { 3 } else { 4 };
        assert_eq!(
            next.json["attemptsRemaining"], left,
            "{fault:?}: {}",
            next.text
        );
        (fault, first.status)
    })
    .await;
    let expected = statuses(422, &NOT_REPEATED);
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_read_of_a_stored_challenge() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Stored).await;
        let token = world.client.send(&phone(1)).await.token();
        let code = world.code(&phone(1));
        world.proxy().break_next("GetItem", fault);
        let first = in_time(world.client.verify(&token, &code)).await;
        let second = world.client.verify(&token, &code).await;
        let successes = [&first, &second]
            .into_iter()
            .filter(|a| a.status == 200)
            .count();
        assert_eq!(successes, 1, "a read loses nothing");
        (fault, first.status)
    })
    .await;
    for (fault, status) in seen {
        assert!(matches!(status, 200 | 503), "{fault}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_spending_of_a_token() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        let token = world.client.send(&phone(1)).await.token();
        let success = world
            .client
            .verify(&token, &world.code(&phone(1)))
            .await
            .token();
        drop(world.proxy().take_calls());
        world.proxy().break_next("PutItem", fault);
        let first = in_time(world.client.spend(&success, "login")).await;
        let second = world.client.spend(&success, "login").await;
        let spent = [&first, &second]
            .into_iter()
            .filter(|a| a.status == 200)
            .count();
        let lost = first.status == 503 && fault.forwards();
        assert_eq!(
            spent,
            usize::from(!lost),
            "{fault:?} {} {}",
            first.status,
            second.status
        );
        (fault, first.status)
    })
    .await;
    for (fault, status) in seen {
        assert!(matches!(status, 200 | 503), "{fault}: {status}");
    }
}
