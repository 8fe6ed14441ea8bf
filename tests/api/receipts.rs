//! Receipts of delivery: the callback of the hook's receiver over HTTP, and the events of End User Messaging.

mod counted;
mod events;

use std::sync::Arc;

use http::Method;
use phoneproof_crypto::webhook::{HookSecret, sign};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::receipt::{Outcome, ReceiptReason};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::{Value, json};

const PATH: &str = "/v1/receipts";

async fn start(channel: Channel) -> World {
    let builder = World::builder().route(&[channel]).receipts().proxied();
    builder.start().await
}

/// Texts `phone`, and returns what its receipt brings back.
async fn send(world: &World, phone: &str) -> String {
    assert_eq!(world.client.send(phone).await.status, 202);
    let texts = world.texts(phone);
    let attributes = &texts.first().expect("a text").attributes;
    if let Some(receipt) = attributes.get("receipt") {
        return receipt.clone();
    }
    let context: Value = serde_json::from_str(&attributes["Context"]).expect("JSON");
    let receipt = context["phoneproof-receipt"].as_str();
    receipt.expect("a value of the text").to_owned()
}

fn body(receipt: &str, outcome: &str) -> Value {
    json!({
        "type": "sms.receipt",
        "data": { "receipt": receipt, "outcome": outcome, "reason": "unreachable", "provider": "+14155550100" },
    })
}

/// Posts `body` under `id` as a receiver does that signed it at `at`.
async fn post_as(world: &World, id: &str, body: &Value, at: Timestamp) -> Answer {
    let keyring = world.read_keyring(SECRET_ID).await;
    let body = body.to_string().into_bytes();
    let signature = sign(&keyring, id, at, &body);
    post_signed(world, (id, body), at, &signature).await
}

async fn post_signed(
    world: &World,
    (id, body): (&str, Vec<u8>),
    at: Timestamp,
    signature: &str,
) -> Answer {
    let at = at.unix().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", id),
        ("webhook-timestamp", &at),
        ("webhook-signature", signature),
    ];
    world.client.raw(Method::POST, PATH, &headers, body).await
}

/// Posts `body` under the id of tests that have one report.
async fn post_at(world: &World, body: &Value, at: Timestamp) -> Answer {
    post_as(world, "msg_1", body, at).await
}

async fn post(world: &World, body: &Value) -> Answer {
    post_at(world, body, world.clock.now()).await
}

/// Reads the item with the last outcome of `phone`.
async fn outcome_of(world: &World, number: &str) -> Value {
    let keyring = world.read_keyring(SECRET_ID).await;
    let number = phoneproof_domain::phone::Phone::from_canonical(number).expect("canonical");
    let key = format!(
        "receipt#{}",
        keyring.indexer().index_phone(&number).as_str()
    );
    let request = json!({
        "TableName": world.database.tables.limits,
        "Key": { "pk": { "S": key } },
    });
    world.dynamodb("GetItem", &request).await.json["Item"].clone()
}

/// The reports that are kept of `phone`, by their names: the words of each, as the store writes them.
async fn kept_of(world: &World, phone: &str) -> Vec<Vec<String>> {
    let item = outcome_of(world, phone).await;
    let members = item.as_object().cloned().unwrap_or_default();
    let reports = members
        .into_iter()
        .filter(|(name, _)| name.starts_with("r_"));
    let words = reports.map(|(_, value)| {
        let words = value["S"].as_str().expect("a text").split(' ');
        words.map(str::to_owned).collect()
    });
    words.collect()
}

/// The last outcome of `phone`, and its reason.
async fn last_of(world: &World, phone: &str) -> (&'static str, &'static str) {
    let reports = kept_of(world, phone).await;
    let number = |word: &String| word.parse::<i64>().expect("a number");
    let newest = reports
        .iter()
        .max_by_key(|words| (number(&words[0]), number(&words[1])));
    let newest = newest.expect("a report");
    let outcome = Outcome::parse(&newest[3]).expect("an outcome");
    (outcome.as_str(), ReceiptReason::parse(&newest[4]).as_str())
}

/// The lines of receipts that were written, those that were not read included.
fn lines(world: &World) -> Vec<Value> {
    let text = world.lines.text();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let is_receipt = |line: &Value| {
        ["receipt", "a receipt was not read"]
            .contains(&line["message"].as_str().unwrap_or_default())
    };
    lines.filter(is_receipt).collect()
}

#[tokio::test]
async fn a_signed_callback_becomes_a_metric_and_the_last_outcome() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    world.advance(5);
    let answer = post(&world, &body(&receipt, "undelivered")).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let item = outcome_of(&world, &phone(1)).await;
    let now = world.clock.now().unix();
    let words = &kept_of(&world, &phone(1)).await[0];
    let at = (now * 1_000).to_string();
    assert_eq!(
        words[..5],
        [at.as_str(), "0", "hook", "undelivered", "unreachable"]
    );
    assert_eq!(item["expires_at"]["N"], (now + 30 * 86_400).to_string());
    assert_eq!(item.as_object().map(serde_json::Map::len), Some(3));
    let lines = lines(&world);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(
        (
            &line["country"],
            &line["channel"],
            &line["outcome"],
            &line["Receipts"]
        ),
        (
            &json!("US"),
            &json!("hook"),
            &json!("undelivered"),
            &json!(1)
        )
    );
    // Neither the number nor its index, nor what only the provider says.
    let text = world.lines.text();
    assert!(!text.contains("4155550100") && !text.contains(&phone(1)[1..]));
    let index = item["pk"]["S"].as_str().expect("a key");
    assert!(!text.contains(index.trim_start_matches("receipt#")));
    assert!(!text.contains(&receipt));
}

#[tokio::test]
async fn only_a_newer_report_is_the_last_and_each_counts_once() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    world.advance(60);
    let now = world.clock.now();
    let earlier = Timestamp::from_unix(now.unix() - 30);
    for (id, outcome, at) in [
        ("msg_1", "delivered", now),
        ("msg_1", "delivered", now),
        ("msg_2", "undelivered", earlier),
    ] {
        let answer = post_as(&world, id, &body(&receipt, outcome), at).await;
        assert_eq!(answer.status, 204, "the receiver may repeat itself");
    }
    assert_eq!(lines(&world).len(), 2);
    assert_eq!(last_of(&world, &phone(1)).await.0, "delivered");
    world.advance(1);
    let unknown = body(&receipt, "unknown");
    let answer = post_as(&world, "msg_3", &unknown, world.clock.now()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(last_of(&world, &phone(1)).await.0, "unknown");
}

#[tokio::test]
async fn a_bad_signature_is_a_401_without_a_hint() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    let good = body(&receipt, "delivered");
    let now = world.clock.now();
    let keyring = world.read_keyring(SECRET_ID).await;
    let bytes = good.to_string().into_bytes();
    let signature = sign(&keyring, "msg_1", now, &bytes);
    let off = |seconds: i64| Timestamp::from_unix(now.unix() + seconds);
    let mut answers = vec![
        post_signed(&world, ("msg_1", b"{}".to_vec()), now, &signature).await,
        post_signed(&world, ("msg_1", bytes.clone()), now, "v1,AAAA").await,
        post_signed(&world, ("msg_1", bytes.clone()), off(1), &signature).await,
        post_at(&world, &good, off(-301)).await,
        post_at(&world, &good, off(301)).await,
        // An empty id would be one report for all that have none.
        post_as(&world, "", &good, now).await,
    ];
    let headers = [("content-type", "application/json")];
    answers.push(
        world
            .client
            .raw(Method::POST, PATH, &headers, bytes.clone())
            .await,
    );
    for answer in &answers {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.problem(), "invalid-signature");
        assert_eq!(answer.json["detail"], answers[0].json["detail"]);
        assert!(answer.json["errors"].is_null());
    }
    assert!(outcome_of(&world, &phone(1)).await.is_null());
    let kinds: Vec<_> = lines(&world)
        .iter()
        .map(|line| line["kind"].clone())
        .collect();
    assert_eq!(kinds, vec![json!("signature"); answers.len()]);
    // What is right passes with any secret of the receiver.
    assert!(
        HookSecret::of(keyring.current())
            .expose()
            .starts_with("whsec_")
    );
    assert_eq!(
        post_signed(&world, ("msg_1", bytes), now, &signature)
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn a_callback_that_cannot_be_read_names_the_field_and_is_counted() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    let good = body(&receipt, "delivered");
    let with = |member: &str, value: Value| {
        let mut body = good.clone();
        match member.strip_prefix("data.") {
            Some(member) => body["data"][member] = value,
            None => body[member] = value,
        }
        body
    };
    for (body, field) in [
        // The requests of the hook are signed with the same secrets, so one that comes back must not pass for a
        // receipt.
        (with("type", json!("sms.send")), "type"),
        (with("data.outcome", json!("sent")), "data.outcome"),
        (with("data.outcome", json!(7)), "data.outcome"),
        (with("data.receipt", json!("r1.a.b.c")), "data.receipt"),
        (with("data.receipt", json!("x".repeat(600))), "data.receipt"),
        (with("data", json!([])), "data"),
        (json!([]), "body"),
    ] {
        let answer = post(&world, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        let named = answer.json["errors"][0]["field"]
            .as_str()
            .unwrap_or_default();
        assert!(
            named == field || named == "body",
            "{field}: {}",
            answer.text
        );
    }
    assert_eq!(lines(&world).len(), 7);
    let large = with("data.other", json!("x".repeat(5_000)));
    assert_eq!(post(&world, &large).await.status, 413);
    let answer = world.client.get(PATH).await;
    assert_eq!(answer.status, 405);
    // A text of another day gives no outcome any more.
    world.advance(7 * 86_400);
    let late = post(&world, &good).await;
    assert_eq!(
        (late.status, late.json["errors"][0]["field"].as_str()),
        (400, Some("data.receipt"))
    );
    assert!(outcome_of(&world, &phone(1)).await.is_null());
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_and_the_repeat_is_taken() {
    let world = start(Channel::Hook).await;
    let receipt = send(&world, &phone(1)).await;
    for fault in [
        Fault::Refuse,
        Fault::LoseReply,
        Fault::Conflict,
        Fault::Unavailable,
        Fault::Throttle,
        Fault::Unexpected,
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Truncate,
    ] {
        world.advance(1);
        world.proxy().break_all("UpdateItem", fault);
        let id = format!("msg_{fault:?}");
        let (said, now) = (body(&receipt, "delivered"), world.clock.now());
        let answer = post_as(&world, &id, &said, now).await;
        assert!(
            [204, 503].contains(&answer.status),
            "{fault:?}: {}",
            answer.text
        );
        assert!(answer.status == 204 || answer.header("retry-after").is_some());
        world.proxy().mend();
        let answer = post_as(&world, &id, &said, now).await;
        assert_eq!(answer.status, 204, "{fault:?}");
        let at = (now.unix() * 1_000).to_string();
        let kept = kept_of(&world, &phone(1)).await;
        let of_now = kept.iter().filter(|words| words[0] == at).count();
        assert_eq!(of_now, 1, "{fault:?}");
    }
}

fn event(kind: &str, at: i64, context: &Value) -> Value {
    json!({
        "version": "0",
        "detail-type": "Text Message Delivery Status Updated",
        "source": "aws.sms-voice",
        "detail": {
            "eventType": kind,
            "eventTimestamp": at * 1_000,
            "isFinal": true,
            "isoCountryCode": "US",
            "destinationPhoneNumber": "+14155550100",
            "messageStatusDescription": "+14155550100 is gone",
            "context": context,
        },
    })
}

#[tokio::test]
async fn without_the_setting_no_text_carries_anything() {
    for channel in [Channel::Hook, Channel::EndUserMessaging, Channel::Notify] {
        let world = World::builder().route(&[channel]).start().await;
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        let texts = world.texts(&phone(1));
        let attributes = &texts[0].attributes;
        assert!(!attributes.contains_key("receipt") && !attributes.contains_key("Context"));
    }
}

#[tokio::test]
async fn no_two_texts_of_a_phone_carry_the_same() {
    let world = start(Channel::Hook).await;
    let first = send(&world, &phone(1)).await;
    world.advance(60);
    let second = send(&world, &phone(1)).await;
    let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    assert_ne!(parts(&first)[2..], parts(&second)[2..]);
}
