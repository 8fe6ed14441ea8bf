//! Faults at the read of the purses, at the transaction after it, and at the credits of a typed code.

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Fault, World, await_in_time, phone};
use serde_json::json;

use crate::faults::log::Log;
use crate::faults::{PLAIN, TRANSACTION, expect_statuses, with_every_fault};

/// What a text to the US costs, in millionths of a dollar. A new country starts with six of them.
const PRICE: i64 = 10_000;

async fn start() -> World {
    let builder = World::builder().mode(TokenMode::Sealed);
    builder.purses().proxied().start().await
}

/// Reads an attribute of the purse of the US; 0 when there is none.
async fn read(world: &World, attribute: &str) -> i64 {
    let read = world.read_limit("purse#US#0", attribute).await;
    read.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_read_of_the_purses_texts_at_most_once_and_pays_for_every_text() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        world.proxy().break_next("BatchGetItem", fault);
        let first = await_in_time(world.client.send(&phone(1))).await;
        let texts = world.text_count();
        assert_eq!(texts, usize::from(first.status == 202), "{fault:?}");
        let paid = i64::from(first.status == 202);
        let left = if paid == 0 { 0 } else { 6 * PRICE - PRICE };
        assert_eq!(read(&world, "open").await, left, "{fault:?}");
        (fault, first.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &PLAIN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_second_transaction_pays_for_every_text() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        world.proxy().break_after("TransactWriteItems", 1, fault);
        let first = await_in_time(world.client.send(&phone(1))).await;
        let texts = i64::try_from(world.text_count()).expect("few");
        assert_eq!(texts, i64::from(first.status == 202), "{fault:?}");
        let (open, sent) = (read(&world, "open").await, read(&world, "sent").await);
        assert!(sent >= texts, "{fault:?}");
        assert_eq!(open, if sent == 0 { 0 } else { 5 * PRICE }, "{fault:?}");
        (fault, first.status)
    })
    .await;
    assert_eq!(seen, expect_statuses(202, &TRANSACTION));
}

/// Whatever happens to a credit, the code succeeds, and no purse gets more than once what it gets. The line counts what
/// was lost, which is one credit unless it certainly was not applied and could be made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_credit_loses_room_and_never_gains_it() {
    let seen = with_every_fault(|fault| async move {
        let world = start().await;
        for broken in 0..4_usize {
            let number = phone(1 + u32::try_from(broken).expect("small"));
            let device = format!("d{broken}");
            // From networks of their own, so that all are strangers.
            let address = format!("192.{broken}.2.1");
            let sent = world.client.send_from(&number, &device, &address).await;
            assert_eq!(sent.status, 202, "{fault:?}: {}", sent.text);
            let (open, typed) = (read(&world, "open").await, read(&world, "typed").await);
            // The first update marks the challenge as used.
            world.proxy().break_after("UpdateItem", 1 + broken, fault);
            let code = world.code(&number);
            let verified = await_in_time(world.client.verify(&sent.token(), &code)).await;
            assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
            world.proxy().mend();
            let lost = &world.lines.last()["CreditsLost"];
            let is_repeated = fault == Fault::Conflict;
            let expected = if is_repeated { json!(null) } else { json!(1) };
            assert_eq!(lost, &expected, "{fault:?} {broken}");
            let got = read(&world, "open").await - open;
            let counted = read(&world, "typed").await - typed;
            assert!([0, 2 * PRICE].contains(&got), "{fault:?} {broken}: {got}");
            assert_eq!(got, counted * 2 * PRICE, "{fault:?} {broken}");
        }
        (fault, 200)
    })
    .await;
    assert_eq!(seen, expect_statuses(200, &[]));
}

/// A purse that somebody damaged by hand stops its country. The line names the item, and the caller learns nothing of
/// it.
#[tokio::test]
async fn a_damaged_purse_is_named_in_a_line() {
    const OF_US: &str = "purse#US#0";
    let world = start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    let damage = json!({
        "TableName": "Limits",
        "Key": { "pk": { "S": OF_US } },
        "UpdateExpression": "SET #a = :v",
        "ExpressionAttributeNames": { "#a": "open" },
        "ExpressionAttributeValues": { ":v": { "S": "much" } },
    });
    assert_eq!(world.dynamodb("UpdateItem", &damage).await.status, 200);
    let log = Log::take();
    let refused = world.client.send_from(&phone(2), "d2", "192.0.2.2").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(!refused.text.contains(OF_US), "{}", refused.text);
    let log = log.text();
    let named = log.lines().find(|line| line.contains(OF_US));
    let named = named.unwrap_or_else(|| panic!("no line names it: {log}"));
    assert!(
        named.starts_with("ERROR") && named.contains("open"),
        "{named}"
    );
}
