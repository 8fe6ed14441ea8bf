//! No request works on after its function's time, whoever hangs.

use std::time::Duration;

use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::account::{OTHER, PASSWORD, log_in, me, member, post, tokens};

/// Less than one call of a service that hangs may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The answer, which must come before the function would be ended.
async fn in_time(call: impl Future<Output = Answer>) -> Answer {
    let began = Instant::now();
    let answer = call.await;
    let took = began.elapsed();
    assert!(took < TIMEOUT, "{took:?}: {}", answer.text);
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_not_answered_for_ends_no_request_late() {
    let world = World::builder()
        .proxied()
        .function_timeout(TIMEOUT)
        .start()
        .await;
    let (access, _) = member(&world, &phone(1)).await;
    world.proxy().break_all("GetSecretValue", Fault::Hang);
    world.advance(300);
    // The keys that are there are used on: at once where a try leaves time, and by the next request anyway.
    assert_eq!(in_time(me(&world, &access)).await.status, 200);
    world.advance(10);
    let first = in_time(log_in(&world, &phone(1), PASSWORD)).await;
    assert_eq!(first.status, 503, "{}", first.text);
    tokens(&in_time(log_in(&world, &phone(1), PASSWORD)).await);
    let sent = in_time(world.client.send(&phone(2))).await;
    assert_eq!(sent.status, 503, "{}", sent.text);
    assert_eq!(in_time(world.client.send(&phone(3))).await.status, 202);
}

#[tokio::test]
async fn an_issuer_that_never_answers_ends_no_request_late() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let world = World::builder()
        .issuer(&url)
        .function_timeout(TIMEOUT)
        .start()
        .await;
    let body = json!({ "token": "e30.e30.e30", "password": OTHER });
    let refused = in_time(post(&world, "/accounts", &body)).await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
    assert_eq!(world.lines.last()["Faults"], 1);
}
