//! The use cases. They know no HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use phoneproof::aws::Clients;
use phoneproof::crypto::aead::SealFailed;
use phoneproof::crypto::index::SubjectIndex;
use phoneproof::crypto::keyring::Keyring;
use phoneproof::crypto::keys::{Keys, KeysError};
use phoneproof::domain::address::SourceAddress;
use phoneproof::domain::clock::{Clock, Timestamp};
use phoneproof::domain::phone::{Country, Phone, PhoneError, PhoneParser};
use phoneproof::domain::random::{Random, RandomUnavailable, random_array};
use phoneproof::store::StoreError;
use phoneproof_guard::{CheckError, FetchFailed, Https, PhoneProof, RemoteGuard};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::access_token::{Access, AccessClaims, LIFETIME};
use crate::config::AccountSettings;
use crate::device_name::SealedName;
use crate::login::{Attempts, Denial, address_quota};
use crate::password::{HashFailed, Hasher, Outcome, Password, Refused, StoredPassword, Strength};
use crate::refresh_token::{AccountId, RefreshToken, SessionId};
use crate::session::{Decision, Session};
use crate::store::{Account, AccountStore, Entry};

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

/// How long an account must go unused after the new owner of its phone asked, until the phone is taken from it.
pub const UNLINK_AFTER: Duration = Duration::from_hours(7 * 24);

/// The most sessions of an account; one more ends the one that was used least recently.
pub const MAX_SESSIONS: usize = 10;

/// How many passwords are hashed at once. Each takes 19 MiB; a function serves one request at a time anyway.
const HASHED_AT_ONCE: usize = 2;

/// How often a write is decided anew when another request was faster.
const ROUNDS: u32 = 8;

/// What happened to an account: `event` of the request line, a dimension of its metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An account was registered.
    Registered,
    /// An account was registered with a phone that was taken from an unused one.
    Unlinked,
    /// Somebody asked for a phone that an account has.
    UnlinkRequested,
    /// A session began.
    LoggedIn,
    /// A session was continued.
    Refreshed,
    /// A session ended because an exchanged token came back.
    ReuseDetected,
    /// One or more sessions were ended by their owner.
    LoggedOut,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset.
    PasswordReset,
    /// An account was deleted.
    Deleted,
    /// A request was refused.
    Refused,
}

impl Event {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Unlinked => "unlinked",
            Self::UnlinkRequested => "unlink-requested",
            Self::LoggedIn => "logged-in",
            Self::Refreshed => "refreshed",
            Self::ReuseDetected => "reuse-detected",
            Self::LoggedOut => "logged-out",
            Self::PasswordChanged => "password-changed",
            Self::PasswordReset => "password-reset",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
        }
    }
}

/// Why a request was refused. No variant holds what the caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not a phone number.
    Phone(PhoneError),
    /// Not a live success token for this.
    Token,
    /// A success token of a test number.
    TestNumber,
    /// The success token was spent before.
    AlreadySpent,
    /// The success token is for another phone than the account's.
    OtherPhone,
    /// No account has the phone, which the caller has proved to own.
    NoAccount,
    /// The phone has an account. It can be had when the account stays unused until then.
    PhoneInUse {
        /// When registering again can succeed.
        unlink_at: Timestamp,
    },
    /// The password may not be chosen.
    Password(Refused),
    /// Phone and password do not belong together.
    WrongCredentials,
    /// The account needs password and code.
    SecondStepRequired,
    /// A rule refused the attempt.
    Denied(Denial),
    /// Not a refresh token of this service.
    RefreshToken,
    /// The session is over.
    SessionOver,
    /// The refresh token was exchanged before: its session was ended.
    Reused,
    /// The store, the keys or the verification service gave no answer.
    Unavailable,
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<KeysError> for Refusal {
    fn from(_: KeysError) -> Self {
        Self::Unavailable
    }
}

impl From<RandomUnavailable> for Refusal {
    fn from(_: RandomUnavailable) -> Self {
        Self::Unavailable
    }
}

impl From<SealFailed> for Refusal {
    fn from(_: SealFailed) -> Self {
        Self::Unavailable
    }
}

impl From<HashFailed> for Refusal {
    fn from(_: HashFailed) -> Self {
        tracing::error!("a password could not be hashed or compared");
        Self::Unavailable
    }
}

/// A number as a person wrote it.
pub struct TypedPhone {
    /// What was typed.
    pub text: String,
    /// Its country, if it was typed in national form.
    pub region: Option<Country>,
}

/// What somebody logs in with.
pub enum Credentials {
    /// A password, and a success token where the account needs a second step.
    Password {
        /// The number.
        phone: TypedPhone,
        /// The password.
        password: Password,
        /// A success token of business `login`.
        token: Option<String>,
    },
    /// A success token of business `login` alone.
    Code {
        /// The success token.
        token: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The tokens of a session.
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// The refresh token.
    pub refresh: Zeroizing<String>,
    /// When it ends unless it is exchanged.
    pub refresh_expires_at: Timestamp,
    /// The session.
    pub session: SessionId,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

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
        self.keys.keyring(self.clock.now()).await.map(drop)
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

    pub(crate) async fn keyring(&self) -> Result<Arc<Keyring>, KeysError> {
        self.keys.keyring(self.clock.now()).await
    }

    /// The public keys of access tokens.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] without a keyring.
    pub async fn jwks(&self) -> Result<serde_json::Value, Refusal> {
        Ok(self.keyring().await?.jwks())
    }

    /// What a success token for `business` proves.
    async fn proof(&self, token: &str, business: &str) -> Result<Proved, Refusal> {
        let now = u64::try_from(self.clock.now().unix()).unwrap_or(0);
        let checked = self.guard.check(token, business, now).await;
        let proof = checked.map_err(|error| match error {
            CheckError::Rejected(_) => Refusal::Token,
            CheckError::NoKeys => Refusal::Unavailable,
        })?;
        if proof.test && !self.accepts_test_numbers {
            return Err(Refusal::TestNumber);
        }
        let phone = Phone::from_canonical(&proof.phone).ok_or(Refusal::Token)?;
        let index = self.keyring().await?.indexer().phone(&phone);
        Ok(Proved {
            proof,
            phone,
            index,
        })
    }

    /// Hashes, or compares with what is stored, on a thread of its own: it takes some 20 ms.
    async fn hashed<T: Send + 'static>(
        &self,
        work: impl FnOnce(Hasher<'_>, &dyn Random) -> Result<T, HashFailed> + Send + 'static,
    ) -> Result<T, Refusal> {
        let keyring = self.keyring().await?;
        let random = Arc::clone(&self.random);
        let _permit = self.hashing.acquire().await.map_err(|_| HashFailed)?;
        let hashing =
            tokio::task::spawn_blocking(move || work(Hasher::new(&keyring), random.as_ref()));
        Ok(hashing.await.map_err(|_| HashFailed)??)
    }

    async fn new_password(
        &self,
        password: Password,
        phone: &Phone,
        second_step: bool,
    ) -> Result<StoredPassword, Refusal> {
        let strength = if second_step {
            Strength::WithSecondStep
        } else {
            Strength::Alone
        };
        strength
            .admits(&password, phone)
            .map_err(Refusal::Password)?;
        self.hashed(move |hasher, random| hasher.hash(&password, random))
            .await
    }

    /// Registers an account for the phone that `token` proves.
    ///
    /// A phone that has an account is never taken over: the account is asked to give it up, and does so when
    /// nobody has used it for [`UNLINK_AFTER`].
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why there is no new account.
    pub async fn register(
        &self,
        token: &str,
        password: Password,
        second_step: bool,
        deadline: Instant,
    ) -> Result<(AccountId, Event), Refusal> {
        let proved = self.proof(token, business::REGISTER).await?;
        let now = self.clock.now();
        let password = self
            .new_password(password, &proved.phone, second_step)
            .await?;
        let account = Account {
            id: AccountId(random_array(self.random.as_ref())?),
            phone: Some(proved.index.clone()),
            phone_hint: proved.phone.masked(),
            password,
            second_step,
            created_at: now,
            used_at: now,
            unlink_requested_at: None,
            sessions: std::collections::HashMap::new(),
        };
        if let Some(id) = self.store.account_of(&proved.index, deadline).await? {
            return self.take_over(&proved, id, &account, deadline).await;
        }
        let parts = vec![
            self.store.spend(&proved.proof),
            self.store.claim_phone(&proved.index, account.id),
            self.store.create(&account),
        ];
        match self
            .store
            .write(parts, self.random.as_ref(), deadline)
            .await?
        {
            Ok(()) => Ok((account.id, Event::Registered)),
            Err(failed) if failed.at(0) => Err(Refusal::AlreadySpent),
            // Somebody else registered the phone meanwhile; the next try tells when it can be had.
            Err(_) => Err(Refusal::Unavailable),
        }
    }

    async fn take_over(
        &self,
        proved: &Proved,
        holder: AccountId,
        account: &Account,
        deadline: Instant,
    ) -> Result<(AccountId, Event), Refusal> {
        let now = self.clock.now();
        let held = self.store.account(holder, deadline).await?;
        let held = held.ok_or(Refusal::Unavailable)?;
        let due = |asked: Timestamp| asked + UNLINK_AFTER;
        match held.unlink_requested_at {
            Some(asked) if due(asked) <= now => {
                let parts = vec![
                    self.store.spend(&proved.proof),
                    self.store.unlink(&held, asked),
                    self.store.move_phone(&proved.index, held.id, account.id),
                    self.store.create(account),
                ];
                match self
                    .store
                    .write(parts, self.random.as_ref(), deadline)
                    .await?
                {
                    Ok(()) => Ok((account.id, Event::Unlinked)),
                    Err(failed) if failed.at(0) => Err(Refusal::AlreadySpent),
                    Err(_) => Err(Refusal::Unavailable),
                }
            }
            Some(asked) => Err(Refusal::PhoneInUse {
                unlink_at: due(asked),
            }),
            None => {
                let parts = vec![
                    self.store.spend(&proved.proof),
                    self.store.request_unlink(&held, now),
                ];
                match self
                    .store
                    .write(parts, self.random.as_ref(), deadline)
                    .await?
                {
                    Ok(()) => Err(Refusal::PhoneInUse {
                        unlink_at: due(now),
                    }),
                    Err(failed) if failed.at(0) => Err(Refusal::AlreadySpent),
                    Err(_) => Err(Refusal::Unavailable),
                }
            }
        }
    }

    /// Begins a session.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not. A phone without an account is refused like a wrong password, after the same
    /// calls and the same work.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        device: String,
        address: SourceAddress,
        deadline: Instant,
    ) -> Result<Tokens, Refusal> {
        match credentials {
            Credentials::Code { token } => {
                let proved = self.proof(&token, business::LOGIN).await?;
                let account = self.account_of(&proved.index, deadline).await?;
                if account.second_step {
                    return Err(Refusal::SecondStepRequired);
                }
                self.begin_session(&account, device, Some(&proved), None, None, deadline)
                    .await
            }
            Credentials::Password {
                phone,
                password,
                token,
            } => {
                let destination = self
                    .phones
                    .parse(&phone.text, phone.region)
                    .map_err(Refusal::Phone)?;
                let keyring = self.keyring().await?;
                let index = keyring.indexer().phone(&destination.phone);
                let address = keyring.indexer().address(&address);
                self.begin_attempt(&index, &address, deadline).await?;
                let id = self.store.account_of(&index, deadline).await?;
                // Without an account the same item is looked for, under an id that none has.
                let account = self
                    .store
                    .account(id.unwrap_or(AccountId([0; 16])), deadline)
                    .await?;
                let stored = account.as_ref().map(|account| account.password.clone());
                let outcome = self
                    .hashed(move |hasher, random| hasher.check(&password, stored.as_ref(), random))
                    .await?;
                let (account, upgraded) = match (account, outcome) {
                    (Some(account), Outcome::Right) => (account, None),
                    (Some(account), Outcome::Upgrade(new)) => (account, Some(new)),
                    _ => return Err(Refusal::WrongCredentials),
                };
                let proved = match token {
                    Some(token) => Some(self.proof(&token, business::LOGIN).await?),
                    None => None,
                };
                if proved.as_ref().is_some_and(|proved| proved.index != index) {
                    return Err(Refusal::OtherPhone);
                }
                if account.second_step && proved.is_none() {
                    let parts = vec![self.store.forget_attempts(&index)];
                    drop(
                        self.store
                            .write(parts, self.random.as_ref(), deadline)
                            .await?,
                    );
                    return Err(Refusal::SecondStepRequired);
                }
                self.begin_session(
                    &account,
                    device,
                    proved.as_ref(),
                    Some(&index),
                    upgraded.as_ref(),
                    deadline,
                )
                .await
            }
        }
    }

    /// Counts an attempt as failed before it is looked at, if the rules admit it.
    async fn begin_attempt(
        &self,
        phone: &SubjectIndex,
        address: &SubjectIndex,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let quota = address_quota(now);
        for _ in 0..ROUNDS {
            let before: Attempts = self.store.attempts(phone, deadline).await?;
            let after = before.begin(now).map_err(Refusal::Denied)?;
            let parts = vec![
                self.store.count_address(address, &quota),
                self.store.begin_attempt(phone, before, after, now),
            ];
            match self
                .store
                .write(parts, self.random.as_ref(), deadline)
                .await?
            {
                Ok(()) => return Ok(()),
                Err(failed) if failed.at(0) => {
                    return Err(Refusal::Denied(Denial::AddressExhausted(quota)));
                }
                // Another attempt on this phone began meanwhile and counts first.
                Err(_) => {}
            }
        }
        let until = now + Duration::from_secs(1);
        Err(Refusal::Denied(Denial::Waiting { until }))
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

    async fn begin_session(
        &self,
        account: &Account,
        device: String,
        proved: Option<&Proved>,
        tried: Option<&SubjectIndex>,
        upgraded: Option<&StoredPassword>,
        deadline: Instant,
    ) -> Result<Tokens, Refusal> {
        let now = self.clock.now();
        let id = SessionId(random_array(self.random.as_ref())?);
        let token = RefreshToken::first(account.id, id, self.random.as_ref())?;
        let keyring = self.keyring().await?;
        let entry = Entry {
            session: Session::new(token.digest(), now),
            device: SealedName::seal(&device, id, &keyring, self.random.as_ref())?,
        };
        let oldest = account
            .sessions
            .iter()
            .min_by_key(|(id, entry)| (entry.session.used_at, id.0));
        let is_full = account.sessions.len() >= MAX_SESSIONS;
        let replaced = oldest.map(|(id, _)| *id).filter(|_| is_full);
        let mut parts = vec![
            self.store
                .begin_session(account, id, &entry, replaced, upgraded),
        ];
        parts.extend(tried.map(|phone| self.store.forget_attempts(phone)));
        parts.extend(proved.map(|proved| self.store.spend(&proved.proof)));
        match self
            .store
            .write(parts, self.random.as_ref(), deadline)
            .await?
        {
            Ok(()) => self.tokens(&token, &entry.session).await,
            Err(failed) if failed.at(0) => Err(Refusal::WrongCredentials),
            Err(_) => Err(Refusal::AlreadySpent),
        }
    }

    async fn tokens(&self, token: &RefreshToken, session: &Session) -> Result<Tokens, Refusal> {
        let now = self.clock.now();
        let keyring = self.keyring().await?;
        let jti = random_array(self.random.as_ref())?;
        let claims = AccessClaims::new(&self.issuer, token.account(), token.session(), jti, now);
        let access = keyring
            .signing_key(now)
            .sign_jwt(<Access as phoneproof_guard::Token>::TYPE, &claims)
            .map_err(|_| Refusal::Unavailable)?;
        Ok(Tokens {
            access,
            access_expires_at: now + LIFETIME,
            refresh: token.to_text(&keyring),
            refresh_expires_at: session.expires_at(),
            session: token.session(),
        })
    }

    /// Exchanges a refresh token.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not; [`Refusal::Reused`] has ended the session.
    pub async fn refresh(&self, text: &str, deadline: Instant) -> Result<Tokens, Refusal> {
        let keyring = self.keyring().await?;
        let token = RefreshToken::parse(text, &keyring).ok_or(Refusal::RefreshToken)?;
        let presented = token.digest();
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let account = self.store.account(token.account(), deadline).await?;
            let entry = account.and_then(|mut account| account.sessions.remove(&token.session()));
            let Some(entry) = entry else {
                return Err(Refusal::SessionOver);
            };
            let mut successors = token.successors(&keyring).into_iter();
            match entry.session.decide(presented, now) {
                Decision::Expired => return Err(Refusal::SessionOver),
                Decision::Rotate => {
                    let next = successors.next().ok_or(Refusal::Unavailable)?;
                    let session = entry.session.rotated(next.digest(), now);
                    let rotated = Entry { session, ..entry };
                    let parts = vec![self.store.rotate(
                        token.account(),
                        token.session(),
                        presented,
                        &rotated,
                    )];
                    let written = self
                        .store
                        .write(parts, self.random.as_ref(), deadline)
                        .await?;
                    // If another request was faster, decide anew, on what it wrote.
                    if written.is_ok() {
                        return self.tokens(&next, &session).await;
                    }
                }
                Decision::Repeat => {
                    let current = entry.session.current;
                    let same = successors.find(|next| next.digest() == current);
                    let same = same.ok_or(Refusal::RefreshToken)?;
                    return self.tokens(&same, &entry.session).await;
                }
                Decision::Reused => {
                    let parts = vec![self.store.end_session(token.account(), token.session())];
                    drop(
                        self.store
                            .write(parts, self.random.as_ref(), deadline)
                            .await?,
                    );
                    return Err(Refusal::Reused);
                }
            }
        }
        Err(Refusal::Unavailable)
    }

    /// The account behind an access token, while its session is alive.
    ///
    /// # Errors
    ///
    /// [`Refusal::SessionOver`] when it is not.
    pub async fn me(&self, access: Access, deadline: Instant) -> Result<Account, Refusal> {
        let now = self.clock.now();
        let account = self.store.account(access.account, deadline).await?;
        let mut account = account.ok_or(Refusal::SessionOver)?;
        account
            .sessions
            .retain(|_, entry| now < entry.session.expires_at());
        if account.sessions.contains_key(&access.session) {
            Ok(account)
        } else {
            Err(Refusal::SessionOver)
        }
    }

    /// Ends one session: the one that asks, or another of the account.
    ///
    /// # Errors
    ///
    /// [`Refusal::SessionOver`] when the asking session is over; ending a session that is over succeeds.
    pub async fn end_session(
        &self,
        access: Access,
        which: SessionId,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        self.me(access, deadline).await?;
        let parts = vec![self.store.end_session(access.account, which)];
        drop(
            self.store
                .write(parts, self.random.as_ref(), deadline)
                .await?,
        );
        Ok(())
    }

    /// Ends every session of the account.
    ///
    /// # Errors
    ///
    /// [`Refusal::SessionOver`] when the asking session is over.
    pub async fn end_sessions(&self, access: Access, deadline: Instant) -> Result<(), Refusal> {
        let parts = vec![self.store.end_sessions(access.account, access.session)];
        let done = self
            .store
            .write(parts, self.random.as_ref(), deadline)
            .await?;
        done.map_err(|_| Refusal::SessionOver)
    }

    /// Changes the password, spends the token and ends every session, in one transaction.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why nothing changed.
    pub async fn change_password(
        &self,
        access: Access,
        token: &str,
        password: Password,
        second_step: Option<bool>,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let account = self.me(access, deadline).await?;
        let proved = self.proof(token, business::PASSWORD_CHANGE).await?;
        if account.phone.as_ref() != Some(&proved.index) {
            return Err(Refusal::OtherPhone);
        }
        let second_step = second_step.unwrap_or(account.second_step);
        self.set_password(
            &account,
            &proved,
            Some(access.session),
            password,
            second_step,
            deadline,
        )
        .await
    }

    /// Sets a new password for the account of the phone that `token` proves, spends the token and ends every
    /// session, in one transaction. Waits and locks of log-ins do not matter here, and are over then.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why nothing changed.
    pub async fn reset_password(
        &self,
        token: &str,
        password: Password,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let proved = self.proof(token, business::PASSWORD_RESET).await?;
        let account = self.account_of(&proved.index, deadline).await?;
        let second_step = account.second_step;
        self.set_password(&account, &proved, None, password, second_step, deadline)
            .await
    }

    async fn set_password(
        &self,
        account: &Account,
        proved: &Proved,
        asking: Option<SessionId>,
        password: Password,
        second_step: bool,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let password = self
            .new_password(password, &proved.phone, second_step)
            .await?;
        let parts = vec![
            self.store.spend(&proved.proof),
            self.store
                .set_password(account.id, &proved.index, asking, &password, second_step),
            self.store.forget_attempts(&proved.index),
        ];
        match self
            .store
            .write(parts, self.random.as_ref(), deadline)
            .await?
        {
            Ok(()) => Ok(()),
            Err(failed) if failed.at(0) => Err(Refusal::AlreadySpent),
            Err(_) => Err(Refusal::SessionOver),
        }
    }

    /// Deletes the account and frees its phone.
    ///
    /// # Errors
    ///
    /// [`Refusal::SessionOver`] when the asking session is over.
    pub async fn delete(&self, access: Access, deadline: Instant) -> Result<(), Refusal> {
        let account = self.me(access, deadline).await?;
        let mut parts = vec![self.store.delete(account.id, access.session)];
        if let Some(phone) = &account.phone {
            parts.push(self.store.free_phone(phone, account.id));
            parts.push(self.store.forget_attempts(phone));
        }
        let done = self
            .store
            .write(parts, self.random.as_ref(), deadline)
            .await?;
        done.map_err(|_| Refusal::SessionOver)
    }
}

/// A success token that was checked, and whose phone it proves.
struct Proved {
    proof: PhoneProof,
    phone: Phone,
    index: SubjectIndex,
}
