//! Calls beside repeats: idempotency keys, tokens without a payment, and what the answers say of calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, World, WorldBuilder, phone, so_many_at_once};
use serde_json::{Value, json};

const VOICE: &str = "\n[notify]\nconfiguration_id = \"notify-1\"\n\
                     voice_template_id = \"notify-code-verification-voice-english-001\"\n\
                     [voice]\ncountries = [\"US\"]\nprice_usd = 0.10\n";

fn build() -> WorldBuilder {
    World::builder().policy_addition(VOICE)
}

/// Asks for the code of `token` again, as a call or as a text, under an idempotency key.
async fn ask_again(world: &World, token: &str, channel: &str, key: &str) -> Answer {
    if channel == "voice" {
        world.client.call_keyed(&phone(1), token, key).await
    } else {
        world.client.resend_keyed(&phone(1), token, key).await
    }
}

/// The room of the strangers' lane of the United States, in micro-dollars.
async fn read_open(world: &World) -> i64 {
    let room = world.read_limit("purse#US#0", "open").await;
    room.expect("the purse has the lane")
}

#[tokio::test]
async fn one_idempotency_key_may_ask_for_a_text_and_for_a_call() {
    for (first, second) in [("sms", "voice"), ("voice", "sms")] {
        let world = build().start().await;
        let token = world.client.send(&phone(1)).await.token();
        world.advance(60);
        let asked = ask_again(&world, &token, first, "k").await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(world.texts(&phone(1)).len(), 2);
        let repeated = ask_again(&world, &token, first, "k").await;
        assert_eq!(repeated.status, 202, "{}", repeated.text);
        assert_eq!(world.texts(&phone(1)).len(), 2, "a repeat");
        let early = ask_again(&world, &token, second, "k").await;
        assert_eq!(early.json["rule"], "phone-cooldown", "{}", early.text);
        world.advance(60);
        let other = ask_again(&world, &token, second, "k").await;
        assert_eq!(other.status, 202, "{}", other.text);
        assert_eq!(world.texts(&phone(1)).len(), 3, "{second} after {first}");
    }
}

#[tokio::test]
async fn a_typed_code_earns_a_text_the_price_of_a_text_whatever_was_called_since() {
    let mut earned = Vec::new();
    for repeats in [0, 1] {
        let world = build().purses().start().await;
        let mut sent = world.client.send_keyed(&phone(1), "k").await;
        for _ in 0..repeats {
            // The token of a repeat does not know who paid.
            sent = world.client.send_keyed(&phone(1), "k").await;
        }
        let before = read_open(&world).await;
        // The call makes a new challenge.
        world.advance(200);
        let called = ask_again(&world, &sent.token(), "voice", "c").await;
        assert_eq!(called.status, 202, "{}", called.text);
        let code = world.code(&phone(1));
        let verified = world.client.verify(&called.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
        earned.push(read_open(&world).await - before);
    }
    assert_eq!(
        earned,
        [20_000, 0],
        "twice the price of a text, and nothing"
    );
}

#[tokio::test]
async fn an_answer_lists_the_call_where_the_number_can_be_called() {
    let world = build().start().await;
    let channels = |answer: Answer| -> Value { answer.json["channels"].clone() };
    assert_eq!(
        channels(world.client.send(&phone(1)).await),
        json!(["sms", "voice"])
    );
    let german = world
        .client
        .send_from("+4915123456789", "de", "203.0.113.7");
    assert_eq!(channels(german.await), json!(["sms"]));
    let without = World::start().await;
    assert_eq!(
        channels(without.client.send(&phone(1)).await),
        json!(["sms"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_calls_get_exactly_what_their_purse_holds() {
    let world = build().start().await;
    let mut tokens = Vec::new();
    for n in 0..20_u32 {
        let (device, address) = (format!("d{n}"), format!("203.0.113.{n}"));
        let sent = world.client.send_from(&phone(n), &device, &address).await;
        tokens.push(sent.token());
    }
    world.advance(60);
    let (all, tokens) = (tokens.len(), Arc::new(tokens));
    let statuses = so_many_at_once(all, &world.client, |n, client| {
        let tokens = Arc::clone(&tokens);
        async move {
            let phone = phone(u32::try_from(n).expect("small"));
            let client = client.with_device(&format!("d{n}"));
            client.call(&phone, &tokens[n]).await
        }
    })
    .await;
    // A country starts with three.
    assert_eq!(statuses, BTreeMap::from([(202, 3), (429, all - 3)]));
    assert_eq!(world.text_count(), all + 3);
}

#[tokio::test]
async fn a_text_that_nobody_confirmed_can_be_followed_by_a_call() {
    let world = build().start().await;
    world.carrier(Carrier::Hang);
    let unknown = world.client.send(&phone(1)).await;
    assert_eq!(unknown.status, 504, "{}", unknown.text);
    let said = ["channels", "codeLength", "attempts"].map(|name| unknown.json[name].clone());
    assert_eq!(said, [json!(["sms", "voice"]), json!(6), json!(5)]);
    world.carrier(Carrier::Deliver);
    world.advance(60);
    let called = ask_again(&world, &unknown.token(), "voice", "c").await;
    assert_eq!(called.status, 202, "{}", called.text);
}

#[tokio::test]
async fn the_documented_tables_of_calls_make_calls() {
    let document = include_str!("../../docs/END_USER_MESSAGING.md");
    let block = document
        .split("```toml")
        .find(|block| block.contains("[voice]"));
    let block = block.and_then(|block| block.split("```").next());
    let tables = block.expect("a block with the table").replace("   ", "");
    // A stack has the configuration from its template.
    let tables = tables.replace("[notify]", "[notify]\nconfiguration_id = \"notify-1\"");
    let world = World::builder().policy_addition(&tables).start().await;
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    let called = ask_again(&world, &token, "voice", "c").await;
    assert_eq!(called.status, 202, "{}", called.text);
}
