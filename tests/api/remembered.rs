//! An instance remembers what it was told to refuse, for ten seconds at most, and asks the store nothing meanwhile.

use std::collections::BTreeMap;

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::subject::Subject;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{World, phone};
use serde_json::json;

const MODES: [TokenMode; 2] = [TokenMode::Sealed, TokenMode::Stored];

/// The calls of AWS since the last look.
fn calls(world: &World) -> BTreeMap<String, usize> {
    world.proxy().take_calls()
}

fn only(operation: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(operation.to_owned(), count)])
}

#[tokio::test]
async fn a_refused_phone_costs_one_transaction_in_ten_seconds() {
    let world = World::builder().proxied().start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    drop(calls(&world));
    let first = world.client.send(&phone(1)).await;
    assert_eq!(calls(&world), only("TransactWriteItems", 1));
    for n in 0..50 {
        // Another device at another address: the phone is what is refused.
        let (device, address) = (format!("d{n}"), format!("198.51.100.{n}"));
        let again = world.client.send_from(&phone(1), &device, &address).await;
        assert_eq!(
            (again.status, &again.json["retryAt"]),
            (429, &first.json["retryAt"])
        );
        assert_eq!(
            (again.json["rule"].as_str(), again.header("retry-after")),
            (Some("phone-cooldown"), Some("60"))
        );
    }
    assert_eq!(calls(&world), BTreeMap::new(), "nothing is asked");
    let text = world.lines.text();
    let line = text.lines().last().expect("a line");
    assert!(
        line.contains(r#""rule":"phone-cooldown","subject":"phone#"#),
        "{line}"
    );
    assert!(
        line.contains(r#""Denied":1"#) && !line.contains("StoreTime"),
        "{line}"
    );
    world.advance(9);
    assert_eq!(world.client.send(&phone(1)).await.status, 429);
    assert_eq!(calls(&world), BTreeMap::new());
    world.advance(1);
    for _ in 0..2 {
        assert_eq!(world.client.send(&phone(1)).await.status, 429);
    }
    assert_eq!(
        calls(&world),
        only("TransactWriteItems", 1),
        "asked once more"
    );
    world.advance(50);
    assert_eq!(
        world.client.send(&phone(1)).await.status,
        202,
        "on its second"
    );
}

#[tokio::test]
async fn a_refused_address_is_refused_for_every_phone_and_nobody_else_is() {
    let world = World::builder().proxied().start().await;
    let send = async |n: u32, address: &str| {
        world
            .client
            .send_from(&phone(n), &format!("d{n}"), address)
            .await
    };
    for n in 0..20 {
        assert_eq!(send(n, "2001:db8:0:1::1").await.status, 202);
    }
    assert_eq!(send(20, "2001:db8:0:1::1").await.status, 429);
    drop(calls(&world));
    for n in 21..60 {
        let refused = send(n, &format!("2001:db8:0:1::{n:x}")).await;
        assert_eq!(
            (refused.status, refused.json["rule"].as_str()),
            (429, Some("address-per-hour"))
        );
    }
    assert_eq!(calls(&world), BTreeMap::new());
    assert_eq!(send(60, "2001:db8:0:2::1").await.status, 202, "a neighbour");
}

#[tokio::test]
async fn repeats_and_resends_get_the_answer_of_the_store_with_one_read() {
    for mode in MODES {
        let world = World::builder().mode(mode).proxied().start().await;
        let first = world.client.send_keyed(&phone(1), "key").await;
        let refused = world.client.send(&phone(1)).await;
        assert_eq!((first.status, refused.status), (202, 429));
        drop(calls(&world));
        // A repeat finds its challenge, although the phone cools down.
        let repeat = world.client.send_keyed(&phone(1), "key").await;
        assert_eq!(repeat.status, 202, "{}", repeat.text);
        assert_eq!(repeat.json["expiresAt"], first.json["expiresAt"]);
        assert_eq!(calls(&world), only("GetItem", 1), "{mode}");
        // A flood with fresh keys reads one item of less than 4 KB, which is one unit, and writes nothing.
        for n in 0..20 {
            let flood = world
                .client
                .send_keyed(&phone(1), &format!("other-{n}"))
                .await;
            assert_eq!(
                (flood.status, &flood.json["retryAt"]),
                (429, &refused.json["retryAt"])
            );
        }
        assert_eq!(calls(&world), only("GetItem", 20), "{mode}");
        let scan = world
            .dynamodb("Scan", &json!({ "TableName": "Challenges" }))
            .await;
        assert!(scan.text.len() < 4_096, "the record is one read unit");
        // A resend of a challenge that is over hears that, and not that the phone cools down.
        let code = world.code(&phone(1));
        assert_eq!(
            world.client.verify(&repeat.token(), &code).await.status,
            200
        );
        let over = world.client.resend(&phone(1), &repeat.token()).await;
        assert_eq!(
            (over.status, over.problem()),
            (409, "already-used"),
            "{mode}"
        );
        assert_eq!(world.text_count(), 1);
    }
}

#[tokio::test]
async fn an_operator_is_obeyed_within_ten_seconds() {
    let world = World::start().await;
    let address = SourceAddress::new("192.0.2.1".parse().expect("an address"));
    let index = world
        .read_keyring(SECRET_ID)
        .await
        .indexer()
        .index_address(&address);
    let key = format!("ip#{}", index.as_str());
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    world.block(&key, None).await;
    assert_eq!(
        world.client.send(&phone(2)).await.status,
        403,
        "on the next request"
    );
    let store = Store::new(
        world.database.clients().dynamodb,
        world.database.tables.clone(),
    );
    let subject = Subject::parse(&key).expect("a subject");
    let unblocked = store
        .unblock(&[subject], world.clock.now(), &SystemRandom)
        .await;
    assert_eq!(unblocked.expect("an answer").len(), 1);
    world.advance(9);
    assert_eq!(world.client.send(&phone(2)).await.status, 403, "remembered");
    world.advance(1);
    assert_eq!(world.client.send(&phone(2)).await.status, 202);
}

#[tokio::test]
async fn what_one_instance_remembers_another_does_not_know() {
    let world = World::start().await;
    let other = world.instance().await;
    let client = phoneproof_tests::Client::new(&other.url);
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.client.send(&phone(1)).await.status, 429);
    assert_eq!(
        client.send(&phone(1)).await.status,
        429,
        "the store says so"
    );
    world.advance(60);
    assert_eq!(client.send(&phone(1)).await.status, 202);
    assert_eq!(
        world.client.send(&phone(1)).await.status,
        429,
        "the store says so"
    );
}

#[tokio::test]
async fn a_challenge_that_is_over_costs_one_write_however_often_it_is_presented() {
    for mode in MODES {
        let world = World::builder().mode(mode).proxied().start().await;
        // Each token of a stored challenge is looked up, which is one read unit.
        let expect = |operation: &str, repeats: usize| {
            let mut expected = only(operation, 1);
            if mode == TokenMode::Stored {
                expected.insert("GetItem".to_owned(), repeats);
            }
            expected
        };
        let used = world.client.send(&phone(1)).await.token();
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&used, &code).await.status, 200);
        drop(calls(&world));
        for n in 0..20 {
            let key = format!("key-{n}");
            let over = world.client.resend_keyed(&phone(1), &used, &key).await;
            assert_eq!((over.status, over.problem()), (409, "already-used"));
        }
        assert_eq!(calls(&world), expect("TransactWriteItems", 20), "{mode}");
        // The same code still succeeds again for 30 seconds.
        assert_eq!(world.client.verify(&used, &code).await.status, 200);

        let tried = world.client.send(&phone(2)).await.token();
        let code = world.code(&phone(2));
        for n in 1..=5 {
            let wrong = format!(
                "{:06}",
                (code.parse::<u32>().expect("a code") + n) % 1_000_000
            );
            assert_eq!(world.client.verify(&tried, &wrong).await.status, 422);
        }
        drop(calls(&world));
        for _ in 0..20 {
            let over = world.client.verify(&tried, &code).await;
            assert_eq!((over.status, over.problem()), (429, "attempts-exhausted"));
        }
        assert_eq!(calls(&world), expect("UpdateItem", 20), "{mode}");
        for _ in 0..20 {
            let over = world.client.resend(&phone(2), &tried).await;
            assert_eq!((over.status, over.problem()), (429, "attempts-exhausted"));
        }
        assert_eq!(calls(&world), expect("TransactWriteItems", 20), "{mode}");
        world.advance(10);
        assert_eq!(world.client.verify(&tried, &code).await.status, 429);
        assert_eq!(calls(&world), expect("UpdateItem", 1), "asked once more");
    }
}

#[tokio::test]
async fn a_repeated_key_costs_one_refused_transaction_and_then_one_read() {
    let world = World::builder().proxied().start().await;
    let first = world.client.send_keyed(&phone(1), "key").await;
    drop(calls(&world));
    for _ in 0..20 {
        let repeat = world.client.send_keyed(&phone(1), "key").await;
        assert_eq!(repeat.status, 202, "{}", repeat.text);
        assert_eq!(repeat.json["expiresAt"], first.json["expiresAt"]);
    }
    let mut expected = only("GetItem", 19);
    expected.insert("TransactWriteItems".to_owned(), 1);
    assert_eq!(calls(&world), expected);
    assert_eq!(world.text_count(), 1);
    // A key that was not used before is decided by the store as ever.
    world.advance(60);
    assert_eq!(
        world.client.send_keyed(&phone(1), "other").await.status,
        202
    );
}

#[tokio::test]
async fn a_token_that_was_spent_costs_one_more_write() {
    let world = World::builder().proxied().start().await;
    let sent = world.client.send(&phone(1)).await.token();
    let verified = world.client.verify(&sent, &world.code(&phone(1))).await;
    let token = verified.token();
    assert_eq!(world.client.spend(&token, "login").await.status, 200);
    drop(calls(&world));
    for _ in 0..20 {
        let again = world.client.spend(&token, "login").await;
        assert_eq!((again.status, again.problem()), (409, "already-spent"));
    }
    assert_eq!(calls(&world), only("PutItem", 1));
}

/// Sets the number of wrong codes that lock a phone.
async fn set_failures(world: &World, number: &str, failures: u32) {
    let number = Phone::from_canonical(number).expect("a number");
    let keyring = world.read_keyring(SECRET_ID).await;
    let set = json!({
        "TableName": "Challenges",
        "Key": { "pk": { "S": keyring.indexer().index_phone(&number).as_str() } },
        "UpdateExpression": "SET failures = :n",
        "ExpressionAttributeValues": { ":n": { "N": failures.to_string() } },
    });
    assert_eq!(world.dynamodb("UpdateItem", &set).await.status, 200);
}

#[tokio::test]
async fn a_locked_phone_costs_one_write_and_an_operator_unlocks_it_within_ten_seconds() {
    let world = World::builder().proxied().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    set_failures(&world, &phone(1), 1_000).await;
    drop(calls(&world));
    for _ in 0..20 {
        let locked = world.client.verify(&token, &code).await;
        assert_eq!((locked.status, locked.problem()), (403, "locked"));
    }
    assert_eq!(calls(&world), only("UpdateItem", 1));
    set_failures(&world, &phone(1), 0).await;
    world.advance(10);
    assert_eq!(world.client.verify(&token, &code).await.status, 200);
}
