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
pub use refusal::{Refusal, Unavailable};
pub use register::UNLINK_AFTER;
pub use sessions::MAX_SESSIONS;

use std::fmt;
use std::sync::Arc;

use phoneproof_aws::clients::Clients;
use phoneproof_aws::keys::{Keys, KeysError};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_guard::{CheckError, FetchFailed, Https, PhoneProof, RemoteGuard};
use phoneproof_observe::RequestContext;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

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
    pub fn new(settings: &AccountSettings) -> Result<Self, FetchFailed> {
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
        })
    }

    /// Reads the keyring, so that a broken one stops start-up.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says what is wrong with it.
    pub async fn warm_up(&self, request: &mut RequestContext) -> Result<(), KeysError> {
        self.phones.warm_up();
        self.keyring(request).await.map(drop)
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

    pub(crate) async fn keyring(
        &self,
        request: &mut RequestContext,
    ) -> Result<Arc<Keyring>, KeysError> {
        self.keys.keyring(request).await
    }

    /// The public keys of access tokens.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] without a keyring.
    pub async fn jwks(&self, request: &mut RequestContext) -> Result<serde_json::Value, Refusal> {
        Ok(self.keyring(request).await?.jwks())
    }

    /// What a success token for `business` proves.
    async fn proof(
        &self,
        token: &str,
        business: &str,
        request: &mut RequestContext,
    ) -> Result<Proved, Refusal> {
        let now = u64::try_from(request.now.unix()).unwrap_or(0);
        let checking = timeout_at(request.deadline, self.guard.check(token, business, now));
        let checked = checking.await.unwrap_or(Err(CheckError::NoKeys));
        let proof = checked.map_err(|error| match error {
            CheckError::Rejected(_) => Refusal::Token,
            CheckError::NoKeys => Unavailable::VerifierKeys.into(),
        })?;
        if proof.test && !self.accepts_test_numbers {
            return Err(Refusal::TestNumber);
        }
        let phone = Phone::from_canonical(&proof.phone).ok_or(Refusal::Token)?;
        let index = self.keyring(request).await?.indexer().phone(&phone);
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
        request: &mut RequestContext,
    ) -> Result<Account, Refusal> {
        let id = self.store.account_of(phone, request).await?;
        let id = id.ok_or(Refusal::NoAccount)?;
        let account = self.store.account(id, request).await?;
        account.ok_or(Refusal::NoAccount)
    }

    /// Hashes, or compares with what is stored, on a thread of its own: it takes some 20 ms.
    async fn hashed<T: Send + 'static>(
        &self,
        request: &mut RequestContext,
        work: impl FnOnce(Hasher<'_>, &dyn Random) -> Result<T, HashFailed> + Send + 'static,
    ) -> Result<T, Refusal> {
        let keyring = self.keyring(request).await?;
        let random = Arc::clone(&request.random);
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
        request: &mut RequestContext,
    ) -> Result<StoredPassword, Refusal> {
        if self.store.is_spent(&proved.proof, request).await? {
            return Err(Refusal::AlreadySpent);
        }
        self.hashed(request, move |hasher, random| {
            hasher.hash(&password, random)
        })
        .await
    }

    /// Writes `parts`, all or none.
    async fn write(&self, parts: Vec<Part>, request: &mut RequestContext) -> Written {
        self.store.write(parts, request).await
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
