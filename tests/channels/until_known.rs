//! The hook asks until the deadline what became of a text: more tries under one id text nobody twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::hook::Reach;
use phoneproof_tests::{World, phone};
use tokio::time::Instant;

use super::receiver::{Answer, Receiver};

async fn start(receiver: &Receiver, route: &[Channel]) -> World {
    let world = World::builder().route(route);
    world.hook(&receiver.url, Reach::Loopback).start().await
}

fn taken() -> Answer {
    Answer::of(200, "", r#"{"id":"SM1"}"#)
}

/// It hands the text to a provider that needs five seconds, and asks each repeat to wait.
#[tokio::test]
async fn a_provider_of_five_seconds_is_waited_for() {
    let first = Arc::new(Mutex::new(None::<Instant>));
    let receiver = Receiver::start(move |_, before| {
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = *first.get_or_insert_with(Instant::now);
        match before {
            0 => Answer::Silence,
            _ if asked.elapsed() < Duration::from_secs(5) => {
                Answer::of(503, "retry-after: 1\r\n", "")
            }
            _ => taken(),
        }
    })
    .await;
    let world = start(&receiver, &[Channel::Hook]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let tries = receiver.seen().len();
    assert!((4..=5).contains(&tries), "{tries} tries");
}

#[tokio::test]
async fn six_lost_replies_in_a_row_are_no_unknown_text() {
    let receiver = Receiver::start(|_, before| match before {
        0..6 => Answer::Bytes(Vec::new()),
        _ => taken(),
    })
    .await;
    let world = start(&receiver, &[Channel::Hook]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let seen = receiver.seen();
    let attempts: Vec<_> = seen
        .iter()
        .map(|try_| try_.json()["data"]["attempt"].clone())
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5, 6, 7]);
    let ids = seen.iter().map(|try_| try_.header("webhook-id"));
    assert!(
        ids.clone().all(|id| Some(id) == ids.clone().next()),
        "one id"
    );
}

/// Where no try can have texted, somebody waits for the next channel.
#[tokio::test]
async fn three_tries_that_sent_nothing_are_enough() {
    let receiver = Receiver::always(Answer::of(429, "retry-after: 0\r\n", "")).await;
    let world = start(&receiver, &[Channel::Hook, Channel::Sns]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(receiver.seen().len(), 3);
    assert_eq!(world.lines.last()["channel"], "sns");
}
