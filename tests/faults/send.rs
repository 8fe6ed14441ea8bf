//! Faults at the reservation of a send, at its text, and at the refund after a refused text.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, await_in_time, phone};
use tokio::task::JoinSet;

use crate::faults::{
    TRANSACTION, expect_statuses, expect_statuses_of_the_text, start_world, with_every_fault,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_counts_and_texts_at_most_once_when_its_reservation_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Stored).await;
        world.proxy().break_next("TransactWriteItems", fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        let texts = world.text_count();
        assert_eq!(texts, usize::from(sent.status == 202), "{fault:?}");
        if sent.status == 202 {
            let verified = world.try_code(&sent.token(), &phone(1)).await;
            assert_eq!(verified, 200, "{fault:?}");
        }
        // The send counted at most once, so the hour has room for four more, or for five if it did not count.
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
    assert_eq!(seen, expect_statuses(202, &TRANSACTION));
}

/// The operation of each channel that is called once.
const CALLED_ONCE: [(Channel, &str); 4] = [
    (Channel::Sns, "Publish"),
    (Channel::EndUserMessaging, "SendTextMessage"),
    (Channel::Notify, "SendNotifyTextMessage"),
    (Channel::NotifyVoice, "SendNotifyVoiceMessage"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_texts_at_most_once_when_the_carrier_fails() {
    // A text without an answer takes as long as a function may run, so the channels wait in parallel.
    let mut running = JoinSet::new();
    for (channel, operation) in CALLED_ONCE {
        running.spawn(async move {
            let seen = texts_at_most_once(channel, operation).await;
            assert_eq!(seen, expect_statuses_of_the_text(), "{operation}");
        });
    }
    assert_eq!(running.join_all().await.len(), CALLED_ONCE.len());
}

async fn texts_at_most_once(channel: Channel, operation: &'static str) -> BTreeMap<String, u16> {
    with_every_fault(|fault| async move {
        let world = World::builder().route(&[channel]).proxied().start().await;
        world.proxy().break_next(operation, fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        // If the text went out, the caller has its token.
        let texts = world.text_count();
        assert!(texts <= 1);
        if texts == 1 {
            let verified = world.try_code(&sent.token(), &phone(1)).await;
            assert_eq!(verified, 200, "{fault:?}");
        }
        assert_eq!(
            world.stack.backends.inbox.count_publishes(),
            usize::from(fault.forwards())
        );
        (fault, sent.status)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_refund_never_wins_quota() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        world.carrier(Carrier::Refuse);
        // The first transaction is the reservation and succeeds. The second is the refund.
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        world.carrier(Carrier::Deliver);
        let mut more = 0;
        for _ in 0..6 {
            world.advance(60);
            more += usize::from(world.client.send(&phone(1)).await.status == 202);
        }
        // A failed refund can lose quota but never win any.
        assert!((4..=5).contains(&more), "{fault:?}: {more}");
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(502, &[]));
}
