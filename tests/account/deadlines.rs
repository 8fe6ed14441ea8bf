//! No request works on after its function's time, even when the secret or the issuer does not answer.

use std::time::Duration;

use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::account::{OTHER, PASSWORD, get_me, log_in, post, read_tokens, register_and_log_in};

/// The function gets less time than one call to a service that hangs would take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Waits for the answer, which must come before Lambda would end the function.
async fn await_in_time(call: impl Future<Output = Answer>) -> Answer {
    let began = Instant::now();
    let answer = call.await;
    let took = began.elapsed();
    assert!(took < TIMEOUT, "{took:?}: {}", answer.text);
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_cannot_be_read_makes_no_request_late() {
    let world = World::builder()
        .proxied()
        .function_timeout(TIMEOUT)
        .start()
        .await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    world.proxy().break_all("GetSecretValue", Fault::Hang);
    world.advance(300);
    // The service uses the keys that it has. Where the failed read left too little time, the next request uses them.
    assert_eq!(await_in_time(get_me(&world, &access)).await.status, 200);
    world.advance(10);
    let first = await_in_time(log_in(&world, &phone(1), PASSWORD)).await;
    assert_eq!(first.status, 503, "{}", first.text);
    read_tokens(&await_in_time(log_in(&world, &phone(1), PASSWORD)).await);
    let sent = await_in_time(world.client.send(&phone(2))).await;
    assert_eq!(sent.status, 503, "{}", sent.text);
    assert_eq!(
        await_in_time(world.client.send(&phone(3))).await.status,
        202
    );
}

#[tokio::test]
async fn an_issuer_that_never_answers_makes_no_request_late() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let world = World::builder()
        .verifier_url(&url)
        .function_timeout(TIMEOUT)
        .start()
        .await;
    let body = json!({ "token": "e30.e30.e30", "password": OTHER });
    let refused = await_in_time(post(&world, "/accounts", &body)).await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
    assert_eq!(world.lines.last()["Faults"], 1);
}

#[tokio::test]
async fn without_the_issuers_keys_every_answer_says_when_they_are_looked_for_again() {
    let world = World::builder()
        .verifier_url("http://127.0.0.1:9")
        .start()
        .await;
    let body = json!({ "token": "e30.e30.e30", "password": OTHER });
    for (advance, wait) in [(0, "1"), (0, "1"), (1, "2"), (1, "1"), (1, "4"), (4, "8")] {
        world.advance(advance);
        let refused = post(&world, "/accounts", &body).await;
        assert_eq!(refused.status, 503, "{}", refused.text);
        assert_eq!(refused.header("retry-after"), Some(wait));
    }
}
