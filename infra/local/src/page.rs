//! The demo page and the inbox.
//!
//! They show texts, so they answer only requests that name a loopback host: a web site that points
//! its own name at 127.0.0.1 (DNS rebinding) gets nothing.

use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use phoneproof::domain::policy::Policy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::inbox::{Inbox, Message};

const INDEX: &str = include_str!("../page/index.html");
const INBOX: &str = include_str!("../page/inbox.html");
const STYLE: &str = include_str!("../page/style.css");
const SCRIPT: &str = include_str!("../page/app.js");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(Clone)]
struct Pages {
    inbox: Inbox,
    config: Value,
}

/// The pages of a stack with this policy.
pub fn router(inbox: Inbox, policy: &Policy, issuer: &str) -> Router {
    let config = config(policy, issuer);
    Router::new()
        .route(
            "/",
            get(|| async { file("text/html; charset=utf-8", INDEX) }),
        )
        .route(
            "/inbox",
            get(|| async { file("text/html; charset=utf-8", INBOX) }),
        )
        .route(
            "/demo/style.css",
            get(|| async { file("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            "/demo/app.js",
            get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route(
            "/demo/config",
            get(|State(pages): State<Pages>| async move { Json(pages.config) }),
        )
        .route("/inbox/messages", get(messages))
        .with_state(Pages { inbox, config })
        .layer(middleware::from_fn(guard))
}

/// What the page offers to choose from.
fn config(policy: &Policy, issuer: &str) -> Value {
    let countries: Vec<_> = policy
        .numbers
        .countries
        .iter()
        .map(ToString::to_string)
        .collect();
    let businesses: Vec<_> = policy
        .businesses
        .iter()
        .map(|(id, business)| {
            let locales: Vec<_> = business.templates.keys().map(ToString::to_string).collect();
            json!({
                "id": id.as_str(),
                "brand": business.brand,
                "locales": locales,
                "codeLength": business.code_length,
            })
        })
        .collect();
    json!({ "issuer": issuer, "countries": countries, "businesses": businesses })
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([("content-type", content_type)], text)
}

#[derive(Deserialize)]
struct Wanted {
    phone: Option<String>,
}

async fn messages(State(pages): State<Pages>, Query(wanted): Query<Wanted>) -> Json<Vec<Message>> {
    Json(pages.inbox.messages(wanted.phone.as_deref()))
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_loopback(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}
