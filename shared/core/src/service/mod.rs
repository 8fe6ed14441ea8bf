//! The use cases: send, verify and spend. They know no HTTP.

mod send;
mod spend;
mod verify;

pub use send::{SendCommand, SendError, Sent};
pub use spend::{SpendCommand, SpendError};
pub use verify::{Verified, VerifyCommand, VerifyError};

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::aws::Clients;
use crate::config::{Settings, TokenMode};
use crate::crypto::aead::SealFailed;
use crate::crypto::challenge_token::{self, Challenge};
use crate::crypto::from_base64url;
use crate::crypto::keyring::{Keyring, Root};
use crate::crypto::keys::{Keys, KeysError, READ_WITHIN};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::phone::PhoneParser;
use crate::domain::policy::{Policy, PolicyFaults};
use crate::domain::random::{Random, RandomUnavailable};
use crate::observe::{Dependency, Facts};
use crate::sms::catalog::Catalog;
use crate::sms::sender::Sender;
use crate::store::{Store, StoreError};

/// The service: everything a request needs, built once per process.
pub struct Service {
    issuer: String,
    token_mode: TokenMode,
    policy: Policy,
    catalog: Catalog,
    phones: PhoneParser,
    keys: Keys,
    store: Store,
    sender: Sender,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// A challenge token as a client presents it: a sealed token or a reference, not yet opened.
pub struct PresentedToken(pub String);

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(…)")
    }
}

/// The service cannot answer now: fail closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

impl From<StoreError> for Unavailable {
    fn from(_: StoreError) -> Self {
        Self
    }
}

impl From<KeysError> for Unavailable {
    fn from(_: KeysError) -> Self {
        Self
    }
}

impl From<RandomUnavailable> for Unavailable {
    fn from(_: RandomUnavailable) -> Self {
        Self
    }
}

impl From<SealFailed> for Unavailable {
    fn from(_: SealFailed) -> Self {
        Self
    }
}

impl Service {
    /// Builds the service on `clients`. It makes no call; see [`Service::warm_up`].
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] when a template of the policy is malformed or too long.
    pub fn new(
        clients: Clients,
        settings: &Settings,
        policy: Policy,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, PolicyFaults> {
        Ok(Self {
            issuer: settings.issuer.clone(),
            token_mode: settings.token_mode,
            catalog: Catalog::new(&policy)?,
            phones: PhoneParser::serving(policy.numbers.countries.iter().copied()),
            keys: Keys::new(clients.secrets, settings.keyring_secret_id.clone()),
            store: Store::new(clients.dynamodb, settings.tables.clone()),
            sender: Sender::new(clients.sns, &policy.sms),
            policy,
            clock,
            random,
        })
    }

    /// Reads the keyring, so that a broken one stops start-up and the first request finds it there.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says what is wrong with it.
    pub async fn warm_up(&self) -> Result<(), KeysError> {
        let deadline = Instant::now() + READ_WITHIN;
        self.keys
            .keyring(self.clock.now(), deadline)
            .await
            .map(drop)
    }

    /// Gets ready what only `send` needs: the phone metadata and the client of SNS.
    pub fn warm_up_send(&self) {
        self.sender.warm_up();
        self.phones.warm_up();
    }

    /// The public URL of the service.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The random source.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// The keyring, with the time of a call if it has to be read.
    async fn keyring(
        &self,
        now: Timestamp,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<Arc<Keyring>, KeysError> {
        if let Some(keyring) = self.keys.fresh(now) {
            return Ok(keyring);
        }
        let began = Instant::now();
        let keyring = self.keys.keyring(now, deadline).await;
        facts.called(Dependency::Keys, began);
        keyring
    }

    /// The public keys that success tokens are checked with, as a JWKS.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when there is no keyring.
    pub async fn jwks(&self, facts: &mut Facts) -> Result<serde_json::Value, Unavailable> {
        let deadline = Instant::now() + READ_WITHIN;
        let keyring = self.keyring(self.clock.now(), deadline, facts).await?;
        Ok(keyring.jwks())
    }

    /// The challenge behind a token of either mode, with the root that sealed it; `None` when the
    /// text is no token of this deployment.
    ///
    /// A sealed token is not accepted in stored mode, where it would escape revocation.
    async fn open_token<'k>(
        &self,
        text: &str,
        keyring: &'k Keyring,
        now: Timestamp,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<Option<(Challenge, &'k Root)>, Unavailable> {
        let open = |text: &str| challenge_token::open(text, keyring, &self.issuer, now).ok();
        match self.token_mode {
            TokenMode::Sealed => Ok(open(text)),
            TokenMode::Stored => {
                let Some(reference) = parse_reference(text) else {
                    return Ok(None);
                };
                let place = keyring.indexer().place(&reference);
                let began = Instant::now();
                let stored = self.store.stored_token(&place, deadline).await;
                facts.called(Dependency::Store, began);
                Ok(stored?.and_then(|sealed| open(&sealed)))
            }
        }
    }
}

fn parse_reference(text: &str) -> Option<[u8; 16]> {
    from_base64url(text).ok()?.try_into().ok()
}
