//! An operator adds, promotes and retires roots, and adds an RSA key, by the rules of `phoneproof-admin keys`.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use phoneproof_crypto::keyring_edit::{EditError, KeyringDocument};
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{World, phone};

use crate::drills::traffic::Traffic;

/// The lifetimes of a code and of a success token in the sample policy, added up.
const TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// Changes the keyring as `phoneproof-admin keys` does, without force.
async fn edit(
    traffic: &Traffic,
    change: impl FnOnce(&mut KeyringDocument, Timestamp) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let secret = &traffic.world.stack.backends.secret;
    let text = traffic.world.secret(SECRET_ID).await;
    let mut document = KeyringDocument::from_json(&text)?;
    change(&mut document, traffic.world.clock.now())?;
    secret.set(Some(document.to_json()?.to_string()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roots_are_added_promoted_and_retired_while_people_log_in() {
    let first_root = "a".repeat(43);
    let keyring = format!(r#"{{"current":"r1","r1":"{first_root}"}}"#);
    let world = World::builder().keyring(&keyring).start().await;
    let mut traffic = Box::pin(Traffic::start(world, 1)).await;
    traffic.run(400).await;
    edit(&traffic, |keys, now| keys.add("r2", &[2; 32], now))
        .await
        .expect("added");
    let too_early = edit(&traffic, |keys, now| keys.promote("r2", now, false)).await;
    assert!(matches!(too_early, Err(EditError::TooEarly { .. })));
    traffic.run(300).await;
    let too_early = edit(&traffic, |keys, now| keys.promote("r2", now, false)).await;
    assert!(matches!(too_early, Err(EditError::TooEarly { .. })));
    traffic.run(300).await;
    edit(&traffic, |keys, now| keys.promote("r2", now, false))
        .await
        .expect("promoted");
    traffic.run(1_000).await;
    edit(&traffic, |keys, now| {
        keys.retire("r1", TOKEN_LIFETIME, now, false)
    })
    .await
    .expect("the root that the stack was born with is retired like any other");
    edit(&traffic, |keys, now| keys.add("r3", &[3; 32], now))
        .await
        .expect("added");
    traffic.run(600).await;
    edit(&traffic, |keys, now| keys.promote("r3", now, false))
        .await
        .expect("promoted");
    let thief = start_thief(&traffic, &[2; 32]).await;
    let success = sign_stolen_success(&thief).await;
    assert!(traffic.relying_party_accepts(&success).await, "still live");
    let too_early = edit(&traffic, |keys, now| {
        keys.retire("r2", TOKEN_LIFETIME, now, false)
    })
    .await;
    assert!(matches!(too_early, Err(EditError::TooEarly { .. })));
    traffic.run(900).await;
    edit(&traffic, |keys, now| {
        keys.retire("r2", TOKEN_LIFETIME, now, false)
    })
    .await
    .expect("retired");
    traffic.run(300).await;
    thief.advance(1_200);
    for n in 2..12 {
        let challenge = thief
            .client
            .send_from(&phone(n), &format!("d{n}"), "192.0.2.7")
            .await;
        let code = thief.code(&phone(n));
        let verified = traffic.client().verify(&challenge.token(), &code).await;
        assert_eq!(
            (verified.status, verified.problem()),
            (400, "invalid-token")
        );
        let success = thief.client.verify(&challenge.token(), &code).await.token();
        let spent = traffic.client().spend(&success, "login").await;
        assert_eq!(spent.status, 400, "{}", spent.text);
    }
    traffic.run(300).await;
    thief.advance(300);
    let success = sign_stolen_success(&thief).await;
    assert!(
        !traffic.relying_party_accepts(&success).await,
        "forgotten in five more minutes"
    );
    traffic.finish().await;
    assert_eq!(traffic.finished, 615);
    traffic.stop().await;
}

/// Starts the stack of a thief who has stolen a root and pretends to be the service.
async fn start_thief(traffic: &Traffic, root: &[u8; 32]) -> World {
    let root = phoneproof_crypto::base64url(root);
    let keyring = format!(r#"{{"current":"r2","roots":{{"r2":"{root}"}}}}"#);
    let world = World::builder()
        .keyring(&keyring)
        .issuer(&traffic.world.stack.url)
        .start()
        .await;
    let ahead = traffic.world.clock.now().unix() - world.clock.now().unix();
    world.advance(u64::try_from(ahead).expect("the traffic has run"));
    world
}

async fn sign_stolen_success(thief: &World) -> String {
    thief.advance(60);
    let sent = thief.client.send_from(&phone(1), "d1", "192.0.2.8").await;
    let verified = thief
        .client
        .verify(&sent.token(), &thief.code(&phone(1)))
        .await;
    verified.token()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_rsa_key_is_added_while_people_log_in() {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a key has an encoding");
    let mut traffic = Box::pin(Traffic::start(World::start().await, 2)).await;
    traffic.run(400).await;
    edit(&traffic, |keys, now| {
        keys.add_rsa("rsa1", der.as_ref(), now)
    })
    .await
    .expect("added");
    traffic.run(900).await;
    traffic.finish().await;
    assert_eq!(traffic.finished, 195);
    traffic.stop().await;
}
