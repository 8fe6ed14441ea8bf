//! Calls from web pages of other origins (CORS, Fetch standard section 3.2).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use lambda_http::Body;

use super::header::insert;

/// The response headers that a page may read besides the usual ones.
const EXPOSED: &str = "retry-after, ratelimit, ratelimit-policy, x-request-id";

/// Whether pages of `origin` may call.
fn is_allowed(allowed_origins: &[String], origin: Option<&HeaderValue>) -> bool {
    let origin = origin.and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| allowed_origins.iter().any(|allowed| allowed == origin))
}

/// Adds to an answer what a browser has to know about it.
pub(crate) fn add_headers(
    headers: &mut HeaderMap,
    allowed_origins: &[String],
    origin: Option<&HeaderValue>,
) {
    if allowed_origins.is_empty() {
        return;
    }
    insert(headers, VARY, "Origin");
    if let Some(origin) = origin.filter(|origin| is_allowed(allowed_origins, Some(origin))) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        insert(headers, ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Answers a preflight request for a path that takes `methods`, from pages that may send `request_headers`.
pub(crate) fn answer_preflight(
    methods: &str,
    request_headers: &str,
    allowed_origins: &[String],
    origin: Option<&HeaderValue>,
) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if is_allowed(allowed_origins, origin) {
        insert(headers, ACCESS_CONTROL_ALLOW_METHODS, methods);
        insert(headers, ACCESS_CONTROL_ALLOW_HEADERS, request_headers);
        insert(headers, ACCESS_CONTROL_MAX_AGE, "600");
    }
    insert(headers, CACHE_CONTROL, "no-store");
    response
}
