//! The capacity units of DynamoDB that a send and a verify use, by who pays for the text.
//!
//! An established send is the usual one: `purses::an_established_send_is_one_transaction_of_seven_items` holds its 14
//! write units. Here are the others. A first try that failed is billed, too.

use phoneproof_tests::{Units, World, phone};
use serde_json::{Value, json};

/// A country that is served: users of one network have typed codes in.
async fn start() -> World {
    // Lanes pay for a phone from its first typed code on.
    let world = World::builder().purses().proxied();
    let world = world.policy("after_days = 7 ", "after_days = 0 ");
    let world = world.start().await;
    for n in 600..606 {
        verify(&world, n).await;
    }
    world.advance(61);
    let _ = world.proxy().take_units();
    world
}

fn home(n: u32) -> String {
    format!("198.51.100.{}", n % 250)
}

fn abroad(n: u32) -> String {
    format!("203.{}.113.7", n % 250)
}

async fn verify(world: &World, n: u32) {
    let (number, device) = (phone(n), format!("d{n}"));
    let sent = world.client.send_from(&number, &device, &home(n)).await;
    assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    let code = world.code(&number);
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
}

const fn units(write: usize, half_reads: usize) -> Units {
    Units { write, half_reads }
}

/// The units of one send, which must go out.
async fn count_send(world: &World, n: u32, address: &str) -> Units {
    let sent = world
        .client
        .send_from(&phone(n), &format!("d{n}"), address)
        .await;
    assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    world.proxy().take_units()
}

#[tokio::test]
async fn a_send_that_the_crowd_does_not_pay_for_reads_once_and_writes_once_more() {
    let world = start().await;
    // Seven items: phone, device, address, ranges, block, network, country.
    assert_eq!(count_send(&world, 1, &home(1)).await, units(14, 0));
    // Strangers do not need the network: six items. The network was returned, and so was the country if it refused. The
    // phone and what did not refuse are read.
    assert_eq!(count_send(&world, 2, &abroad(2)).await, units(14 + 12, 6));
    // A known phone at its device needs neither block nor network: five items.
    assert_eq!(count_send(&world, 600, &abroad(3)).await, units(14 + 10, 6));
    // The first text of a day begins it.
    world.advance(86_400);
    assert_eq!(count_send(&world, 4, &home(4)).await, units(14 + 14, 6));
    assert_eq!(count_send(&world, 5, &home(5)).await, units(14, 0));
}

#[tokio::test]
async fn a_right_code_writes_the_phone_the_address_and_three_purses() {
    let world = start().await;
    let sent = world.client.send_from(&phone(1), "d1", &home(1)).await;
    let _ = world.proxy().take_units();
    let wrong = world.wrong_code(&phone(1));
    assert_eq!(world.client.verify(&sent.token(), &wrong).await.status, 422);
    assert_eq!(world.proxy().take_units(), units(1, 0));
    let code = world.code(&phone(1));
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
    assert_eq!(world.proxy().take_units(), units(5, 0));
    // The known lane does not credit the block.
    let sent = world
        .client
        .send_from(&phone(600), "d600", &abroad(2))
        .await;
    let _ = world.proxy().take_units();
    let code = world.code(&phone(600));
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
    let units = world.proxy().take_units();
    assert!((4..=6).contains(&units.write), "{units:?}");
}

/// The write units of one verify.
async fn count_verify(world: &World, n: u32) -> usize {
    let (number, device) = (phone(n), format!("d{n}"));
    let sent = world.client.send_from(&number, &device, &home(n)).await;
    assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    // Less than a code lives.
    world.advance(240);
    let _ = world.proxy().take_units();
    let code = world.code(&number);
    assert_eq!(world.client.verify(&sent.token(), &code).await.status, 200);
    world.proxy().take_units().write
}

#[tokio::test]
async fn a_full_network_costs_one_more_write_once_and_an_hour_that_is_over_one_less() {
    let world = start().await;
    let mut units = Vec::new();
    // An hour.
    for n in 0..15 {
        units.push(count_verify(&world, n).await);
    }
    let count = |of| units.iter().filter(|units| **units == of).count();
    assert_eq!((count(4), count(5), count(6)), (1, 13, 1), "{units:?}");
}

/// The keys of the networks' purses.
async fn list_networks(world: &World) -> Vec<String> {
    let scan = json!({
        "TableName": "Limits",
        "FilterExpression": "begins_with(pk, :net)",
        "ExpressionAttributeValues": { ":net": { "S": "net#" } },
    });
    let found = world.dynamodb("Scan", &scan).await;
    let items = found.json["Items"].as_array().expect("items");
    let key = |item: &Value| item["pk"]["S"].as_str().expect("a key").to_owned();
    items.iter().map(key).collect()
}

#[tokio::test]
async fn a_full_network_that_was_deleted_meanwhile_gets_a_credit_as_a_new_one() {
    let world = start().await;
    let mut units = 0;
    for n in 0..20 {
        units = count_verify(&world, n).await;
        if units == 6 {
            break;
        }
    }
    assert_eq!(units, 6, "the network is never full");
    let [key] = &list_networks(&world).await[..] else {
        panic!("one network");
    };
    let delete = json!({ "TableName": "Limits", "Key": { "pk": { "S": key } } });
    assert_eq!(world.dynamodb("DeleteItem", &delete).await.status, 200);
    let _ = count_verify(&world, 30).await;
    assert_eq!(world.read_limit(key, "codes").await, Some(1));
}
