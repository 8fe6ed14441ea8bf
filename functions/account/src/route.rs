//! The routes of the account service.

use http::Method;

use crate::service::AccountEvent;

/// The endpoints of the account service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Registers an account for a proven phone.
    Register,
    /// Begins a session, by password, by code, or by both.
    LogIn,
    /// Exchanges a refresh token.
    Refresh,
    /// Sets a forgotten password.
    ResetPassword,
    /// Publishes the public keys of access tokens.
    Jwks,
    /// Publishes the OpenAPI document.
    OpenApi,
    /// Takes an access token, which is checked before anything else.
    Protected(Protected),
}

/// The endpoints that take an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protected {
    /// Changes the password of the session's account.
    ChangePassword,
    /// Moves the session's account to another phone.
    ChangePhone,
    /// Makes a recovery code.
    MakeRecoveryCode,
    /// Shows the account of the session.
    Me,
    /// Deletes the session's account.
    DeleteMe,
    /// Lists the live sessions of the account.
    ListSessions,
    /// Ends the session that asks.
    EndThisSession,
    /// Ends one session of the account.
    EndSession,
    /// Ends every session of the account.
    EndAllSessions,
}

/// A row of the table of routes.
pub type Route = phoneproof_http::Route<Endpoint>;

/// Every route. OpenAPI reads the same table.
pub const ROUTES: &[Route] = &[
    Route::new(Method::POST, "/account/v1/accounts", Endpoint::Register),
    Route::new(Method::POST, SESSIONS, Endpoint::LogIn),
    Route::new(
        Method::POST,
        "/account/v1/sessions/refresh",
        Endpoint::Refresh,
    ),
    Route::new(
        Method::POST,
        "/account/v1/password-reset",
        Endpoint::ResetPassword,
    ),
    Route::new(Method::GET, JWKS, Endpoint::Jwks),
    Route::new(Method::GET, OPENAPI, Endpoint::OpenApi),
    make_protected(Method::GET, ME, Protected::Me),
    make_protected(Method::DELETE, ME, Protected::DeleteMe),
    make_protected(Method::GET, SESSIONS, Protected::ListSessions),
    make_protected(Method::DELETE, SESSIONS, Protected::EndThisSession),
    make_protected(
        Method::DELETE,
        "/account/v1/sessions/all",
        Protected::EndAllSessions,
    ),
    make_protected(
        Method::DELETE,
        "/account/v1/sessions/{session}",
        Protected::EndSession,
    ),
    make_protected(
        Method::POST,
        "/account/v1/password",
        Protected::ChangePassword,
    ),
    make_protected(Method::POST, "/account/v1/phone", Protected::ChangePhone),
    make_protected(
        Method::POST,
        "/account/v1/recovery-code",
        Protected::MakeRecoveryCode,
    ),
];

const JWKS: &str = "/account/.well-known/jwks.json";
const OPENAPI: &str = "/account/openapi.json";
const ME: &str = "/account/v1/me";
const SESSIONS: &str = "/account/v1/sessions";

const fn make_protected(method: Method, path: &'static str, endpoint: Protected) -> Route {
    Route::new(method, path, Endpoint::Protected(endpoint))
}

impl phoneproof_http::Endpoint for Endpoint {
    const NOT_FOUND: &'static str = "There is nothing here.";
    const CORS_HEADERS: Option<&'static str> = None;
    const REFUSED_EVENT: Option<&'static str> = Some(AccountEvent::Refused.name());
}
