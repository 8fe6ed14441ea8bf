//! The axum extractor for what the layer learned from a token.

use axum_core::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use crate::claims::PhoneProof;
use crate::token::Token;

/// What [`TokenRequired`](crate::TokenRequired) learned from the request's token, as an argument of an axum handler.
///
/// On a route without the layer the extractor answers 500, because the route was meant to be protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T = PhoneProof>(pub T);

impl<S: Send + Sync, T: Token> FromRequestParts<S> for Verified<T> {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let learned = parts.extensions.get::<T>().cloned();
        learned.map(Self).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
