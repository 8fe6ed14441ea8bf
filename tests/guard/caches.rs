//! A cache stands before the key set of the service, and an operator rotates the keys.

use std::sync::Arc;

use phoneproof_crypto::keyring::JWKS_MAX_AGE;
use phoneproof_crypto::keyring_edit::KeyringDocument;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_guard::{Fetch, FetchFailed, Https, RemoteGuard};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Client, ManualClock, World, phone};
use tokio::sync::Mutex;

use crate::guard::now;

/// Fetches through a cache that keeps a key set for as long as its `max-age` says.
#[derive(Clone)]
struct Behind {
    https: Https,
    clock: Arc<ManualClock>,
    cached: Arc<Mutex<Cached>>,
}

#[derive(Default)]
struct Cached {
    until: Option<Timestamp>,
    body: Vec<u8>,
}

impl Fetch for Behind {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        let (mut cached, now) = (self.cached.lock().await, self.clock.now());
        if cached.until.is_none_or(|until| until <= now) {
            cached.body = self.https.fetch(url).await?;
            cached.until = Some(now + JWKS_MAX_AGE);
        }
        Ok(cached.body.clone())
    }
}

#[tokio::test]
async fn a_root_is_promoted_when_functions_and_caches_of_the_key_set_know_it() {
    for (waits, expected) in [(300, false), (600, true)] {
        let world = World::start().await;
        let behind = Behind {
            https: Https::new().expect("a client"),
            clock: Arc::clone(&world.clock),
            cached: Arc::default(),
        };
        let secret = &world.stack.backends.secret;
        let text = world.secret(SECRET_ID).await;
        let mut keys = KeyringDocument::from_json(&text).expect("a keyring");
        let added = world.clock.now();
        keys.add("r2", &[2; 32], added).expect("added");
        secret.set(Some(keys.to_json().expect("a keyring").to_string()));
        // At the last moment, a cache takes the key set of a function that does not know the root yet.
        world.advance(299);
        let url = format!("{}/.well-known/jwks.json", world.stack.url);
        behind.fetch(&url).await.expect("fetched");
        world.advance(waits - 299);
        let safe = keys.promote("r2", world.clock.now(), false).is_ok();
        assert_eq!(safe, expected, "{waits} s");
        if !safe {
            let forced = keys.promote("r2", world.clock.now(), true);
            forced.expect("promoted");
        }
        secret.set(Some(keys.to_json().expect("a keyring").to_string()));
        let instance = world.instance().await;
        let fresh = Client::new(&instance.url);
        let sent = fresh.send(&phone(1)).await;
        let verified = fresh.verify(&sent.token(), &world.code(&phone(1))).await;
        let guard: RemoteGuard<_> = RemoteGuard::new(world.stack.url.as_str(), behind);
        let checked = guard.check(&verified.token(), "login", now(&world)).await;
        assert_eq!(checked.is_ok(), expected, "{waits} s: {checked:?}");
    }
}
