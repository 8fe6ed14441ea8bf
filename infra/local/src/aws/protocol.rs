//! The AWS JSON protocol, which Secrets Manager and CloudWatch Logs speak.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// Reads the body of a call. A malformed one is read as `null`, which has no members.
pub(super) fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Answers a call that succeeded.
pub(super) fn answer(body: &Value) -> Response {
    respond(StatusCode::OK, body)
}

/// Answers a call with an error code of its service.
pub(super) fn refuse(status: StatusCode, code: &str) -> Response {
    respond(status, &json!({ "__type": code, "message": code }))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [("content-type", "application/x-amz-json-1.1")],
        body.to_string(),
    )
        .into_response()
}
