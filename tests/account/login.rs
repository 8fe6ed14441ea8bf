//! Logging in: limits, locks, the second step and sessions, and what an answer reveals about an account.

use std::collections::BTreeSet;

use http::Method;
use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, call_with_token, get_me, log_in, log_in_with_code, post, read_tokens,
    register, register_and_log_in, register_with_second_step, verify_phone,
};

#[tokio::test]
async fn an_unknown_phone_answers_like_a_wrong_password_byte_for_byte() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    // The first attempts are free, then the waits begin. All answers must be alike.
    for round in 0..7 {
        let known = log_in(&world, &phone(1), OTHER).await;
        let unknown = log_in(&world, &phone(2), OTHER).await;
        let without_id = |answer: &phoneproof_tests::Answer| {
            let id = answer.json["requestId"].as_str().expect("an id");
            answer.text.replace(id, "")
        };
        assert_eq!(known.status, unknown.status, "round {round}");
        assert_eq!(without_id(&known), without_id(&unknown), "round {round}");
        let names = |answer: &phoneproof_tests::Answer| -> BTreeSet<String> {
            answer.headers.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names(&known), names(&unknown));
        assert_eq!(known.header("retry-after"), unknown.header("retry-after"));
    }
}

/// The password is right, but the account never stays as it was read. That is no fault of the person.
#[tokio::test]
async fn a_right_password_that_cannot_be_acted_on_is_unavailable_and_not_wrong() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    let table = "Accounts";
    let scanned = json!({ "TableName": table, "FilterExpression": "attribute_exists(password)" });
    let found = world.dynamodb("Scan", &scanned).await;
    let key = &found.json["Items"][0]["pk"];
    // As another request would leave it that moved the account to another phone.
    let moved = json!({
        "TableName": table, "Key": { "pk": key }, "UpdateExpression": "SET phone = :other",
        "ExpressionAttributeValues": { ":other": { "S": "another" } },
    });
    assert_eq!(world.dynamodb("UpdateItem", &moved).await.status, 200);
    let refused = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!((refused.status, refused.problem()), (503, "unavailable"));
    assert_eq!(world.lines.last()["Faults"], 1);
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
}

#[tokio::test]
async fn waits_grow_for_passwords_but_not_for_codes_or_resets() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    for _ in 0..5 {
        let wrong = log_in(&world, &phone(1), OTHER).await;
        assert_eq!(wrong.problem(), "wrong-credentials");
    }
    let waiting = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!((waiting.status, waiting.problem()), (429, "limited"));
    assert_eq!(waiting.json["rule"], "login-wait");
    assert_eq!(waiting.header("retry-after"), Some("1"));
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        let early = log_in(&world, &phone(1), PASSWORD).await;
        assert_eq!(early.header("retry-after"), Some(wait.to_string().as_str()));
        world.advance(wait);
        assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    }
    let token = verify_phone(&world, "login", &phone(1)).await;
    let by_code = post(&world, "/sessions", &json!({ "token": token })).await;
    assert_eq!(by_code.status, 201, "{}", by_code.text);
    assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 429);
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 201);
}

#[tokio::test]
async fn parallel_guesses_do_not_slip_past_the_count() {
    let world = World::start().await;
    let mut guesses = tokio::task::JoinSet::new();
    for n in 0..40 {
        let client = world.client.clone();
        guesses.spawn(async move {
            let body = json!({ "phone": phone(1), "password": format!("{OTHER} {n}") });
            client.post("/account/v1/sessions", &body).await
        });
    }
    let answers = guesses.join_all().await;
    let looked_at = answers.iter().filter(|a| a.status == 401).count();
    assert!((1..=5).contains(&looked_at), "{looked_at}");
    assert!(answers.iter().all(|a| matches!(a.status, 401 | 429 | 503)));
}

#[tokio::test]
async fn an_address_gets_a_hundred_attempts_an_hour_over_all_phones() {
    let world = World::start().await;
    let mut answers = Vec::new();
    for n in 0..101 {
        let body = json!({ "phone": phone(n), "password": OTHER });
        let from = [("x-test-source-ip", "192.0.2.9")];
        answers.push(
            world
                .client
                .post_with("/account/v1/sessions", &body, &from)
                .await,
        );
    }
    let last = answers.pop().expect("the last");
    assert!(answers.iter().all(|answer| answer.status == 401));
    assert_eq!(last.json["rule"], "login-address-per-hour");
    let elsewhere = log_in(&world, &phone(100), OTHER).await;
    assert_eq!(elsewhere.status, 401);
}

#[tokio::test]
async fn a_second_step_needs_both_password_and_code() {
    let world = World::start().await;
    let token = verify_phone(&world, "register", &phone(1)).await;
    let short = "nine mice";
    let body = json!({ "token": token, "password": short, "secondStep": true });
    assert_eq!(post(&world, "/accounts", &body).await.status, 201);
    let half = log_in(&world, &phone(1), short).await;
    assert_eq!((half.status, half.problem()), (403, "second-step-required"));
    let token = verify_phone(&world, "login", &phone(1)).await;
    let code_only = post(&world, "/sessions", &json!({ "token": token })).await;
    assert_eq!(code_only.problem(), "second-step-required");
    let wrong = json!({ "phone": phone(1), "password": OTHER, "token": token });
    assert_eq!(post(&world, "/sessions", &wrong).await.status, 401);
    let foreign = verify_phone(&world, "login", &phone(2)).await;
    let body = json!({ "phone": phone(1), "password": short, "token": foreign });
    assert_eq!(
        post(&world, "/sessions", &body).await.problem(),
        "other-phone"
    );
    let both = json!({ "phone": phone(1), "password": short, "token": token });
    let (access, _) = read_tokens(&post(&world, "/sessions", &both).await);
    assert_eq!(get_me(&world, &access).await.json["secondStep"], true);
    assert_eq!(
        post(&world, "/sessions", &both).await.problem(),
        "already-spent"
    );
}

#[tokio::test]
async fn eight_characters_are_enough_only_with_a_second_step() {
    let world = World::start().await;
    let short = "nine mice";
    let token = verify_phone(&world, "register", &phone(1)).await;
    let alone = json!({ "token": token, "password": short });
    let refused = post(&world, "/accounts", &alone).await;
    assert_eq!(refused.problem(), "password-refused");
    let with_step = json!({ "token": token, "password": short, "secondStep": true });
    assert_eq!(post(&world, "/accounts", &with_step).await.status, 201);
    let (access, _) = read_tokens(&log_in_with_code(&world, &phone(1), short).await);
    // A short password may not stay when the second step is switched off.
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    for (password, second_step, status) in [(short, Some(false), 422), ("ten mice", None, 204)] {
        let mut body = json!({ "token": token, "password": password });
        if let Some(second_step) = second_step {
            body["secondStep"] = json!(second_step);
        }
        let changed =
            call_with_token(&world, Method::POST, "/password", &access, Some(&body)).await;
        assert_eq!(changed.status, status, "{}", changed.text);
    }
    let (access, _) = read_tokens(&log_in_with_code(&world, &phone(1), "ten mice").await);
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    let off = json!({ "token": token, "password": OTHER, "secondStep": false });
    let changed = call_with_token(&world, Method::POST, "/password", &access, Some(&off)).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    read_tokens(&log_in(&world, &phone(1), OTHER).await);
}

/// Tries wrong passwords, each as soon as the wait allows, until the phone is locked. Returns how many were checked.
async fn guess_until_locked(world: &World, token: Option<&str>) -> u32 {
    for tried in 0.. {
        // The address changes, so that only the limits of the phone apply.
        let address = format!("192.0.2.{}", 1 + tried % 200);
        let mut body = json!({ "phone": phone(1), "password": OTHER });
        if let Some(token) = token {
            body["token"] = json!(token);
        }
        let from = [("x-test-source-ip", address.as_str())];
        let path = "/account/v1/sessions";
        let mut answer = world.client.post_with(path, &body, &from).await;
        if answer.status == 429 {
            let wait = answer.header("retry-after").expect("a wait");
            world.advance(wait.parse().expect("seconds"));
            answer = world.client.post_with(path, &body, &from).await;
        }
        if answer.problem() == "locked" {
            assert_eq!(
                (answer.status, &answer.json["rule"]),
                (403, &json!("login-lock"))
            );
            assert!(answer.header("retry-after").is_none());
            return tried;
        }
        assert_eq!(answer.problem(), "wrong-credentials", "{}", answer.text);
    }
    0
}

#[tokio::test]
async fn a_lock_stops_passwords_but_not_codes_or_resets() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    assert_eq!(guess_until_locked(&world, None).await, 50);
    // The lock does not end with time, and the right password does not end it.
    world.advance(30 * 86_400);
    assert_eq!(
        log_in(&world, &phone(1), PASSWORD).await.problem(),
        "locked"
    );
    let token = verify_phone(&world, "login", &phone(1)).await;
    let by_code = post(&world, "/sessions", &json!({ "token": token })).await;
    assert_eq!(by_code.status, 201, "{}", by_code.text);
    assert_eq!(
        log_in(&world, &phone(1), PASSWORD).await.problem(),
        "locked"
    );
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    read_tokens(&log_in(&world, &phone(1), OTHER).await);
}

#[tokio::test]
async fn guesses_without_a_code_cannot_lock_out_the_holder_of_the_phone() {
    let world = World::start().await;
    let registered = register_with_second_step(&world, &phone(1), PASSWORD).await;
    assert_eq!(registered.status, 201);
    assert_eq!(guess_until_locked(&world, None).await, 50);
    read_tokens(&log_in_with_code(&world, &phone(1), PASSWORD).await);
    // A right password with a code ends the lock.
    let half = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!(half.problem(), "second-step-required");
}

#[tokio::test]
async fn guesses_with_a_code_are_counted_too() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    let token = verify_phone(&world, "login", &phone(1)).await;
    let body = |token: &str, password: &str| json!({ "phone": phone(1), "password": password, "token": token });
    for _ in 0..5 {
        let wrong = post(&world, "/sessions", &body(&token, OTHER)).await;
        assert_eq!(wrong.problem(), "wrong-credentials");
    }
    let waits = post(&world, "/sessions", &body(&token, PASSWORD)).await;
    assert_eq!((waits.status, waits.problem()), (429, "limited"));
    // An invalid token is refused before the password is checked, and does not count as a guess.
    let bad = post(&world, "/sessions", &body("canary", PASSWORD)).await;
    assert_eq!(bad.problem(), "invalid-token");
    world.advance(1);
    assert_eq!(
        post(&world, "/sessions", &body(&token, PASSWORD))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn refusals_by_a_limit_carry_the_rate_limit_fields() {
    let world = World::start().await;
    for _ in 0..6 {
        assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
        world.advance(1);
    }
    let waiting = log_in(&world, &phone(1), OTHER).await;
    assert_eq!(waiting.header("retry-after"), Some("1"));
    assert_eq!(
        waiting.header("ratelimit-policy"),
        Some("\"login-wait\";q=1;w=2")
    );
    assert_eq!(waiting.header("ratelimit"), Some("\"login-wait\";r=0;t=1"));
    let from = [("x-test-source-ip", "192.0.2.9")];
    for n in 0..100 {
        let body = json!({ "phone": phone(2 + n), "password": OTHER });
        let looked_at = world
            .client
            .post_with("/account/v1/sessions", &body, &from)
            .await;
        assert_eq!(looked_at.status, 401);
    }
    let body = json!({ "phone": phone(200), "password": OTHER });
    let over = world
        .client
        .post_with("/account/v1/sessions", &body, &from)
        .await;
    let policy = over.header("ratelimit-policy");
    assert_eq!(policy, Some("\"login-address-per-hour\";q=100;w=3600"));
    let seconds = over.header("retry-after").expect("a wait");
    let left = format!("\"login-address-per-hour\";r=0;t={seconds}");
    assert_eq!(over.header("ratelimit"), Some(left.as_str()));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let world = World::start().await;
    let (first, _) = register_and_log_in(&world, &phone(1)).await;
    world.advance(10);
    let (second, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let (third, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let list = call_with_token(&world, Method::GET, "/sessions", &first, None).await;
    let sessions = list.json["sessions"].as_array().expect("a list").clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(
        (&sessions[2]["current"], &sessions[2]["device"]),
        (&json!(true), &json!("test"))
    );
    let other = get_me(&world, &second).await.json["session"].clone();
    let path = format!("/sessions/{}", other.as_str().expect("an id"));
    let ended = call_with_token(&world, Method::DELETE, &path, &first, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(get_me(&world, &second).await.problem(), "session-over");
    let ended = call_with_token(&world, Method::DELETE, "/sessions", &third, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(get_me(&world, &third).await.problem(), "session-over");
    let ended = call_with_token(&world, Method::DELETE, "/sessions/all", &first, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(get_me(&world, &first).await.problem(), "session-over");
    let late = call_with_token(&world, Method::DELETE, "/sessions/all", &first, None).await;
    assert_eq!(late.problem(), "session-over");
}

#[tokio::test]
async fn an_eleventh_session_ends_the_one_used_least_recently() {
    let world = World::start().await;
    let (oldest, _) = register_and_log_in(&world, &phone(1)).await;
    for _ in 0..10 {
        assert_eq!(get_me(&world, &oldest).await.status, 200);
        world.advance(1);
        assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 201);
    }
    assert_eq!(get_me(&world, &oldest).await.problem(), "session-over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_log_in_ends_the_surplus_sessions_of_parallel_log_ins() {
    let world = World::start().await;
    register_and_log_in(&world, &phone(1)).await;
    for _ in 0..9 {
        world.advance(1);
        read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    }
    let mut log_ins = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let client = world.client.clone();
        let body = json!({ "phone": phone(1), "password": PASSWORD });
        log_ins.spawn(async move { client.post("/account/v1/sessions", &body).await });
    }
    drop(log_ins.join_all().await);
    world.advance(1);
    let (access, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let list = call_with_token(&world, Method::GET, "/sessions", &access, None).await;
    let sessions = list.json["sessions"].as_array().map(Vec::len);
    assert_eq!(sessions, Some(10), "{}", list.text);
}

#[tokio::test]
async fn only_access_tokens_of_this_service_open_protected_routes() {
    let world = World::start().await;
    let (access, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    let success = verify_phone(&world, "login", &phone(1)).await;
    for foreign in [success.as_str(), refresh_token.as_str(), "e30.e30.e30", ""] {
        let refused = get_me(&world, foreign).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
        assert!(refused.header("www-authenticate").is_some());
    }
    // An access token does not count as a success token either.
    for path in ["/accounts", "/password-reset"] {
        let body = json!({ "token": access, "password": OTHER });
        assert_eq!(post(&world, path, &body).await.problem(), "invalid-token");
    }
    let spent = world.client.spend(&access, "login").await;
    assert_eq!(spent.problem(), "invalid-token");
    world.advance(600 + 60);
    assert_eq!(get_me(&world, &access).await.status, 401);
}
