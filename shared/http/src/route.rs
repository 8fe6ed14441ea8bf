//! The routes of the API.

use http::Method;

/// A route. Both functions, the OpenAPI document and the local gateway read this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Text a code.
    Send,
    /// Check a code.
    Verify,
    /// Spend a success token.
    Spend,
    /// Is anyone there?
    Ping,
    /// Public keys.
    Jwks,
    /// Issuer metadata.
    Discovery,
    /// The OpenAPI document.
    OpenApi,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 7] = [
        Self::Send,
        Self::Verify,
        Self::Spend,
        Self::Ping,
        Self::Jwks,
        Self::Discovery,
        Self::OpenApi,
    ];

    /// The path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Send => "/v1/send",
            Self::Verify => "/v1/verify",
            Self::Spend => "/v1/spend",
            Self::Ping => "/v1/ping",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Discovery => "/.well-known/openid-configuration",
            Self::OpenApi => "/openapi.json",
        }
    }

    /// The method.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Send | Self::Verify | Self::Spend => Method::POST,
            Self::Ping | Self::Jwks | Self::Discovery | Self::OpenApi => Method::GET,
        }
    }

    /// The route of `path` among `routes`.
    #[must_use]
    pub fn find(routes: &[Self], path: &str) -> Option<Self> {
        routes.iter().copied().find(|route| route.path() == path)
    }
}
