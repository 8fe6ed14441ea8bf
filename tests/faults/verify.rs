//! Faults at the write of a guess, at the read of a stored challenge, and at the write that spends a token.

use std::collections::BTreeSet;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Answer, await_in_time, jwt_part, phone};

use crate::faults::{PLAIN, UPDATE, expect_statuses, start_world, with_every_fault};

fn count_successes(answers: &[&Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

/// Counts the different success tokens of these answers, by their claims.
fn count_tokens(answers: &[&Answer]) -> usize {
    let served = answers.iter().filter(|answer| answer.status == 200);
    let claims: BTreeSet<_> = served
        .map(|answer| jwt_part(&answer.token(), 1).to_string())
        .collect();
    claims.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_code_makes_one_success_token_when_its_write_fails() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let seen = with_every_fault(move |fault| async move {
            let world = start_world(mode).await;
            let token = world.client.send(&phone(1)).await.token();
            let code = world.code(&phone(1));
            world.proxy().break_next("UpdateItem", fault);
            let first = await_in_time(world.client.verify(&token, &code)).await;
            let second = world.client.verify(&token, &code).await;
            // A client that got no answer gets the success when it tries again.
            assert_eq!(second.status, 200, "{fault:?} {}", first.status);
            assert_eq!(count_tokens(&[&first, &second]), 1, "{fault:?}");
            world.advance(30);
            assert_eq!(world.client.verify(&token, &code).await.status, 409);
            (fault, first.status)
        })
        .await;
        let expected = expect_statuses(200, &UPDATE);
        assert_eq!(seen, expected, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_counts_at_most_once_when_its_write_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        let token = world.client.send(&phone(1)).await.token();
        let wrong = world.wrong_code(&phone(1));
        world.proxy().break_next("UpdateItem", fault);
        let first = await_in_time(world.client.verify(&token, &wrong)).await;
        // The first guess counts at most once, so at least three are left after the second.
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
    let expected = expect_statuses(422, &UPDATE);
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_read_of_a_stored_challenge_loses_no_success() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Stored).await;
        let token = world.client.send(&phone(1)).await.token();
        let code = world.code(&phone(1));
        world.proxy().break_next("GetItem", fault);
        let first = await_in_time(world.client.verify(&token, &code)).await;
        let second = world.client.verify(&token, &code).await;
        assert_eq!(second.status, 200, "a read loses nothing");
        assert_eq!(count_tokens(&[&first, &second]), 1);
        (fault, first.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(200, &PLAIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_spent_at_most_once_when_its_write_fails() {
    let seen = with_every_fault(|fault| async move {
        let world = start_world(TokenMode::Sealed).await;
        let success = world.proof("login", &phone(1)).await;
        world.proxy().break_next("PutItem", fault);
        let first = await_in_time(world.client.spend(&success, "login")).await;
        let second = world.client.spend(&success, "login").await;
        let spent = count_successes(&[&first, &second]);
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
    assert_eq!(seen, expect_statuses(200, &PLAIN));
}
