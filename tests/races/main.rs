//! Races, with real concurrency and exact counts.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use phoneproof::config::TokenMode;
use phoneproof_tests::{Answer, Client, World, phone};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Calls at once: 200, unless `RACE_PARALLEL` says otherwise, for a database that 200 would overload.
static PARALLEL: LazyLock<usize> = LazyLock::new(|| {
    let chosen = std::env::var("RACE_PARALLEL").ok();
    chosen.map_or(200, |number| {
        number.parse().expect("RACE_PARALLEL: a number")
    })
});
const ROUNDS: u32 = 20;

/// Makes `PARALLEL` calls at once and counts the answers by status.
async fn at_once<F>(client: &Client, call: impl Fn(usize, Client) -> F) -> BTreeMap<u16, usize>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(*PARALLEL));
    let mut calls = JoinSet::new();
    for n in 0..*PARALLEL {
        let (barrier, answer) = (Arc::clone(&barrier), call(n, client.clone()));
        calls.spawn(async move {
            barrier.wait().await;
            answer.await.status
        });
    }
    let mut statuses = BTreeMap::new();
    for status in calls.join_all().await {
        *statuses.entry(status).or_default() += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_right_code_succeeds_once_however_often_it_is_sent() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        for round in 0..ROUNDS / 2 {
            let sent = world
                .client
                .send_from(&phone(round), &format!("d{round}"), "192.0.2.1")
                .await;
            let (token, code) = (sent.token(), world.code(&phone(round)));
            let statuses = at_once(&world.client, |_, client| {
                let (token, code) = (token.clone(), code.clone());
                async move { client.verify(&token, &code).await }
            })
            .await;
            assert_eq!(
                statuses,
                BTreeMap::from([(200, 1), (409, *PARALLEL - 1)]),
                "round {round}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_wrong_guesses_never_exceed_the_attempts() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        for round in 0..ROUNDS / 2 {
            let sent = world
                .client
                .send_from(&phone(round), &format!("d{round}"), "192.0.2.1")
                .await;
            let (token, right) = (sent.token(), world.code(&phone(round)));
            let right: usize = right.parse().expect("digits");
            let statuses = at_once(&world.client, |n, client| {
                let (token, guess) = (token.clone(), format!("{:06}", (right + 1 + n) % 1_000_000));
                async move { client.verify(&token, &guess).await }
            })
            .await;
            assert_eq!(
                statuses,
                BTreeMap::from([(422, 5), (429, *PARALLEL - 5)]),
                "round {round}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_sends_to_one_phone_text_once() {
    let world = World::start().await;
    for round in 0..ROUNDS {
        let number = phone(round);
        let statuses = at_once(&world.client, |n, client| {
            let (number, device, address) =
                (number.clone(), format!("d{n}"), format!("192.0.2.{n}"));
            async move { client.send_from(&number, &device, &address).await }
        })
        .await;
        assert_eq!(
            statuses,
            BTreeMap::from([(202, 1), (429, *PARALLEL - 1)]),
            "round {round}"
        );
        assert_eq!(world.texts(&number).len(), 1);
        // The next round has a fresh hour, so that only the phone limits it.
        world.advance(3_600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_sends_from_one_device_reach_its_limit_exactly() {
    let world = World::start().await;
    for round in 0..3 {
        let statuses = at_once(&world.client, |n, client| {
            let number = phone(u32::try_from(n).unwrap_or(0) + 200 * round);
            let (device, address) = (format!("device-{round}"), format!("192.0.2.{n}"));
            async move { client.send_from(&number, &device, &address).await }
        })
        .await;
        assert_eq!(
            statuses,
            BTreeMap::from([(202, 10), (429, *PARALLEL - 10)]),
            "round {round}"
        );
        assert_eq!(
            world.text_count(),
            10 * (usize::try_from(round).unwrap_or(0) + 1)
        );
        world.advance(3_600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_sends_from_one_address_reach_its_limit_exactly() {
    let world = World::start().await;
    let statuses = at_once(&world.client, |n, client| {
        let (number, device) = (phone(u32::try_from(n).unwrap_or(0)), format!("d{n}"));
        async move { client.send_from(&number, &device, "192.0.2.1").await }
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, 20), (429, *PARALLEL - 20)]));
    assert_eq!(world.text_count(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_token_is_spent_once() {
    let world = World::start().await;
    for round in 0..5 {
        let sent = world
            .client
            .send_from(&phone(round), "d", "192.0.2.1")
            .await;
        let success = world
            .client
            .verify(&sent.token(), &world.code(&phone(round)))
            .await
            .token();
        let statuses = at_once(&world.client, |_, client| {
            let success = success.clone();
            async move { client.spend(&success, "login").await }
        })
        .await;
        assert_eq!(
            statuses,
            BTreeMap::from([(200, 1), (409, *PARALLEL - 1)]),
            "round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_texts_once() {
    let world = World::start().await;
    let body = serde_json::json!({ "phone": phone(1), "uniqueId": "d", "businessId": "login" });
    let statuses = at_once(&world.client, |_, client| {
        let body = body.clone();
        async move {
            client
                .post_with("/v1/send", &body, &[("idempotency-key", "k")])
                .await
        }
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, *PARALLEL)]));
    assert_eq!(world.text_count(), 1);
}
