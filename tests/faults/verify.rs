//! A guess, the read of a stored challenge, and a spending.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Answer, phone};

use crate::faults::{PLAIN, UPDATE, in_time, statuses, with_every_fault, world};

fn successes(answers: &[&Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
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
            let successes = successes(&[&first, &second]);
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
        let expected = statuses(200, &UPDATE);
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
    let expected = statuses(422, &UPDATE);
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
        let successes = successes(&[&first, &second]);
        assert_eq!(successes, 1, "a read loses nothing");
        (fault, first.status)
    })
    .await;
    assert_eq!(seen, statuses(200, &PLAIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_spending_of_a_token() {
    let seen = with_every_fault(|fault| async move {
        let world = world(TokenMode::Sealed).await;
        let success = world.proof("login", &phone(1)).await;
        world.proxy().break_next("PutItem", fault);
        let first = in_time(world.client.spend(&success, "login")).await;
        let second = world.client.spend(&success, "login").await;
        let spent = successes(&[&first, &second]);
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
    assert_eq!(seen, statuses(200, &PLAIN));
}
