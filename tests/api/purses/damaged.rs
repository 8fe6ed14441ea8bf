//! Items of purses that no write of the service leaves like that.

use super::*;

const OF_US: &str = "purse#US#0";

/// Writes a value into an item that the service would not write.
async fn damage(world: &World, key: &str, attribute: &str, value: &Value) {
    let damage = json!({
        "TableName": "Limits",
        "Key": { "pk": { "S": key } },
        "UpdateExpression": "SET #a = :v",
        "ExpressionAttributeNames": { "#a": attribute },
        "ExpressionAttributeValues": { ":v": value },
    });
    assert_eq!(world.dynamodb("UpdateItem", &damage).await.status, 200);
}

#[tokio::test]
async fn a_code_succeeds_beside_a_damaged_purse_and_its_lost_credit_is_counted() {
    let world = start().await;
    establish(&world).await;
    let sent = world.client.send_from(&nth(1), "d", "203.0.113.7").await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    damage(&world, OF_US, "best", &json!({ "S": "much" })).await;
    let (token, code) = (sent.token(), world.code(&nth(1)));
    assert_eq!(world.client.verify(&token, &code).await.status, 200);
    assert_eq!(world.lines.last()["CreditsLost"], 1);
}

#[tokio::test]
async fn a_damaged_purse_stops_its_country_and_no_other() {
    for (attribute, value) in [
        ("crowd", json!({ "S": "much" })),
        ("crowd", json!({ "N": "-1" })),
        ("crowd", json!({ "N": "9".repeat(38) })),
        ("left", json!({ "N": "1".to_owned() + &"0".repeat(30) })),
        ("open", json!({ "N": i64::MAX.to_string() })),
        ("open", json!({ "S": "much" })),
        ("left", json!({ "S": "much" })),
        ("day", json!({ "N": "999999" })),
        ("sent", json!({ "S": "many" })),
    ] {
        let world = start().await;
        establish(&world).await;
        damage(&world, OF_US, attribute, &value).await;
        // The crowd's lane needs no other lane, so that of strangers shows damage of theirs.
        let address = if attribute == "open" {
            "203.0.113.7".to_owned()
        } else {
            familiar(9)
        };
        let refused = world.client.send_from(&nth(1), "d", &address).await;
        assert_eq!(refused.status, 503, "{attribute}: {}", refused.text);
        assert!(
            !refused.text.contains(OF_US),
            "{attribute}: {}",
            refused.text
        );
        let other = world
            .client
            .send_from("+447400123456", "gb", "203.0.113.7")
            .await;
        assert_eq!(other.status, 202, "{attribute}: {}", other.text);
    }
}

/// All countries share the item of the service, so it counts as empty and stops none of them.
#[tokio::test]
async fn a_damaged_item_of_the_service_stops_no_country() {
    let world = start().await;
    establish(&world).await;
    let items = world
        .dynamodb("Scan", &json!({ "TableName": "Limits" }))
        .await;
    let items = items.json["Items"].as_array().cloned().unwrap_or_default();
    let keys = items.iter().filter_map(|item| item["pk"]["S"].as_str());
    let keys: Vec<_> = keys.filter(|key| key.starts_with("service#")).collect();
    assert!(!keys.is_empty());
    for key in keys {
        damage(&world, key, "left", &json!({ "S": "much" })).await;
    }
    // A country of which nothing is stored asks for unearned money, and the established one has its own.
    let own = world.client.send_from(&nth(1), "d", &familiar(9)).await;
    assert_eq!(own.status, 202, "{}", own.text);
    let other = world
        .client
        .send_from("+447400123456", "gb", "203.0.113.7")
        .await;
    assert_refused(&other, "country-purse");
}

/// Nobody gets a text until somebody repairs the item, and a flood meanwhile writes nothing.
#[tokio::test]
async fn a_damaged_purse_costs_one_transaction_and_then_reads() {
    let world = start().await;
    establish(&world).await;
    damage(&world, OF_US, "left", &json!({ "S": "much" })).await;
    let send = async |n: usize| {
        let device = format!("d{n}");
        let address = familiar(30 + n);
        world
            .client
            .send_from(&nth(n), &device, &address)
            .await
            .status
    };
    assert_eq!(send(1).await, 503);
    drop(world.proxy().take_calls());
    for n in 2..12 {
        assert_eq!(send(n).await, 503);
    }
    assert_eq!(world.proxy().take_calls(), counts(&[("BatchGetItem", 10)]));
    damage(&world, OF_US, "left", &json!({ "N": "1000000" })).await;
    world.advance(10);
    assert_eq!(send(12).await, 202);
}
