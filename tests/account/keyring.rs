//! The account keyring: roots are added, promoted and, if they must be, retired.

use phoneproof_crypto::keyring_edit::{EditError, KeyringDocument};
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::account::{
    OTHER, PASSWORD, account_item, log_in, me, member, post, proof, refresh, register, tokens,
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

/// Retires a root with force. The one that keys the tables must stay, so another does.
async fn retire_the_second_root(world: &World) {
    edit(world, |keys, now| keys.add("r3", &[3; 32], now)).await;
    edit(world, |keys, now| keys.promote("r3", now, false)).await;
    edit(world, |keys, now| {
        keys.retire("r2", std::time::Duration::ZERO, now, true)
    })
    .await;
}

async fn stored_password(world: &World) -> String {
    let item = account_item(world).await;
    item["password"]["S"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_promoted_root_takes_over_and_nobody_notices() {
    let world = World::start().await;
    let (_, refresh_token) = member(&world, &phone(1)).await;
    assert!(stored_password(&world).await.starts_with("argon2id.r1."));
    promote_a_second_root(&world).await;
    let (access, _) = tokens(&refresh(&world, &refresh_token).await);
    assert_eq!(me(&world, &access).await.status, 200);
    // A wrong password upgrades nothing; the right one does, at log-in.
    assert_eq!(log_in(&world, &phone(1), OTHER).await.status, 401);
    assert!(stored_password(&world).await.starts_with("argon2id.r1."));
    tokens(&log_in(&world, &phone(1), PASSWORD).await);
    assert!(stored_password(&world).await.starts_with("argon2id.r2."));
    tokens(&log_in(&world, &phone(1), PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_log_ins_that_upgrade_at_once_every_one_succeeds() {
    let world = World::start().await;
    member(&world, &phone(1)).await;
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
    assert!(stored_password(&world).await.starts_with("argon2id.r2."));
}

#[tokio::test]
async fn a_password_of_a_retired_root_is_a_wrong_one_until_it_is_reset() {
    let world = World::start().await;
    promote_a_second_root(&world).await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    assert!(stored_password(&world).await.starts_with("argon2id.r2."));
    retire_the_second_root(&world).await;
    // Nothing tells this account from none, and nothing pages an operator.
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
    let token = proof(&world, "password-reset", &phone(1)).await;
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&world, "/password-reset", &body).await.status, 204);
    tokens(&log_in(&world, &phone(1), OTHER).await);
    assert!(stored_password(&world).await.starts_with("argon2id.r3."));
}
