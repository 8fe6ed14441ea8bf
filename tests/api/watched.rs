//! What the request lines tell those who operate the purses: empty ones, refusals in shadow mode, the money of a day.

use std::collections::BTreeSet;

use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::purse::Attribute;
use phoneproof_tests::{World, phone};
use serde_json::{Value, json};

use crate::api::journal::list_metrics;

fn nth(n: usize) -> String {
    phone(u32::try_from(n).expect("small"))
}

/// The `n`-th address of one network.
fn home(n: usize) -> String {
    format!("198.51.{}.{}", n / 250, n % 250)
}

/// An address of a network of its own.
fn abroad(n: usize) -> String {
    format!("203.{}.113.7", n % 250)
}

/// Verifies a phone, and returns the line of the verification.
async fn verify(world: &World, n: usize) -> Value {
    let (number, device) = (nth(n), format!("d{n}"));
    let sent = world.client.send_from(&number, &device, &home(n)).await;
    assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    let code = world.code(&number);
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
    world.lines.last()
}

/// Sets attributes of the purse of the US.
async fn set(world: &World, attributes: &[(&str, i64)]) {
    for (name, value) in attributes {
        let update = json!({
            "TableName": "Limits",
            "Key": { "pk": { "S": "purse#US#0" } },
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": { "#a": name },
            "ExpressionAttributeValues": { ":v": { "N": value.to_string() } },
        });
        assert_eq!(world.dynamodb("UpdateItem", &update).await.status, 200);
    }
}

/// Empties lanes at this instant.
async fn drain(world: &World, lanes: &[&str]) {
    let now = world.clock.now().unix();
    for lane in lanes {
        set(world, &[(lane, 0), (&format!("{lane}_at"), now)]).await;
    }
}

/// The status, the rule, and the empty purse of the last line, whose metric has it as a dimension.
fn last_purse(world: &World) -> (u64, Option<String>, Option<String>) {
    let line = world.lines.last();
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let by_purse = list_metrics(&line, &["stack", "country", "purse"]);
    let counted = list_metrics(&line, &["stack"]).contains("PurseEmpty");
    assert_eq!(text("purse").is_some(), counted, "{line}");
    assert_eq!(by_purse.contains("PurseEmpty"), counted, "{line}");
    (
        line["status"].as_u64().expect("a status"),
        text("rule"),
        text("purse"),
    )
}

fn seen(
    status: u64,
    rule: Option<&str>,
    purse: Option<&str>,
) -> (u64, Option<String>, Option<String>) {
    (status, rule.map(str::to_owned), purse.map(str::to_owned))
}

#[tokio::test]
async fn an_empty_purse_is_counted_by_country_and_purse() {
    let world = World::builder().purses();
    let world = world.policy("after_days = 7 ", "after_days = 0 ");
    let world = world.start().await;
    for n in 0..5 {
        verify(&world, n).await;
        assert_eq!(last_purse(&world), seen(200, None, None));
    }
    world.advance(61);
    let send = async |number: &str, device: &str, address: &str| {
        drop(world.client.send_from(number, device, address).await);
        last_purse(&world)
    };
    let refused = Some("country-purse");
    assert_eq!(send(&nth(10), "a", &home(10)).await, seen(202, None, None));
    // The first empty purse shows although another one pays.
    drain(&world, &["crowd"]).await;
    assert_eq!(
        send(&nth(11), "b", &home(11)).await,
        seen(202, None, Some("crowd"))
    );
    drain(&world, &["crowd", "open"]).await;
    assert_eq!(
        send(&nth(12), "c", &home(12)).await,
        seen(429, refused, Some("crowd"))
    );
    assert_eq!(
        send(&nth(13), "d", &abroad(1)).await,
        seen(429, refused, Some("open"))
    );
    // Known phones are an attack's last: in an outage their lane is empty, too.
    assert_eq!(send(&nth(1), "d1", &abroad(2)).await, seen(202, None, None));
    drain(&world, &["known", "moved"]).await;
    assert_eq!(
        send(&nth(2), "d2", &abroad(3)).await,
        seen(429, refused, Some("known"))
    );
    assert_eq!(world.lines.last()["country"], "US");
}

#[tokio::test]
async fn an_empty_number_block_is_a_purse_too() {
    let world = World::builder().purses().start().await;
    let mut last = seen(0, None, None);
    for n in 0..6 {
        let (number, device) = (format!("+1415200{:04}", 1_000 + n), format!("d{n}"));
        set_open(&world, n).await;
        drop(world.client.send_from(&number, &device, &abroad(n)).await);
        last = last_purse(&world);
    }
    let rule = Some("number-block-purse");
    assert_eq!(last, seen(429, rule, Some("number-block")));
}

/// Keeps the lane of strangers full, once there is a purse.
async fn set_open(world: &World, n: usize) {
    if n > 0 {
        set(world, &[("open", 1_000_000)]).await;
    }
}

#[tokio::test]
async fn what_a_shadowed_rule_would_refuse_is_counted_by_rule_and_as_an_empty_purse() {
    for (rule, drained, left) in [
        ("country-purse", &["open", "crowd"][..], 1_000_000),
        ("money-per-day", &[][..], 0),
    ] {
        let shadow = format!("shadow = [\"{rule}\"]");
        let world = World::builder().purses().policy("shadow = []", &shadow);
        let world = world.start().await;
        verify(&world, 1).await;
        drain(&world, drained).await;
        set(&world, &[("left", left)]).await;
        let sent = world.client.send_from(&nth(2), "d2", &abroad(2)).await;
        assert_eq!(sent.status, 202, "{rule}: {}", sent.text);
        let line = world.lines.last();
        assert_eq!(line["wouldRefuse"], rule);
        for dimensions in [&["stack"][..], &["stack", "wouldRefuse"]] {
            assert!(
                list_metrics(&line, dimensions).contains("WouldRefuse"),
                "{line}"
            );
        }
        assert_eq!(
            line["PurseEmpty"],
            if left > 0 { json!(1) } else { Value::Null }
        );
        assert!(line["Denied"].is_null() && line["rule"].is_null(), "{line}");
    }
}

#[tokio::test]
async fn the_money_of_a_day_is_told_at_every_typed_code_and_by_the_refusal() {
    let world = World::builder()
        .purses()
        .policy("usd_per_day = 25.00", "usd_per_day = 1.00")
        .start()
        .await;
    // A text costs a cent, so the n-th is the n-th percent.
    for n in 1..=100_usize {
        let line = verify(&world, n).await;
        assert_eq!(line["money_percent"], n, "{line}");
        let is_watched = n >= 50;
        let metric = list_metrics(&line, &["stack", "country"]);
        assert_eq!(metric.contains("MoneyStopUsed"), is_watched, "{n}");
        let value = if is_watched { json!(n) } else { Value::Null };
        assert_eq!(line["MoneyStopUsed"], value, "{n}");
    }
    for n in [101, 102] {
        let (device, address) = (format!("d{n}"), home(n));
        drop(world.client.send_from(&nth(n), &device, &address).await);
        let line = world.lines.last();
        assert_eq!(
            (&line["rule"], &line["MoneyStopUsed"]),
            (&json!("money-per-day"), &json!(100))
        );
        assert!(line["purse"].is_null(), "{line}");
    }
    // The next day has its own money.
    world.advance(86_400);
    let line = verify(&world, 103).await;
    assert_eq!(
        (&line["money_percent"], &line["MoneyStopUsed"]),
        (&json!(1), &Value::Null)
    );
}

/// The money stop of a country grows with its best days, and the percentage follows it.
#[tokio::test]
async fn the_percentage_is_of_the_money_stop_as_it_has_grown() {
    let world = World::builder().purses().start().await;
    verify(&world, 1).await;
    let day = world.clock.now().day();
    let on = |day| Attribute::cost_on(day).name().into_owned();
    set(&world, &[(&on(day - 3), 50_000_000)]).await;
    world.advance(86_400);
    verify(&world, 2).await;
    // 80 dollars of 150 are 53 %. Of 25 they would be more than all.
    set(&world, &[(&on(day + 1), 80_000_000), ("left", 70_000_000)]).await;
    assert_eq!(verify(&world, 3).await["MoneyStopUsed"], 53);
}

/// Every byte of a log line costs, so the lines of most requests do not declare what they do not have.
#[tokio::test]
async fn a_line_without_a_metric_of_purses_does_not_declare_them() {
    let world = World::builder().purses().start().await;
    let line = verify(&world, 1).await;
    assert_eq!(line["money_percent"], 0);
    let declared: BTreeSet<_> = line["_aws"]["CloudWatchMetrics"]
        .as_array()
        .expect("directives")
        .iter()
        .flat_map(|directive| directive["Metrics"].as_array().expect("metrics"))
        .filter_map(|metric| metric["Name"].as_str())
        .collect();
    for name in ["PurseEmpty", "WouldRefuse", "MoneyStopUsed"] {
        assert!(!declared.contains(name), "{line}");
    }
}
