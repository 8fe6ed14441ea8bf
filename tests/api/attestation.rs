//! The operator's edge vouches for callers.

use std::time::Duration;

use phoneproof_domain::clock::Clock as _;
use phoneproof_tests::{Answer, EDGE, Edge, World, encode, phone};
use serde_json::{Value, json};

async fn start() -> (World, Edge) {
    let edge = Edge::default();
    let world = World::builder()
        .policy_addition(&edge.policy())
        .start()
        .await;
    (world, edge)
}

/// Starts with purses, and with this section of the policy for the lane of callers that the edge vouches for.
async fn start_with_lane(lane: &str) -> (World, Edge) {
    let edge = Edge::default();
    let addition = format!("{}\n{lane}", edge.policy());
    let builder = World::builder().purses().policy_addition(&addition);
    (builder.start().await, edge)
}

async fn send(world: &World, n: u32, attestation: &str) -> Answer {
    let body = json!({
        "phone": phone(n), "uniqueId": format!("d{n}"), "businessId": "login", "attestation": attestation,
    });
    world.client.post("/v1/send", &body).await
}

fn assert_refused(answer: &Answer, reason: &str, what: &str) {
    let kind = (answer.status, answer.problem());
    assert_eq!(
        kind,
        (400, "invalid-attestation"),
        "{what}: {}",
        answer.text
    );
    assert_eq!(answer.json["errors"][0]["field"], "attestation");
    let accepted = answer.json["errors"][0]["accepted"]
        .as_str()
        .expect("a text");
    assert!(accepted.contains(reason), "{what}: {accepted}");
}

fn last_line(world: &World) -> Value {
    let text = world.lines.text();
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

#[tokio::test]
async fn either_key_vouches_and_the_request_line_says_so() {
    let (world, edge) = start().await;
    let claims = |n| Edge::claims(&world.stack.url, &phone(n), world.clock.now());
    let by_es256 = send(&world, 1, &edge.sign(&claims(1))).await;
    assert_eq!(by_es256.status, 202, "{}", by_es256.text);
    assert_eq!(last_line(&world)["Vouched"], 1);
    let mut header = Edge::header();
    (header["alg"], header["kid"]) = (json!("EdDSA"), json!("edge-2"));
    let by_eddsa = edge.eddsa.sign(&header, &claims(2).to_string());
    assert_eq!(send(&world, 2, &by_eddsa).await.status, 202);
    assert_eq!(last_line(&world)["Vouched"], 1);
    // One key's signature does not pass under the id of the other.
    let swapped = edge.eddsa.sign(&Edge::header(), &claims(3).to_string());
    assert_refused(
        &send(&world, 3, &swapped).await,
        "bad signature",
        "another key's",
    );
    assert_eq!(
        world.client.send(&phone(4)).await.status,
        202,
        "nobody vouches"
    );
    assert_eq!(last_line(&world).get("Vouched"), None);
}

#[tokio::test]
async fn a_number_in_national_form_is_vouched_for_by_its_international_form() {
    let (world, edge) = start().await;
    let claims = Edge::claims(&world.stack.url, "+14152007986", world.clock.now());
    let body = json!({
        "phone": "(415) 200-7986", "region": "US", "uniqueId": "d", "businessId": "login",
        "attestation": edge.sign(&claims),
    });
    let answer = world.client.post("/v1/send", &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

#[tokio::test]
async fn what_does_not_count_is_refused_with_its_reason_before_any_call() {
    let edge = Edge::default();
    let builder = World::builder().policy_addition(&edge.policy());
    let world = builder.proxied().start().await;
    let now = world.clock.now().unix();
    let good = Edge::claims(&world.stack.url, &phone(1), world.clock.now());
    for (name, value, reason) in [
        ("iss", json!("https://other.example.com"), "wrong issuer"),
        ("aud", json!("https://other.example.com"), "wrong audience"),
        ("aud", json!(EDGE), "wrong audience"),
        (
            "aud",
            json!([world.stack.url]),
            "not a token of the expected kind",
        ),
        ("sub", json!(phone(1)), "SHA-256 of this phone"),
        ("exp", json!(now), "expired"),
        ("exp", json!(now + 121), "by 120 seconds at most"),
        ("exp", json!(now + 3_600), "by 120 seconds at most"),
        ("iat", json!(now + 11), "not valid yet"),
        ("iat", json!(now - 1), "by 120 seconds at most"),
        ("iat", Value::Null, "not a token of the expected kind"),
        ("nbf", json!(now + 1), "not valid yet"),
    ] {
        let mut claims = good.clone();
        claims[name] = value.clone();
        let answer = send(&world, 1, &edge.sign(&claims)).await;
        assert_refused(&answer, reason, &format!("{name} = {value}"));
    }
    // The clock of the edge may be ahead, but not run backwards.
    for exp in [now + 9, now + 10] {
        let mut claims = good.clone();
        (claims["iat"], claims["exp"]) = (json!(now + 10), json!(exp));
        let answer = send(&world, 1, &edge.sign(&claims)).await;
        assert_refused(
            &answer,
            "`exp` must be after `iat`",
            &format!("exp = {exp}"),
        );
    }
    let other = Edge::claims(&world.stack.url, &phone(2), world.clock.now());
    assert_refused(
        &send(&world, 1, &edge.sign(&other)).await,
        "this phone",
        "another phone's",
    );
    for (name, value, reason) in [
        ("kid", json!("edge-3"), "unknown key"),
        ("kid", Value::Null, "not a token of the expected kind"),
        ("alg", json!("EdDSA"), "bad signature"),
        ("typ", json!("JWT"), "not a token of the expected kind"),
        (
            "typ",
            json!("phone-verified+jwt"),
            "not a token of the expected kind",
        ),
    ] {
        let mut header = Edge::header();
        header[name] = value.clone();
        let token = edge.es256.sign(&header, &good.to_string());
        assert_refused(
            &send(&world, 1, &token).await,
            reason,
            &format!("{name} = {value}"),
        );
    }
    let unsigned = format!("{}.{}.", encode(&Edge::header()), encode(&good));
    assert_refused(
        &send(&world, 1, &unsigned).await,
        "bad signature",
        "unsigned",
    );
    assert_refused(&send(&world, 1, "canary").await, "not a token", "no JWT");
    for malformed in ["", &"x".repeat(1_025)] {
        let answer = send(&world, 1, malformed).await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed"));
        assert_eq!(answer.json["errors"][0]["field"], "attestation");
    }
    assert!(world.proxy().take_calls().is_empty());
    assert_eq!(
        send(&world, 1, &edge.sign(&good)).await.status,
        202,
        "the good one"
    );
}

#[tokio::test]
async fn an_attestation_lives_two_minutes_by_the_clock_of_the_service() {
    let (world, edge) = start().await;
    let claims = |n, ahead: u64| {
        let now = world.clock.now() + Duration::from_secs(ahead);
        edge.sign(&Edge::claims(&world.stack.url, &phone(n), now))
    };
    let (kept, ahead) = (claims(1, 0), claims(2, 10));
    assert_eq!(
        send(&world, 2, &ahead).await.status,
        202,
        "a clock 10 s ahead"
    );
    world.advance(119);
    assert_eq!(send(&world, 1, &kept).await.status, 202, "the last second");
    world.advance(1);
    assert_refused(
        &send(&world, 1, &kept).await,
        "expired",
        "two minutes later",
    );
}

#[tokio::test]
async fn a_service_without_keys_takes_no_attestation_and_says_so() {
    let world = World::start().await;
    let edge = Edge::default();
    let claims = Edge::claims(&world.stack.url, &phone(1), world.clock.now());
    let answer = send(&world, 1, &edge.sign(&claims)).await;
    assert_refused(&answer, "has no [attestation]", "no keys");
    assert_eq!(world.text_count(), 0);
}

/// A refused caller is asked for an attestation where that opens a lane, and nowhere else.
#[tokio::test]
async fn a_refusal_asks_for_an_attestation_where_the_lane_is_on() {
    for (lane, challenge) in [
        ("", Value::Null),
        ("[purses.attested]\n", json!("attestation")),
    ] {
        let (world, edge) = start_with_lane(lane).await;
        let mut n = 0;
        let refused = loop {
            let answer = world
                .client
                .send_from(&phone(n), &format!("d{n}"), "203.0.113.7")
                .await;
            n += 1;
            assert!(n < 20, "a new country has few texts");
            if answer.status != 202 {
                break answer;
            }
        };
        assert_eq!(refused.json["rule"], "country-purse", "{}", refused.text);
        assert_eq!(refused.json["challenge"], challenge, "{lane}");
        let claims = Edge::claims(&world.stack.url, &phone(n), world.clock.now());
        let vouched = send(&world, n, &edge.sign(&claims)).await;
        let expected = if lane.is_empty() { 429 } else { 202 };
        assert_eq!(vouched.status, expected, "{}", vouched.text);
        // Who has brought one is not asked for another.
        assert!(vouched.json["challenge"].is_null());
    }
}

/// A front end keeps the key of a request that waits for an attestation. Whichever of its tries arrives, there is one
/// text.
#[tokio::test]
async fn a_request_that_waits_for_an_attestation_texts_once_under_its_key() {
    let (world, edge) = start_with_lane("[purses.attested]\n").await;
    let mut n = 0;
    while world.client.send(&phone(n)).await.status == 202 {
        n += 1;
        assert!(n < 20, "a new country has few texts");
    }
    let texts = world.text_count();
    let attestation = || {
        let claims = Edge::claims(&world.stack.url, &phone(100), world.clock.now());
        edge.sign(&claims)
    };
    let ask = async |attestation: Option<&str>| {
        let body = json!({
            "phone": phone(100), "uniqueId": "d100", "businessId": "login", "attestation": attestation,
        });
        let headers = [("idempotency-key", "k")];
        world.client.post_with("/v1/send", &body, &headers).await
    };
    let refused = ask(None).await;
    assert_eq!(refused.json["challenge"], "attestation", "{}", refused.text);
    let first = attestation();
    let sent = ask(Some(&first)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    // The answer was lost. The person asks again, with the attestation, without one, and with a fresh one.
    for again in [Some(first.clone()), None, Some(attestation())] {
        let answer = ask(again.as_deref()).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert_eq!(world.text_count(), texts + 1);
    }
    world.advance(120);
    assert_refused(&ask(Some(&first)).await, "expired", "two minutes later");
    assert_eq!(ask(Some(&attestation())).await.status, 202);
    assert_eq!(world.text_count(), texts + 1);
    let code = world.code(&phone(100));
    let verified = world.client.verify(&sent.token(), &code).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
}

#[tokio::test]
async fn an_attestation_pays_for_one_text_however_it_is_signed_again() {
    let (world, edge) = start_with_lane("[purses.attested]\n").await;
    let claims = Edge::claims(&world.stack.url, &phone(0), world.clock.now());
    let (token, signed_again) = (edge.sign(&claims), edge.sign(&claims));
    assert_ne!(token, signed_again, "an ECDSA signature is random");
    assert_eq!(send(&world, 0, &token).await.status, 202);
    // The cooldown of the phone refuses before the attestation is looked at.
    assert_eq!(send(&world, 0, &token).await.status, 429);
    world.advance(61);
    for used in [&token, &signed_again] {
        assert_refused(
            &send(&world, 0, used).await,
            "used for a text before",
            "used",
        );
    }
    let claims = Edge::claims(&world.stack.url, &phone(0), world.clock.now());
    assert_eq!(send(&world, 0, &edge.sign(&claims)).await.status, 202);
    assert_eq!(world.text_count(), 2);
}

#[tokio::test]
async fn a_used_attestation_is_remembered_for_ten_seconds() {
    let edge = Edge::default();
    let lane = format!("{}\n[purses.attested]\n", edge.policy());
    let world = World::builder().purses().policy_addition(&lane).proxied();
    let world = world.start().await;
    let claims = Edge::claims(&world.stack.url, &phone(0), world.clock.now());
    let token = edge.sign(&claims);
    assert_eq!(send(&world, 0, &token).await.status, 202);
    world.advance(61);
    let used = send(&world, 0, &token).await;
    assert_refused(&used, "used for a text before", "used");
    drop(world.proxy().take_calls());
    for _ in 0..20 {
        let again = send(&world, 0, &edge.sign(&claims)).await;
        assert_refused(&again, "used for a text before", "signed again");
    }
    assert!(world.proxy().take_calls().is_empty(), "nothing is asked");
}
