//! Sends, resends and repeated requests that succeed, and the tokens and texts that they produce.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::{BTreeMap, BTreeSet};

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Client, PARALLEL, World, at_once, jwt_part, phone, until_served};
use serde_json::{Value, json};

#[tokio::test]
async fn a_stored_token_is_a_short_reference() {
    let world = World::builder().mode(TokenMode::Stored).start().await;
    assert_eq!(world.client.send(&phone(1)).await.token().len(), 22);
}

#[tokio::test]
async fn a_resend_repeats_the_code_and_keeps_the_guesses() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let sent = world.client.send(&phone(1)).await;
        let (code, wrong) = (world.code(&phone(1)), world.wrong_code(&phone(1)));
        assert_eq!(
            world.client.verify(&sent.token(), &wrong).await.json["attemptsRemaining"],
            4
        );
        world.advance(60);
        let again = world.client.resend(&phone(1), &sent.token()).await;
        assert_eq!(again.status, 202, "{}", again.text);
        assert_eq!(
            again.json["expiresAt"], sent.json["expiresAt"],
            "the same challenge"
        );
        let texts = world.texts(&phone(1));
        assert_eq!(texts.len(), 2);
        // The same code, and no text promises more time than is left.
        let words =
            [4, 5].map(|n| format!("{code} is your Example login code. It works for {n} min"));
        assert!(texts[0].body.starts_with(&words[0]), "{}", texts[0].body);
        assert!(texts[1].body.starts_with(&words[1]), "{}", texts[1].body);
        assert_eq!(
            world.client.verify(&again.token(), &wrong).await.json["attemptsRemaining"],
            3
        );
        assert_eq!(
            world
                .client
                .verify(&again.token(), &world.code(&phone(1)))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_resend_keeps_the_language_unless_another_is_named() {
    let world = World::start().await;
    let mut body =
        json!({ "phone": phone(1), "uniqueId": "d", "businessId": "login", "locale": "zh" });
    let token = world.client.post("/v1/send", &body).await.token();
    world.advance(60);
    body["token"] = json!(token);
    body["locale"] = json!("en");
    assert_eq!(world.client.post("/v1/send", &body).await.status, 202);
    world.advance(60);
    body.as_object_mut().expect("an object").remove("locale");
    assert_eq!(world.client.post("/v1/send", &body).await.status, 202);
    let texts = world.texts(&phone(1));
    let chinese: Vec<_> = texts
        .iter()
        .map(|text| text.body.contains("验证码"))
        .collect();
    assert_eq!(chinese, [true, false, true]);
}

#[tokio::test]
async fn a_code_that_its_token_would_refuse_is_not_resent() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    let head = "[business.login]\n";
    let longer = DEFAULT_POLICY.replacen(head, &format!("{head}code_length = 8\n"), 1);
    assert_ne!(longer, DEFAULT_POLICY);
    let instance = world.instance_with_policy(&longer).await;
    world.advance(60);
    let client = Client::new(&instance.url);
    let resent = client.resend(&phone(1), &sent.token()).await;
    assert_eq!((resent.status, resent.problem()), (410, "expired"));
    assert_eq!(world.text_count(), 1);
    let code = world.code(&phone(1));
    assert_eq!(client.verify(&sent.token(), &code).await.status, 200);
    instance.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_texts_once() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let first = world.client.send_keyed(&phone(1), "6f96-19ff").await;
        world.advance(90);
        let second = world.client.send_keyed(&phone(1), "6f96-19ff").await;
        assert_eq!((first.status, second.status), (202, 202), "{}", second.text);
        assert_eq!(world.texts(&phone(1)).len(), 1);
        assert_eq!(second.json["expiresAt"], first.json["expiresAt"]);
        assert_eq!(second.json["resendAt"], first.json["resendAt"]);
        let code = world.code(&phone(1));
        let verified = world.client.verify(&second.token(), &code).await;
        let same = world.client.verify(&first.token(), &code).await;
        assert_eq!((verified.status, same.status), (200, 200));
        assert_eq!(jwt_part(&verified.token(), 1), jwt_part(&same.token(), 1));
        world.advance(30);
        let late = world.client.verify(&first.token(), &code).await;
        assert_eq!((late.status, late.problem()), (409, "already-used"));
    }
}

#[tokio::test]
async fn an_idempotency_key_used_again_after_its_challenge_makes_another_code() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let mut codes = BTreeSet::new();
        let mut earlier: Vec<String> = Vec::new();
        for life in 1..=4 {
            let sent = world.client.send_keyed(&phone(1), "k").await;
            assert_eq!((sent.status, world.text_count()), (202, life));
            let code = world.code(&phone(1));
            for token in &earlier {
                let refused = world.client.verify(token, &code).await;
                assert_eq!((refused.status, refused.problem()), (410, "expired"));
            }
            codes.insert(code);
            earlier.push(sent.token());
            world.advance(100);
            let repeated = world.client.send_keyed(&phone(1), "k").await;
            assert_eq!((repeated.status, world.text_count()), (202, life));
            assert_eq!(repeated.json["expiresAt"], sent.json["expiresAt"]);
            world.advance(200);
        }
        assert_eq!(codes.len(), 4);
    }
}

#[tokio::test]
async fn a_token_from_an_earlier_challenge_of_the_same_key_is_not_resent() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        let earlier = world.client.send_keyed(&phone(1), "k").await;
        // There are seven slots of a minute, so the next challenge of the key takes the same slot.
        world.advance(420);
        let later = world.client.send_keyed(&phone(1), "k").await;
        assert_eq!(later.status, 202, "{}", later.text);
        world.advance(60);
        let resent = world.client.resend(&phone(1), &earlier.token()).await;
        assert_eq!((resent.status, resent.problem()), (410, "expired"));
        assert_eq!(world.text_count(), 2);
        let code = world.code(&phone(1));
        assert_eq!(world.client.verify(&later.token(), &code).await.status, 200);
    }
}

#[tokio::test]
async fn an_idempotency_key_repeated_after_its_root_was_retired_is_expired() {
    let (a, b) = ("a".repeat(43), "b".repeat(43));
    let keyring = json!({ "current": "r1", "index": "r2", "roots": { "r1": a, "r2": b } });
    let world = World::builder().keyring(&keyring.to_string()).start().await;
    world.advance(100);
    let sent = world.client.send_keyed(&phone(1), "k").await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let retired = json!({ "current": "r2", "roots": { "r2": b } });
    world.stack.backends.secret.set(Some(retired.to_string()));
    world.advance(200);
    world.client.get("/.well-known/jwks.json").await;
    let repeated = world.client.send_keyed(&phone(1), "k").await;
    assert_eq!((repeated.status, repeated.problem()), (410, "expired"));
    assert_eq!(world.text_count(), 1);
}

#[tokio::test]
async fn an_idempotency_key_repeated_under_a_new_root_keeps_the_texted_code() {
    let (a, b) = ("a".repeat(43), "b".repeat(43));
    let world = World::builder()
        .keyring(&json!({ "current": "r1", "r1": a }).to_string())
        .start()
        .await;
    world.advance(100);
    assert_eq!(world.client.send_keyed(&phone(1), "k").await.status, 202);
    let promoted = json!({ "current": "r2", "index": "r1", "roots": { "r1": a, "r2": b } });
    world.stack.backends.secret.set(Some(promoted.to_string()));
    world.advance(200);
    let repeated = world.client.send_keyed(&phone(1), "k").await;
    assert_eq!((repeated.status, world.text_count()), (202, 1));
    let verified = world
        .client
        .verify(&repeated.token(), &world.code(&phone(1)))
        .await;
    assert_eq!(verified.status, 200, "{}", verified.text);
}

#[tokio::test]
async fn an_idempotency_key_works_with_the_most_slots() {
    let world = World::builder()
        .policy("cooldown_seconds = 60 ", "cooldown_seconds = 10 ")
        .policy("code_lifetime_seconds = 300", "code_lifetime_seconds = 350")
        .start()
        .await;
    for _ in 0..2 {
        let sent = world.client.send_keyed(&phone(1), "k").await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        world.advance(200);
    }
    assert_eq!(world.text_count(), 1);
}

#[tokio::test]
async fn a_new_code_does_not_cancel_the_earlier_one() {
    let world = World::start().await;
    let victim = world.client.send(&phone(1)).await;
    let code = world.code(&phone(1));
    for minute in 0..3 {
        world.advance(60);
        let stranger = world
            .client
            .send_from(&phone(1), "stranger", "198.51.100.1")
            .await;
        assert_eq!(stranger.status, 202, "minute {minute}: {}", stranger.text);
    }
    assert_eq!(
        world.client.verify(&victim.token(), &code).await.status,
        200
    );
}

#[tokio::test]
async fn a_test_number_has_a_fixed_code_and_is_never_texted() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2099-01-01T00:00:00Z\"\nper_day = 2\n";
    let world = World::builder().policy_addition(number).start().await;
    for _ in 0..2 {
        let sent = world.client.send("+1 415 555 0100").await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let verified = world.client.verify(&sent.token(), "424242").await;
        assert_eq!(jwt_part(&verified.token(), 1)["test"], true);
    }
    let third = world.client.send("+1 415 555 0100").await;
    assert_eq!((third.status, third.problem()), (429, "limited"));
    assert_eq!(world.text_count(), 0);
}

#[tokio::test]
async fn the_autofill_line_is_the_last_line_of_the_text() {
    let world = World::builder()
        .policy(
            "[business.login]\n",
            "[business.login]\norigin = \"example.com\"\n",
        )
        .start()
        .await;
    world.client.send(&phone(1)).await;
    let body = world.texts(&phone(1))[0].body.clone();
    let code = world.code(&phone(1));
    assert_eq!(
        body.lines().last(),
        Some(format!("@example.com #{code}").as_str())
    );
}

#[tokio::test]
async fn success_tokens_are_rs256_when_the_keyring_has_an_rsa_key() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS #8");
    let pkcs8 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let root = "r".repeat(43);
    let keyring = json!({ "current": "r1", "r1": root, "rsa": { "kid": "rsa1", "pkcs8": pkcs8 } });
    let world = World::builder().keyring(&keyring.to_string()).start().await;
    let sent = world.client.send(&phone(1)).await;
    let verified = world
        .client
        .verify(&sent.token(), &world.code(&phone(1)))
        .await;
    let header = verified
        .token()
        .split('.')
        .next()
        .map(str::to_owned)
        .expect("a header");
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON");
    assert_eq!(
        (header["alg"].as_str(), header["kid"].as_str()),
        (Some("RS256"), Some("rsa1"))
    );
    assert_eq!(
        world.client.spend(&verified.token(), "login").await.status,
        200
    );
    let discovery = world.client.get("/.well-known/openid-configuration").await;
    assert_eq!(
        discovery.json["id_token_signing_alg_values_supported"],
        json!(["ES256", "RS256"])
    );
}

#[tokio::test]
async fn tokens_of_an_earlier_root_work_until_it_is_retired() {
    let (a, b) = ("a".repeat(43), "b".repeat(43));
    let world = World::builder()
        .keyring(&json!({ "current": "r1", "r1": a }).to_string())
        .start()
        .await;
    let before = world.client.send(&phone(1)).await;
    let other = world.client.send(&phone(2)).await;
    let rotated = json!({ "current": "r2", "index": "r1", "roots": { "r1": a, "r2": b } });
    world.stack.backends.secret.set(Some(rotated.to_string()));
    world.advance(299);
    let retired = json!({ "current": "r2", "roots": { "r2": b } });
    assert_eq!(
        world
            .client
            .verify(&before.token(), &world.code(&phone(1)))
            .await
            .status,
        200
    );
    world.stack.backends.secret.set(Some(retired.to_string()));
    world.advance(1);
    world.client.get("/.well-known/jwks.json").await;
    let refused = world
        .client
        .verify(&other.token(), &world.code(&phone(2)))
        .await;
    assert_eq!((refused.status, refused.problem()), (400, "invalid-token"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_sends_under_one_idempotency_key_text_once() {
    let world = World::start().await;
    let phone = phone(1);
    let statuses = at_once(&world.client, |_, client| {
        let phone = phone.clone();
        async move { until_served(|| client.send_keyed(&phone, "k")).await }
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, *PARALLEL)]));
    assert_eq!(world.text_count(), 1);
}
