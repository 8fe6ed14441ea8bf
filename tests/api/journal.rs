//! The line that each request leaves. It is a log entry and carries the metrics.

use std::collections::BTreeSet;

use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::device::Device;
use phoneproof_domain::phone::Phone;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Fault, World, phone};
use serde_json::{Value, json};

/// The names of the metrics that CloudWatch reads from a line under exactly these dimensions.
pub(crate) fn list_metrics(line: &Value, dimensions: &[&str]) -> BTreeSet<String> {
    let directives = line["_aws"]["CloudWatchMetrics"]
        .as_array()
        .expect("directives");
    directives
        .iter()
        .filter(|directive| {
            let sets = directive["Dimensions"].as_array().expect("dimension sets");
            sets.contains(&json!(dimensions))
                && dimensions.iter().all(|name| line[name].is_string())
        })
        .flat_map(|directive| directive["Metrics"].as_array().expect("metrics"))
        .filter_map(|metric| metric["Name"].as_str())
        .filter(|name| line[name].is_number())
        .map(str::to_owned)
        .collect()
}

fn to_set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_send_counts_its_text_by_country_and_business() {
    let world = World::builder().purses().start().await;
    let answer = world.client.send(&phone(1)).await;
    let line = world.lines.last();
    assert_eq!(line["message"], "request");
    assert_eq!(line["level"], "info");
    assert_eq!(
        line["request_id"],
        answer.json["requestId"]
            .as_str()
            .unwrap_or_else(|| answer.header("x-request-id").expect("an id"))
    );
    assert_eq!(
        (&line["route"], &line["status"]),
        (&json!("/v1/send"), &json!(202))
    );
    assert_eq!(
        (&line["outcome"], &line["carrier"]),
        (&json!("served"), &json!("accepted"))
    );
    assert_eq!(
        (&line["country"], &line["business"]),
        (&json!("US"), &json!("login"))
    );
    assert_eq!((&line["Sent"], &line["Segments"]), (&json!(1), &json!(1)));
    assert_eq!(
        list_metrics(&line, &["stack"]),
        to_set(&[
            "CarrierTime",
            "EstimatedCost",
            "Segments",
            "Sent",
            "Shortfall",
            "StoreTime",
            "Texts",
            "Time"
        ])
    );
    assert_eq!(
        list_metrics(&line, &["stack", "carrier"]),
        to_set(&["Texts"])
    );
    assert_eq!(
        list_metrics(&line, &["stack", "country"]),
        to_set(&["Sent", "Shortfall"])
    );
    assert_eq!(
        list_metrics(&line, &["stack", "business"]),
        to_set(&["Sent"])
    );
    assert_eq!(list_metrics(&line, &["stack", "rule"]), to_set(&[]));
    // As a metric the status would be averaged, so it is only a property of the line.
    assert!(!list_metrics(&line, &["stack"]).contains("status"));
}

#[tokio::test]
async fn a_verification_counts_by_outcome_country_and_business() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let token = world.client.send(&phone(1)).await.token();
        world
            .client
            .verify(&token, &world.wrong_code(&phone(1)))
            .await;
        let wrong = world.lines.last();
        assert_eq!(wrong["outcome"], "wrong-code");
        assert_eq!(
            list_metrics(&wrong, &["stack", "outcome"]),
            to_set(&["Verifications"])
        );
        assert_eq!(list_metrics(&wrong, &["stack", "country"]), to_set(&[]));
        world.client.verify(&token, &world.code(&phone(1))).await;
        let right = world.lines.last();
        assert_eq!(right["outcome"], "served");
        assert_eq!(
            (&right["country"], &right["business"]),
            (&json!("US"), &json!("login"))
        );
        assert_eq!(
            list_metrics(&right, &["stack"]),
            to_set(&[
                "Shortfall",
                "StoreTime",
                "Time",
                "Verifications",
                "Verified"
            ])
        );
        assert_eq!(
            list_metrics(&right, &["stack", "country"]),
            to_set(&["Shortfall", "Verified"])
        );
        assert_eq!(
            list_metrics(&right, &["stack", "business"]),
            to_set(&["Verified"])
        );
    }
}

#[tokio::test]
async fn a_denial_counts_by_rule_and_is_not_a_fault() {
    let world = World::start().await;
    world.client.send(&phone(1)).await;
    world.client.send(&phone(1)).await;
    let line = world.lines.last();
    assert_eq!(
        (&line["rule"], &line["level"]),
        (&json!("phone-cooldown"), &json!("info"))
    );
    assert_eq!(list_metrics(&line, &["stack", "rule"]), to_set(&["Denied"]));
    assert_eq!(
        list_metrics(&line, &["stack"]),
        to_set(&["Denied", "StoreTime", "Time"])
    );
}

#[tokio::test]
async fn a_refusal_names_its_subject_by_its_index_and_nothing_else_does() {
    let world = World::start().await;
    let keyring = world.read_keyring(SECRET_ID).await;
    let index = keyring.indexer();
    let number = Phone::from_canonical(&phone(1)).expect("canonical");
    let phone_subject = format!("phone#{}", index.index_phone(&number).as_str());
    let token = world.client.send(&phone(1)).await.token();
    assert!(world.lines.last()["subject"].is_null(), "a served request");
    world.client.send(&phone(1)).await;
    let line = world.lines.last();
    assert_eq!(
        (&line["rule"], &line["subject"]),
        (&json!("phone-cooldown"), &json!(phone_subject))
    );
    for dimensions in [&["stack", "subject"][..], &["subject"]] {
        assert_eq!(
            list_metrics(&line, dimensions),
            to_set(&[]),
            "it is not a dimension"
        );
    }
    for n in 2..30 {
        world
            .client
            .send_from(&phone(n), &format!("d{n}"), "198.51.100.7")
            .await;
    }
    let address = SourceAddress::new("198.51.100.7".parse().expect("an address"));
    let line = world.lines.last();
    assert_eq!(line["rule"], "address-per-hour");
    assert_eq!(
        line["subject"],
        format!("address#{}", index.index_address(&address).as_str())
    );
    // Of several rules that refuse, the line names the subject of the one that the answer names.
    for n in 100..111 {
        world
            .client
            .send_from(&phone(n), "device-1", &format!("203.0.113.{n}"))
            .await;
    }
    let device = index.index_device(&Device::parse("device-1").expect("a device"));
    let line = world.lines.last();
    assert_eq!(line["rule"], "device-per-day");
    assert_eq!(line["subject"], format!("device#{}", device.as_str()));
    world
        .client
        .verify(&token, &world.wrong_code(&phone(1)))
        .await;
    // A wrong code names the device that asked for it: a guesser has asked for the codes.
    let line = world.lines.last();
    assert!(line["rule"].is_null(), "no rule refused");
    assert_eq!(line["subject"], format!("device#{}", device.as_str()));
    world.client.verify(&token, &world.code(&phone(1))).await;
    assert!(world.lines.last()["subject"].is_null(), "a served request");
}

#[tokio::test]
async fn a_refused_guess_of_a_locked_phone_names_the_phone() {
    let world = World::builder()
        .policy("wrong_codes_per_day = 20 ", "wrong_codes_per_day = 2 ")
        .start()
        .await;
    let keyring = world.read_keyring(SECRET_ID).await;
    let number = Phone::from_canonical(&phone(1)).expect("canonical");
    let token = world.client.send(&phone(1)).await.token();
    for _ in 0..3 {
        world
            .client
            .verify(&token, &world.wrong_code(&phone(1)))
            .await;
    }
    let line = world.lines.last();
    assert_eq!(line["rule"], "phone-lock");
    let subject = format!("phone#{}", keyring.indexer().index_phone(&number).as_str());
    assert_eq!(line["subject"], subject);
}

#[tokio::test]
async fn log_levels_follow_who_is_at_fault() {
    for (carrier, outcome) in [
        (Carrier::Refuse, "delivery-failed"),
        (Carrier::Fail, "delivery-unknown"),
    ] {
        let world = World::start().await;
        world.carrier(carrier);
        world.client.send(&phone(1)).await;
        let line = world.lines.last();
        assert_eq!(
            (&line["outcome"], &line["level"]),
            (&json!(outcome), &json!("warn"))
        );
        assert_eq!(
            list_metrics(&line, &["stack", "carrier"]),
            to_set(&["Texts"])
        );
        assert!(line["Sent"].is_null() && line["EstimatedCost"].is_null());
    }
    let world = World::builder().proxied().start().await;
    world.proxy().break_all("TransactWriteItems", Fault::Refuse);
    world.client.send(&phone(1)).await;
    let line = world.lines.last();
    assert_eq!(
        (&line["status"], &line["level"]),
        (&json!(503), &json!("error"))
    );
    assert!(list_metrics(&line, &["stack"]).contains("Faults"));
}

#[tokio::test]
async fn no_caller_can_make_a_new_dimension() {
    let world = World::start().await;
    let send = |phone: &str, business: &str| json!({ "phone": phone, "uniqueId": "d", "businessId": business });
    world
        .client
        .post("/v1/send", &send(&phone(1), "made-up"))
        .await;
    let line = world.lines.last();
    assert_eq!(line["outcome"], "unknown-business");
    assert!(line["business"].is_null() && line["country"].is_null());
    world
        .client
        .post("/v1/send", &send("+33612345678", "login"))
        .await;
    assert_eq!(world.lines.last()["country"], "FR");
    // Andorra is not on the list of the sample policy.
    world
        .client
        .post("/v1/send", &send("+376312345", "login"))
        .await;
    let line = world.lines.last();
    assert_eq!(
        (&line["rule"], &line["country"], &line["subject"]),
        (&json!("country"), &Value::Null, &json!("country#AD"))
    );
    world.client.get("/v1/no-such-path").await;
    assert!(world.lines.last()["route"].is_null());
}

#[tokio::test]
async fn the_cost_of_a_text_is_estimated_per_segment() {
    let world = World::builder()
        .purses()
        .policy("# [sms.price_usd]\n", "[sms.price_usd]\nUS = 0.012\n")
        .policy(
            "{code} is your {brand} login code.",
            &format!("{{code}} {}", "a".repeat(160)),
        )
        .start()
        .await;
    world.client.send(&phone(1)).await;
    let line = world.lines.last();
    assert_eq!(
        (&line["Segments"], &line["EstimatedCost"]),
        (&json!(2), &json!(0.024))
    );
}

/// Sends a text under a policy that is changed by these pairs, and returns its request line.
async fn text_under(changes: &[(&str, &str)]) -> Value {
    let mut builder = World::builder().purses();
    for (from, to) in changes {
        builder = builder.policy(from, to);
    }
    let world = builder.start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    world.lines.last()
}

#[tokio::test]
async fn a_text_without_a_price_counts_as_an_upper_bound_and_says_so() {
    let cost = |line: &Value| {
        let upper_bound = line["UpperBoundCost"].clone();
        (line["EstimatedCost"].clone(), upper_bound)
    };
    let listed = text_under(&[]).await;
    assert_eq!(cost(&listed), (json!(0.01), Value::Null), "the price list");
    let unpriced = ("\"US 0.01, ", "\"");
    let line = text_under(&[unpriced]).await;
    assert_eq!(cost(&line), (json!(0.5), json!(0.5)));
    assert!(list_metrics(&line, &["stack"]).contains("UpperBoundCost"));
}

/// The alarm per country watches this sum. It is above 0 below 3 verified numbers in 10 texts.
#[tokio::test]
async fn a_country_falls_short_when_fewer_than_3_of_10_texts_are_verified() {
    let world = World::start().await;
    let shortfall = || world.lines.last()["Shortfall"].as_f64().expect("a number");
    let (mut short, mut tokens) = (0.0, Vec::new());
    for n in 1..=10 {
        tokens.push(world.client.send(&phone(n)).await.token());
        short += shortfall();
    }
    for (n, token) in (1..=3).zip(&tokens) {
        assert!(short > 0.0, "{n}: {short}");
        let verified = world.client.verify(token, &world.code(&phone(n))).await;
        assert_eq!(verified.status, 200);
        short += shortfall();
    }
    assert!(short.abs() < 1e-9, "3 of 10: {short}");
    let world = World::start().await;
    world.carrier(Carrier::Refuse);
    world.client.send(&phone(1)).await;
    assert!(
        world.lines.last()["Shortfall"].is_null(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn test_numbers_count_as_neither_sent_nor_verified() {
    let world = World::builder()
        .policy_addition("\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"000000\"\nuntil = \"2099-01-01T00:00:00Z\"\n")
        .start()
        .await;
    let token = world.client.send("+14155550100").await.token();
    assert!(world.lines.last()["Sent"].is_null());
    assert_eq!(world.client.verify(&token, "000000").await.status, 200);
    let line = world.lines.last();
    assert_eq!(
        (&line["Verified"], &line["Verifications"]),
        (&Value::Null, &json!(1))
    );
}
