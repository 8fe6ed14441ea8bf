//! The life of an account, from registration to deletion.

use http::Method;
use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, ask_for_phone, call_with_token, get_me, log_in, post, read_account_item,
    read_tokens, refresh, register, register_and_log_in, verify_phone,
};

#[tokio::test]
async fn an_account_is_registered_used_and_deleted() {
    let world = World::start().await;
    let registered = register(&world, &phone(1), PASSWORD).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    let begun = log_in(&world, &phone(1), PASSWORD).await;
    let seconds = (&begun.json["expiresIn"], &begun.json["refreshExpiresIn"]);
    assert_eq!(seconds, (&json!(600), &json!(604_800)));
    let (access, _) = read_tokens(&begun);
    world.advance(100);
    let list = call_with_token(&world, Method::GET, "/sessions", &access, None).await;
    assert_eq!(list.json["sessions"][0]["expiresIn"], 604_700);
    let seen = get_me(&world, &access).await;
    assert_eq!(seen.json["account"], registered.json["account"]);
    assert!(!seen.text.contains(&phone(1)), "only a mask: {}", seen.text);
    let deleted = call_with_token(&world, Method::DELETE, "/me", &access, None).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(get_me(&world, &access).await.problem(), "session-over");
    let gone = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!(gone.problem(), "wrong-credentials");
    assert_eq!(register(&world, &phone(1), OTHER).await.status, 201);
}

#[tokio::test]
async fn a_token_counts_once_and_for_its_business_and_phone_only() {
    let world = World::start().await;
    let token = verify_phone(&world, "register", &phone(1)).await;
    let body = json!({ "token": token, "password": PASSWORD });
    for path in ["/password-reset", "/sessions"] {
        let body = match path {
            "/sessions" => json!({ "token": token }),
            _ => body.clone(),
        };
        assert_eq!(post(&world, path, &body).await.problem(), "invalid-token");
    }
    assert_eq!(post(&world, "/accounts", &body).await.status, 201);
    assert_eq!(
        post(&world, "/accounts", &body).await.problem(),
        "already-spent"
    );

    let (access, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let foreign = verify_phone(&world, "password-change", &phone(2)).await;
    let body = json!({ "token": foreign, "password": OTHER });
    let refused = call_with_token(&world, Method::POST, "/password", &access, Some(&body)).await;
    assert_eq!(refused.problem(), "other-phone");
}

#[tokio::test]
async fn a_changed_password_ends_every_session_and_begins_no_new_one() {
    let world = World::start().await;
    let (access, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    let (other, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    let token = verify_phone(&world, "password-change", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    let changed = call_with_token(&world, Method::POST, "/password", &access, Some(&body)).await;
    assert_eq!((changed.status, changed.text.as_str()), (204, ""));
    assert_eq!(
        refresh(&world, &refresh_token).await.problem(),
        "session-over"
    );
    for access in [&access, &other] {
        assert_eq!(get_me(&world, access).await.problem(), "session-over");
    }
    let old = log_in(&world, &phone(1), PASSWORD).await;
    assert_eq!(old.problem(), "wrong-credentials");
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 201);
}

#[tokio::test]
async fn a_reset_needs_a_fresh_token_and_an_account() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let stale = verify_phone(&world, "password-reset", &phone(1)).await;
    world.advance(300 + 60);
    let body = json!({ "token": stale, "password": OTHER });
    assert_eq!(
        post(&world, "/password-reset", &body).await.problem(),
        "invalid-token"
    );
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    assert_eq!(
        post(&world, "/password-reset", &body).await.problem(),
        "already-spent"
    );
    assert_eq!(get_me(&world, &access).await.status, 401);
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 201);
    let stranger = verify_phone(&world, "password-reset", &phone(2)).await;
    let body = json!({ "token": stranger, "password": OTHER });
    assert_eq!(
        post(&world, "/password-reset", &body).await.problem(),
        "no-account"
    );
}

#[tokio::test]
async fn a_weak_password_is_refused_with_its_reason_and_the_token_stays() {
    let world = World::start().await;
    let token = verify_phone(&world, "register", &phone(1)).await;
    for weak in [
        "tiny",
        "passwordpassword",
        &format!("my number: {}", phone(1)),
    ] {
        let body = json!({ "token": token, "password": weak });
        let refused = post(&world, "/accounts", &body).await;
        assert_eq!(refused.problem(), "password-refused");
        assert_eq!(refused.json["errors"][0]["field"], "password");
        assert!(!refused.text.contains(weak), "{}", refused.text);
    }
    let body = json!({ "token": token, "password": PASSWORD });
    assert_eq!(post(&world, "/accounts", &body).await.status, 201);
}

#[tokio::test]
async fn a_phone_with_an_account_is_taken_over_only_after_a_week_of_silence() {
    let world = World::start().await;
    let week = 7 * 86_400;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let asked = ask_for_phone(&world, &phone(1), OTHER).await;
    assert_eq!((asked.status, asked.problem()), (409, "phone-in-use"));
    assert_eq!(world.lines.last()["event"], "unlink-requested");
    let seen = get_me(&world, &access).await;
    assert!(seen.json["unlinkRequestedAt"].is_string(), "{}", seen.text);
    // The holder logs in and keeps the phone.
    world.advance(week - 600);
    assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 201);
    world.advance(600);
    let again = ask_for_phone(&world, &phone(1), OTHER).await;
    assert_eq!(again.problem(), "phone-in-use");
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    // Now the holder stays silent. Asking again does not begin a new week.
    assert_eq!(
        ask_for_phone(&world, &phone(1), OTHER).await.problem(),
        "phone-in-use"
    );
    assert_eq!(world.lines.last()["event"], "refused");
    world.advance(week - 600);
    assert_eq!(
        ask_for_phone(&world, &phone(1), OTHER).await.problem(),
        "phone-in-use"
    );
    world.advance(600);
    let taken = ask_for_phone(&world, &phone(1), OTHER).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    let (access, _) = read_tokens(&log_in(&world, &phone(1), OTHER).await);
    assert_eq!(
        get_me(&world, &access).await.json["account"],
        taken.json["account"]
    );
    assert_eq!(log_in(&world, &phone(1), PASSWORD).await.status, 401);
}

#[tokio::test]
async fn registering_twice_starts_nothing_against_the_owner_unless_asked_by_name() {
    let world = World::start().await;
    let week = 7 * 86_400;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    // The owner has forgotten their account and registers again, three times over two weeks.
    for _ in 0..3 {
        let token = verify_phone(&world, "register", &phone(1)).await;
        for flag in [json!({}), json!({ "requestUnlink": false })] {
            let mut body = json!({ "token": token, "password": OTHER });
            body.as_object_mut()
                .expect("an object")
                .extend(flag.as_object().cloned().expect("one"));
            let refused = post(&world, "/accounts", &body).await;
            assert_eq!((refused.status, refused.problem()), (409, "phone-in-use"));
            assert!(refused.json["retryAt"].is_null(), "{}", refused.text);
            assert_eq!(world.lines.last()["event"], "refused");
        }
        world.advance(week);
    }
    assert_eq!(get_me(&world, &access).await.status, 401, "idle for weeks");
    let (access, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert!(get_me(&world, &access).await.json["unlinkRequestedAt"].is_null());
    // Somebody asks for the phone by name. Even after a week, only asking by name takes it.
    let token = verify_phone(&world, "register", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/accounts", &body).await.status, 409);
    let mut named = body.clone();
    named["requestUnlink"] = json!(true);
    let asked = post(&world, "/accounts", &named).await;
    assert!(asked.json["retryAt"].is_string(), "{}", asked.text);
    assert_eq!(
        post(&world, "/accounts", &named).await.problem(),
        "already-spent"
    );
    world.advance(week);
    let unnamed = register(&world, &phone(1), OTHER).await;
    assert_eq!(unnamed.problem(), "phone-in-use", "{}", unnamed.text);
    assert!(unnamed.json["retryAt"].is_string());
    assert_eq!(ask_for_phone(&world, &phone(1), OTHER).await.status, 201);
}

#[tokio::test]
async fn a_log_in_in_the_same_second_as_the_request_keeps_the_phone() {
    let world = World::start().await;
    let (access, token) = register_and_log_in(&world, &phone(1)).await;
    for use_it in [true, false] {
        assert_eq!(ask_for_phone(&world, &phone(1), OTHER).await.status, 409);
        assert!(get_me(&world, &access).await.json["unlinkRequestedAt"].is_string());
        // The clock does not move here.
        if use_it {
            read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
        } else {
            read_tokens(&refresh(&world, &token).await);
        }
        assert!(get_me(&world, &access).await.json["unlinkRequestedAt"].is_null());
    }
    world.advance(8 * 86_400);
    let again = ask_for_phone(&world, &phone(1), OTHER).await;
    assert_eq!(again.problem(), "phone-in-use", "asked for anew");
}

/// Only the owner has a live session, so a log-out is use of the account. A token that comes back may be a thief's.
#[tokio::test]
async fn a_log_out_keeps_the_phone_and_a_copied_token_does_not() {
    let world = World::start().await;
    register_and_log_in(&world, &phone(1)).await;
    let is_asked = async || {
        let item = read_account_item(&world).await;
        !item["unlink_requested_at"].is_null()
    };
    for ends in ["/sessions", "another", "/sessions/all"] {
        let other = log_in(&world, &phone(1), PASSWORD).await;
        let (access, _) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
        assert_eq!(ask_for_phone(&world, &phone(1), OTHER).await.status, 409);
        assert!(is_asked().await);
        let other = other.json["session"].as_str().expect("a session");
        let path = ends.replace("another", &format!("/sessions/{other}"));
        let ended = call_with_token(&world, Method::DELETE, &path, &access, None).await;
        assert_eq!(ended.status, 204, "{}", ended.text);
        assert!(!is_asked().await, "{ends}");
    }
    let (_, copied) = read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    read_tokens(&refresh(&world, &copied).await);
    assert_eq!(ask_for_phone(&world, &phone(1), OTHER).await.status, 409);
    assert_eq!(refresh(&world, &copied).await.status, 401);
    assert_eq!(world.lines.last()["event"], "reuse-detected");
    assert!(is_asked().await);
}

#[tokio::test]
async fn a_token_that_was_spent_is_refused_before_the_password_is_hashed() {
    let world = World::builder().proxied().start().await;
    register_and_log_in(&world, &phone(1)).await;
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    drop(world.proxy().take_calls());
    let again = post(&world, "/password-reset", &body).await;
    assert_eq!(again.problem(), "already-spent");
    // The write needs the hash, so no write means no hash.
    let calls = world.proxy().take_calls();
    assert!(!calls.contains_key("TransactWriteItems"), "{calls:?}");
}

#[tokio::test]
async fn every_401_names_a_scheme_and_what_is_wrong_with_a_token() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    let ended = call_with_token(&world, Method::DELETE, "/sessions", &access, None).await;
    assert_eq!(ended.status, 204);
    let realm = format!("Bearer realm=\"{}/account\"", world.stack.url);
    let invalid = format!("{realm}, error=\"invalid_token\", error_description=");
    let with_error = |answer: &phoneproof_tests::Answer| {
        let challenge = answer.header("www-authenticate").expect("a challenge");
        challenge.strip_prefix(&invalid).map(str::to_owned)
    };
    let over = get_me(&world, &access).await;
    assert_eq!(over.problem(), "session-over");
    assert_eq!(
        with_error(&over).as_deref(),
        Some("\"the session is over\"")
    );
    let forged = get_me(&world, "e30.e30.e30").await;
    assert!(with_error(&forged).is_some());
    let none = world.client.get("/account/v1/me").await;
    for plain in [
        none,
        log_in(&world, &phone(1), OTHER).await,
        refresh(&world, "canary").await,
    ] {
        assert_eq!(plain.status, 401, "{}", plain.text);
        assert_eq!(plain.header("www-authenticate"), Some(realm.as_str()));
    }
    let document = world.client.get("/account/openapi.json").await.json;
    for path in document["paths"].as_object().expect("paths").values() {
        for operation in path.as_object().expect("methods").values() {
            let refused = &operation["responses"]["401"];
            let header = &refused["headers"]["WWW-Authenticate"];
            assert_eq!(refused.is_object(), header.is_object(), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_refused_body_is_never_echoed_and_the_answer_names_the_field() {
    let world = World::start().await;
    for (path, body, field) in [
        ("/accounts", json!({ "token": "canary" }), "password"),
        (
            "/accounts",
            json!({ "token": "canary", "password": PASSWORD, "secondStep": "canary" }),
            "secondStep",
        ),
        ("/sessions", json!({ "phone": "canary" }), "body"),
        (
            "/sessions",
            json!({ "phone": "canary", "password": PASSWORD }),
            "phone",
        ),
        ("/sessions/refresh", json!({ "canary": 1 }), "body"),
        (
            "/password-reset",
            json!({ "token": 1, "password": PASSWORD }),
            "token",
        ),
    ] {
        let answer = post(&world, path, &body).await;
        assert_eq!(answer.status, 400, "{path} {}", answer.text);
        assert_eq!(answer.json["errors"][0]["field"], field, "{}", answer.text);
        assert!(!answer.text.contains("canary"), "{}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    let client = &world.client;
    assert_eq!(
        client.get("/account/v1/nowhere").await.problem(),
        "not-found"
    );
    let wrong_method = client.get("/account/v1/accounts").await;
    assert_eq!(wrong_method.status, 405);
    let media = client
        .raw(Method::POST, "/account/v1/accounts", &[], b"{}".to_vec())
        .await;
    assert_eq!(media.status, 415);
    let large = post(&world, "/accounts", &json!({ "token": "x".repeat(5_000) })).await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn every_documented_route_is_served() {
    let world = World::start().await;
    let document = world.client.get("/account/openapi.json").await.json;
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            let path = path.replace("{session}", "AAAAAAAAAAAAAAAAAAAAAA");
            let answer = world.client.raw(method, &path, &[], Vec::new()).await;
            assert!(
                !matches!(answer.status, 404 | 405),
                "{path} {}",
                answer.text
            );
            operations += 1;
        }
    }
    assert_eq!(operations, 15);
}
