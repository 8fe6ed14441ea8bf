//! What is counted, and what the last outcome is: when reports repeat, come late, or come together.

use super::*;

/// Posts what a receiver reports under this id, signed now. `said_at` is when its provider said so.
async fn report(
    world: &World,
    id: &str,
    (receipt, outcome, reason): (&str, &str, &str),
    said_at: Option<&str>,
) {
    let mut body = body(receipt, outcome);
    body["data"]["reason"] = json!(reason);
    if let Some(said_at) = said_at {
        body["timestamp"] = json!(said_at);
    }
    let answer = post_as(world, id, &body, world.clock.now()).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

/// Hands over an event of a kind at this instant, in milliseconds.
async fn take(world: &World, kind: &str, at_ms: i64, receipt: &str) {
    let mut event = event(kind, 0, &json!({ "phoneproof-receipt": receipt }));
    event["detail"]["eventTimestamp"] = json!(at_ms);
    let taken = phoneproof_receipts::take(Arc::clone(&world.stack.receipts), event).await;
    taken.expect("taken");
}

/// The reasons of the receipts that were counted, in their order.
fn list_counted(world: &World) -> Vec<String> {
    let reasons = lines(world).into_iter();
    let reasons = reasons.map(|line| line["reason"].as_str().expect("a reason").to_owned());
    reasons.collect()
}

#[tokio::test]
async fn a_report_is_known_by_its_id_whenever_it_is_posted_again() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    let (lost, arrived) = ("unreachable", "arrived");
    world.advance(5);
    report(&world, "msg_same", (&receipt, "undelivered", lost), None).await;
    world.advance(2);
    report(&world, "msg_2", (&receipt, "delivered", arrived), None).await;
    world.advance(2);
    for _ in 0..2 {
        report(&world, "msg_same", (&receipt, "undelivered", lost), None).await;
        report(&world, "msg_2", (&receipt, "delivered", arrived), None).await;
    }
    assert_eq!(list_counted(&world), [lost, arrived]);
    assert_eq!(last_of(&world, &phone(1)).await, ("delivered", "arrived"));
    // The id belongs to one text. A receiver may count its ids anew for each.
    world.advance(60);
    let second = send(&world, &phone(1)).await;
    report(&world, "msg_same", (&second, "undelivered", lost), None).await;
    assert_eq!(list_counted(&world).len(), 3);
    assert_eq!(last_of(&world, &phone(1)).await, ("undelivered", lost));
}

/// A report that was not taken at first is signed anew when it is posted again. Its body says of when it is.
#[tokio::test]
async fn a_report_counts_for_the_time_that_its_body_names() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    let said_at = |seconds: i64, part: &str| {
        let at = Timestamp::from_unix(world.clock.now().unix() + seconds).to_string();
        at.replace('Z', part)
    };
    let (first, second) = (said_at(10, ".25Z"), said_at(10, ".75+00:00"));
    world.advance(30);
    let delivered = (receipt.as_str(), "delivered", "arrived");
    report(&world, "msg_2", delivered, Some(&second)).await;
    world.advance(30);
    let undelivered = (receipt.as_str(), "undelivered", "unreachable");
    report(&world, "msg_1", undelivered, Some(&first)).await;
    assert_eq!(list_counted(&world), ["arrived", "unreachable"]);
    assert_eq!(last_of(&world, &phone(1)).await, ("delivered", "arrived"));
    // A clock that is ahead does not win over all that comes later.
    report(&world, "msg_3", undelivered, Some("2099-01-01T00:00:00Z")).await;
    world.advance(1);
    report(&world, "msg_4", delivered, None).await;
    assert_eq!(last_of(&world, &phone(1)).await, ("delivered", "arrived"));
    for wrong in [json!("yesterday"), json!("2026-11-23"), json!(7)] {
        let mut body = body(&receipt, "delivered");
        body["timestamp"] = wrong;
        let answer = post(&world, &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let field = answer.json["errors"][0]["field"].as_str();
        assert!(matches!(field, Some("timestamp" | "body")), "{field:?}");
    }
}

/// Two calls to one phone: the receipt of the first comes after that of the second.
#[tokio::test]
async fn each_text_counts_although_its_receipt_comes_late() {
    let world = start(Channel::EndUserMessaging).await;
    let first = send(&world, &phone(1)).await;
    world.advance(60);
    let second = send(&world, &phone(1)).await;
    world.advance(60);
    let now = world.clock.now().unix() * 1_000;
    take(&world, "VOICE_NO_ANSWER", now, &second).await;
    take(&world, "VOICE_COMPLETED", now - 8_000, &first).await;
    // EventBridge may hand over an event more than once.
    take(&world, "VOICE_NO_ANSWER", now, &second).await;
    take(&world, "VOICE_COMPLETED", now - 8_000, &first).await;
    assert_eq!(list_counted(&world), ["not-answered", "arrived"]);
    let last = ("undelivered", "not-answered");
    assert_eq!(last_of(&world, &phone(1)).await, last);
}

#[tokio::test]
async fn two_reports_within_a_second_both_count_and_the_later_one_is_the_last() {
    let world = start(Channel::EndUserMessaging).await;
    let receipt = send(&world, &phone(1)).await;
    world.advance(60);
    let at = world.clock.now().unix() * 1_000 - 1_000;
    take(&world, "TEXT_SUCCESSFUL", at + 100, &receipt).await;
    take(&world, "TEXT_DELIVERED", at + 900, &receipt).await;
    assert_eq!(list_counted(&world), ["taken-by-carrier", "arrived"]);
    assert_eq!(last_of(&world, &phone(1)).await, ("delivered", "arrived"));
    take(&world, "TEXT_UNREACHABLE", at + 500, &receipt).await;
    assert_eq!(list_counted(&world).len(), 3);
    assert_eq!(last_of(&world, &phone(1)).await, ("delivered", "arrived"));
}

/// An item has a bounded size, and a receipt takes one call but for those that make room.
#[tokio::test]
async fn many_reports_of_a_phone_stay_small_and_the_last_ones_are_known() {
    let world = start(Channel::EndUserMessaging).await;
    let receipt = send(&world, &phone(1)).await;
    world.advance(60);
    let began = world.clock.now().unix() * 1_000 - 50_000;
    drop(world.proxy().take_calls());
    for n in 0..40 {
        take(&world, "TEXT_CARRIER_UNREACHABLE", began + n, &receipt).await;
    }
    let calls = world.proxy().take_calls()["UpdateItem"];
    assert!((40..=43).contains(&calls), "{calls}");
    assert_eq!(list_counted(&world).len(), 40);
    let item = outcome_of(&world, &phone(1)).await;
    let size = item.to_string().len();
    assert!(size < 2_048, "{size} bytes of JSON");
    for n in 33..40 {
        take(&world, "TEXT_CARRIER_UNREACHABLE", began + n, &receipt).await;
    }
    assert_eq!(list_counted(&world).len(), 40);
    let calls = world.proxy().take_calls()["UpdateItem"];
    assert_eq!(calls, 7, "a repeat takes one call");
}
