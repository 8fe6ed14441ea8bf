//! An issuer that answers slowly.

use super::*;

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
        answer.map_err(FetchFailed::new)?.forget();
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
    let invented = invent(&token);
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
    world.advance(300);
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
