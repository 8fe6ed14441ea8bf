//! A `tower` layer for axum and `lambda_http` that lets only requests with a valid token through.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::json;
use tower_layer::Layer;
use tower_service::Service;

use crate::guard::{Rejection, TokenGuard};
use crate::remote::{CheckError, Fetch, RemoteGuard};
use crate::token::Token;

/// Checks tokens for the layer. A [`TokenGuard`] and a [`RemoteGuard`] do.
pub trait Check<T>: Send + Sync + 'static {
    /// Checks `token` for `audience` at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`CheckError`] when the token is refused or there are no keys to check it with.
    fn check(
        &self,
        token: &str,
        audience: &str,
        now: u64,
    ) -> impl Future<Output = Result<T, CheckError>> + Send;
}

impl<T: Token> Check<T> for TokenGuard<T> {
    async fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, CheckError> {
        Ok(Self::check(self, token, audience, now)?)
    }
}

impl<F: Fetch, T: Token> Check<T> for RemoteGuard<F, T> {
    async fn check(&self, token: &str, audience: &str, now: u64) -> Result<T, CheckError> {
        Self::check(self, token, audience, now).await
    }
}

/// Tells the current time, in seconds since the Unix epoch.
type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Protects the service that it is laid around.
///
/// A request without a valid bearer token gets 401 with `WWW-Authenticate` (RFC 6750 section 3) and a problem document
/// (RFC 9457), and never reaches the service. What was learned from a valid token is in the extensions of the request.
/// In axum it is an argument of the handler, `Verified`.
///
/// A token of one of the policy's test numbers gets 403, because every reader of the policy knows the code.
/// [`accept_test_numbers`](Self::accept_test_numbers) lets it through.
///
/// A token that is bound to an action gets 403, because it approves nothing else. A route that compares the action
/// takes a guard that [accepts actions](TokenGuard::accept_actions).
///
/// The layer does not spend the token: the handler does, in the [`Ledger`](crate::Ledger) that fits what it does.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Router, routing::post};
/// use phoneproof_guard::{Guard, TokenRequired, Verified};
/// # use tower::ServiceExt as _;
///
/// # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
/// # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
/// # let request = http::Request::post("/password").header("authorization", format!("Bearer {token}"));
/// # let request = request.body(axum::body::Body::empty())?;
/// async fn change_password(Verified(proof): Verified) -> String {
///     format!("{} may change the password", proof.phone)
/// }
///
/// let guard = Guard::new("https://verify.example.com", jwks.as_bytes())?;
/// let layer = TokenRequired::new(guard, "password-change");
/// # let layer = layer.with_clock(|| 1_800_000_060);
/// let routes: Router = Router::new()
///     .route("/password", post(change_password))
///     .layer(layer);
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let answer = routes.clone().oneshot(request).await?;
/// assert_eq!(answer.status(), 200);
/// # let request = http::Request::post("/password").body(axum::body::Body::empty())?;
/// let without_token = routes.oneshot(request).await?;
/// assert_eq!(without_token.status(), 401);
/// # Ok(())
/// # })
/// # }
/// # #[cfg(not(feature = "axum"))]
/// # fn main() {}
/// ```
pub struct TokenRequired<C, T> {
    check: Arc<C>,
    audience: Arc<str>,
    accepts_test_numbers: bool,
    now: Now,
    kind: PhantomData<fn() -> T>,
}

impl<C: Check<T>, T: Token> TokenRequired<C, T> {
    /// Makes a layer that requires a token for `audience`: for success tokens, the business.
    pub fn new(check: C, audience: &str) -> Self {
        Self {
            check: Arc::new(check),
            audience: audience.into(),
            accepts_test_numbers: false,
            now: Arc::new(read_system_clock),
            kind: PhantomData,
        }
    }

    /// Lets tokens of the policy's test numbers through. Do so only where nothing real can be reached.
    #[must_use]
    pub fn accept_test_numbers(mut self) -> Self {
        self.accepts_test_numbers = true;
        self
    }

    /// Replaces the system's clock by `now`, which returns seconds since the Unix epoch.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a consumer's service has no clock to pass in; `with_clock` takes one"
)]
fn read_system_clock() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

impl<C, T> Clone for TokenRequired<C, T> {
    fn clone(&self) -> Self {
        Self {
            check: Arc::clone(&self.check),
            audience: Arc::clone(&self.audience),
            accepts_test_numbers: self.accepts_test_numbers,
            now: Arc::clone(&self.now),
            kind: PhantomData,
        }
    }
}

impl<C, T> fmt::Debug for TokenRequired<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequired")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl<S, C, T> Layer<S> for TokenRequired<C, T> {
    type Service = Guarded<S, C, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded {
            inner,
            required: self.clone(),
        }
    }
}

/// A service that [`TokenRequired`] protects.
pub struct Guarded<S, C, T> {
    inner: S,
    required: TokenRequired<C, T>,
}

impl<S: Clone, C, T> Clone for Guarded<S, C, T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            required: self.required.clone(),
        }
    }
}

impl<S: fmt::Debug, C, T> fmt::Debug for Guarded<S, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, C, T, B, R> Service<Request<B>> for Guarded<S, C, T>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    C: Check<T>,
    T: Token,
    B: Send + 'static,
    R: From<String> + Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // `tower` requires that the service that is called is the one that was polled ready.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let required = self.required.clone();
        Box::pin(async move {
            let token = read_bearer_token(request.headers()).map(str::to_owned);
            let refusal = match token {
                None => Refusal::Missing,
                Some(token) => {
                    let now = (required.now)();
                    match required.check.check(&token, &required.audience, now).await {
                        Ok(learned) if learned.is_test() && !required.accepts_test_numbers => {
                            Refusal::TestNumber
                        }
                        Ok(learned) => {
                            request.extensions_mut().insert(learned);
                            return inner.call(request).await;
                        }
                        Err(CheckError::Rejected(Rejection::BoundToAction)) => Refusal::OtherAction,
                        Err(CheckError::Rejected(rejection)) => Refusal::Rejected(rejection),
                        Err(CheckError::NoKeys { retry_at, .. }) => Refusal::NoKeys {
                            retry_after: retry_at.saturating_sub(now).max(1),
                        },
                    }
                }
            };
            Ok(refusal.build_response(&required.audience))
        })
    }
}

/// Reads the token of `Authorization: Bearer …` (RFC 6750 section 2.1). The scheme may be in any case (RFC 9110
/// section 11.1). Two such headers count as none.
#[must_use]
pub fn read_bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Builds the `WWW-Authenticate` header of a 401 (RFC 6750 section 3). `realm` is what the token has to be for. `fault`
/// is what is wrong with the token that was sent; without a token, section 3.1 asks for no error code.
#[must_use]
pub fn build_challenge(realm: &str, fault: Option<&dyn fmt::Display>) -> String {
    let realm = keep_quotable(realm);
    match fault {
        None => format!("Bearer realm=\"{realm}\""),
        Some(fault) => format!(
            "Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"{fault}\""
        ),
    }
}

/// Removes what cannot stand in a quoted string of a header field (RFC 9110 section 5.6.4) without escaping.
fn keep_quotable(text: &str) -> String {
    let plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    text.chars().filter(plain).collect()
}

/// Which problem an answer of the layer reports. It is in the extensions of the layer's own answers and of no others,
/// so that the service around the layer can log it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalSlug {
    /// The last part of the problem's `type`: `token-required`, `invalid-token`, `test-number`, `other-action` or
    /// `unavailable`.
    pub slug: &'static str,
}

/// Why a request did not get through.
enum Refusal {
    Missing,
    Rejected(Rejection),
    OtherAction,
    TestNumber,
    NoKeys {
        /// In how many seconds the next fetch may happen, at least 1.
        retry_after: u64,
    },
}

impl Refusal {
    /// Builds the answer. `realm` is what the token has to be for.
    fn build_response<R: From<String>>(&self, realm: &str) -> Response<R> {
        let (status, slug, title, detail) = self.problem();
        let document = json!({
            "type": format!("urn:phoneproof:problem:{slug}"),
            "title": title,
            "status": status.as_u16(),
            "detail": detail,
        });
        let mut response = Response::new(R::from(document.to_string()));
        *response.status_mut() = status;
        response.extensions_mut().insert(RefusalSlug { slug });
        let headers = response.headers_mut();
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(CONTENT_TYPE, "application/problem+json");
        set(CACHE_CONTROL, "no-store");
        match self {
            Self::Missing => set(WWW_AUTHENTICATE, &build_challenge(realm, None)),
            Self::Rejected(rejection) => {
                set(WWW_AUTHENTICATE, &build_challenge(realm, Some(rejection)));
            }
            Self::TestNumber | Self::OtherAction => {}
            Self::NoKeys { retry_after } => set(RETRY_AFTER, &retry_after.to_string()),
        }
        response
    }

    /// The status, slug, title and detail of the problem document.
    fn problem(&self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::Missing => (
                StatusCode::UNAUTHORIZED,
                "token-required",
                "A token is required",
                "Send one as `Authorization: Bearer`.".to_owned(),
            ),
            Self::Rejected(rejection) => (
                StatusCode::UNAUTHORIZED,
                "invalid-token",
                "The token is not valid",
                format!("The token was refused: {rejection}."),
            ),
            Self::OtherAction => (
                StatusCode::FORBIDDEN,
                "other-action",
                "Another action was approved",
                "The token is bound to one action, which is not this one.".to_owned(),
            ),
            Self::TestNumber => (
                StatusCode::FORBIDDEN,
                "test-number",
                "Test numbers are not accepted",
                "The token is of a test number, which proves nothing about a person.".to_owned(),
            ),
            Self::NoKeys { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service is not available",
                "The issuer's keys could not be fetched.".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_would_break_the_header() {
        assert_eq!(keep_quotable("https://a.example/b"), "https://a.example/b");
        assert_eq!(keep_quotable("a\"b\\c\r\nd\u{e9}"), "abcd");
    }
}
