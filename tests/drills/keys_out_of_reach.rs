//! An instance wants to read its keys again, and the secret cannot be read or is not a keyring.

use std::time::Duration;

use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{World, phone};

/// The faults of the secret: it cannot be read, or an operator made one of four mistakes.
const FAULTS: [Option<&str>; 5] = [
    None,
    Some(""),
    Some("{}"),
    Some(r#"{"current":"r1","r1":"short"}"#),
    Some(r#"{"current":"r9","r1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_keeps_its_keys_for_an_hour_then_fails_closed_and_recovers() {
    for fault in FAULTS {
        let world = World::start().await;
        let good = world.secret(SECRET_ID).await;
        world.stack.backends.secret.set(fault.map(str::to_owned));
        // For a second less than an hour, the instance serves as before.
        for n in 0..12 {
            world.advance(if n == 11 { 299 } else { 300 });
            let sent = world
                .client
                .send_from(&phone(n), &format!("d{n}"), "192.0.2.1")
                .await;
            let verified = world
                .client
                .verify(&sent.token(), &world.code(&phone(n)))
                .await;
            assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
        }
        let open = world
            .client
            .send_from(&phone(20), "d20", "192.0.2.2")
            .await
            .token();
        world.advance(1);
        let texts = world.text_count();
        let sent = world.client.send_from(&phone(21), "d21", "192.0.2.3").await;
        let verified = world.client.verify(&open, &world.code(&phone(20))).await;
        let keys = world.client.get("/.well-known/jwks.json").await;
        assert_eq!(
            [sent.status, verified.status, keys.status],
            [503; 3],
            "{fault:?}"
        );
        assert_eq!(world.text_count(), texts, "{fault:?}: a text without keys");
        // The next request after the secret is back reads it.
        world.stack.backends.secret.set(Some(good));
        let verified = world.client.verify(&open, &world.code(&phone(20))).await;
        assert_eq!(verified.status, 200, "{fault:?}: {}", verified.text);
    }
}

#[tokio::test]
async fn an_unreadable_secret_is_read_again_only_after_ten_seconds() {
    let world = World::start().await;
    world.stack.backends.secret.set(None);
    for (seconds, asked) in [(299, false), (1, true), (0, false), (9, false), (1, true)] {
        world.advance(seconds);
        let keys = world.client.get("/.well-known/jwks.json").await;
        assert_eq!(keys.status, 200);
        let line = world.lines.last();
        assert_eq!(line.get("KeysTime").is_some(), asked, "{seconds} s: {line}");
    }
}

/// Otherwise such an instance would accept a retired root until its clock had caught up.
#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_keyring_for_longer() {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    let world = World::start().await;
    let keys = async |seconds| {
        world.advance(seconds);
        world.client.get("/.well-known/jwks.json").await
    };
    let old = keys(100).await.text;
    // Somebody replaces the keyring. The instance reads it when its own is 300 s old, whatever the clock says.
    let secret = "r9".repeat(32);
    let replaced = format!(r#"{{"current":"r9","index":"r9","roots":{{"r9":"{secret}"}}}}"#);
    world.stack.backends.secret.set(Some(replaced.clone()));
    world.clock.set_back(YEAR);
    assert_eq!(keys(0).await.text, old);
    assert_eq!(keys(199).await.text, old);
    let new = keys(1).await.text;
    assert!(new.contains("\"r9\"") && new != old, "{new}");
    // The secret cannot be read for an hour.
    world.stack.backends.secret.set(None);
    assert_eq!(keys(3_000).await.text, new);
    world.clock.set_back(YEAR);
    assert_eq!(keys(0).await.text, new);
    assert_eq!(keys(599).await.text, new);
    assert_eq!(keys(1).await.status, 503);
    world.stack.backends.secret.set(Some(replaced));
    assert_eq!(keys(0).await.text, new);
}

#[tokio::test]
async fn an_instance_without_good_keys_does_not_start() {
    for fault in FAULTS.into_iter().flatten() {
        let world = World::start().await;
        world.stack.backends.secret.set(Some(fault.to_owned()));
        let error = world.try_instance().await.expect_err("no keys");
        assert!(error.to_string().starts_with("keyring: "), "{error}");
    }
}
