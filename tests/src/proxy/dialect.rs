//! How each service writes its errors.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use phoneproof_local::aws::sns_error;
use serde_json::{Value, json};

/// The service that was called, which decides the form of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    DynamoDb,
    SecretsManager,
    SmsVoice,
    Sns,
    Hook,
}

impl Dialect {
    /// Reads the service from the start of `x-amz-target`. A call to SNS has no such header, nor has one of the hook.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let target = headers.get("x-amz-target").map(HeaderValue::as_bytes);
        match target {
            Some(target) if target.starts_with(b"secretsmanager") => Self::SecretsManager,
            Some(target) if target.starts_with(b"PinpointSMSVoiceV2") => Self::SmsVoice,
            Some(_) => Self::DynamoDb,
            None if headers.contains_key("webhook-id") => Self::Hook,
            None => Self::Sns,
        }
    }

    pub(super) fn answer_throttled(self) -> Response {
        match self {
            Self::DynamoDb => self.error("ProvisionedThroughputExceededException"),
            Self::SecretsManager | Self::SmsVoice => self.error("ThrottlingException"),
            Self::Sns => sns_error(StatusCode::TOO_MANY_REQUESTS, "Throttled"),
            Self::Hook => hook_error(StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        }
    }

    /// Cancels a transaction because of its first item.
    pub(super) fn answer_cancelled(self, code: &str) -> Response {
        if self == Self::DynamoDb {
            return cancel_transaction(&[code, "None"]);
        }
        self.error("TransactionCanceledException")
    }

    pub(super) fn error(self, code: &str) -> Response {
        let namespace = match self {
            Self::DynamoDb => "com.amazonaws.dynamodb.v20120810#",
            Self::SecretsManager | Self::SmsVoice => "",
            Self::Sns => return sns_error(StatusCode::BAD_REQUEST, code),
            Self::Hook => return hook_error(StatusCode::BAD_REQUEST, code),
        };
        let kind = format!("{namespace}{code}");
        json_error(&json!({ "__type": kind, "message": "on purpose" }))
    }
}

fn hook_error(status: StatusCode, code: &str) -> Response {
    (status, json!({ "code": code }).to_string()).into_response()
}

/// Answers that a transaction was cancelled, with one code per item.
pub(crate) fn cancel_transaction(codes: &[&str]) -> Response {
    let reasons: Vec<_> = codes.iter().map(|code| json!({ "Code": code })).collect();
    json_error(&json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    }))
}

pub(crate) fn json_error(body: &Value) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
}
