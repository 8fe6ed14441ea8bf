//! Threat: the reply of a receiver is lost. All tries of a text have one id, so a receiver that knows it texts once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::hook::Reach;
use phoneproof_tests::{World, phone};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::receiver::{Answer, Receiver};

/// What happens to the reply of a try: by the number of its phone, so that a run repeats itself.
fn reply(number: u64, before: usize) -> Answer {
    let taken = || Answer::of(200, "", r#"{"id":"SM1"}"#);
    match (number % 7, before) {
        (0, 0) => Answer::Bytes(Vec::new()),
        (1, 0) => Answer::of(500, "", ""),
        (2, 0) => Answer::Bytes(b"HTTP/1.1 200 X\r\nx-half".to_vec()),
        (3, 0 | 1) => Answer::of(502, "", ""),
        (4, 0) => Answer::of(503, "retry-after: 1\r\n", ""),
        (5, 0) => Answer::of(200, "", "\u{0}"),
        _ => taken(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sends_with_lost_replies_are_a_thousand_texts() {
    const SENDS: u32 = 1_000;
    let texts = Arc::new(Mutex::new(BTreeMap::<String, Vec<String>>::new()));
    let delivered = Arc::clone(&texts);
    // It texts before it replies, and knows the ids that it has texted.
    let receiver = Receiver::start(move |seen, before| {
        let phone = seen.json()["data"]["phone"]
            .as_str()
            .expect("a phone")
            .to_owned();
        let number = phone.trim_start_matches('+').parse().expect("digits");
        let id = seen.header("webhook-id").to_owned();
        let mut texts = delivered.lock().unwrap_or_else(PoisonError::into_inner);
        let of_phone = texts.entry(phone).or_default();
        if !of_phone.contains(&id) {
            of_phone.push(id);
        }
        reply(number, before)
    })
    .await;
    let world = World::builder()
        .route(&[Channel::Hook])
        .hook(&receiver.url, Reach::Loopback)
        // A busy machine may need longer than a function has.
        .function_timeout(Duration::from_secs(25))
        .start()
        .await;
    let world = Arc::new(world);
    let at_once = Arc::new(Semaphore::new(32));
    let mut running = JoinSet::new();
    for n in 0..SENDS {
        let (world, at_once) = (Arc::clone(&world), Arc::clone(&at_once));
        running.spawn(async move {
            let _turn = at_once.acquire().await.expect("it never closes");
            let address = format!("203.0.{}.{}", n / 200, n % 200);
            let device = format!("d{n}");
            world
                .client
                .send_from(&phone(n), &device, &address)
                .await
                .status
        });
    }
    let statuses = running.join_all().await;
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
    let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(texts.len(), SENDS as usize, "each phone");
    assert!(texts.values().all(|ids| ids.len() == 1), "one text each");
    assert!(receiver.seen().len() > 1_500, "most replies were lost");
}
