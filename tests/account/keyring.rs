//! The account keyring, while an operator adds, promotes and retires roots, and after a leak.

use phoneproof_crypto::keyring_edit::{EditError, KeyringDocument, Replacement};
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, get_me, log_in, post, read_account_item, read_tokens, refresh, register,
    register_and_log_in, verify_phone,
};

/// Changes the keyring as `phoneproof-admin keys` does, and waits until the service has read it.
async fn edit(
    world: &World,
    change: impl FnOnce(&mut KeyringDocument, Timestamp) -> Result<(), EditError>,
) {
    let text = world.secret(ACCOUNT_SECRET_ID).await;
    let mut document = KeyringDocument::from_json(&text).expect("a keyring");
    change(&mut document, world.clock.now()).expect("a safe step");
    let text = document.to_json().expect("a keyring").to_string();
    world.stack.backends.account_secret.set(Some(text));
    world.advance(300);
}

async fn promote_a_second_root(world: &World) {
    edit(world, |keys, now| keys.add("r2", &[2; 32], now)).await;
    world.advance(300);
    edit(world, |keys, now| keys.promote("r2", now, false)).await;
}

/// Does what `phoneproof-admin keys rotate --leaked` does.
async fn replace_leaked(world: &World) {
    edit(world, |keys, now| {
        let new = Replacement {
            root: &[3; 32],
            pepper: Some(&[4; 32]),
            rsa: None,
        };
        keys.replace_leaked(new, now);
        Ok(())
    })
    .await;
}

async fn read_stored_password(world: &World) -> String {
    let item = read_account_item(world).await;
    item["password"]["S"].as_str().expect("a text").to_owned()
}

async fn assert_pepper(world: &World, id: &str) {
    let stored = read_stored_password(world).await;
    assert!(stored.starts_with(&format!("argon2id.{id}.")), "{id}");
}

#[tokio::test]
async fn sessions_and_passwords_keep_working_when_a_root_is_promoted_and_the_first_retired() {
    let world = World::start().await;
    let (_, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    assert_pepper(&world, "r1").await;
    promote_a_second_root(&world).await;
    let (access, refresh_token) = read_tokens(&refresh(&world, &refresh_token).await);
    assert_eq!(get_me(&world, &access).await.status, 200);
    // The first root was the index and the pepper, too. Those keys stay.
    let lifetime = std::time::Duration::ZERO;
    world.advance(300);
    edit(&world, |keys, now| keys.retire("r1", lifetime, now, false)).await;
    let (access, _) = read_tokens(&refresh(&world, &refresh_token).await);
    assert_eq!(get_me(&world, &access).await.status, 200);
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert_pepper(&world, "r1").await;
}

#[tokio::test]
async fn after_a_leak_sessions_end_and_the_same_password_logs_in() {
    let world = World::start().await;
    let (access, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    replace_leaked(&world).await;
    assert_eq!(get_me(&world, &access).await.status, 401);
    assert_eq!(refresh(&world, &refresh_token).await.status, 401);
    // A log-in with the wrong password upgrades nothing. A log-in with the right one does.
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    assert_pepper(&world, "r1").await;
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert_pepper(&world, "p1").await;
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
}

#[tokio::test]
async fn no_password_is_wrong_while_some_instances_have_not_read_the_new_pepper() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    world.advance(200);
    // This instance reads the keys 200 seconds later than the first one.
    let late = world.instance().await;
    let late = phoneproof_tests::Client::new(&late.url);
    world.advance(99);
    let text = world.secret(ACCOUNT_SECRET_ID).await;
    let mut document = KeyringDocument::from_json(&text).expect("a keyring");
    let new = Replacement {
        root: &[3; 32],
        pepper: Some(&[4; 32]),
        rsa: None,
    };
    document.replace_leaked(new, world.clock.now());
    let text = document.to_json().expect("a keyring").to_string();
    world.stack.backends.account_secret.set(Some(text));
    let body = json!({ "phone": phone(1), "password": PASSWORD });
    for _ in 0..31 {
        world.advance(10);
        for client in [&world.client, &late] {
            let answer = client.post("/account/v1/sessions", &body).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
    }
    assert_pepper(&world, "p1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_log_ins_that_upgrade_a_password_all_succeed() {
    let world = World::start().await;
    register_and_log_in(&world, &phone(1)).await;
    replace_leaked(&world).await;
    let mut log_ins = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let client = world.client.clone();
        let body = json!({ "phone": phone(1), "password": PASSWORD });
        log_ins.spawn(async move { client.post("/account/v1/sessions", &body).await });
    }
    for answer in log_ins.join_all().await {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    assert_pepper(&world, "p1").await;
}

#[tokio::test]
async fn a_password_of_a_retired_pepper_counts_as_wrong_until_it_is_reset() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    replace_leaked(&world).await;
    edit(&world, |keys, now| keys.retire_pepper("r1", now, true)).await;
    // The answer is the same as for a phone without an account, and no alarm pages an operator.
    let retired = log_in(&world, &phone(1), PASSWORD).await;
    let line = world.lines.last();
    assert_eq!(
        (&line["level"], &line["Faults"]),
        (&json!("info"), &json!(null))
    );
    let unknown = log_in(&world, &phone(2), PASSWORD).await;
    assert_eq!(
        (retired.status, retired.problem()),
        (401, "wrong-credentials")
    );
    let bytes = |answer: &phoneproof_tests::Answer| {
        let id = answer.json["requestId"].as_str().expect("an id");
        answer.text.replace(id, "")
    };
    assert_eq!(bytes(&retired), bytes(&unknown));
    let token = verify_phone(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    read_tokens(&log_in(&world, &phone(1), OTHER).await);
    assert_pepper(&world, "p1").await;
}
