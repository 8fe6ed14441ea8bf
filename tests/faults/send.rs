//! A send: its reservation, its text, and giving back what a refused text counted.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::phone;

use crate::faults::{TRANSACTION, in_time, of_the_text, statuses, with_every_fault, world};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_reservation_of_a_send() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Stored).await;
        world.proxy().break_next("TransactWriteItems", fault);
        let sent = in_time(world.client.send(&phone(1))).await;
        let texts = world.text_count();
        assert_eq!(texts, usize::from(sent.status == 202), "{fault:?}");
        if sent.status == 202 {
            let verified = world.try_code(&sent.token(), &phone(1)).await;
            assert_eq!(verified, 200, "{fault:?}");
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
    assert_eq!(seen, statuses(202, &TRANSACTION));
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
            let verified = world.try_code(&sent.token(), &phone(1)).await;
            assert_eq!(verified, 200, "{fault:?}");
        }
        assert_eq!(
            world.stack.backends.inbox.publishes(),
            usize::from(fault.forwards())
        );
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, of_the_text());
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
