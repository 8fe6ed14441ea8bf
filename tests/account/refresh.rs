//! Each refresh token is exchanged once, and its reuse ends the session.

use std::collections::BTreeSet;

use http::Method;
use phoneproof_tests::{World, phone};
use serde_json::json;
use tokio::task::JoinSet;

use crate::account::{call_with_token, get_me, read_tokens, refresh, register_and_log_in};

#[tokio::test]
async fn a_hundred_parallel_uses_give_one_successor_and_revoke_nobody() {
    let world = World::start().await;
    let (_, mut token) = register_and_log_in(&world, &phone(1)).await;
    for _ in 0..3 {
        let mut uses = JoinSet::new();
        for _ in 0..100 {
            let (client, body) = (world.client.clone(), json!({ "refreshToken": token }));
            uses.spawn(async move { client.post("/account/v1/sessions/refresh", &body).await });
        }
        let answers = uses.join_all().await;
        let served: Vec<_> = answers.iter().filter(|a| a.status == 200).collect();
        // A use that conflicts with too many others gives up. No answer says that the session is over.
        assert!(answers.iter().all(|a| matches!(a.status, 200 | 503)));
        let successors: BTreeSet<_> = served.iter().map(|a| read_tokens(a).1).collect();
        assert_eq!(successors.len(), 1);
        token = successors.into_iter().next().expect("one");
        assert!(served.len() >= 50, "{}", served.len());
    }
    let (access, _) = read_tokens(&refresh(&world, &token).await);
    assert_eq!(get_me(&world, &access).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_may_be_repeated_for_half_a_minute_then_it_counts_as_reuse() {
    let world = World::start().await;
    let (_, first) = register_and_log_in(&world, &phone(1)).await;
    let (_, second) = read_tokens(&refresh(&world, &first).await);
    world.advance(29);
    let (_, again) = read_tokens(&refresh(&world, &first).await);
    assert_eq!(again, second);
    world.advance(1);
    let reused = refresh(&world, &first).await;
    assert_eq!(
        (reused.status, reused.problem()),
        (401, "invalid-refresh-token")
    );
    assert_eq!(world.lines.last()["event"], "reuse-detected");
    // The session is over for the thief and the victim alike.
    assert_eq!(refresh(&world, &second).await.problem(), "session-over");
}

#[tokio::test]
async fn two_tabs_with_different_tokens_do_not_end_their_session() {
    let world = World::start().await;
    let (_, mut token) = register_and_log_in(&world, &phone(1)).await;
    // One tab refreshes every five seconds. The other ones still hold each earlier token.
    let mut held = vec![token.clone()];
    for _ in 0..8 {
        token = read_tokens(&refresh(&world, &token).await).1;
        held.push(token.clone());
        world.advance(5);
        let fresh = held.iter().rev().take(6);
        for earlier in fresh.skip(1) {
            let (access, same) = read_tokens(&refresh(&world, earlier).await);
            assert_eq!(same, token, "the current token of the session");
            assert_eq!(get_me(&world, &access).await.status, 200);
        }
    }
    // A token whose exchange was 30 seconds ago is reuse.
    let old = &held[held.len() - 7];
    assert_eq!(
        refresh(&world, old).await.problem(),
        "invalid-refresh-token"
    );
    assert_eq!(world.lines.last()["event"], "reuse-detected");
    assert_eq!(refresh(&world, &token).await.problem(), "session-over");
}

#[tokio::test]
async fn a_client_that_refreshes_without_pause_keeps_its_token_for_a_while() {
    let world = World::start().await;
    let (_, first) = register_and_log_in(&world, &phone(1)).await;
    let mut tokens = vec![first];
    for _ in 0..16 {
        let last = tokens.last().expect("one");
        tokens.push(read_tokens(&refresh(&world, last).await).1);
    }
    let last = tokens.last().expect("one").clone();
    for held in &tokens {
        assert_eq!(read_tokens(&refresh(&world, held).await).1, last);
    }
    world.advance(30);
    let next = read_tokens(&refresh(&world, &last).await).1;
    assert_ne!(next, last);
}

#[tokio::test]
async fn reuse_ends_its_own_session_only() {
    let world = World::start().await;
    let (_, first) = register_and_log_in(&world, &phone(1)).await;
    let other = crate::account::log_in(&world, &phone(1), crate::account::PASSWORD).await;
    let (_, other) = read_tokens(&other);
    let (_, second) = read_tokens(&refresh(&world, &first).await);
    read_tokens(&refresh(&world, &second).await);
    world.advance(30);
    assert_eq!(refresh(&world, &first).await.status, 401);
    assert_eq!(refresh(&world, &other).await.status, 200);
}

#[tokio::test]
async fn a_session_ends_after_a_week_unused_and_after_a_month_anyway() {
    let world = World::start().await;
    let day = 86_400;
    let (_, token) = register_and_log_in(&world, &phone(1)).await;
    let (_, other) = register_and_log_in(&world, &phone(2)).await;
    world.advance(7 * day);
    assert_eq!(refresh(&world, &other).await.problem(), "session-over");
    assert_eq!(refresh(&world, &token).await.problem(), "session-over");
    let (access, mut token) =
        read_tokens(&crate::account::log_in(&world, &phone(1), crate::account::PASSWORD).await);
    let list = call_with_token(&world, Method::GET, "/sessions", &access, None).await;
    let sessions = list.json["sessions"].as_array().map(Vec::len);
    assert_eq!(sessions, Some(1), "only the new one: {}", list.text);
    for _ in 0..5 {
        world.advance(6 * day - 1);
        token = read_tokens(&refresh(&world, &token).await).1;
    }
    world.advance(5);
    assert_eq!(refresh(&world, &token).await.problem(), "session-over");
}

#[tokio::test]
async fn an_invented_token_ends_no_session() {
    let world = World::start().await;
    let (_, token) = register_and_log_in(&world, &phone(1)).await;
    let invented = format!("{}AAAA{}", &token[..60], &token[64..]);
    for text in ["", "canary", invented.as_str(), &token[..token.len() - 4]] {
        let refused = refresh(&world, text).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (401, "invalid-refresh-token")
        );
    }
    assert_eq!(refresh(&world, &token).await.status, 200);
}

#[tokio::test]
async fn the_tables_hold_no_secret() {
    let world = World::start().await;
    let (access, token) = register_and_log_in(&world, &phone(1)).await;
    let mut dump = String::new();
    for table in ["Accounts", "AccountLimits"] {
        let scan = world.dynamodb("Scan", &json!({ "TableName": table })).await;
        dump.push_str(&scan.text);
    }
    assert!(dump.contains("argon2id."), "{dump}");
    for secret in [
        &phone(1)[1..],
        &phone(1)[5..],
        crate::account::PASSWORD,
        &access,
        &token,
    ] {
        assert!(!dump.contains(secret));
    }
}
