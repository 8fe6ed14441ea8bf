//! A guard that fetches the keys of the issuer itself, and fetches them again when they change.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::claims::PhoneProof;
use crate::guard::{Rejection, TokenGuard};
use crate::token::Token;

/// The least time between two fetches, in seconds. Without it, anyone could make relying parties flood the issuer by
/// sending them tokens with invented key ids.
pub const FETCH_EVERY_SECONDS: u64 = 60;

/// How long keys are used before they are fetched again, in seconds. This is how a guard forgets a retired key.
pub const REFRESH_AFTER_SECONDS: u64 = 3_600;

/// The largest key set that is read, in bytes. A key takes about 200 bytes, an RSA key about 500.
pub const MAX_JWKS_BYTES: usize = 64 * 1024;

/// A key set could not be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the key set could not be fetched")]
pub struct FetchFailed;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CheckError {
    /// The token was checked and refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No keys were fetched yet, so the token was not checked. It may be valid.
    #[error("the issuer's keys are not available")]
    NoKeys,
}

/// The guard with the keys of the last fetch, and the instants of the last fetch and the last try, in seconds since the
/// Unix epoch.
struct State<T> {
    guard: Option<Arc<TokenGuard<T>>>,
    fetched_at: u64,
    tried_at: Option<u64>,
}

/// Checks tokens of one issuer and one kind, with keys that it fetches.
///
/// Keys are fetched at the first check, when they are an hour old, and when a token names an unknown key, but at most
/// once a minute. While the issuer is down, the keys of the last fetch are used.
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
/// let guard: RemoteGuard<_> = RemoteGuard::new("https://verify.example.com", MyClient);
/// let proof = guard.check(token, "password-change", 1_800_000_060).await?;
/// # let proof: phoneproof_guard::PhoneProof = proof;
/// assert_eq!(proof.phone, "+14155550100");
/// # Ok(())
/// # })
/// # }
/// ```
pub struct RemoteGuard<F, T = PhoneProof> {
    issuer: String,
    url: String,
    fetch: Arc<F>,
    state: Arc<RwLock<State<T>>>,
    /// Held while keys are fetched, so that concurrent checks wait for one fetch.
    fetching: Arc<Mutex<()>>,
}

impl<F, T> fmt::Debug for RemoteGuard<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteGuard")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl<F: Fetch, T: Token> RemoteGuard<F, T> {
    /// Makes a guard for tokens of `issuer`, a URL without a slash at its end. The keys are at `/.well-known/jwks.json`
    /// below it. They are not fetched yet.
    pub fn new(issuer: impl Into<String>, fetch: F) -> Self {
        let issuer = issuer.into();
        Self {
            url: format!("{issuer}/.well-known/jwks.json"),
            issuer,
            fetch: Arc::new(fetch),
            state: Arc::new(RwLock::new(State {
                guard: None,
                fetched_at: 0,
                tried_at: None,
            })),
            fetching: Arc::default(),
        }
    }

    /// Fetches the keys from `url` instead, for an issuer that is not reached at the URL in its tokens.
    #[must_use]
    pub fn with_jwks_url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Checks `token` for `audience` at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`CheckError`] when the token is refused or there are no keys to check it with.
    pub async fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, CheckError> {
        let mut guard = self.current();
        if guard.is_none() || self.is_old(now) {
            match Arc::clone(&self.fetching).try_lock_owned() {
                Ok(turn) => self.refresh(turn, now, guard.as_ref()).await,
                // Another check is fetching. Until it is done, the old keys are good enough.
                Err(_) if guard.is_some() => {}
                Err(_) => self.refresh(self.wait_for_turn().await, now, None).await,
            }
            guard = self.current();
        }
        let guard = guard.ok_or(CheckError::NoKeys)?;
        match guard.check(token, audience, now) {
            Err(Rejection::UnknownKey) => {
                self.refresh(self.wait_for_turn().await, now, Some(&guard))
                    .await;
                let newer = self.current().unwrap_or(guard);
                Ok(newer.check(token, audience, now)?)
            }
            other => Ok(other?),
        }
    }

    fn current(&self) -> Option<Arc<TokenGuard<T>>> {
        self.read(|state| state.guard.clone())
    }

    fn is_old(&self, now: u64) -> bool {
        self.read(|state| now >= state.fetched_at.saturating_add(REFRESH_AFTER_SECONDS))
    }

    async fn wait_for_turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.fetching).lock_owned().await
    }

    /// Fetches the keys, unless another check has replaced `known` in the meantime or the last try is less than
    /// [`FETCH_EVERY_SECONDS`] ago.
    async fn refresh(
        &self,
        turn: OwnedMutexGuard<()>,
        now: u64,
        known: Option<&Arc<TokenGuard<T>>>,
    ) {
        let replaced = match (self.current(), known) {
            (Some(current), Some(known)) => !Arc::ptr_eq(&current, known),
            (current, _) => current.is_some(),
        };
        let tried_at = self.read(|state| state.tried_at);
        let next = tried_at.map(|at| at.saturating_add(FETCH_EVERY_SECONDS));
        if replaced || next.is_some_and(|next| now < next) {
            return;
        }
        // Before the first await, so that a check that is dropped during the fetch counts as a try, too.
        write(&self.state, |state| state.tried_at = Some(now));
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
            let fetched = fetch.fetch(&url).await;
            let guard = fetched
                .ok()
                .filter(|jwks| jwks.len() <= MAX_JWKS_BYTES)
                .and_then(|jwks| TokenGuard::new(issuer, &jwks).ok());
            if let Some(guard) = guard {
                write(&state, |state| {
                    state.guard = Some(Arc::new(guard));
                    state.fetched_at = now;
                });
            }
            drop(turn);
        }
    }

    fn read<R>(&self, look: impl FnOnce(&State<T>) -> R) -> R {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn write<T>(state: &RwLock<State<T>>, change: impl FnOnce(&mut State<T>)) {
    change(&mut state.write().unwrap_or_else(PoisonError::into_inner));
}
