//! Calls: `POST /v1/send` with the channel `voice` speaks the code of an earlier text.

use phoneproof_domain::delivery::Reason;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, World, WorldBuilder, jwt_part, phone};
use serde_json::json;

const VOICE: &str = "\n[notify]\nconfiguration_id = \"notify-1\"\n\
                     voice_template_id = \"notify-code-verification-voice-english-001\"\n\
                     [voice]\ncountries = [\"US\"]\nprice_usd = 0.10\nprices = { US = 0.03 }\n\
                     money_per_day_usd = 0.12\nstart_calls = 2\ncap_calls = 3\n";

pub(super) fn build() -> WorldBuilder {
    World::builder().policy_addition(VOICE)
}

fn assert_refused(answer: &Answer, status: u16, rule: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.json["rule"], rule, "{}", answer.text);
}

#[tokio::test]
async fn a_call_speaks_the_same_code_and_the_success_token_says_so() {
    let world = build().purses().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    world.advance(60);
    let called = world.client.call(&phone(1), &token).await;
    assert_eq!(called.status, 202, "{}", called.text);
    assert_eq!(called.token(), token, "the challenge stays the same");
    assert_eq!(called.json["attempts"], 5);
    let messages = world.texts(&phone(1));
    assert_eq!(messages.len(), 2, "a text and a call");
    assert_eq!(world.code(&phone(1)), code, "the call speaks the same code");
    let verified = world.client.verify(&token, &code).await;
    let again = world.client.verify(&token, &code).await;
    for answer in [verified, again] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let claims = jwt_part(&answer.token(), 1);
        assert_eq!(claims["amr"], json!(["sms", "tel", "otp"]));
    }
    let token = world.client.send(&phone(2)).await.token();
    let texted = world.client.verify(&token, &world.code(&phone(2))).await;
    let claims = jwt_part(&texted.token(), 1);
    assert_eq!(claims["amr"], json!(["sms", "otp"]), "nobody was called");
}

#[tokio::test]
async fn a_call_needs_the_token_of_a_live_text_and_a_country_with_calls() {
    let world = build().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let base =
        json!({ "phone": phone(1), "uniqueId": world.client.device(), "businessId": "login" });
    for (channel, token) in [("voice", None), ("fax", Some(&token)), ("", Some(&token))] {
        let mut body = base.clone();
        body["channel"] = json!(channel);
        if let Some(token) = token {
            body["token"] = json!(token);
        }
        let answer = world.client.post("/v1/send", &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(
            answer.json["errors"][0]["field"], "channel",
            "{}",
            answer.text
        );
    }
    let other = world.client.call(&phone(2), &token).await;
    assert_eq!(
        other.status, 400,
        "the token is of another phone: {}",
        other.text
    );
    let early = world.client.call(&phone(1), &token).await;
    assert_refused(&early, 429, "phone-cooldown");
    let texted = world.client.send("+447911123456").await;
    world.advance(60);
    if texted.status == 202 {
        let answer = world.client.call("+447911123456", &texted.token()).await;
        assert_refused(&answer, 403, "calls");
    }
    world.advance(600);
    let late = world.client.call(&phone(1), &token).await;
    assert_eq!(late.status, 410, "{}", late.text);
    assert_eq!(world.texts(&phone(1)).len(), 1, "no call was placed");
}

#[tokio::test]
async fn nobody_is_called_without_the_table() {
    let world = World::start().await;
    let policy = world.client.get("/v1/policy").await;
    assert_eq!(policy.json["businesses"][0]["channels"], json!(["sms"]));
    let token = world.client.send(&phone(1)).await.token();
    world.advance(60);
    assert_refused(&world.client.call(&phone(1), &token).await, 403, "calls");
    let world = build().start().await;
    let policy = world.client.get("/v1/policy").await;
    assert_eq!(
        policy.json["businesses"][0]["channels"],
        json!(["sms", "voice"])
    );
}

#[tokio::test]
async fn strangers_get_the_calls_that_a_country_starts_with_and_typed_codes_earn_more() {
    let world = build().purses().start().await;
    let mut tokens = Vec::new();
    for n in 1..=4 {
        tokens.push(world.client.send(&phone(n)).await.token());
    }
    world.advance(60);
    for n in 1..=2 {
        let called = world.client.call(&phone(n), &tokens[n as usize - 1]).await;
        assert_eq!(called.status, 202, "{}", called.text);
    }
    let refused = world.client.call(&phone(3), &tokens[2]).await;
    assert_refused(&refused, 429, "call-purse");
    assert!(refused.json["retryAt"].is_string(), "{}", refused.text);
    // The alarm of empty purses names it.
    let line = world.lines.last();
    assert_eq!(
        (&line["purse"], &line["country"], &line["PurseEmpty"]),
        (&json!("calls"), &json!("US"), &json!(1)),
        "{line}"
    );
    let code = world.code(&phone(1));
    assert_eq!(world.client.verify(&tokens[0], &code).await.status, 200);
    // A typed code gives back twice the price of its call. The refusal is remembered for ten seconds at most.
    world.advance(10);
    for n in 3..=4 {
        let called = world.client.call(&phone(n), &tokens[n as usize - 1]).await;
        assert_eq!(called.status, 202, "{}", called.text);
    }
}

/// A flood of calls that nobody pays for reads one unit each, and writes nothing.
#[tokio::test]
async fn a_call_that_nobody_pays_for_costs_one_read_after_the_first() {
    let world = build().purses().proxied().start().await;
    let mut tokens = Vec::new();
    for n in 1..=3 {
        tokens.push(world.client.send(&phone(n)).await.token());
    }
    world.advance(60);
    for (n, token) in (1..=2).zip(&tokens) {
        let called = world.client.call(&phone(n), token).await;
        assert_eq!(called.status, 202, "{}", called.text);
    }
    let first = world.client.call(&phone(3), &tokens[2]).await;
    assert_refused(&first, 429, "call-purse");
    drop(world.proxy().take_calls());
    for n in 0..20 {
        let key = format!("key-{n}");
        let refused = world.client.call_keyed(&phone(3), &tokens[2], &key).await;
        assert_refused(&refused, 429, "call-purse");
        assert_eq!(refused.json["retryAt"], first.json["retryAt"]);
    }
    let calls = world.proxy().take_calls();
    assert_eq!(
        calls.into_iter().collect::<Vec<_>>(),
        [("GetItem".to_owned(), 20)]
    );
}

#[tokio::test]
async fn a_call_that_is_refused_costs_nothing_and_leaves_no_trace() {
    let world = build().purses().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    for _ in 0..4 {
        world.advance(60);
        world.carrier(Carrier::Answer(Reason::OptedOut));
        let refused = world.client.call(&phone(1), &token).await;
        assert_eq!(refused.status, 502, "{}", refused.text);
    }
    world.carrier(Carrier::Deliver);
    let verified = world.client.verify(&token, &code).await;
    let claims = jwt_part(&verified.token(), 1);
    assert_eq!(claims["amr"], json!(["sms", "otp"]), "no call was placed");
}

#[tokio::test]
async fn the_calls_of_a_country_end_at_their_money_of_a_day() {
    let text = VOICE.replace("start_calls = 2", "start_calls = 3");
    let text = text
        .replace("0.12", "0.06")
        .replace("price_usd = 0.10", "price_usd = 0.03");
    let world = World::builder()
        .policy_addition(&text)
        .purses()
        .start()
        .await;
    let mut tokens = Vec::new();
    for n in 1..=3 {
        tokens.push(world.client.send(&phone(n)).await.token());
    }
    world.advance(60);
    for (n, status) in [(1, 202), (2, 202), (3, 429)] {
        let answer = world.client.call(&phone(n), &tokens[n as usize - 1]).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 429 {
            assert_refused(&answer, 429, "call-money-per-day");
        }
    }
}

#[tokio::test]
async fn a_call_to_a_test_number_is_never_placed() {
    let world = build()
        .policy_addition(
            "\n[[test_number]]\nphone = \"+14155550199\"\ncode = \"123456\"\nuntil = \"2099-01-01T00:00:00Z\"\n",
        )
        .start()
        .await;
    let token = world.client.send("+14155550199").await.token();
    let called = world.client.call("+14155550199", &token).await;
    assert_eq!(called.status, 202, "{}", called.text);
    assert_eq!(world.texts("+14155550199").len(), 0);
}
