//! A guard that fetches the keys of the issuer itself, and fetches them again when they change.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use crate::cause::describe;
use crate::claims::PhoneProof;
use crate::guard::{Rejection, TokenGuard, check_action};
use crate::own_time::OwnTime;
use crate::token::Token;

/// The least time between two fetches while there are usable keys, in seconds. Without it, anyone could make relying
/// parties flood the issuer by sending them tokens with invented key ids.
///
/// Without usable keys, the first fetch that fails is repeated after 1 second, and each later one after twice the time
/// before, up to this.
pub const FETCH_EVERY_SECONDS: u64 = 60;

/// How long keys are used before they are fetched again, in seconds. This is how a guard forgets a retired key.
///
/// It is as long as caches may keep the key set of the service.
pub const REFRESH_AFTER_SECONDS: u64 = 300;

/// How long keys are used while they cannot be fetched again, in seconds. After that no token is accepted: otherwise a
/// key that leaked and was retired would be accepted for as long as the issuer is out of reach.
pub const USABLE_FOR_SECONDS: u64 = 3_600;

/// The largest key set that is read, in bytes. A key takes about 200 bytes, an RSA key about 500.
pub const MAX_JWKS_BYTES: usize = 64 * 1024;

/// A key set could not be fetched. Its text says why, for a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the key set could not be fetched: {cause}")]
pub struct FetchFailed {
    cause: Arc<str>,
}

impl FetchFailed {
    /// Keeps the text of `cause`, which is an error or a sentence, and of every error that caused it.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: describe(cause.into().as_ref()).into(),
        }
    }
}

/// Fetches a key set. The feature `https` brings an implementation; any HTTP client can be another.
pub trait Fetch: Send + Sync + 'static {
    /// Returns the body at `url`, at most [`MAX_JWKS_BYTES`] long. `url` is that of the issuer's key set and never
    /// comes from a token.
    ///
    /// # Errors
    ///
    /// [`FetchFailed`] when there is no such body. The guard then uses the keys that it has.
    fn fetch(&self, url: &str) -> impl Future<Output = Result<Vec<u8>, FetchFailed>> + Send;
}

/// Why a guard that fetches keys did not accept a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckError {
    /// The token was checked and refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There are no keys, or they are [`USABLE_FOR_SECONDS`] old, so the token was not checked. It may be valid.
    #[error("the issuer's keys are not available: {cause}")]
    NoKeys {
        /// When the next fetch may happen, in seconds since the Unix epoch.
        retry_at: u64,
        /// What failed at the last fetch.
        cause: FetchFailed,
    },
}

/// A guard with the keys of one fetch, which accepts actions, and when that was, in the guard's own time.
struct Fetched<T> {
    guard: TokenGuard<T>,
    at: u64,
}

impl<T> Fetched<T> {
    const fn is_old(&self, now: u64) -> bool {
        now >= self.at.saturating_add(REFRESH_AFTER_SECONDS)
    }

    const fn is_usable(&self, now: u64) -> bool {
        now < self.at.saturating_add(USABLE_FOR_SECONDS)
    }
}

/// The keys of the last fetch, and what is known of the last try.
struct State<T> {
    fetched: Option<Arc<Fetched<T>>>,
    /// When the last try began, in the guard's own time.
    tried_at: Option<u64>,
    /// How many tries in a row began without usable keys.
    tries_without_keys: u32,
    /// Why the last try failed; `None` while it runs, and when it did not fail.
    failed: Option<FetchFailed>,
}

impl<T> State<T> {
    /// The keys of the last fetch, while they may be used.
    fn find_usable(&self, now: u64) -> Option<&Arc<Fetched<T>>> {
        self.fetched.as_ref().filter(|keys| keys.is_usable(now))
    }

    /// The earliest instant of the next fetch.
    fn plan_next_fetch(&self, now: u64) -> u64 {
        let wait = match (self.find_usable(now), self.tries_without_keys) {
            (Some(_), _) => FETCH_EVERY_SECONDS,
            (None, 0) => 0,
            (None, tries) => 1_u64
                .checked_shl(tries - 1)
                .unwrap_or(FETCH_EVERY_SECONDS)
                .min(FETCH_EVERY_SECONDS),
        };
        self.tried_at.map_or(0, |at| at.saturating_add(wait))
    }

    fn report_no_keys(&self, at: Instant) -> CheckError {
        let failed = self.failed.clone();
        let wait = self.plan_next_fetch(at.own).saturating_sub(at.own);
        CheckError::NoKeys {
            retry_at: at.clock.saturating_add(wait),
            cause: failed.unwrap_or_else(|| FetchFailed::new("a fetch was not finished")),
        }
    }
}

/// The instant of a check.
#[derive(Clone, Copy)]
struct Instant {
    /// By the clock of the caller, in seconds since the Unix epoch. Tokens are checked against it.
    clock: u64,
    /// By the guard's own time, in which keys age.
    own: u64,
}

/// Checks tokens of one issuer and one kind, with keys that it fetches.
///
/// - Keys are fetched at the first check, when they are [`REFRESH_AFTER_SECONDS`] old, and when a token names an
///   unknown key, but at most every [`FETCH_EVERY_SECONDS`].
/// - While the issuer cannot be reached, the keys of the last fetch are used until they are [`USABLE_FOR_SECONDS`] old.
///   After that, nothing is accepted.
/// - A clock that is set back makes no keys younger, and a clock that is set forward makes them older.
/// - Without usable keys, the guard tries again after 1, 2, 4, … seconds. [`CheckError::NoKeys`] says when.
///
/// Clones share their keys and the fetches. [`accept_actions`](Self::accept_actions) makes of a clone the guard of
/// those routes that compare an action.
///
/// A fetch runs to its end even when the check that began it is dropped, as happens when a client hangs up. Otherwise a
/// client could use up the one fetch of a minute without a result.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use phoneproof_guard::{Fetch, FetchFailed, RemoteGuard};
///
/// /// Any HTTP client will do; the `https` feature brings one, `Https`.
/// struct MyClient;
///
/// impl Fetch for MyClient {
///     async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
///         assert_eq!(url, "https://verify.example.com/.well-known/jwks.json");
/// # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
///         Ok(jwks.as_bytes().to_vec())
///     }
/// }
///
/// # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let guard = RemoteGuard::new("https://verify.example.com", MyClient);
/// let proof = guard.check(token, "password-change", 1_800_000_060).await?;
/// assert_eq!(proof.phone, "+14155550100");
/// # Ok(())
/// # })
/// # }
/// ```
pub struct RemoteGuard<F, T = PhoneProof> {
    issuer: String,
    url: String,
    accepts_actions: bool,
    fetch: Arc<F>,
    state: Arc<RwLock<State<T>>>,
    time: Arc<Mutex<OwnTime>>,
    /// Held while keys are fetched, so that concurrent checks wait for one fetch.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

impl<F, T> Clone for RemoteGuard<F, T> {
    fn clone(&self) -> Self {
        Self {
            issuer: self.issuer.clone(),
            url: self.url.clone(),
            accepts_actions: self.accepts_actions,
            fetch: Arc::clone(&self.fetch),
            state: Arc::clone(&self.state),
            time: Arc::clone(&self.time),
            fetching: Arc::clone(&self.fetching),
        }
    }
}

impl<F, T> fmt::Debug for RemoteGuard<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteGuard")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl<F: Fetch> RemoteGuard<F> {
    /// Makes a guard for success tokens of `issuer`, a URL without a slash at its end. The keys are at
    /// `/.well-known/jwks.json` below it. They are not fetched yet.
    pub fn new(issuer: impl Into<String>, fetch: F) -> Self {
        Self::for_tokens(issuer, fetch)
    }
}

impl<F: Fetch, T: Token> RemoteGuard<F, T> {
    /// Makes a guard as [`RemoteGuard::new`] does, for tokens of the kind `T`.
    pub fn for_tokens(issuer: impl Into<String>, fetch: F) -> Self {
        let issuer = issuer.into();
        Self {
            url: format!("{issuer}/.well-known/jwks.json"),
            issuer,
            accepts_actions: false,
            fetch: Arc::new(fetch),
            state: Arc::new(RwLock::new(State {
                fetched: None,
                tried_at: None,
                tries_without_keys: 0,
                failed: None,
            })),
            time: Arc::default(),
            fetching: Arc::default(),
        }
    }

    /// Fetches the keys from `url` instead, for an issuer that is not reached at the URL in its tokens.
    #[must_use]
    pub fn with_jwks_url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Accepts tokens that are bound to an action, too, as [`TokenGuard::accept_actions`] does.
    #[must_use]
    pub fn accept_actions(mut self) -> Self {
        self.accepts_actions = true;
        self
    }

    /// Checks `token` for `audience` at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`CheckError`] when the token is refused or there are no keys to check it with.
    pub async fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, CheckError> {
        let at = self.read_time(now);
        let known = self.read(|state| state.fetched.clone());
        if known.as_ref().is_none_or(|keys| keys.is_old(at.own)) {
            let is_usable = known.as_ref().is_some_and(|keys| keys.is_usable(at.own));
            match Arc::clone(&self.fetching).try_lock_owned() {
                Ok(turn) => self.refresh(turn, at.own, known.as_ref()).await,
                // Another check is fetching. Until it is done, the old keys are good enough.
                Err(_) if is_usable => {}
                Err(_) => {
                    let turn = self.wait_for_turn().await;
                    self.refresh(turn, at.own, known.as_ref()).await;
                }
            }
        }
        let keys = self.find_usable(at)?;
        let learned = match keys.guard.check(token, audience, now) {
            Err(Rejection::UnknownKey) => {
                let turn = self.wait_for_turn().await;
                self.refresh(turn, at.own, Some(&keys)).await;
                self.find_usable(at)?.guard.check(token, audience, now)?
            }
            other => other?,
        };
        Ok(check_action(learned, self.accepts_actions)?)
    }

    fn read_time(&self, clock: u64) -> Instant {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        let own = time.read(clock);
        Instant { clock, own }
    }

    fn find_usable(&self, at: Instant) -> Result<Arc<Fetched<T>>, CheckError> {
        self.read(|state| {
            let usable = state.find_usable(at.own).cloned();
            usable.ok_or_else(|| state.report_no_keys(at))
        })
    }

    async fn wait_for_turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.fetching).lock_owned().await
    }

    /// Fetches the keys, unless another check has replaced `known` in the meantime or it is too early after the last
    /// try.
    async fn refresh(&self, turn: OwnedMutexGuard<()>, now: u64, known: Option<&Arc<Fetched<T>>>) {
        // Before the first await, so that a check that is dropped during the fetch counts as a try, too.
        let is_due = write(&self.state, |state| {
            let replaced = match (&state.fetched, known) {
                (Some(current), Some(known)) => !Arc::ptr_eq(current, known),
                (current, _) => current.is_some(),
            };
            if replaced || now < state.plan_next_fetch(now) {
                return false;
            }
            let is_without_keys = state.find_usable(now).is_none();
            state.tries_without_keys = if is_without_keys {
                state.tries_without_keys.saturating_add(1)
            } else {
                0
            };
            state.tried_at = Some(now);
            state.failed = None;
            true
        });
        if !is_due {
            return;
        }
        let fetching = self.fetch_once(turn, now);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(fetching).await),
            Err(_) => fetching.await,
        }
    }

    /// Fetches the keys once. The future borrows nothing, so it can outlive the check that began it.
    fn fetch_once(
        &self,
        turn: OwnedMutexGuard<()>,
        now: u64,
    ) -> impl Future<Output = ()> + Send + use<F, T> {
        let (fetch, state) = (Arc::clone(&self.fetch), Arc::clone(&self.state));
        let (issuer, url) = (self.issuer.clone(), self.url.clone());
        async move {
            let guard = match fetch.fetch(&url).await {
                Ok(jwks) if jwks.len() > MAX_JWKS_BYTES => {
                    Err(FetchFailed::new("the answer is too long"))
                }
                Ok(jwks) => TokenGuard::new(issuer, &jwks)
                    .map(TokenGuard::accept_actions)
                    .map_err(FetchFailed::new),
                Err(failed) => Err(failed),
            };
            write(&state, |state| match guard {
                Ok(guard) => {
                    state.fetched = Some(Arc::new(Fetched { guard, at: now }));
                    state.tries_without_keys = 0;
                }
                Err(failed) => state.failed = Some(failed),
            });
            drop(turn);
        }
    }

    fn read<R>(&self, look: impl FnOnce(&State<T>) -> R) -> R {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn write<T, R>(state: &RwLock<State<T>>, change: impl FnOnce(&mut State<T>) -> R) -> R {
    change(&mut state.write().unwrap_or_else(PoisonError::into_inner))
}
