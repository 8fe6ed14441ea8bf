//! The keyring, when an instance reads it again.

use phoneproof_aws::keys::USABLE_FOR;
use phoneproof_crypto::keyring::REFRESH_AFTER;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Fault, phone};

use crate::faults::{in_time, statuses, with_every_fault, world};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_one_read() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.advance(REFRESH_AFTER.as_secs());
        world.proxy().break_next("GetSecretValue", fault);
        let sent = in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, statuses(202, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_read_while_the_keys_are_young_enough() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.proxy().break_all("GetSecretValue", fault);
        world.advance(REFRESH_AFTER.as_secs());
        let sent = in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.text_count(), usize::from(sent.status == 202));
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, statuses(202, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_read_until_the_keys_are_too_old() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        world.proxy().break_all("GetSecretValue", fault);
        world.advance(USABLE_FOR.as_secs());
        let sent = in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.text_count(), usize::from(sent.status == 202));
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, statuses(503, &[(Fault::Delay, 202)]));
}
