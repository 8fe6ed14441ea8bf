//! Faults when an instance reads the keyring again.

use phoneproof_aws::keys::USABLE_FOR;
use phoneproof_crypto::keyring::REFRESH_AFTER;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Fault, await_in_time, phone};

use crate::faults::{expect_statuses, start_world, with_every_fault};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_succeeds_when_one_read_of_the_keys_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        world.advance(REFRESH_AFTER.as_secs());
        world.proxy().break_next("GetSecretValue", fault);
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_succeeds_while_the_old_keys_are_usable() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        world.proxy().break_all("GetSecretValue", fault);
        world.advance(REFRESH_AFTER.as_secs());
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.text_count(), usize::from(sent.status == 202));
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_is_refused_once_the_old_keys_are_too_old() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        world.proxy().break_all("GetSecretValue", fault);
        world.advance(USABLE_FOR.as_secs());
        let sent = await_in_time(world.client.send(&phone(1))).await;
        assert_eq!(world.text_count(), usize::from(sent.status == 202));
        (fault, sent.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(503, &[(Fault::Delay, 202)]));
}
