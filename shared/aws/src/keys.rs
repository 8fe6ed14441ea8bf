//! The keyring that the functions use: it is read from Secrets Manager, cached and refreshed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use phoneproof_guard::OwnTime;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

pub use phoneproof_crypto::keyring::KeyringOwner;
use phoneproof_crypto::keyring::{Keyring, KeyringError, REFRESH_AFTER};
use phoneproof_domain::clock::Timestamp;

/// How long a cached keyring is used while Secrets Manager cannot be read. After that the service refuses every
/// request: otherwise it would accept a retired root for as long as Secrets Manager is out of reach.
pub const USABLE_FOR: Duration = Duration::from_hours(1);

/// How long start-up waits for the keyring. Lambda limits start-up to 10 seconds (Lambda developer guide, "Init
/// phase").
pub const READ_WITHIN: Duration = Duration::from_secs(8);

/// How long after a failed refresh the next one is tried.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why no keyring can be used. No variant holds any part of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeysError {
    /// Secrets Manager refused or did not answer. Holds its error code, or the kind of failure.
    #[error("keyring: the secret could not be read ({0})")]
    Unreachable(String),
    /// The secret was read, but it is not a usable keyring.
    #[error(transparent)]
    Invalid(#[from] KeyringError),
}

/// A keyring, and in the cache's own time when it was read and when the next read is due.
#[derive(Clone)]
struct Cached {
    keyring: Arc<Keyring>,
    read_at: Timestamp,
    try_at: Timestamp,
}

/// Reads the keyring secret and caches what it read.
///
/// One instance serves all requests of a process; at most one of them reads the secret at a time.
#[derive(derive_more::Debug)]
#[debug("Keys {{ secret_id: {secret_id:?}, .. }}")]
pub struct Keys {
    client: Client,
    secret_id: String,
    owner: KeyringOwner,
    cached: RwLock<Option<Cached>>,
    time: std::sync::Mutex<OwnTime>,
    /// Held while the secret is read, so that concurrent requests wait for one read.
    reading: Mutex<()>,
}

impl Keys {
    /// Makes a cache over the secret with this id or ARN, which holds the keyring of `owner`. The secret is not read
    /// yet.
    #[must_use]
    pub fn new(client: Client, secret_id: String, owner: KeyringOwner) -> Self {
        Self {
            client,
            secret_id,
            owner,
            cached: RwLock::new(None),
            time: std::sync::Mutex::default(),
            reading: Mutex::new(()),
        }
    }

    /// Returns the keyring for a request. If the secret has to be read, the request notes it as a call.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when the secret cannot be read or used and no cached keyring is younger than [`USABLE_FOR`].
    pub async fn read_keyring(
        &self,
        request: &mut RequestContext,
    ) -> Result<Arc<Keyring>, KeysError> {
        if let Some(keyring) = self.find_fresh(self.read_time(request.now)) {
            return Ok(keyring);
        }
        let began = Instant::now();
        let keyring = self.load(request.now, request.deadline).await;
        request.note_dependency(Dependency::Keys, began);
        keyring
    }

    /// Returns the keyring at `now`: the cached one while it is fresh, otherwise a new one that is read from the
    /// secret.
    ///
    /// When the read fails or misses `deadline`, the cached keyring is returned until it is [`USABLE_FOR`] old. A clock
    /// that is set back makes it no younger.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when the secret cannot be read or used and no cached keyring is younger than [`USABLE_FOR`].
    pub async fn load(&self, now: Timestamp, deadline: Instant) -> Result<Arc<Keyring>, KeysError> {
        let now = self.read_time(now);
        if let Some(keyring) = self.find_fresh(now) {
            return Ok(keyring);
        }
        let Ok(_reading) = timeout_at(deadline, self.reading.lock()).await else {
            // Another request is still reading the secret; its log line will say how that went.
            let usable = self
                .read_cache()
                .filter(|old| now < old.read_at + USABLE_FOR);
            return usable.map(|old| old.keyring).ok_or_else(too_late);
        };
        if let Some(keyring) = self.find_fresh(now) {
            return Ok(keyring);
        }
        match (self.read(deadline).await, self.read_cache()) {
            (Ok(keyring), _) => Ok(self.keep(Arc::new(keyring), now, now + REFRESH_AFTER)),
            (Err(error), Some(old)) if now < old.read_at + USABLE_FOR => {
                tracing::error!(%error, "keyring not refreshed, keeping the cached one");
                let try_at = (now + RETRY_AFTER).min(old.read_at + USABLE_FOR);
                Ok(self.keep(old.keyring, old.read_at, try_at))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn read_time(&self, now: Timestamp) -> Timestamp {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        let own = time.read(u64::try_from(now.unix()).unwrap_or(0));
        Timestamp::from_unix(i64::try_from(own).unwrap_or(i64::MAX))
    }

    /// Returns the cached keyring, unless a refresh is due.
    fn find_fresh(&self, now: Timestamp) -> Option<Arc<Keyring>> {
        let cached = self.read_cache().filter(|cached| now < cached.try_at)?;
        Some(cached.keyring)
    }

    fn read_cache(&self) -> Option<Cached> {
        self.cached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, keyring: Arc<Keyring>, read_at: Timestamp, try_at: Timestamp) -> Arc<Keyring> {
        let cached = Cached {
            keyring: Arc::clone(&keyring),
            read_at,
            try_at,
        };
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        keyring
    }

    async fn read(&self, deadline: Instant) -> Result<Keyring, KeysError> {
        let request = self.client.get_secret_value().secret_id(&self.secret_id);
        let answer = timeout_at(deadline, request.send())
            .await
            .map_err(|_| too_late())?
            .map_err(|error| KeysError::Unreachable(crate::clients::error_code(&error)))?;
        let text = Zeroizing::new(answer.secret_string.unwrap_or_default());
        let keyring = Keyring::from_json(&text)?;
        self.owner.check(keyring.owner())?;
        Ok(keyring)
    }
}

fn too_late() -> KeysError {
    KeysError::Unreachable("deadline".to_owned())
}
