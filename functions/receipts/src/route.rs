//! The one route of this function.

use http::Method;

/// The endpoints of this function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Takes the callback of the receiver of the send hook.
    Callback,
}

/// The routes that this function serves.
pub const ROUTES: &[phoneproof_http::Route<Endpoint>] = &[phoneproof_http::Route::new(
    Method::POST,
    "/v1/receipts",
    Endpoint::Callback,
)];

impl phoneproof_http::Endpoint for Endpoint {
    const NOT_FOUND: &'static str = "Receipts are posted to /v1/receipts.";
    // Receivers are servers. No page calls this.
    const CORS_HEADERS: Option<&'static str> = None;
}
