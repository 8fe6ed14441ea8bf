//! The use cases. They know no HTTP.

mod event;
mod log_in;
mod password;
mod refresh;
mod refusal;
mod register;
mod sessions;

pub use event::Event;
pub use log_in::{Credentials, TypedPhone};
pub use refresh::Tokens;
pub use refusal::Refusal;
pub use register::UNLINK_AFTER;
pub use sessions::MAX_SESSIONS;

use std::fmt;
use std::sync::Arc;

use phoneproof::aws::Clients;
use phoneproof::crypto::index::SubjectIndex;
use phoneproof::crypto::keyring::Keyring;
use phoneproof::crypto::keys::{Keys, KeysError, READ_WITHIN};
use phoneproof::domain::clock::Clock;
use phoneproof::domain::phone::{Phone, PhoneParser};
use phoneproof::domain::random::Random;
use phoneproof_guard::{CheckError, FetchFailed, Https, PhoneProof, RemoteGuard};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::config::AccountSettings;
use crate::password::{HashFailed, Hasher, Password, StoredPassword, Strength};
use crate::store::{Account, AccountStore, Part, Written};

/// The businesses whose success tokens count, by what they are for.
pub mod business {
    /// Registering.
    pub const REGISTER: &str = "register";
    /// Logging in.
    pub const LOGIN: &str = "login";
    /// Changing a password that is known.
    pub const PASSWORD_CHANGE: &str = "password-change";
    /// Setting a password that was forgotten.
    pub const PASSWORD_RESET: &str = "password-reset";
}

/// How many passwords are hashed at once. Each takes 19 MiB; a function serves one request at a time anyway.
const HASHED_AT_ONCE: usize = 2;

/// How often a write is decided anew when another request was faster.
const ROUNDS: u32 = 8;

/// The service: everything a request needs, built once per process.
pub struct Accounts {
    issuer: String,
    keys: Arc<Keys>,
    store: AccountStore,
    phones: PhoneParser,
    guard: RemoteGuard<Https>,
    accepts_test_numbers: bool,
    hashing: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// A success token that was checked, and whose phone it proves.
struct Proved {
    proof: PhoneProof,
    phone: Phone,
    index: SubjectIndex,
}

impl Accounts {
    /// Builds the service. It makes no call.
    ///
    /// # Errors
    ///
    /// [`FetchFailed`] when TLS cannot be set up.
    pub fn new(
        settings: &AccountSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, FetchFailed> {
        let clients = Clients::new(&settings.aws);
        Ok(Self {
            issuer: settings.issuer.clone(),
            keys: Arc::new(Keys::new(
                clients.secrets,
                settings.keyring_secret_id.clone(),
            )),
            store: AccountStore::new(
                clients.dynamodb,
                settings.accounts_table.clone(),
                settings.limits_table.clone(),
            ),
            phones: PhoneParser::new(),
            guard: RemoteGuard::new(settings.verifier.as_str(), Https::new()?),
            accepts_test_numbers: settings.accepts_test_numbers,
            hashing: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
            clock,
            random,
        })
    }

    /// Reads the keyring, so that a broken one stops start-up.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says what is wrong with it.
    pub async fn warm_up(&self) -> Result<(), KeysError> {
        self.phones.warm_up();
        let deadline = Instant::now() + READ_WITHIN;
        self.keyring(deadline).await.map(drop)
    }

    /// The issuer and audience of access tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys of this service.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) async fn keyring(&self, deadline: Instant) -> Result<Arc<Keyring>, KeysError> {
        self.keys.keyring(self.clock.now(), deadline).await
    }

    /// The public keys of access tokens.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] without a keyring.
    pub async fn jwks(&self, deadline: Instant) -> Result<serde_json::Value, Refusal> {
        Ok(self.keyring(deadline).await?.jwks())
    }

    /// What a success token for `business` proves.
    async fn proof(
        &self,
        token: &str,
        business: &str,
        deadline: Instant,
    ) -> Result<Proved, Refusal> {
        let now = u64::try_from(self.clock.now().unix()).unwrap_or(0);
        let checking = timeout_at(deadline, self.guard.check(token, business, now));
        let checked = checking.await.unwrap_or(Err(CheckError::NoKeys));
        let proof = checked.map_err(|error| match error {
            CheckError::Rejected(_) => Refusal::Token,
            CheckError::NoKeys => Refusal::Unavailable,
        })?;
        if proof.test && !self.accepts_test_numbers {
            return Err(Refusal::TestNumber);
        }
        let phone = Phone::from_canonical(&proof.phone).ok_or(Refusal::Token)?;
        let index = self.keyring(deadline).await?.indexer().phone(&phone);
        Ok(Proved {
            proof,
            phone,
            index,
        })
    }

    /// The account of a phone that the caller has proved to own.
    async fn account_of(
        &self,
        phone: &SubjectIndex,
        deadline: Instant,
    ) -> Result<Account, Refusal> {
        let id = self.store.account_of(phone, deadline).await?;
        let id = id.ok_or(Refusal::NoAccount)?;
        let account = self.store.account(id, deadline).await?;
        account.ok_or(Refusal::NoAccount)
    }

    /// Hashes, or compares with what is stored, on a thread of its own: it takes some 20 ms.
    async fn hashed<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(Hasher<'_>, &dyn Random) -> Result<T, HashFailed> + Send + 'static,
    ) -> Result<T, Refusal> {
        let keyring = self.keyring(deadline).await?;
        let random = Arc::clone(&self.random);
        let _permit = self.hashing.acquire().await.map_err(|_| HashFailed)?;
        let hashing =
            tokio::task::spawn_blocking(move || work(Hasher::new(&keyring), random.as_ref()));
        Ok(hashing.await.map_err(|_| HashFailed)??)
    }

    /// The hash of a password that the caller of `proved` chose.
    ///
    /// Hashing is dear, and a token can be presented again until it expires: one that was spent is refused before.
    async fn new_password(
        &self,
        proved: &Proved,
        password: Password,
        deadline: Instant,
    ) -> Result<StoredPassword, Refusal> {
        if self.store.is_spent(&proved.proof, deadline).await? {
            return Err(Refusal::AlreadySpent);
        }
        self.hashed(deadline, move |hasher, random| {
            hasher.hash(&password, random)
        })
        .await
    }

    /// Writes `parts`, all or none.
    async fn write(&self, parts: Vec<Part>, deadline: Instant) -> Written {
        self.store
            .write(parts, self.random.as_ref(), deadline)
            .await
    }
}

/// Whether an account with or without a second step may have `password`.
fn admits(password: &Password, phone: &Phone, second_step: bool) -> Result<(), Refusal> {
    let strength = if second_step {
        Strength::WithSecondStep
    } else {
        Strength::Alone
    };
    strength.admits(password, phone).map_err(Refusal::Password)
}
