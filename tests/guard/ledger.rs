//! A token counts once.

use std::sync::Arc;

use phoneproof_guard::{
    DynamoDbLedger, Guard, Https, IssuerLedger, Ledger, PhoneProof, SpendOutcome,
};
use phoneproof_tests::World;
use tokio::task::JoinSet;

use crate::guard::{jwks, now, success_token};

async fn proof(world: &World, token: &str) -> PhoneProof {
    let guard = Guard::new(world.stack.url.as_str(), &jwks(world).await).expect("keys");
    guard.check(token, "login", now(world)).expect("accepted")
}

/// Spends one token a hundred times at once; how often it was spent then.
async fn spent_at_once(ledger: impl Ledger + 'static, token: &str, proof: &PhoneProof) -> usize {
    let ledger = Arc::new(ledger);
    let mut spends = JoinSet::new();
    for _ in 0..100 {
        let (ledger, token, proof) = (Arc::clone(&ledger), token.to_owned(), proof.clone());
        spends.spawn(async move { ledger.spend(&token, &proof).await });
    }
    let spent = spends.join_all().await.into_iter();
    spent
        .filter(|spent| *spent == Ok(SpendOutcome::Now))
        .count()
}

#[tokio::test]
async fn the_issuers_ledger_counts_a_token_once() {
    let world = World::start().await;
    let token = success_token(&world, 1).await;
    let proof = proof(&world, &token).await;
    let ledger = IssuerLedger::new(&world.stack.url, Https::new().expect("a client"));
    assert_eq!(spent_at_once(ledger.clone(), &token, &proof).await, 1);
    assert_eq!(ledger.spend(&token, &proof).await, Ok(SpendOutcome::Before));
    assert!(
        ledger.spend("canary", &proof).await.is_err(),
        "no token of the issuer"
    );
}

#[tokio::test]
async fn a_table_of_ones_own_counts_a_token_once() {
    let world = World::start().await;
    let token = success_token(&world, 1).await;
    let proof = proof(&world, &token).await;
    let client = world.database.clients().dynamodb;
    let ledger = DynamoDbLedger::new(client, &world.database.tables.blocks);
    assert_eq!(spent_at_once(ledger.clone(), &token, &proof).await, 1);
    assert_eq!(ledger.spend(&token, &proof).await, Ok(SpendOutcome::Before));
    let other = self::proof(&world, &success_token(&world, 2).await).await;
    assert_eq!(ledger.spend("", &other).await, Ok(SpendOutcome::Now));
}

#[tokio::test]
async fn the_ledger_can_be_part_of_the_consumers_own_transaction() {
    use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

    let world = World::start().await;
    let token = success_token(&world, 1).await;
    let proof = proof(&world, &token).await;
    let client = world.database.clients().dynamodb;
    let ledger = DynamoDbLedger::new(client.clone(), &world.database.tables.blocks);
    for (order, is_placed) in [("order-1", true), ("order-2", false)] {
        let business = Put::builder()
            .table_name(&world.database.tables.limits)
            .item("pk", AttributeValue::S(order.to_owned()))
            .build()
            .expect("complete");
        let spend = ledger.put(&proof).expect("complete");
        let transaction = client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(spend).build())
            .transact_items(TransactWriteItem::builder().put(business).build());
        assert_eq!(transaction.send().await.is_ok(), is_placed, "{order}");
    }
}
