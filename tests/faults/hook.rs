//! Faults at the request of the send hook. A try that may have been taken is repeated under its id, and the receiver of
//! the stack knows it.

use phoneproof_domain::channel::Channel;
use phoneproof_tests::{Fault, HOOK, World, await_in_time, phone};

use crate::faults::{expect_statuses, with_every_fault};

/// The faults that a receiver answers with a refusal: nothing was sent.
const REFUSED: [(Fault, u16); 7] = [
    (Fault::CancelByConflict, 502),
    (Fault::CancelByThrottling, 502),
    (Fault::CancelByThroughput, 502),
    (Fault::InProgress, 502),
    (Fault::Conflict, 502),
    (Fault::Throttle, 502),
    (Fault::Unexpected, 502),
];

/// The faults after which nobody knows what became of the text, however often it is asked.
const UNCLEAR: [(Fault, u16); 7] = [
    (Fault::Refuse, 504),
    (Fault::LoseReply, 504),
    (Fault::Unavailable, 504),
    (Fault::CutBefore, 504),
    (Fault::CutAfter, 504),
    // The connection ends before the head of the answer has left.
    (Fault::Truncate, 504),
    (Fault::Hang, 504),
];

async fn start(route: &[Channel]) -> World {
    World::builder().route(route).proxied().start().await
}

/// If the text went out, the caller has its token.
async fn assert_one_text_with_its_token(world: &World, sent: &phoneproof_tests::Answer) {
    let texts = world.text_count();
    assert!(texts <= 1);
    if texts == 1 {
        assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lost_try_of_the_hook_is_repeated_and_becomes_known() {
    let seen = with_every_fault(|fault| async move {
        let world = start(&[Channel::Hook]).await;
        world.proxy().break_next(HOOK, fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_one_text_with_its_token(&world, &sent).await;
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &REFUSED));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_always_fails_texts_at_most_once() {
    let seen = with_every_fault(|fault| async move {
        let world = start(&[Channel::Hook]).await;
        world.proxy().break_all(HOOK, fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_one_text_with_its_token(&world, &sent).await;
        (fault, sent.status)
    })
    .await;
    assert_eq!(
        seen,
        expect_statuses(202, &[REFUSED.as_slice(), &UNCLEAR].concat())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_refusal_of_the_hook_leads_to_the_next_channel() {
    let seen = with_every_fault(|fault| async move {
        let world = start(&[Channel::Hook, Channel::Sns]).await;
        world.proxy().break_all(HOOK, fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_one_text_with_its_token(&world, &sent).await;
        let by_sns = world
            .texts(&phone(1))
            .iter()
            .any(|text| text.channel == "sns");
        assert_eq!(
            by_sns,
            REFUSED.iter().any(|(refused, _)| *refused == fault),
            "{fault:?}"
        );
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &UNCLEAR));
}
