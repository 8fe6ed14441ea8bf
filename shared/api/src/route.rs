//! The routes of the verification API.

use http::Method;
use phoneproof_observe::Facts;
use strum::EnumCount;

/// The endpoints of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumCount)]
pub enum Endpoint {
    /// Texts a code to a phone, for the first time or again.
    Send,
    /// Checks a code, and answers a right one with a success token.
    Verify,
    /// Spends a success token, so that it counts once.
    Spend,
    /// Publishes what a front end has to know of the policy, without a call to any other service.
    Policy,
    /// Answers `ok`, without a call to any other service.
    Ping,
    /// Publishes the public keys of success tokens.
    Jwks,
    /// Publishes the issuer metadata (OpenID Connect Discovery 1.0).
    Discovery,
    /// Publishes the OpenAPI document of this API.
    OpenApi,
}

/// A row of the table of routes.
pub type Route = phoneproof_http::Route<Endpoint>;

impl Endpoint {
    /// Every endpoint, in the order of the documentation.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Send,
        Self::Verify,
        Self::Spend,
        Self::Policy,
        Self::Ping,
        Self::Jwks,
        Self::Discovery,
        Self::OpenApi,
    ];

    /// Returns the route of the endpoint. The functions, the OpenAPI document and the local gateway read it here.
    #[must_use]
    pub const fn route(self) -> Route {
        let (method, path) = match self {
            Self::Send => (Method::POST, "/v1/send"),
            Self::Verify => (Method::POST, "/v1/verify"),
            Self::Spend => (Method::POST, "/v1/spend"),
            Self::Policy => (Method::GET, "/v1/policy"),
            Self::Ping => (Method::GET, "/v1/ping"),
            Self::Jwks => (Method::GET, "/.well-known/jwks.json"),
            Self::Discovery => (Method::GET, "/.well-known/openid-configuration"),
            Self::OpenApi => (Method::GET, "/openapi.json"),
        };
        Route::new(method, path, self)
    }
}

impl phoneproof_http::Endpoint for Endpoint {
    const NOT_FOUND: &'static str = "See /openapi.json for what there is.";
    const AFTER_PANIC: Option<&'static str> =
        Some("A fault of the service; a text may have been sent.");
    const CORS_HEADERS: Option<&'static str> = Some("content-type, idempotency-key, x-client-key");

    fn note(self, facts: &mut Facts) {
        facts.is_verification = self == Self::Verify;
    }
}
