//! How long items stay in the tables. DynamoDB deletes an item after its `expires_at`. If that comes too early, the
//! service forgets a limit, a lock or a spent token.

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::subject::Subject;
use phoneproof_tests::{World, jwt_part, phone};
use serde_json::{Value, json};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The `expires_at` of each item in `table` whose key begins with `prefix`, in Unix seconds, the earliest first.
async fn list_ends(world: &World, table: &str, prefix: &str) -> Vec<i64> {
    let answer = world.dynamodb("Scan", &json!({ "TableName": table })).await;
    let items = answer.json["Items"].as_array().expect("items");
    let of = |item: &&Value| item["pk"]["S"].as_str().expect("a key").starts_with(prefix);
    let end = |item: &Value| item["expires_at"]["N"].as_str().expect("an end").parse();
    let ends = items.iter().filter(of).map(end);
    let mut ends: Vec<i64> = ends.map(|end| end.expect("Unix seconds")).collect();
    ends.sort_unstable();
    ends
}

fn now(world: &World) -> i64 {
    world.clock.now().unix()
}

#[tokio::test]
async fn a_phones_record_stays_for_90_days_after_the_last_entry_of_its_code() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    // A code works for 5 minutes, and its success is repeated for 30 seconds.
    let kept = now(&world) + 90 * DAY + 330;
    assert_eq!(list_ends(&world, "Challenges", "").await, [kept]);
    world.advance(100);
    let wrong = world.wrong_code(&phone(1));
    assert_eq!(world.client.verify(&sent.token(), &wrong).await.status, 422);
    assert_eq!(list_ends(&world, "Challenges", "").await, [kept]);
}

#[tokio::test]
async fn a_record_of_a_device_or_an_address_stays_until_its_window_ends() {
    let world = World::start().await;
    world.advance(600);
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    // Ten past noon: the address counts until one o'clock, the device until midnight.
    let (one, midnight) = (now(&world) - 600 + HOUR, now(&world) - 600 + DAY / 2);
    assert_eq!(list_ends(&world, "Limits", "ip#").await, [one]);
    assert_eq!(list_ends(&world, "Limits", "device#").await, [midnight]);
}

/// A record that is blocked stays for its block, and goes when it would have gone without it.
#[tokio::test]
async fn a_blocked_record_stays_until_its_block_ends() {
    let world = World::start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    let [kept] = list_ends(&world, "Challenges", "").await[..] else {
        panic!("one record");
    };
    let answer = world
        .dynamodb("Scan", &json!({ "TableName": "Challenges" }))
        .await;
    let index = answer.json["Items"][0]["pk"]["S"]
        .as_str()
        .expect("a key")
        .to_owned();
    let key = format!("phone#{index}");
    for (until, expected) in [(now(&world) + DAY, kept), (kept + DAY, kept + DAY)] {
        world.block(&key, Some(until)).await;
        assert_eq!(list_ends(&world, "Challenges", "").await, [expected]);
        assert_eq!(world.client.send(&phone(1)).await.problem(), "blocked");
    }
    let store = Store::new(
        world.database.clients().dynamodb,
        world.database.tables.clone(),
    );
    let subject = Subject::parse(&key).expect("a subject");
    let unblocked = store
        .unblock(&[subject], world.clock.now(), &SystemRandom)
        .await;
    assert_eq!(unblocked.expect("an answer").len(), 1);
    assert_eq!(list_ends(&world, "Challenges", "").await, [kept]);
    world.advance(60);
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
}

#[tokio::test]
async fn a_spent_token_is_remembered_for_longer_than_any_clock_accepts_it() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    let code = world.code(&phone(1));
    let success = world.client.verify(&sent.token(), &code).await.token();
    assert_eq!(world.client.spend(&success, "login").await.status, 200);
    // The relying party's clock gets a minute of leeway, and the database's another.
    let end = jwt_part(&success, 1)["exp"].as_i64().expect("Unix seconds");
    assert_eq!(list_ends(&world, "Challenges", "spent#").await, [end + 120]);
}
