//! The API: routes, bodies, answers and the request line.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, MatchedPath, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use phoneproof_crypto::from_base64url;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::random::Random;
use phoneproof_guard::{RefusalSlug, TokenRequired, Verified};
use phoneproof_http::{GatewayContext, caught, read_body};
use phoneproof_observe::{Entry, Facts, Journal, Level, RequestContext};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::access_token::{Access, OwnTokens};
use crate::bodies::{
    LogInBody, MadeRecoveryCode, Me, PasswordBody, RefreshBody, RegisterBody, Registered,
    ResetBody, SessionTokens, Sessions,
};
use crate::openapi;
use crate::problem::Problem;
use crate::refresh_token::SessionId;
use crate::service::{Accounts, Event, Refusal, Unavailable};

/// Seconds after which a client may try again when the service is not available.
const UNAVAILABLE_RETRY_SECONDS: u64 = 2;

/// What the gateway and the runtime said about a request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Id and source address.
    pub gateway: GatewayContext,
    /// When the request came.
    pub now: Timestamp,
    /// When the answer must be ready.
    pub deadline: Instant,
}

impl App {
    fn context(&self, call: &Call) -> RequestContext {
        RequestContext {
            now: call.now,
            deadline: call.deadline,
            random: Arc::clone(&self.random),
            facts: Facts::default(),
        }
    }
}

/// What the request line says about an answer.
#[derive(Debug, Clone, Copy)]
struct Noted {
    event: Option<Event>,
    outcome: &'static str,
    rule: Option<&'static str>,
    level: Level,
}

/// What requests are served with.
pub struct App {
    /// The use cases.
    pub accounts: Accounts,
    /// Where each request leaves its line.
    pub journal: Journal,
    /// The clock that requests are stamped with.
    pub clock: Arc<dyn Clock>,
    /// The random source of requests.
    pub random: Arc<dyn Random>,
}

type Shared = State<Arc<App>>;
type Caller = Extension<Call>;

/// The routes, below `/account`.
pub fn router(app: Arc<App>) -> Router {
    let accounts = &app.accounts;
    let tokens = OwnTokens::new(Arc::clone(accounts.keys()), accounts.issuer());
    let clock = Arc::clone(&app.clock);
    let now = move || u64::try_from(clock.now().unix()).unwrap_or(0);
    let required = TokenRequired::new(tokens, accounts.issuer()).with_clock(now);
    let protected = Router::new()
        .route("/account/v1/me", get(me).delete(delete_me))
        .route(
            "/account/v1/sessions",
            get(list_sessions).delete(end_this_session),
        )
        .route("/account/v1/sessions/all", delete(end_all_sessions))
        .route("/account/v1/sessions/{session}", delete(end_session))
        .route("/account/v1/password", post(change_password))
        .route("/account/v1/recovery-code", post(make_recovery_code))
        .route_layer(required);
    Router::new()
        .route("/account/v1/accounts", post(register))
        .route("/account/v1/sessions", post(log_in))
        .route("/account/v1/sessions/refresh", post(refresh))
        .route("/account/v1/password-reset", post(reset_password))
        .route("/account/.well-known/jwks.json", get(jwks))
        .route(
            "/account/openapi.json",
            get(|| async { json_answer(StatusCode::OK, &openapi::document(), None) }),
        )
        .merge(protected)
        .method_not_allowed_fallback(|call: Caller| async move {
            refused(&call, &Problem::MethodNotAllowed, None)
        })
        .fallback(|call: Caller| async move { refused(&call, &Problem::NotFound, None) })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), record))
        .with_state(app)
}

/// Answers one request and leaves its line.
async fn record(State(app): Shared, call: Caller, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let unavailable = || {
        refused(
            &call,
            &Problem::Refused(Unavailable::Contended.into()),
            None,
        )
    };
    // The calls end by their own deadlines; this is for what takes none, such as the guard's layer.
    let mut response = match timeout_at(call.deadline, caught(next.run(request))).await {
        Ok(served) => served.unwrap_or_else(|| refused(&call, &Problem::Internal, None)),
        Err(_) => unavailable(),
    };
    let noted = noted(&response);
    challenge(&mut response, app.accounts.issuer(), noted.outcome);
    if let Ok(id) = HeaderValue::from_str(&call.gateway.request_id) {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-request-id"), id);
        headers.insert(
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        );
    }
    app.journal.record(&Entry {
        at: app.clock.since_epoch(),
        request_id: &call.gateway.request_id,
        route: route.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        outcome: noted.outcome,
        rule: noted.rule,
        event: noted.event.map(Event::name),
        is_verification: false,
        level: noted.level,
        took: began.elapsed(),
        facts: &Facts::default(),
    });
    response
}

/// What the line says: as the handler noted, or the guard's layer, which came before it.
fn noted(response: &Response) -> Noted {
    let extensions = response.extensions();
    let by_layer = || {
        let is_ours = response.status().is_server_error();
        extensions.get().map(|RefusalSlug { slug }| Noted {
            event: Some(Event::Refused),
            outcome: slug,
            rule: None,
            level: if is_ours { Level::Error } else { Level::Info },
        })
    };
    let noted = extensions.get().copied().or_else(by_layer);
    // Nothing else answers; if something did, it would be a fault of ours.
    noted.unwrap_or(Noted {
        event: None,
        outcome: "internal",
        rule: None,
        level: Level::Error,
    })
}

/// Says in every 401 how to do better (RFC 9110 section 15.5.2, RFC 6750 section 3). The guard's layer has done so
/// in its own.
fn challenge(response: &mut Response, realm: &str, outcome: &str) {
    if response.status() != StatusCode::UNAUTHORIZED
        || response.headers().contains_key(WWW_AUTHENTICATE)
    {
        return;
    }
    let error = if outcome == "session-over" {
        ", error=\"invalid_token\", error_description=\"the session is over\""
    } else {
        ""
    };
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer realm=\"{realm}\"{error}")) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

/// An answer with a body.
fn json_answer(status: StatusCode, body: &impl Serialize, event: Option<Event>) -> Response {
    let Ok(body) = serde_json::to_string(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [(CONTENT_TYPE, "application/json")];
    served((status, headers, body).into_response(), event)
}

/// An answer without one.
fn done(event: Event) -> Response {
    served(StatusCode::NO_CONTENT.into_response(), Some(event))
}

fn served(mut response: Response, event: Option<Event>) -> Response {
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Noted {
        event,
        outcome: "served",
        rule: None,
        level: Level::Info,
    });
    response
}

fn refused(call: &Call, problem: &Problem, now: Option<Timestamp>) -> Response {
    let (status, slug, _) = problem.kind();
    let body = serde_json::to_string(&problem.document(&call.gateway.request_id));
    let content_type = [(CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, content_type, body.unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry_after(problem, now) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        if let Some(limit) = problem.rate_limit() {
            limit.insert(headers, seconds);
        }
    }
    let event = match problem {
        Problem::Refused(Refusal::Reused) => Event::ReuseDetected,
        Problem::Refused(Refusal::PhoneInUse { is_new: true, .. }) => Event::UnlinkRequested,
        _ => Event::Refused,
    };
    response.extensions_mut().insert(Noted {
        event: Some(event),
        outcome: slug,
        rule: problem.rule(),
        level: problem.level(),
    });
    response
}

fn retry_after(problem: &Problem, now: Option<Timestamp>) -> Option<u64> {
    if problem.kind().0 == StatusCode::SERVICE_UNAVAILABLE {
        return Some(UNAVAILABLE_RETRY_SECONDS);
    }
    let at = problem.retry_at()?;
    Some(at.since(now?).as_secs().max(1))
}

/// The answer to a call: what was served, or the refusal.
fn outcome(app: &App, call: &Call, result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(|problem| refused(call, &problem, Some(app.clock.now())))
}

async fn register(State(app): Shared, call: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let served = async {
        let body: RegisterBody = read_body(&headers, &body)?;
        let password = body.password()?;
        let second_step = body.second_step.unwrap_or(false);
        let (id, event) = app
            .accounts
            .register(
                &body.token.0,
                password,
                second_step,
                &mut app.context(&call),
            )
            .await?;
        Ok(json_answer(
            StatusCode::CREATED,
            &Registered::new(id),
            Some(event),
        ))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn log_in(State(app): Shared, call: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let served = async {
        let body: LogInBody = read_body(&headers, &body)?;
        let device = body.device()?;
        let credentials = body.credentials()?;
        let ip = call
            .gateway
            .source_ip
            .ok_or(Unavailable::NoSourceAddress)
            .map_err(Refusal::from)?;
        let tokens = app
            .accounts
            .log_in(
                credentials,
                device,
                SourceAddress::new(ip),
                &mut app.context(&call),
            )
            .await?;
        Ok(json_answer(
            StatusCode::CREATED,
            &SessionTokens::new(&tokens),
            Some(Event::LoggedIn),
        ))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn refresh(State(app): Shared, call: Caller, headers: HeaderMap, body: Bytes) -> Response {
    let served = async {
        let body: RefreshBody = read_body(&headers, &body)?;
        let refreshed = app
            .accounts
            .refresh(&body.refresh_token.0, &mut app.context(&call))
            .await?;
        Ok(json_answer(
            StatusCode::OK,
            &SessionTokens::new(&refreshed),
            Some(Event::Refreshed),
        ))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn change_password(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let served = async {
        let body: PasswordBody = read_body(&headers, &body)?;
        let password = body.password()?;
        app.accounts
            .change_password(
                access,
                &body.token.0,
                password,
                body.second_step,
                &mut app.context(&call),
            )
            .await?;
        Ok(done(Event::PasswordChanged))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn reset_password(
    State(app): Shared,
    call: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let served = async {
        let body: ResetBody = read_body(&headers, &body)?;
        let password = body.password()?;
        let recovery = body.recovery_code();
        app.accounts
            .reset_password(
                &body.token.0,
                password,
                recovery.as_ref(),
                &mut app.context(&call),
            )
            .await?;
        Ok(done(Event::PasswordReset))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn make_recovery_code(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
) -> Response {
    let served = async {
        let made = app
            .accounts
            .make_recovery_code(access, &mut app.context(&call))
            .await?;
        Ok(json_answer(
            StatusCode::CREATED,
            &MadeRecoveryCode::new(&made.to_text()),
            Some(Event::RecoveryCodeMade),
        ))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn me(State(app): Shared, call: Caller, Verified(access): Verified<Access>) -> Response {
    let served = async {
        let account = app.accounts.me(access, &mut app.context(&call)).await?;
        Ok(json_answer(
            StatusCode::OK,
            &Me::new(&account, access.session),
            None,
        ))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn delete_me(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
) -> Response {
    let deleted = app.accounts.delete(access, &mut app.context(&call)).await;
    let result = deleted.map(|()| done(Event::Deleted));
    outcome(&app, &call, result.map_err(Problem::from))
}

async fn list_sessions(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
) -> Response {
    let served = async {
        let account = app.accounts.me(access, &mut app.context(&call)).await?;
        let keyring = app
            .accounts
            .keyring(&mut app.context(&call))
            .await
            .map_err(Refusal::from)?;
        let sessions = Sessions::new(account.sessions, access.session, &keyring);
        Ok(json_answer(StatusCode::OK, &sessions, None))
    };
    let result = served.await;
    outcome(&app, &call, result)
}

async fn end_this_session(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
) -> Response {
    ended(&app, &call, access, access.session).await
}

async fn end_session(
    State(app): Shared,
    call: Caller,
    Path(session): Path<String>,
    Verified(access): Verified<Access>,
) -> Response {
    let id = from_base64url(&session)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    match id {
        Some(id) => ended(&app, &call, access, SessionId(id)).await,
        None => refused(&call, &Problem::NotFound, None),
    }
}

async fn ended(app: &App, call: &Call, access: Access, which: SessionId) -> Response {
    let ended = app
        .accounts
        .end_session(access, which, &mut app.context(&call))
        .await;
    let result = ended.map(|()| done(Event::LoggedOut));
    outcome(app, call, result.map_err(Problem::from))
}

async fn end_all_sessions(
    State(app): Shared,
    call: Caller,
    Verified(access): Verified<Access>,
) -> Response {
    let ended = app
        .accounts
        .end_sessions(access, &mut app.context(&call))
        .await;
    let result = ended.map(|()| done(Event::LoggedOut));
    outcome(&app, &call, result.map_err(Problem::from))
}

async fn jwks(State(app): Shared, call: Caller) -> Response {
    let jwks = app.accounts.jwks(&mut app.context(&call)).await;
    let result = jwks.map(|jwks| json_answer(StatusCode::OK, &jwks, None));
    outcome(&app, &call, result.map_err(Problem::from))
}
