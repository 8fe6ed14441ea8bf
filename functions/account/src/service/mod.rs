//! The use cases of the account service. They know nothing of HTTP.

mod event;
mod log_in;
mod password;
mod phone;
mod refresh;
mod refusal;
mod register;
mod sessions;

pub use event::AccountEvent;
pub use log_in::{Credentials, TypedPhone};
pub use refresh::Tokens;
pub use refusal::{AccessRefusal, AccountRefusal, Unavailable};
pub use register::{Registered, UNLINK_AFTER, Wishes};
pub use sessions::MAX_SESSIONS;

use std::sync::Arc;
use std::time::Duration;

use phoneproof_aws::clients::{Clients, TlsFailed};
use phoneproof_aws::keys::{KeyringOwner, Keys, KeysError};
use phoneproof_aws::store::StoreError;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_guard::{CheckError, FetchFailed, Https, PhoneProof, RemoteGuard};
use phoneproof_observe::RequestContext;
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};

use crate::access_token::{Access, OwnTokens};
use crate::config::AccountSettings;
use crate::password::{HashFailed, Hasher, Password, StoredPassword, Strength};
use crate::store::{Account, AccountStore, TransactionPart, WriteOutcome};

/// The businesses whose success tokens this service accepts. Each is the audience of the tokens for one purpose.
pub mod business {
    /// Registering an account for a phone.
    pub const REGISTER: &str = "register";
    /// Logging in, by code alone or with a second step.
    pub const LOGIN: &str = "login";
    /// Changing the password in a session.
    pub const PASSWORD_CHANGE: &str = "password-change";
    /// Moving an account to another phone.
    pub const PHONE_CHANGE: &str = "phone-change";
    /// Resetting a forgotten password.
    pub const PASSWORD_RESET: &str = "password-reset";
}

/// How many passwords are hashed at once, at most. Each hash takes 19 MiB of memory.
///
/// A Lambda function serves one request at a time, so the limit matters only elsewhere.
const HASHED_AT_ONCE: usize = 2;

/// How long a check of an access token waits for a new read of the keyring, which is enough for one try.
///
/// If the read fails, the keyring of the last read is used, and the request still needs time for its work.
const KEYS_WITHIN: Duration = Duration::from_millis(1_500);

/// How often a request decides on a write, when other requests keep changing the same item first.
const ROUNDS: u32 = 8;

/// The account service, built once per process.
#[derive(derive_more::Debug)]
#[debug("Accounts {{ issuer: {issuer:?}, .. }}")]
pub struct Accounts {
    issuer: String,
    keys: Keys,
    tokens: OwnTokens,
    store: AccountStore,
    phones: PhoneParser,
    guard: RemoteGuard<Https>,
    accepts_test_numbers: bool,
    hashing: Arc<Semaphore>,
}

/// A success token that was checked, with the phone that it proves.
struct VerifiedPhone {
    proof: PhoneProof,
    phone: Phone,
    phone_index: SubjectIndex,
}

impl Accounts {
    /// Builds the service, without any call to AWS or the verification service. `clock` tells how long a connection was
    /// unused.
    ///
    /// # Errors
    ///
    /// [`TlsFailed`] when TLS cannot be set up.
    pub fn new(settings: &AccountSettings, clock: Arc<dyn Clock>) -> Result<Self, TlsFailed> {
        let clients = Clients::new(&settings.aws, clock)?;
        let guard = RemoteGuard::new(
            settings.verifier.as_str(),
            Https::new().map_err(TlsFailed::new)?,
        );
        let guard = match &settings.jwks_url {
            Some(url) => guard.with_jwks_url(url),
            None => guard,
        };
        Ok(Self {
            issuer: settings.issuer.clone(),
            keys: Keys::new(
                clients.secrets,
                settings.keyring_secret_id.clone(),
                KeyringOwner::Account,
            ),
            tokens: OwnTokens::new(&settings.issuer),
            store: AccountStore::new(
                clients.dynamodb,
                settings.accounts_table.clone(),
                settings.limits_table.clone(),
            ),
            phones: PhoneParser::new(),
            guard,
            accepts_test_numbers: settings.accepts_test_numbers,
            hashing: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
        })
    }

    /// Prepares the first request. It reads the keyring, so a broken keyring stops the process at its start.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says what is wrong with the keyring.
    pub async fn warm_up(&self, request: &mut RequestContext) -> Result<(), KeysError> {
        self.phones.warm_up();
        self.read_keyring(request).await.map(drop)
    }

    /// Returns the URL that is both issuer and audience of access tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) async fn read_keyring(
        &self,
        request: &mut RequestContext,
    ) -> Result<Arc<Keyring>, KeysError> {
        self.keys.read_keyring(request).await
    }

    /// Returns the public keys of access tokens, as a JWKS (RFC 7517).
    ///
    /// # Errors
    ///
    /// [`AccountRefusal::Unavailable`] when the keyring could not be read.
    pub async fn read_jwks(
        &self,
        request: &mut RequestContext,
    ) -> Result<serde_json::Value, AccountRefusal> {
        Ok(self.read_keyring(request).await?.jwks())
    }

    /// Checks an access token, but not whether its session has ended.
    ///
    /// # Errors
    ///
    /// [`AccessRefusal`] says why the token was refused.
    pub async fn check_access(
        &self,
        token: &str,
        request: &mut RequestContext,
    ) -> Result<Access, AccessRefusal> {
        let answer_due = request.deadline;
        request.deadline = answer_due.min(Instant::now() + KEYS_WITHIN);
        let keyring = self.read_keyring(request).await;
        request.deadline = answer_due;
        let guard = self.tokens.guard(&keyring?)?;
        let now = u64::try_from(request.now.unix()).unwrap_or(0);
        guard
            .check(token, &self.issuer, now)
            .map_err(AccessRefusal::Rejected)
    }

    /// Checks a success token for `business`, but not whether it was spent.
    async fn check_proof(
        &self,
        token: &str,
        business: &str,
        request: &mut RequestContext,
    ) -> Result<VerifiedPhone, AccountRefusal> {
        let now = u64::try_from(request.now.unix()).unwrap_or(0);
        let checking = timeout_at(request.deadline, self.guard.check(token, business, now));
        let proof = checking
            .await
            .map_err(|_| Unavailable::VerifierKeys {
                retry_after: 1,
                cause: FetchFailed::new("no answer in time"),
            })?
            .map_err(|error| match error {
                CheckError::Rejected(_) => AccountRefusal::Token,
                CheckError::NoKeys { retry_at, cause } => Unavailable::VerifierKeys {
                    retry_after: count_seconds(now, retry_at),
                    cause,
                }
                .into(),
            })?;
        if proof.test && !self.accepts_test_numbers {
            return Err(AccountRefusal::TestNumber);
        }
        let phone = Phone::from_canonical(&proof.phone).ok_or(AccountRefusal::Token)?;
        let phone_index = self
            .read_keyring(request)
            .await?
            .indexer()
            .index_phone(&phone);
        Ok(VerifiedPhone {
            proof,
            phone,
            phone_index,
        })
    }

    /// Reads the account of a phone that the caller has proved to own.
    async fn read_account_of(
        &self,
        phone_index: &SubjectIndex,
        request: &mut RequestContext,
    ) -> Result<Account, AccountRefusal> {
        let holder = self.store.find_holder(phone_index, request).await?;
        let moved_at = holder.find_told_move(request.now);
        let none = AccountRefusal::NoAccount { moved_at };
        let Some(id) = holder.account else {
            return Err(none);
        };
        let account = self.store.read_account(id, request).await?;
        account.ok_or(none)
    }

    /// Runs `work` with the hasher on a thread of its own, because hashing takes some 20 ms.
    async fn run_hasher<T: Send + 'static>(
        &self,
        request: &mut RequestContext,
        work: impl FnOnce(Hasher<'_>, &dyn Random) -> Result<T, HashFailed> + Send + 'static,
    ) -> Result<T, AccountRefusal> {
        let keyring = self.read_keyring(request).await?;
        let (random, now) = (Arc::clone(&request.random), request.now);
        let permit = self.hashing.acquire().await;
        let _permit = permit.map_err(|_: AcquireError| HashFailed::QueueClosed)?;
        let hashing =
            tokio::task::spawn_blocking(move || work(Hasher::new(&keyring, now), random.as_ref()));
        Ok(hashing.await.map_err(|end| name_end(&end))??)
    }

    /// Hashes a password that the owner of the proved phone chose.
    ///
    /// A spent token is refused before, because it can be presented again until it expires, and every hash is
    /// expensive.
    async fn hash_new_password(
        &self,
        verified: &VerifiedPhone,
        password: Password,
        request: &mut RequestContext,
    ) -> Result<StoredPassword, AccountRefusal> {
        if self.store.is_spent(&verified.proof, request).await? {
            return Err(AccountRefusal::AlreadySpent);
        }
        self.run_hasher(request, move |hasher, random| {
            hasher.hash(&password, random)
        })
        .await
    }

    /// Writes all of `parts`, or none, in one transaction.
    async fn write(
        &self,
        parts: Vec<TransactionPart>,
        request: &mut RequestContext,
    ) -> Result<WriteOutcome, StoreError> {
        self.store.write(parts, request).await
    }
}

/// Says how a hashing thread ended that gave no result.
fn name_end(end: &JoinError) -> HashFailed {
    if end.is_panic() {
        HashFailed::ThreadPanicked
    } else {
        HashFailed::ThreadCancelled
    }
}

/// Counts the seconds from `now` to `then`, at least 1.
fn count_seconds(now: u64, then: u64) -> u32 {
    u32::try_from(then.saturating_sub(now).max(1)).unwrap_or(u32::MAX)
}

/// Refuses a password that is too weak for an account with or without a second step.
fn check_strength(
    password: &Password,
    phone: &Phone,
    second_step: bool,
) -> Result<(), AccountRefusal> {
    let strength = if second_step {
        Strength::WithSecondStep
    } else {
        Strength::Alone
    };
    strength
        .admits(password, phone)
        .map_err(AccountRefusal::Password)
}
