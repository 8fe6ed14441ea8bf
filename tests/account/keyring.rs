//! The account keyring, while an operator adds, promotes and retires roots.

use phoneproof_crypto::keyring_edit::{EditError, KeyringDocument};
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
    edit(world, |keys, now| keys.promote("r2", now, false)).await;
}

/// Retires the second root with force, after a third has taken its place. The root that keys the tables must stay.
async fn retire_the_second_root(world: &World) {
    edit(world, |keys, now| keys.add("r3", &[3; 32], now)).await;
    edit(world, |keys, now| keys.promote("r3", now, false)).await;
    edit(world, |keys, now| {
        keys.retire("r2", std::time::Duration::ZERO, now, true)
    })
    .await;
}

async fn read_stored_password(world: &World) -> String {
    let item = read_account_item(world).await;
    item["password"]["S"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn sessions_and_passwords_keep_working_when_a_root_is_promoted() {
    let world = World::start().await;
    let (_, refresh_token) = register_and_log_in(&world, &phone(1)).await;
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r1.")
    );
    promote_a_second_root(&world).await;
    let (access, _) = read_tokens(&refresh(&world, &refresh_token).await);
    assert_eq!(get_me(&world, &access).await.status, 200);
    // A log-in with the wrong password upgrades nothing. A log-in with the right one does.
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r1.")
    );
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r2.")
    );
    read_tokens(&log_in(&world, &phone(1), PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_log_ins_that_upgrade_a_password_all_succeed() {
    let world = World::start().await;
    register_and_log_in(&world, &phone(1)).await;
    promote_a_second_root(&world).await;
    let mut log_ins = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let client = world.client.clone();
        let body = json!({ "phone": phone(1), "password": PASSWORD });
        log_ins.spawn(async move { client.post("/account/v1/sessions", &body).await });
    }
    for answer in log_ins.join_all().await {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r2.")
    );
}

#[tokio::test]
async fn a_password_of_a_retired_root_counts_as_wrong_until_it_is_reset() {
    let world = World::start().await;
    promote_a_second_root(&world).await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r2.")
    );
    retire_the_second_root(&world).await;
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
    assert!(
        read_stored_password(&world)
            .await
            .starts_with("argon2id.r3.")
    );
}
