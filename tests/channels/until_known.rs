//! The hook asks until the deadline what became of a text: more tries under one id text nobody twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::hook::Reach;
use phoneproof_tests::{World, phone};
use tokio::task::JoinSet;
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

/// Once a try may have texted, an answer that says nothing of the text ends nothing: something before the receiver may
/// give it.
#[tokio::test]
async fn an_answer_without_news_of_the_text_does_not_end_the_asking() {
    let mut running = JoinSet::new();
    for (name, no_news) in [
        ("a path that is not there", Answer::of(404, "", "<html>")),
        ("no way in", Answer::of(401, "", "")),
        (
            "an unknown code",
            Answer::of(422, "", r#"{"code":"other"}"#),
        ),
        ("too many", Answer::of(429, "", "")),
        (
            "a redirect",
            Answer::of(307, "location: https://example.com\r\n", ""),
        ),
    ] {
        let refusal = Answer::of(422, "", r#"{"code":"delivery_rejected"}"#);
        for (last, status) in [(taken(), 202), (refusal, 502)] {
            running.spawn(check_no_news(name, no_news.clone(), last, status));
        }
    }
    running.join_all().await;
}

async fn check_no_news(name: &str, no_news: Answer, last: Answer, status: u16) {
    let receiver = Receiver::start(move |_, before| match before {
        0 => Answer::of(500, "", ""),
        1 | 2 => no_news.clone(),
        _ => last.clone(),
    })
    .await;
    let world = start(&receiver, &[Channel::Hook]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, status, "{name}: {}", sent.text);
    assert_eq!(receiver.seen().len(), 4, "{name}");
}

/// No answer settles what became of the first try, so the hook asks until its deadline, and no other channel follows.
#[tokio::test]
async fn a_text_without_news_is_asked_for_until_the_deadline() {
    let receiver = Receiver::start(|_, before| match before {
        0 => Answer::Bytes(Vec::new()),
        _ => Answer::of(404, "", ""),
    })
    .await;
    let world = start(&receiver, &[Channel::Hook, Channel::Sns]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 504, "{}", sent.text);
    assert!(receiver.seen().len() > 4, "{}", receiver.seen().len());
    let line = world.lines.last();
    assert_eq!(line["reason"], "connection-lost", "what left the doubt");
    assert_eq!(world.text_count(), 0, "SNS was not asked");
}

/// Without a doubt, such an answer is a refusal at once, and the next channel has the text.
#[tokio::test]
async fn a_first_answer_without_a_code_is_a_refusal() {
    let receiver = Receiver::always(Answer::of(404, "", "")).await;
    let world = start(&receiver, &[Channel::Hook, Channel::Sns]).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(receiver.seen().len(), 1);
    assert_eq!(world.lines.last()["channel"], "sns");
}
