//! An account is moved to another phone.

use http::Method;
use phoneproof_domain::clock::Clock as _;
use phoneproof_tests::{Answer, World, phone};
use serde_json::{Value, json};

use crate::account::{
    OTHER, PASSWORD, call_with_token, get_me, log_in, overtake, post, read_tokens, refresh,
    register, register_and_log_in, verify_phone,
};

/// Asks to move the account of a session to the phone that `token` proves.
async fn change_phone(world: &World, access: &str, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    call_with_token(world, Method::POST, "/phone", access, Some(&body)).await
}

#[tokio::test]
async fn an_account_moves_to_a_phone_that_its_owner_proves() {
    let world = World::start().await;
    let registered = register(&world, &phone(1), PASSWORD).await;
    let (access, token) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let proof = verify_phone(&world, "phone-change", &phone(2)).await;
    let changed = change_phone(&world, &access, &proof, PASSWORD).await;
    assert_eq!((changed.status, changed.text.as_str()), (204, ""));
    assert_eq!(world.lines.last()["event"], "phone-changed");
    assert_eq!(get_me(&world, &access).await.problem(), "session-over");
    assert_eq!(refresh(&world, &token).await.problem(), "session-over");
    // The account has the new number, with its id and its password.
    let old = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!(old.problem(), "wrong-credentials");
    let (access, _) = read_tokens(&log_in(&world, &phone(2), PASSWORD).await);
    let seen = get_me(&world, &access).await.json;
    assert_eq!(seen["account"], registered.json["account"]);
    assert!(seen["phoneChangedAt"].is_string(), "{seen}");
    let again = change_phone(&world, &access, &proof, PASSWORD).await;
    assert_eq!(again.problem(), "already-spent");
}

/// A lost SIM is why people move. The number that is left opens nothing, however late its log-in is written.
#[tokio::test]
async fn a_log_in_by_the_old_number_that_a_move_overtook_opens_nothing() {
    let world = World::builder().proxied().start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let proof = verify_phone(&world, "phone-change", &phone(2)).await;
    world.advance(60);
    let token = verify_phone(&world, "login", &phone(1)).await;
    let moving = change_phone(&world, &access, &proof, PASSWORD);
    let late = overtake(&world, "/sessions", json!({ "token": token }), moving).await;
    assert_eq!((late.status, late.problem()), (404, "no-account"));
    assert_eq!(log_in(&world, &phone(2), PASSWORD).await.status, 201);
}

#[tokio::test]
async fn a_person_who_proves_the_old_number_is_told_of_the_move_for_a_month() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let proof = verify_phone(&world, "phone-change", &phone(2)).await;
    assert_eq!(
        change_phone(&world, &access, &proof, PASSWORD).await.status,
        204
    );
    for (business, path) in [
        ("login", "/sessions"),
        ("password-reset", "/password-reset"),
    ] {
        let mut body = json!({ "token": verify_phone(&world, business, &phone(1)).await });
        if business == "password-reset" {
            body["password"] = json!(OTHER);
        }
        let told = post(&world, path, &body).await;
        assert_eq!((told.status, told.problem()), (404, "no-account"));
        let detail = told.json["detail"].as_str().expect("a detail");
        assert!(detail.contains("moved to another phone at"), "{detail}");
        assert!(
            !told.text.contains(&phone(2)) && !told.text.contains("•"),
            "{detail}"
        );
    }
    // So is a person who registers it.
    let registered = register(&world, &phone(1), OTHER).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    assert!(
        registered.json["phoneMovedAt"].is_string(),
        "{}",
        registered.text
    );
    let access = read_tokens(&log_in(&world, &phone(1), OTHER).await).0;
    let deleted = call_with_token(&world, Method::DELETE, "/me", &access, None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    let again = register(&world, &phone(1), OTHER).await;
    assert_eq!(again.status, 201);
    assert!(again.json["phoneMovedAt"].is_null(), "it is told once");
}

#[tokio::test]
async fn the_old_number_is_told_for_a_month_and_only_to_its_holder() {
    let world = World::start().await;
    register(&world, &phone(1), PASSWORD).await;
    let access = read_tokens(&log_in(&world, &phone(1), PASSWORD).await).0;
    let proof = verify_phone(&world, "phone-change", &phone(2)).await;
    assert_eq!(
        change_phone(&world, &access, &proof, PASSWORD).await.status,
        204
    );
    // Somebody who does not prove it learns nothing: it looks like a number without an account.
    let moved = log_in(&world, &phone(1), OTHER).await;
    let unknown = log_in(&world, &phone(3), OTHER).await;
    assert_eq!(moved.json["detail"], unknown.json["detail"]);
    world.advance(30 * 86_400);
    let token = verify_phone(&world, "login", &phone(1)).await;
    let later = post(&world, "/sessions", &json!({ "token": token })).await;
    assert!(!later.text.contains("moved"), "{}", later.text);
    // The old number is free.
    let late = register(&world, &phone(1), OTHER).await;
    assert_eq!(
        (late.status, &late.json["phoneMovedAt"]),
        (201, &Value::Null)
    );
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 201);
    assert_eq!(log_in(&world, &phone(2), PASSWORD).await.status, 201);
}

/// The `expires_at` of each item of a phone in the table of accounts, in Unix seconds; 0 for an item that stays.
async fn list_phone_ends(world: &World) -> Vec<i64> {
    let scan = json!({ "TableName": "Accounts" });
    let answer = world.dynamodb("Scan", &scan).await;
    let items = answer.json["Items"].as_array().expect("items").iter();
    let phones = items.filter(|item| {
        let key = item["pk"]["S"].as_str().expect("a key");
        key.starts_with("phone#")
    });
    let end = |item: &Value| {
        let end = item["expires_at"]["N"].as_str().unwrap_or("0");
        end.parse().expect("Unix seconds")
    };
    let mut ends: Vec<_> = phones.map(end).collect();
    ends.sort_unstable();
    ends
}

#[tokio::test]
async fn a_number_that_an_account_has_left_stays_in_the_table_for_a_month() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    assert_eq!(list_phone_ends(&world).await, [0]);
    let proof = verify_phone(&world, "phone-change", &phone(2)).await;
    let changed = change_phone(&world, &access, &proof, PASSWORD).await;
    assert_eq!(changed.status, 204);
    let month = world.clock.now().unix() + 30 * 86_400;
    assert_eq!(list_phone_ends(&world).await, [0, month]);
    // The next account of the number keeps it for longer than that.
    world.advance(60);
    register(&world, &phone(1), OTHER).await;
    assert_eq!(list_phone_ends(&world).await, [0, 0]);
    // And so does the account that comes back to it.
    let (mut access, _) = register_and_log_in(&world, &phone(3)).await;
    for to in [4, 3] {
        world.advance(60);
        let proof = verify_phone(&world, "phone-change", &phone(to)).await;
        let changed = change_phone(&world, &access, &proof, PASSWORD).await;
        assert_eq!(changed.status, 204);
        let left = world.clock.now().unix() + 30 * 86_400;
        assert_eq!(list_phone_ends(&world).await, [0, 0, 0, left], "{to}");
        access = read_tokens(&log_in(&world, &phone(to), PASSWORD).await).0;
    }
}

#[tokio::test]
async fn a_phone_changes_only_with_session_password_and_a_code_to_a_free_number() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    register(&world, &phone(2), OTHER).await;
    let proof = verify_phone(&world, "phone-change", &phone(3)).await;
    let wrong = change_phone(&world, &access, &proof, OTHER).await;
    assert_eq!((wrong.status, wrong.problem()), (401, "wrong-credentials"));
    for (taken, why) in [
        (1, "This account has this phone already"),
        (2, "Another account has"),
    ] {
        let proof = verify_phone(&world, "phone-change", &phone(taken)).await;
        let refused = change_phone(&world, &access, &proof, PASSWORD).await;
        assert_eq!((refused.status, refused.problem()), (409, "phone-in-use"));
        assert!(refused.json["retryAt"].is_null());
        // It names only what this route can do: `requestUnlink` is of another.
        let detail = refused.json["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(why), "{detail}");
        assert!(
            detail.contains("Send the token of another phone"),
            "{detail}"
        );
        assert!(!detail.contains("requestUnlink"), "{detail}");
    }
    let other = verify_phone(&world, "login", &phone(4)).await;
    let refused = change_phone(&world, &access, &other, PASSWORD).await;
    assert_eq!(refused.problem(), "invalid-token");
    let body = json!({ "token": proof, "password": PASSWORD });
    assert_eq!(
        post(&world, "/phone", &body).await.problem(),
        "token-required"
    );
    // Wrong passwords count as attempts to log in, and wait like them.
    for _ in 0..4 {
        change_phone(&world, &access, &proof, OTHER).await;
    }
    let limited = change_phone(&world, &access, &proof, PASSWORD).await;
    assert_eq!((limited.status, limited.problem()), (429, "limited"));
    world.advance(2);
    assert_eq!(
        change_phone(&world, &access, &proof, PASSWORD).await.status,
        204
    );
}
