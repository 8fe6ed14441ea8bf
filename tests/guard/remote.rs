//! The guard fetches keys, caches them and follows a rotation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use phoneproof_guard::{CheckError, Fetch, FetchFailed, Https, Rejection, RemoteGuard};
use phoneproof_tests::{World, phone};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::guard::{now, obtain_success_token};

/// Fetches over HTTP and counts the fetches. The test can cut it off.
#[derive(Clone)]
struct Counted {
    https: Https,
    fetches: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
}

impl Counted {
    fn new() -> Self {
        Self {
            https: Https::new().expect("a client"),
            fetches: Arc::default(),
            is_down: Arc::default(),
        }
    }

    fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Fetch for Counted {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(FetchFailed);
        }
        self.https.fetch(url).await
    }
}

fn write_keyring(roots: &[&str], current: &str) -> String {
    let secrets = roots
        .iter()
        .map(|id| ((*id).to_owned(), json!(id.repeat(32))));
    let roots: serde_json::Map<_, _> = secrets.collect();
    json!({ "current": current, "index": "r1", "roots": roots }).to_string()
}

fn start_guard(world: &World) -> (Counted, RemoteGuard<Counted>) {
    let fetch = Counted::new();
    (
        fetch.clone(),
        RemoteGuard::new(world.stack.url.as_str(), fetch),
    )
}

#[tokio::test]
async fn parallel_checks_fetch_the_keys_once() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let (fetch, guard) = start_guard(&world);
    let (guard, at) = (Arc::new(guard), now(&world));
    let mut checks = JoinSet::new();
    for _ in 0..50 {
        let (guard, token) = (Arc::clone(&guard), token.clone());
        checks.spawn(async move { guard.check(&token, "login", at).await });
    }
    for checked in checks.join_all().await {
        assert_eq!(checked.expect("accepted").phone, phone(1));
    }
    assert_eq!(fetch.count(), 1);
}

#[tokio::test]
async fn a_new_key_is_fetched_at_once_and_an_invented_one_once_a_minute() {
    let world = World::builder()
        .keyring(&write_keyring(&["r1", "r2"], "r1"))
        .start()
        .await;
    let (fetch, guard) = start_guard(&world);
    let old = obtain_success_token(&world, 1).await;
    guard
        .check(&old, "login", now(&world))
        .await
        .expect("accepted");
    // Now a root is current whose key the guard has not fetched yet.
    world
        .stack
        .backends
        .secret
        .set(Some(write_keyring(&["r1", "r2", "r3"], "r3")));
    world.advance(300);
    let new = obtain_success_token(&world, 2).await;
    guard
        .check(&new, "login", now(&world))
        .await
        .expect("the new key was fetched");
    assert_eq!(fetch.count(), 2);
    let invented = new.replacen(
        &new[..new.find('.').expect("a header")],
        &encode_header("no-such-key"),
        1,
    );
    for _ in 0..20 {
        let refused = guard.check(&invented, "login", now(&world)).await;
        assert_eq!(refused, Err(CheckError::Rejected(Rejection::UnknownKey)));
    }
    assert_eq!(fetch.count(), 2, "less than a minute ago");
    world.advance(60);
    for _ in 0..20 {
        drop(guard.check(&invented, "login", now(&world)).await);
    }
    assert_eq!(fetch.count(), 3);
}

fn encode_header(kid: &str) -> String {
    use base64::Engine as _;
    let header = json!({ "alg": "ES256", "kid": kid, "typ": "phone-verified+jwt", "jku": "http://127.0.0.1:9/" });
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header.to_string())
}

#[tokio::test]
async fn the_guard_uses_the_keys_that_it_has_while_the_issuer_is_down() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    let token = obtain_success_token(&world, 1).await;
    guard
        .check(&token, "login", now(&world))
        .await
        .expect("accepted");
    fetch.is_down.store(true, Ordering::SeqCst);
    world.advance(3_600);
    let token = obtain_success_token(&world, 2).await;
    guard
        .check(&token, "login", now(&world))
        .await
        .expect("stale keys are still used");
    assert_eq!(fetch.count(), 2, "it tried");
    fetch.is_down.store(false, Ordering::SeqCst);
    world.advance(60);
    let token = obtain_success_token(&world, 3).await;
    guard
        .check(&token, "login", now(&world))
        .await
        .expect("accepted");
    assert_eq!(fetch.count(), 3, "and tries again after a minute");
}

#[tokio::test]
async fn a_retired_key_is_forgotten_within_the_hour() {
    let world = World::builder()
        .keyring(&write_keyring(&["r1", "r2"], "r2"))
        .start()
        .await;
    let (_, guard) = start_guard(&world);
    let token = obtain_success_token(&world, 1).await;
    guard
        .check(&token, "login", now(&world))
        .await
        .expect("accepted");
    world
        .stack
        .backends
        .secret
        .set(Some(write_keyring(&["r1"], "r1")));
    world.advance(3_600);
    let refused = guard.check(&token, "login", now(&world)).await;
    assert_eq!(refused, Err(CheckError::Rejected(Rejection::UnknownKey)));
}

#[tokio::test]
async fn without_any_keys_nothing_is_accepted_and_the_issuer_is_asked_once_a_minute() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    fetch.is_down.store(true, Ordering::SeqCst);
    let token = obtain_success_token(&world, 1).await;
    for _ in 0..5 {
        let checked = guard.check(&token, "login", now(&world)).await;
        assert_eq!(checked, Err(CheckError::NoKeys));
    }
    assert_eq!(fetch.count(), 1);
    fetch.is_down.store(false, Ordering::SeqCst);
    world.advance(60);
    assert!(guard.check(&token, "login", now(&world)).await.is_ok());
}

/// Fetches over HTTP, but only when the test permits an answer.
#[derive(Clone)]
struct Slow {
    fetches: Arc<AtomicUsize>,
    answers: Arc<Semaphore>,
    https: Https,
}

impl Slow {
    fn new() -> Self {
        Self {
            fetches: Arc::default(),
            answers: Arc::new(Semaphore::new(0)),
            https: Https::new().expect("a client"),
        }
    }

    fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl Fetch for Slow {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.acquire().await;
        answer.map_err(|_| FetchFailed)?.forget();
        self.https.fetch(url).await
    }
}

/// Starts a guard whose issuer is slow.
fn start_slow_guard(world: &World) -> (Slow, RemoteGuard<Slow>) {
    let slow = Slow::new();
    (
        slow.clone(),
        RemoteGuard::new(world.stack.url.as_str(), slow),
    )
}

/// Begins a check and gives it up after a moment, as when a client hangs up.
async fn give_up_check(guard: &RemoteGuard<Slow>, token: &str, at: u64) {
    let moment = Duration::from_millis(20);
    let checked = tokio::time::timeout(moment, guard.check(token, "login", at)).await;
    assert!(checked.is_err(), "{checked:?}");
}

#[tokio::test]
async fn clients_that_hang_up_neither_repeat_nor_end_a_fetch() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let (slow, guard) = start_slow_guard(&world);
    for _ in 0..20 {
        give_up_check(&guard, &token, now(&world)).await;
    }
    assert_eq!(slow.count(), 1);
    slow.answers.add_permits(1);
    let checked = guard.check(&token, "login", now(&world)).await;
    assert_eq!(checked.expect("the same fetch goes on").phone, phone(1));
    world.advance(60);
    let token = obtain_success_token(&world, 2).await;
    let invented = token.replacen(
        &token[..token.find('.').expect("a header")],
        &encode_header("no-such-key"),
        1,
    );
    for _ in 0..20 {
        give_up_check(&guard, &invented, now(&world)).await;
        world.advance(1);
    }
    assert_eq!(slow.count(), 2, "one in its minute");
}

#[tokio::test]
async fn a_guard_with_old_keys_answers_while_another_request_fetches() {
    let world = World::start().await;
    let (slow, guard) = start_slow_guard(&world);
    slow.answers.add_permits(1);
    let token = obtain_success_token(&world, 1).await;
    let at = now(&world);
    guard.check(&token, "login", at).await.expect("accepted");
    world.advance(3_600);
    let token = obtain_success_token(&world, 2).await;
    let at = now(&world);
    give_up_check(&guard, &token, at).await;
    for _ in 0..10 {
        let check = guard.check(&token, "login", at);
        let checked = tokio::time::timeout(Duration::from_secs(1), check).await;
        assert!(checked.expect("at once").is_ok());
    }
    assert_eq!(slow.count(), 2);
}
