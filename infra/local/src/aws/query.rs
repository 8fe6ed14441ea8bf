//! The answers of SNS: XML of the AWS Query protocol.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

/// Answers a call that SNS served.
pub(super) fn confirm(action: &str, result: &str) -> Response {
    respond(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{result}\
             </{action}Result><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// An error as SNS answers it: XML of the AWS Query protocol.
#[must_use]
pub fn sns_error(status: StatusCode, code: &str) -> Response {
    sns_refusal(status, code, code)
}

/// An error whose message says more than its code.
pub(super) fn sns_refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let fault = if status.is_client_error() {
        "Sender"
    } else {
        "Receiver"
    };
    respond(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{fault}</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
        ),
    )
}

fn respond(status: StatusCode, body: String) -> Response {
    (status, [("content-type", "text/xml")], body).into_response()
}
