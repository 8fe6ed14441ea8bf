//! A random source that fails while a receipt is sealed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use phoneproof_config::process::SystemRandom;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::random::{Random, RandomUnavailable};
use phoneproof_tests::{World, phone};

use crate::faults::log::Log;

/// A random source that fails after so many more draws.
struct Failing(AtomicUsize);

impl Random for Failing {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        let draw = |left: usize| left.checked_sub(1);
        let drawn = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, draw);
        drawn.map_err(|_| RandomUnavailable::new("the source is dry"))?;
        SystemRandom.fill(bytes)
    }
}

/// A resend keeps its token. So only the receipt needs random bytes after two draws: the gateway's id of the request
/// and the token of the transaction.
#[tokio::test]
async fn a_text_goes_out_without_the_receipt_that_was_not_sealed_and_a_line_says_why() {
    let random = Arc::new(Failing(AtomicUsize::new(usize::MAX)));
    let builder = World::builder().route(&[Channel::Hook]).receipts();
    let world = builder.random(Arc::clone(&random) as _).start().await;
    let sent = world.client.send(&phone(1)).await;
    assert!(world.texts(&phone(1))[0].attributes.contains_key("receipt"));
    world.advance(60);
    let log = Log::take();
    random.0.store(2, Ordering::SeqCst);
    let resent = world.client.resend(&phone(1), &sent.token()).await;
    assert_eq!(resent.status, 202, "{}", resent.text);
    let newest = &world.texts(&phone(1))[0];
    assert!(!newest.attributes.contains_key("receipt"));
    let log = log.text();
    let line = log
        .lines()
        .find(|line| line.contains("a text goes out without a receipt"));
    let line = line.expect("a line");
    assert!(line.starts_with("WARN"), "{line}");
    assert!(line.contains("the source is dry"), "{line}");
}
