//! Both ledgers count a success token once.

use std::sync::Arc;

use phoneproof_guard::{
    DynamoDbLedger, Guard, Https, IssuerLedger, Ledger, PhoneProof, SpendOutcome,
};
use phoneproof_tests::World;
use tokio::task::JoinSet;

use crate::guard::{fetch_jwks, now, obtain_success_token};

async fn check_token(world: &World, token: &str) -> PhoneProof {
    let guard = Guard::new(world.stack.url.as_str(), &fetch_jwks(world).await).expect("keys");
    guard.check(token, "login", now(world)).expect("accepted")
}

/// Spends one token a hundred times at once. Returns how many of the calls spent it.
async fn spend_at_once(ledger: impl Ledger + 'static, token: &str, proof: &PhoneProof) -> usize {
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
    let token = obtain_success_token(&world, 1).await;
    let proof = check_token(&world, &token).await;
    let ledger = IssuerLedger::new(&world.stack.url, Https::new().expect("a client"));
    assert_eq!(spend_at_once(ledger.clone(), &token, &proof).await, 1);
    assert_eq!(ledger.spend(&token, &proof).await, Ok(SpendOutcome::Before));
    let refused = ledger.spend("canary", &proof).await;
    assert_eq!(
        refused.expect_err("no token of the issuer").to_string(),
        "the ledger gave no answer: the answer is 400 Bad Request"
    );
}

#[tokio::test]
async fn the_relying_partys_own_table_counts_a_token_once() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let proof = check_token(&world, &token).await;
    let client = world.database.clients().dynamodb;
    let ledger = DynamoDbLedger::new(client, &world.database.tables.blocks);
    assert_eq!(spend_at_once(ledger.clone(), &token, &proof).await, 1);
    assert_eq!(ledger.spend(&token, &proof).await, Ok(SpendOutcome::Before));
    let other = check_token(&world, &obtain_success_token(&world, 2).await).await;
    assert_eq!(ledger.spend("", &other).await, Ok(SpendOutcome::Now));
    let nowhere = DynamoDbLedger::new(world.database.clients().dynamodb, "no-such-table");
    assert_eq!(
        nowhere
            .spend("", &other)
            .await
            .expect_err("no table")
            .to_string(),
        "the ledger gave no answer: TransactWriteItems (ResourceNotFoundException)"
    );
}

#[tokio::test]
async fn the_ledger_can_be_part_of_the_relying_partys_own_transaction() {
    use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let proof = check_token(&world, &token).await;
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
