//! The route of a text: a refused text goes to the next channel, and one that may have been sent stops.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Certainty, Reason};
use phoneproof_domain::hook::Reach;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, phone};
use tokio::task::JoinSet;

use super::list_not_taken;
use super::receiver::{Answer, Receiver};

fn answer(world: &World, channel: Channel, carrier: Carrier) {
    let inbox = &world.stack.backends.inbox;
    inbox.set_carrier_of_channel(channel, Some(carrier));
}

#[tokio::test]
async fn a_text_takes_the_first_channel_of_its_route_alone() {
    for route in [[Channel::Hook, Channel::Sns], [Channel::Sns, Channel::Hook]] {
        let world = World::builder().route(&route).proxied().start().await;
        let sent = world.client.send(&phone(1)).await;
        assert_eq!(sent.status, 202);
        let texts = world.texts(&phone(1));
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].channel, route[0].as_str());
        let calls = world.proxy().take_calls();
        let carriers = ["Publish", "Hook"].map(|name| calls.get(name).copied().unwrap_or(0));
        assert_eq!(carriers.iter().sum::<usize>(), 1, "{calls:?}");
        assert_eq!(calls.get("TransactWriteItems"), Some(&1), "{calls:?}");
        assert_eq!(calls.values().sum::<usize>(), 2, "{calls:?}");
        assert_eq!(world.lines.last()["channel"], route[0].as_str());
        assert!(world.lines.last()["reason"].is_null());
        assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
    }
}

#[tokio::test]
async fn a_refused_text_goes_to_the_next_channel() {
    for (first, next) in [(Channel::Hook, Channel::Sns), (Channel::Sns, Channel::Hook)] {
        for reason in [Reason::Throttled, Reason::Refused, Reason::NotFound] {
            let world = World::builder().route(&[first, next]).start().await;
            answer(&world, first, Carrier::Answer(reason));
            let sent = world.client.send(&phone(1)).await;
            assert_eq!(sent.status, 202, "{first:?} {reason:?}");
            let texts = world.texts(&phone(1));
            assert_eq!(texts.len(), 1);
            assert_eq!(texts[0].channel, next.as_str());
            let line = world.lines.last();
            assert_eq!(line["carrier"], "accepted");
            assert_eq!(line["channel"], next.as_str());
            let lines = list_not_taken(&world);
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0]["channel"], first.as_str());
            assert_eq!(lines[0]["reason"], reason.name());
            assert_eq!(lines[0]["request_id"], line["request_id"]);
            assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
        }
    }
}

/// The texts of Notify have AWS's words, without the signature that China wants.
#[tokio::test]
async fn a_channel_that_does_not_serve_the_country_takes_no_refused_text() {
    const TO_CHINA: &str = "+8613123456860";
    for route in [
        [Channel::Sns, Channel::Notify],
        [Channel::Notify, Channel::Sns],
    ] {
        let world = World::builder().route(&route).start().await;
        answer(&world, Channel::Sns, Carrier::Answer(Reason::Throttled));
        let refused = world.client.send(TO_CHINA).await;
        assert_eq!(refused.status, 502, "{}", refused.text);
        assert_eq!(world.texts(TO_CHINA).len(), 0);
        let lines = list_not_taken(&world);
        let tried: Vec<_> = lines.iter().map(|line| &line["channel"]).collect();
        assert_eq!(tried, ["sns"]);
        // Elsewhere it is a channel as any other.
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        assert_eq!(world.texts(&phone(1))[0].channel, "notify");
    }
}

#[tokio::test]
async fn a_text_that_may_have_been_sent_goes_nowhere_else() {
    // A text without an answer takes as long as a function may run, so the worlds wait in parallel.
    let mut running = JoinSet::new();
    for (first, next) in [(Channel::Hook, Channel::Sns), (Channel::Sns, Channel::Hook)] {
        for carrier in [Carrier::Fail, Carrier::Hang] {
            running.spawn(async move {
                let world = World::builder().route(&[first, next]).start().await;
                answer(&world, first, carrier);
                let sent = world.client.send(&phone(1)).await;
                assert_eq!(sent.status, 504, "{first:?} {carrier:?}");
                let texts = world.texts(&phone(1));
                assert_eq!(texts.len(), 1, "{first:?} {carrier:?}");
                assert_eq!(texts[0].channel, first.as_str());
                assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
            });
        }
    }
    assert_eq!(running.join_all().await.len(), 4);
}

#[tokio::test]
async fn nobody_who_opted_out_is_texted_by_another_channel() {
    let route = [Channel::Hook, Channel::Sns];
    let world = World::builder().route(&route).start().await;
    answer(&world, Channel::Hook, Carrier::Answer(Reason::OptedOut));
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    assert_eq!(world.text_count(), 0);
    assert_eq!(world.lines.last()["reason"], "opted-out");
}

#[tokio::test]
async fn a_text_that_every_channel_refuses_gives_the_quota_back_once() {
    let route = [Channel::Hook, Channel::Sns];
    let world = World::builder().route(&route).start().await;
    world.carrier(Carrier::Answer(Reason::Throttled));
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    assert_eq!(world.stack.backends.inbox.count_publishes(), 2);
    assert_eq!(
        world.lines.last()["channel"],
        "sns",
        "the last that was tried"
    );
    assert_eq!(list_not_taken(&world).len(), 2);
    world.carrier(Carrier::Deliver);
    for n in 0..5 {
        world.advance(60);
        assert_eq!(world.client.send(&phone(1)).await.status, 202, "{n}");
    }
    world.advance(60);
    assert_eq!(world.client.send(&phone(1)).await.status, 429);
}

/// A stack whose texts go to `receiver`, and then to SNS.
async fn start_with(receiver: &Receiver) -> World {
    let builder = World::builder().route(&[Channel::Hook, Channel::Sns]);
    builder.hook(&receiver.url, Reach::Loopback).start().await
}

/// A silent try, and then answers without a code: what became of the first is not known, so nothing follows.
#[tokio::test]
async fn a_refusal_after_a_silent_try_leads_to_no_other_channel() {
    let doubtful = Receiver::start(|_, before| match before {
        0 => Answer::Silence,
        _ => Answer::of(403, "", ""),
    })
    .await;
    let world = start_with(&doubtful).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 504);
    assert_eq!(world.text_count(), 0, "SNS was not asked");
}

#[tokio::test]
async fn a_refusal_that_comes_late_leaves_time_for_the_next_channel() {
    // The receiver asks for more patience than there is, so SNS has its turn.
    let busy = Receiver::always(Answer::of(429, "retry-after: 30\r\n", "")).await;
    let world = start_with(&busy).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202);
    assert_eq!(world.texts(&phone(1))[0].channel, "sns");
    assert_eq!(busy.seen().len(), 1);

    // Each of three tries is asked to wait two seconds. The channel stops in time.
    let slow = Receiver::always(Answer::of(429, "retry-after: 2\r\n", "")).await;
    let world = start_with(&slow).await;
    let sent = world.client.send(&phone(1)).await;
    assert_eq!(sent.status, 202);
    assert_eq!(world.texts(&phone(1))[0].channel, "sns");
    assert!((2..=3).contains(&slow.seen().len()));

    // `Retry-After` may be a date (RFC 9110, 10.2.3). This one is over, so the next try comes at once.
    let over = "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let ready = Receiver::start(move |_, before| match before {
        0 => Answer::of(429, over, ""),
        _ => Answer::of(200, "", ""),
    })
    .await;
    let world = start_with(&ready).await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!((ready.seen().len(), world.text_count()), (2, 0));
}

#[tokio::test]
async fn a_test_number_takes_no_channel() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"000000\"\nuntil = \"2099-01-01T00:00:00Z\"\n";
    let world = World::builder()
        .route(&[Channel::Hook])
        .policy_addition(number)
        .start()
        .await;
    assert_eq!(world.client.send("+14155550100").await.status, 202);
    assert_eq!(world.stack.backends.inbox.count_publishes(), 0);
}

#[test]
fn every_unclear_reason_stops_a_route() {
    let unclear = Reason::ALL
        .into_iter()
        .filter(|reason| reason.certainty() == Certainty::Unclear);
    for reason in unclear {
        assert!(!reason.tries_next(), "{reason:?}");
    }
}
