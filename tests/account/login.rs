//! Logging in: limits, enumeration, second step, sessions.

use std::collections::BTreeSet;

use http::Method;
use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::{OTHER, PASSWORD, log_in, me, member, post, proof, register, tokens, with_token};

#[tokio::test]
async fn an_unknown_phone_answers_like_a_wrong_password_byte_for_byte() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    // Four free attempts, then the waits: all of it must be alike.
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

#[tokio::test]
async fn waits_grow_and_neither_code_nor_reset_waits() {
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
    let token = proof(&world, "login", &phone(1)).await;
    let by_code = post(&world, "/sessions", &json!({ "token": token })).await;
    assert_eq!(by_code.status, 201, "{}", by_code.text);
    assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 429);
    let token = proof(&world, "password-reset", &phone(1)).await;
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
async fn a_second_step_takes_password_and_code() {
    let world = World::start().await;
    let token = proof(&world, "register", &phone(1)).await;
    let short = "nine mice";
    let body = json!({ "token": token, "password": short, "secondStep": true });
    assert_eq!(post(&world, "/accounts", &body).await.status, 201);
    let half = log_in(&world, &phone(1), short).await;
    assert_eq!((half.status, half.problem()), (403, "second-step-required"));
    let token = proof(&world, "login", &phone(1)).await;
    let code_only = post(&world, "/sessions", &json!({ "token": token })).await;
    assert_eq!(code_only.problem(), "second-step-required");
    let wrong = json!({ "phone": phone(1), "password": OTHER, "token": token });
    assert_eq!(post(&world, "/sessions", &wrong).await.status, 401);
    let foreign = proof(&world, "login", &phone(2)).await;
    let body = json!({ "phone": phone(1), "password": short, "token": foreign });
    assert_eq!(
        post(&world, "/sessions", &body).await.problem(),
        "other-phone"
    );
    let both = json!({ "phone": phone(1), "password": short, "token": token });
    let (access, _) = tokens(&post(&world, "/sessions", &both).await);
    assert_eq!(me(&world, &access).await.json["secondStep"], true);
    assert_eq!(
        post(&world, "/sessions", &both).await.problem(),
        "already-spent"
    );
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let world = World::start().await;
    let (first, _) = member(&world, &phone(1)).await;
    world.advance(10);
    let (second, _) = tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let (third, _) = tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let list = with_token(&world, Method::GET, "/sessions", &first, None).await;
    let sessions = list.json["sessions"].as_array().expect("a list").clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(
        (&sessions[2]["current"], &sessions[2]["device"]),
        (&json!(true), &json!("test"))
    );
    let other = me(&world, &second).await.json["session"].clone();
    let path = format!("/sessions/{}", other.as_str().expect("an id"));
    let ended = with_token(&world, Method::DELETE, &path, &first, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(me(&world, &second).await.problem(), "session-over");
    let ended = with_token(&world, Method::DELETE, "/sessions", &third, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(me(&world, &third).await.problem(), "session-over");
    let ended = with_token(&world, Method::DELETE, "/sessions/all", &first, None).await;
    assert_eq!(ended.status, 204);
    assert_eq!(me(&world, &first).await.problem(), "session-over");
    let late = with_token(&world, Method::DELETE, "/sessions/all", &first, None).await;
    assert_eq!(late.problem(), "session-over");
}

#[tokio::test]
async fn an_eleventh_session_ends_the_one_used_least_recently() {
    let world = World::start().await;
    let (oldest, _) = member(&world, &phone(1)).await;
    for _ in 0..10 {
        assert_eq!(me(&world, &oldest).await.status, 200);
        world.advance(1);
        assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 201);
    }
    assert_eq!(me(&world, &oldest).await.problem(), "session-over");
}

#[tokio::test]
async fn only_access_tokens_of_this_service_open_protected_routes() {
    let world = World::start().await;
    let (access, refresh_token) = member(&world, &phone(1)).await;
    let success = proof(&world, "login", &phone(1)).await;
    for foreign in [success.as_str(), refresh_token.as_str(), "e30.e30.e30", ""] {
        let refused = me(&world, foreign).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
        assert!(refused.header("www-authenticate").is_some());
    }
    // And the other way round: an access token proves no phone.
    for path in ["/accounts", "/password-reset"] {
        let body = json!({ "token": access, "password": OTHER });
        assert_eq!(post(&world, path, &body).await.problem(), "invalid-token");
    }
    let spent = world.client.spend(&access, "login").await;
    assert_eq!(spent.problem(), "invalid-token");
    world.advance(600 + 60);
    assert_eq!(me(&world, &access).await.status, 401);
}
