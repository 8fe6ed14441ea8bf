//! Accounts with a second step. Nobody gets into one with the phone number alone.

use http::Method;
use phoneproof_tests::{Answer, World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, ask_for_phone, call_with_token, get_me, log_in_with_code, overtake, post,
    read_tokens, refresh, register_and_log_in, register_with_second_step, verify_phone,
};

async fn reset(world: &World, token: &str, recovery: Option<&str>) -> Answer {
    let mut body = json!({ "token": token, "password": OTHER });
    if let Some(code) = recovery {
        body["recoveryCode"] = json!(code);
    }
    post(world, "/password-reset", &body).await
}

async fn make_recovery_code(world: &World, access: &str) -> String {
    let made = call_with_token(world, Method::POST, "/recovery-code", access, None).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let code = made.json["recoveryCode"].as_str();
    code.expect("a recovery code").to_owned()
}

/// Starts a world with an account that has a second step, and logs in. Returns the access token and the refresh token.
async fn start_with_second_step() -> (World, String, String) {
    let world = World::start().await;
    let registered = register_with_second_step(&world, &phone(1), PASSWORD).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let (access, refresh) = read_tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
    (world, access, refresh)
}

#[tokio::test]
async fn the_number_alone_neither_logs_in_nor_resets() {
    let (world, access, refresh_token) = start_with_second_step().await;
    let code = make_recovery_code(&world, &access).await;
    // Somebody who has only the number tries every route, at once and after a month.
    for wait in [0, 30 * 86_400] {
        world.advance(wait);
        let login = verify_phone(&world, "login", &phone(1)).await;
        let by_code = post(&world, "/sessions", &json!({ "token": login })).await;
        assert_eq!(by_code.problem(), "second-step-required");
        let token = verify_phone(&world, "password-reset", &phone(1)).await;
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
        let token = verify_phone(&world, "login", &phone(1)).await;
        let body = json!({ "phone": phone(1), "password": OTHER, "token": token });
        let set = post(&world, "/sessions", &body).await;
        assert_eq!(set.problem(), "wrong-credentials", "nothing was set");
        if wait == 0 {
            assert_eq!(get_me(&world, &access).await.status, 200);
            read_tokens(&refresh(&world, &refresh_token).await);
        }
    }
    read_tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
}

#[tokio::test]
async fn a_recovery_code_resets_once() {
    let (world, access, _) = start_with_second_step().await;
    assert_eq!(get_me(&world, &access).await.json["hasRecoveryCode"], false);
    let code = make_recovery_code(&world, &access).await;
    assert_eq!(world.lines.last()["event"], "recovery-code-made");
    assert_eq!(get_me(&world, &access).await.json["hasRecoveryCode"], true);
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let typed = format!(
        "\u{3010}{}\u{3011}, ",
        code.to_uppercase().replace('-', " ")
    );
    let done = reset(&world, &token, Some(&typed)).await;
    assert_eq!((done.status, done.text.as_str()), (204, ""));
    assert_eq!(get_me(&world, &access).await.problem(), "session-over");
    // The account still has its second step, and the recovery code is used up.
    let (access, _) = read_tokens(&log_in_with_code(&world, &phone(1), OTHER).await);
    let seen = get_me(&world, &access).await.json;
    assert_eq!(
        (&seen["secondStep"], &seen["hasRecoveryCode"]),
        (&json!(true), &json!(false))
    );
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let again = reset(&world, &token, Some(&code)).await;
    assert_eq!(again.problem(), "recovery-code-required");
}

#[tokio::test]
async fn a_newer_recovery_code_replaces_the_one_before_and_no_table_holds_either() {
    let (world, access, _) = start_with_second_step().await;
    let first = make_recovery_code(&world, &access).await;
    let second = make_recovery_code(&world, &access).await;
    assert_ne!(first, second);
    let item = crate::account::read_account_item(&world).await.to_string();
    for code in [&first, &second] {
        assert!(!item.contains(code.as_str()) && !item.contains(&code.replace('-', "")));
    }
    assert!(!world.lines.text().contains(&second));
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let old = reset(&world, &token, Some(&first)).await;
    assert_eq!(old.problem(), "recovery-code-required");
    // The refusal did not spend the token.
    assert_eq!(reset(&world, &token, Some(&second)).await.status, 204);
}

#[tokio::test]
async fn a_reset_without_a_second_step_needs_no_recovery_code() {
    let world = World::start().await;
    register_and_log_in(&world, &phone(1)).await;
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    assert_eq!(reset(&world, &token, None).await.status, 204);
    let access = read_tokens(&crate::account::log_in(&world, &phone(1), OTHER).await).0;
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    let change = json!({ "token": token, "password": PASSWORD, "secondStep": true });
    let changed = call_with_token(&world, Method::POST, "/password", &access, Some(&change)).await;
    assert_eq!(changed.status, 204);
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let now = reset(&world, &token, None).await;
    assert_eq!(now.problem(), "recovery-code-required");
}

/// Sends a reset whose write arrives late, and runs `meanwhile` before it.
async fn overtake_reset(
    world: &World,
    recovery: Option<&str>,
    meanwhile: impl Future<Output = Answer>,
) -> Answer {
    let token = verify_phone(world, "password-reset", &phone(1)).await;
    let mut body = json!({ "token": token, "password": OTHER });
    if let Some(code) = recovery {
        body["recoveryCode"] = json!(code);
    }
    overtake(world, "/password-reset", body, meanwhile).await
}

#[tokio::test]
async fn a_reset_that_was_overtaken_reports_the_state_that_it_found() {
    let world = World::builder().proxied().start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let deletion = call_with_token(&world, Method::DELETE, "/me", &access, None);
    let late = overtake_reset(&world, None, deletion).await;
    assert_eq!((late.status, late.problem()), (404, "no-account"));

    // Meanwhile the second step is switched on, so the number alone is no longer enough.
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    let change = json!({ "token": token, "password": PASSWORD, "secondStep": true });
    let changing = call_with_token(&world, Method::POST, "/password", &access, Some(&change));
    let late = overtake_reset(&world, None, changing).await;
    assert_eq!(
        (late.status, late.problem()),
        (403, "recovery-code-required")
    );
    // The phone has used up its texts of this hour.
    world.advance(3_600);
    let (access, _) = read_tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
    assert_eq!(get_me(&world, &access).await.json["secondStep"], true);

    // Another reset has used the recovery code.
    let code = make_recovery_code(&world, &access).await;
    world.advance(60);
    let first = verify_phone(&world, "password-reset", &phone(1)).await;
    let faster = reset(&world, &first, Some(&code));
    let late = overtake_reset(&world, Some(&code), faster).await;
    assert_eq!(late.problem(), "recovery-code-required");
}

/// Setting a password or asking for a recovery code uses the account, as a log-in does.
#[tokio::test]
async fn a_new_password_or_recovery_code_keeps_the_phone_that_somebody_asked_for() {
    let (world, access, _) = start_with_second_step().await;
    let recovery = make_recovery_code(&world, &access).await;
    let is_asked_for = async |access: &str| {
        let me = get_me(&world, access).await;
        assert_eq!(me.status, 200, "{}", me.text);
        me.json["unlinkRequestedAt"].is_string()
    };
    let ask = async || ask_for_phone(&world, &phone(1), "a stranger's own phrase").await;
    // A reset ends every session, so the next log-in shows what became of the request.
    assert_eq!(ask().await.status, 409);
    world.advance(6 * 86_400);
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    assert_eq!(reset(&world, &token, Some(&recovery)).await.status, 204);
    world.advance(86_400);
    assert_eq!(ask().await.problem(), "phone-in-use", "after a reset");
    let (access, _) = read_tokens(&log_in_with_code(&world, &phone(1), OTHER).await);
    assert!(!is_asked_for(&access).await);
    // A recovery code.
    assert_eq!(ask().await.status, 409);
    assert!(is_asked_for(&access).await);
    make_recovery_code(&world, &access).await;
    assert!(!is_asked_for(&access).await);
    // A change of the password.
    assert_eq!(ask().await.status, 409);
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    let body = json!({ "token": token, "password": PASSWORD, "secondStep": true });
    let changed = call_with_token(&world, Method::POST, "/password", &access, Some(&body)).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    world.advance(7 * 86_400);
    assert_eq!(ask().await.problem(), "phone-in-use", "after a change");
}
