//! The live keyring: loaded from Secrets Manager, cached, refreshed.

use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use phoneproof_crypto::keyring::{Keyring, KeyringError, REFRESH_AFTER};
use phoneproof_domain::clock::Timestamp;

/// How long a keyring is used when it cannot be read again. After that the service fails closed: a
/// retired root would otherwise be accepted for as long as Secrets Manager is out of reach.
pub const USABLE_FOR: Duration = Duration::from_hours(1);

/// How long start-up waits for the keyring. Lambda gives start-up 10 seconds (Lambda developer guide, "Init phase").
pub const READ_WITHIN: Duration = Duration::from_secs(8);

/// After a failed refresh, how long until the next try.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why there is no keyring.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeysError {
    /// Secrets Manager gave no answer, or refused; with its error code.
    #[error("keyring: the secret could not be read ({0})")]
    Unreachable(String),
    /// The secret holds no usable keyring.
    #[error(transparent)]
    Invalid(#[from] KeyringError),
}

#[derive(Clone)]
struct Cached {
    keyring: Arc<Keyring>,
    read_at: Timestamp,
    try_at: Timestamp,
}

/// Access to the keyring.
pub struct Keys {
    client: Client,
    secret_id: String,
    cached: RwLock<Option<Cached>>,
    /// Held while reading, so that many requests wait for one read.
    reading: Mutex<()>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys from the secret with this id or ARN. Nothing is read yet.
    #[must_use]
    pub fn new(client: Client, secret_id: String) -> Self {
        Self {
            client,
            secret_id,
            cached: RwLock::new(None),
            reading: Mutex::new(()),
        }
    }

    /// Returns the keyring for a request. A read of the secret is noted as a call.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when there is no keyring that may be used.
    pub async fn keyring(&self, request: &mut RequestContext) -> Result<Arc<Keyring>, KeysError> {
        if let Some(keyring) = self.fresh(request.now) {
            return Ok(keyring);
        }
        let began = Instant::now();
        let keyring = self.load(request.now, request.deadline).await;
        request.note_call(Dependency::Keys, began);
        keyring
    }

    /// Returns the keyring at `now`: the cached one while it is fresh, else the secret is read.
    ///
    /// A read that fails, or is not done by `deadline`, falls back to the cached keyring until that is [`USABLE_FOR`]
    /// old.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when there is no keyring that may be used.
    pub async fn load(&self, now: Timestamp, deadline: Instant) -> Result<Arc<Keyring>, KeysError> {
        if let Some(keyring) = self.fresh(now) {
            return Ok(keyring);
        }
        let Ok(_reading) = timeout_at(deadline, self.reading.lock()).await else {
            // Another request is still reading. Its own line says how that went.
            let usable = self.cached().filter(|old| now < old.read_at + USABLE_FOR);
            return usable.map(|old| old.keyring).ok_or_else(too_late);
        };
        if let Some(keyring) = self.fresh(now) {
            return Ok(keyring);
        }
        match (self.read(deadline).await, self.cached()) {
            (Ok(keyring), _) => Ok(self.keep(Arc::new(keyring), now, now + REFRESH_AFTER)),
            (Err(error), Some(old)) if now < old.read_at + USABLE_FOR => {
                tracing::error!(%error, "keyring not refreshed, keeping the cached one");
                let try_at = (now + RETRY_AFTER).min(old.read_at + USABLE_FOR);
                Ok(self.keep(old.keyring, old.read_at, try_at))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Returns the cached keyring while it needs no refresh.
    fn fresh(&self, now: Timestamp) -> Option<Arc<Keyring>> {
        let cached = self.cached().filter(|cached| now < cached.try_at)?;
        Some(cached.keyring)
    }

    fn cached(&self) -> Option<Cached> {
        self.cached
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, keyring: Arc<Keyring>, read_at: Timestamp, try_at: Timestamp) -> Arc<Keyring> {
        let cached = Cached {
            keyring: Arc::clone(&keyring),
            read_at,
            try_at,
        };
        *self
            .cached
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(cached);
        keyring
    }

    async fn read(&self, deadline: Instant) -> Result<Keyring, KeysError> {
        let request = self.client.get_secret_value().secret_id(&self.secret_id);
        let answer = timeout_at(deadline, request.send())
            .await
            .map_err(|_| too_late())?
            .map_err(|error| KeysError::Unreachable(crate::clients::error_code(&error)))?;
        let text = Zeroizing::new(answer.secret_string.unwrap_or_default());
        Ok(Keyring::from_json(&text)?)
    }
}

fn too_late() -> KeysError {
    KeysError::Unreachable("deadline".to_owned())
}
