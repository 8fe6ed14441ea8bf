//! The receiver of the send hook: it checks signatures as a receiver must, and puts texts into the inbox.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::sign;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::delivery::Reason;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Services;
use crate::inbox::{Carrier, Message};
use crate::loopback::is_program;

#[derive(Deserialize)]
struct Request {
    r#type: String,
    data: BTreeMap<String, Value>,
}

/// Takes a text: a repeated `webhook-id` is the same text.
pub(super) async fn receive(
    State(services): State<Services>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_program(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(id) = check_signature(&services, &headers, &body) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let request: Option<Request> = serde_json::from_slice(&body).ok();
    let Some(request) = request.filter(|request| request.r#type == "sms.send") else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let member = |name: &str| {
        let text = request.data.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    // The ids of `registration` are shown one by one, as those of AWS are.
    let ids = request.data.get("registration").and_then(Value::as_object);
    let ids = ids.into_iter().flatten();
    let attributes = request.data.iter().filter(|(name, value)| {
        let is_shown_elsewhere =
            matches!(name.as_str(), "phone" | "body" | "code" | "registration");
        !value.is_null() && !is_shown_elsewhere
    });
    let message = Message {
        id: String::new(),
        channel: Channel::Hook.as_str().to_owned(),
        phone: member("phone"),
        body: member("body"),
        at: services.clock.now().to_string(),
        attributes: attributes
            .chain(ids)
            .map(|(name, value)| {
                let text = value.as_str().map(str::to_owned);
                (name.clone(), text.unwrap_or_else(|| value.to_string()))
            })
            .collect(),
    };
    let (id, carrier) = services.inbox.publish_once(Some(&id), message);
    match carrier.reason() {
        None if carrier == Carrier::Hang => std::future::pending().await,
        None => (StatusCode::OK, json!({ "id": id }).to_string()).into_response(),
        Some(reason) => write_reason(reason),
    }
}

/// Returns the id of a request that is signed with a secret of the stack's keyring.
fn check_signature(services: &Services, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
    let keyring = services.secrets.first()?.text()?;
    let keyring = Keyring::from_json(&keyring).ok()?;
    let at = Timestamp::from_unix(at.parse().ok()?);
    let expected = sign(&keyring, id, at, body);
    let given = header("webhook-signature")?;
    given
        .split(' ')
        .any(|given| expected.split(' ').any(|expected| given == expected))
        .then(|| id.to_owned())
}

/// Says a reason as a receiver does. Reasons that no receiver can cause become one that it can.
fn write_reason(reason: Reason) -> Response {
    let coded = |status: StatusCode, code: &str| {
        (status, json!({ "code": code }).to_string()).into_response()
    };
    match reason {
        Reason::Throttled => coded(StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Reason::InvalidPhoneNumber | Reason::InvalidParameter => {
            coded(StatusCode::UNPROCESSABLE_ENTITY, "invalid_phone_number")
        }
        Reason::OptedOut => coded(StatusCode::UNPROCESSABLE_ENTITY, "opted_out"),
        Reason::DeliveryRejected => coded(StatusCode::UNPROCESSABLE_ENTITY, "delivery_rejected"),
        Reason::AuthenticationFailed | Reason::NotAuthorized => {
            coded(StatusCode::BAD_REQUEST, "authentication_failed")
        }
        Reason::NotFound => StatusCode::NOT_FOUND.into_response(),
        Reason::Redirected => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/hook")]).into_response()
        }
        Reason::NoAnswer
        | Reason::ConnectionLost
        | Reason::ServerError
        | Reason::UnreadableAnswer => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}
