//! The guard fetches keys, caches them and follows a rotation.

mod slow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::{CheckError, Fetch, FetchFailed, Https, Rejection, RemoteGuard};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{World, jwt_part, phone};
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
            return Err(FetchFailed::new("the test cut it off"));
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
    let invented = invent(&new);
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

/// Names a key in the token that nobody has.
fn invent(token: &str) -> String {
    let header = json!({
        "alg": "ES256", "kid": "no-such-key", "typ": "phone-verified+jwt", "jku": "http://127.0.0.1:9/",
    });
    let (_, rest) = token.split_once('.').expect("a header");
    format!("{}.{rest}", base64url(header.to_string()))
}

#[tokio::test]
async fn while_the_issuer_is_down_the_guard_uses_its_keys_for_an_hour_and_then_fails_closed() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    let begin = now(&world);
    let token = forever(&world).await;
    guard.check(&token, "login", begin).await.expect("accepted");
    fetch.is_down.store(true, Ordering::SeqCst);
    let mut tries = 1;
    // The keys are old after five minutes. From then on one check of a minute looks for newer ones.
    for minute in 1..60 {
        for second in [0, 1, 59] {
            let at = begin + 60 * minute + second;
            let checked = guard.check(&token, "login", at).await;
            assert!(checked.is_ok(), "after {minute} min: {checked:?}");
        }
        tries += usize::from(minute >= 5);
        assert_eq!(fetch.count(), tries, "after {minute} min");
    }
    for at in [3_600, 86_400, 365 * 86_400] {
        let checked = guard.check(&token, "login", begin + at).await;
        assert!(is_without_keys(&checked), "{checked:?}");
    }
}

/// Makes a token that the issuer's own key signs, which was valid at all times and never expires.
async fn forever(world: &World) -> String {
    let token = obtain_success_token(world, 600).await;
    let (header, mut claims) = (jwt_part(&token, 0), jwt_part(&token, 1));
    claims["nbf"] = json!(0);
    claims["exp"] = json!(u64::MAX);
    let keyring = world.read_keyring(SECRET_ID).await;
    let key = keyring.signing_key(world.clock.now());
    let kind = header["typ"].as_str().expect("a type");
    key.sign_jwt(kind, &claims).expect("signed")
}

fn is_without_keys<T>(checked: &Result<T, CheckError>) -> bool {
    matches!(checked, Err(CheckError::NoKeys { .. }))
}

#[tokio::test]
async fn a_retired_key_is_forgotten_within_five_minutes() {
    let world = World::builder()
        .keyring(&write_keyring(&["r1", "r2"], "r2"))
        .start()
        .await;
    let (_, guard) = start_guard(&world);
    let token = obtain_success_token(&world, 1).await;
    let begin = now(&world);
    guard.check(&token, "login", begin).await.expect("accepted");
    let retired = write_keyring(&["r1"], "r1");
    world.stack.backends.secret.set(Some(retired));
    world.advance(300);
    let refused = guard.check(&token, "login", begin + 300).await;
    assert_eq!(refused, Err(CheckError::Rejected(Rejection::UnknownKey)));
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_keys_younger() {
    const YEAR: u64 = 365 * 86_400;
    let world = World::builder()
        .keyring(&write_keyring(&["r1", "r2"], "r2"))
        .start()
        .await;
    let (fetch, guard) = start_guard(&world);
    let (token, begin) = (forever(&world).await, now(&world));
    guard.check(&token, "login", begin).await.expect("accepted");
    // The clock of the check, and how old the keys are by then.
    fetch.is_down.store(true, Ordering::SeqCst);
    for (clock, age) in [
        (begin - YEAR, 0),
        (begin - YEAR + 1_000, 1_000),
        (begin - 2 * YEAR, 1_000),
        (begin - 2 * YEAR + 2_599, 3_599),
    ] {
        let checked = guard.check(&token, "login", clock).await;
        assert!(checked.is_ok(), "{age} s: {checked:?}");
    }
    for clock in [begin - 2 * YEAR + 2_600, begin - 3 * YEAR] {
        let checked = guard.check(&token, "login", clock).await;
        let Err(CheckError::NoKeys { retry_at, .. }) = checked else {
            panic!("{checked:?}");
        };
        assert!(retry_at > clock && retry_at <= clock + 60, "{retry_at}");
    }
    // The next fetch does not wait until the clock has caught up.
    fetch.is_down.store(false, Ordering::SeqCst);
    let clock = begin - 3 * YEAR + 60;
    guard.check(&token, "login", clock).await.expect("accepted");
    let retired = write_keyring(&["r1"], "r1");
    world.stack.backends.secret.set(Some(retired));
    world.advance(300);
    let clock = begin - 4 * YEAR;
    guard.check(&token, "login", clock).await.expect("young");
    let refused = guard.check(&token, "login", clock + 300).await;
    assert_eq!(refused, Err(CheckError::Rejected(Rejection::UnknownKey)));
}

#[tokio::test]
async fn a_fetch_that_failed_under_a_clock_ahead_does_not_delay_a_right_clock() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    let (token, begin) = (forever(&world).await, now(&world));
    fetch.is_down.store(true, Ordering::SeqCst);
    let ahead = guard.check(&token, "login", begin + 86_400).await;
    assert!(is_without_keys(&ahead), "{ahead:?}");
    fetch.is_down.store(false, Ordering::SeqCst);
    drop(guard.check(&token, "login", begin).await);
    guard
        .check(&token, "login", begin + 1)
        .await
        .expect("accepted");
}

#[tokio::test]
async fn without_any_keys_nothing_is_accepted_and_the_issuer_is_asked_after_1_2_4_seconds() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    fetch.is_down.store(true, Ordering::SeqCst);
    let token = obtain_success_token(&world, 1).await;
    let begin = now(&world);
    let mut next = begin;
    for (tries, wait) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        // Until then nobody is asked.
        for at in [next.saturating_sub(1), next, next] {
            let checked = guard.check(&token, "login", at.max(begin)).await;
            let Err(CheckError::NoKeys { retry_at, cause }) = checked else {
                panic!("{checked:?}");
            };
            assert!(cause.to_string().ends_with(": the test cut it off"));
            assert!(retry_at > at, "{retry_at}");
        }
        assert_eq!(fetch.count(), tries + 1, "at {next}");
        next += wait;
    }
    fetch.is_down.store(false, Ordering::SeqCst);
    assert!(is_without_keys(
        &guard.check(&token, "login", next - 1).await
    ));
    let checked = guard.check(&forever(&world).await, "login", next).await;
    assert!(checked.is_ok(), "{checked:?}");
    // Now there are keys, so an invented one is looked for once a minute.
    for at in [next + 1, next + 59, next + 60] {
        drop(guard.check(&invent(&token), "login", at).await);
    }
    assert_eq!(fetch.count(), 8 + 2);
}

#[tokio::test]
async fn keys_that_are_too_old_are_fetched_at_once_and_then_after_1_2_4_seconds() {
    let world = World::start().await;
    let (fetch, guard) = start_guard(&world);
    let (token, begin) = (forever(&world).await, now(&world));
    guard.check(&token, "login", begin).await.expect("accepted");
    fetch.is_down.store(true, Ordering::SeqCst);
    let old = begin + 3_599;
    guard.check(&token, "login", old).await.expect("accepted");
    for (at, count) in [(1, 3), (1, 3), (2, 4), (3, 4), (4, 5), (7, 5), (8, 6)] {
        let checked = guard.check(&token, "login", old + at).await;
        assert!(is_without_keys(&checked), "{at}: {checked:?}");
        assert_eq!(fetch.count(), count, "{at}");
    }
    fetch.is_down.store(false, Ordering::SeqCst);
    guard
        .check(&token, "login", old + 16)
        .await
        .expect("accepted");
}

#[tokio::test]
async fn a_guard_without_keys_says_what_failed() {
    let cases = [
        ("http://127.0.0.1:9", "refused"),
        ("http://192.0.2.1", "the URL is not https"),
    ];
    for (issuer, expected) in cases {
        let guard: RemoteGuard<Https> = RemoteGuard::new(issuer, Https::new().expect("a client"));
        let checked = guard.check("e30.e30.e30", "login", 1_000).await;
        let error = checked.expect_err("no keys").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let world = World::start().await;
    let url = world.stack.url.as_str();
    for (path, expected) in [("/none", "404"), ("/v1/ping", "the key set is not a JWKS")] {
        let guard: RemoteGuard<Https> = RemoteGuard::new(url, Https::new().expect("a client"));
        let guard = guard.with_jwks_url(format!("{url}{path}"));
        let checked = guard.check("e30.e30.e30", "login", 1_000).await;
        let error = checked.expect_err("no keys").to_string();
        assert!(error.contains(expected), "{error}");
    }
}
