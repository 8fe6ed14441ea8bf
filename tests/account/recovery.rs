//! Accounts that ask for two factors: the number alone opens none of them.

use http::Method;
use phoneproof_tests::{Answer, Fault, World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, log_in_with_code, me, member, post, proof, refresh, register_with_second_step,
    tokens, with_token,
};

async fn reset(world: &World, token: &str, recovery: Option<&str>) -> Answer {
    let mut body = json!({ "token": token, "password": OTHER });
    if let Some(code) = recovery {
        body["recoveryCode"] = json!(code);
    }
    post(world, "/password-reset", &body).await
}

async fn recovery_code(world: &World, access: &str) -> String {
    let made = with_token(world, Method::POST, "/recovery-code", access, None).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let code = made.json["recoveryCode"].as_str();
    code.expect("a recovery code").to_owned()
}

/// A world with an account of two factors, and its session.
async fn careful() -> (World, String, String) {
    let world = World::start().await;
    let registered = register_with_second_step(&world, &phone(1), PASSWORD).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let (access, refresh) = tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
    (world, access, refresh)
}

#[tokio::test]
async fn the_number_alone_neither_logs_in_nor_resets() {
    let (world, access, refresh_token) = careful().await;
    let code = recovery_code(&world, &access).await;
    // Whoever has the number now tries all that it gives, at once and after a silence.
    for wait in [0, 30 * 86_400] {
        world.advance(wait);
        let login = proof(&world, "login", &phone(1)).await;
        let by_code = post(&world, "/sessions", &json!({ "token": login })).await;
        assert_eq!(by_code.problem(), "second-step-required");
        let token = proof(&world, "password-reset", &phone(1)).await;
        let wrong = if code.starts_with('0') { "1" } else { "0" };
        let almost = format!("{wrong}{}", &code[1..]);
        for guess in [
            None,
            Some("0000-0000-0000-0000-0000"),
            Some("canary"),
            Some(&almost),
        ] {
            let refused = reset(&world, &token, guess).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (403, "recovery-code-required"),
                "{guess:?}"
            );
            assert!(!refused.text.contains("canary"));
        }
        let token = proof(&world, "login", &phone(1)).await;
        let body = json!({ "phone": phone(1), "password": OTHER, "token": token });
        let set = post(&world, "/sessions", &body).await;
        assert_eq!(set.problem(), "wrong-credentials", "nothing was set");
        if wait == 0 {
            assert_eq!(me(&world, &access).await.status, 200);
            tokens(&refresh(&world, &refresh_token).await);
        }
    }
    tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
}

#[tokio::test]
async fn a_recovery_code_resets_once() {
    let (world, access, _) = careful().await;
    assert_eq!(me(&world, &access).await.json["hasRecoveryCode"], false);
    let code = recovery_code(&world, &access).await;
    assert_eq!(world.lines.last()["event"], "recovery-code-made");
    assert_eq!(me(&world, &access).await.json["hasRecoveryCode"], true);
    let token = proof(&world, "password-reset", &phone(1)).await;
    let typed = code.to_uppercase().replace('-', " ");
    let done = reset(&world, &token, Some(&typed)).await;
    assert_eq!((done.status, done.text.as_str()), (204, ""));
    assert_eq!(me(&world, &access).await.problem(), "session-over");
    // It still asks for two factors, and the code is used.
    let (access, _) = tokens(&log_in_with_code(&world, &phone(1), OTHER).await);
    let seen = me(&world, &access).await.json;
    assert_eq!(
        (&seen["secondStep"], &seen["hasRecoveryCode"]),
        (&json!(true), &json!(false))
    );
    let token = proof(&world, "password-reset", &phone(1)).await;
    let again = reset(&world, &token, Some(&code)).await;
    assert_eq!(again.problem(), "recovery-code-required");
}

#[tokio::test]
async fn a_newer_recovery_code_replaces_the_one_before_and_no_table_holds_either() {
    let (world, access, _) = careful().await;
    let first = recovery_code(&world, &access).await;
    let second = recovery_code(&world, &access).await;
    assert_ne!(first, second);
    let item = crate::account::account_item(&world).await.to_string();
    for code in [&first, &second] {
        assert!(!item.contains(code.as_str()) && !item.contains(&code.replace('-', "")));
    }
    assert!(!world.lines.text().contains(&second));
    let token = proof(&world, "password-reset", &phone(1)).await;
    let old = reset(&world, &token, Some(&first)).await;
    assert_eq!(old.problem(), "recovery-code-required");
    // A refusal has spent nothing.
    assert_eq!(reset(&world, &token, Some(&second)).await.status, 204);
}

#[tokio::test]
async fn without_a_second_step_no_recovery_code_is_asked_for() {
    let world = World::start().await;
    member(&world, &phone(1)).await;
    let token = proof(&world, "password-reset", &phone(1)).await;
    assert_eq!(reset(&world, &token, None).await.status, 204);
    let access = tokens(&crate::account::log_in(&world, &phone(1), OTHER).await).0;
    let token = proof(&world, "password-change", &phone(1)).await;
    let change = json!({ "token": token, "password": PASSWORD, "secondStep": true });
    let changed = with_token(&world, Method::POST, "/password", &access, Some(&change)).await;
    assert_eq!(changed.status, 204);
    let token = proof(&world, "password-reset", &phone(1)).await;
    let now = reset(&world, &token, None).await;
    assert_eq!(now.problem(), "recovery-code-required");
}

/// Sends a reset whose write arrives late, and does `meanwhile` before it.
async fn overtaken(
    world: &World,
    recovery: Option<&str>,
    meanwhile: impl Future<Output = Answer>,
) -> Answer {
    let token = proof(world, "password-reset", &phone(1)).await;
    let mut body = json!({ "token": token, "password": OTHER });
    if let Some(code) = recovery {
        body["recoveryCode"] = json!(code);
    }
    world.proxy().break_next("TransactWriteItems", Fault::Delay);
    drop(world.proxy().take_calls());
    let client = world.client.clone();
    let late = tokio::spawn(async move { client.post("/account/v1/password-reset", &body).await });
    while !world
        .proxy()
        .take_calls()
        .contains_key("TransactWriteItems")
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let done = meanwhile.await;
    assert!(done.status < 300, "{}", done.text);
    late.await.expect("joined")
}

#[tokio::test]
async fn a_reset_that_was_overtaken_says_what_it_found() {
    let world = World::builder().proxied().start().await;
    let (access, _) = member(&world, &phone(1)).await;
    let deletion = with_token(&world, Method::DELETE, "/me", &access, None);
    let late = overtaken(&world, None, deletion).await;
    assert_eq!((late.status, late.problem()), (404, "no-account"));

    // The second step is switched on meanwhile: the number alone is not enough any more.
    let (access, _) = member(&world, &phone(1)).await;
    let token = proof(&world, "password-change", &phone(1)).await;
    let change = json!({ "token": token, "password": PASSWORD, "secondStep": true });
    let changing = with_token(&world, Method::POST, "/password", &access, Some(&change));
    let late = overtaken(&world, None, changing).await;
    assert_eq!(
        (late.status, late.problem()),
        (403, "recovery-code-required")
    );
    // The hour's texts to one phone are sent.
    world.advance(3_600);
    let (access, _) = tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
    assert_eq!(me(&world, &access).await.json["secondStep"], true);

    // Another reset has used the recovery code.
    let code = recovery_code(&world, &access).await;
    world.advance(60);
    let first = proof(&world, "password-reset", &phone(1)).await;
    let faster = reset(&world, &first, Some(&code));
    let late = overtaken(&world, Some(&code), faster).await;
    assert_eq!(late.problem(), "recovery-code-required");
}
