//! Requests of the send hook, for other implementations of Standard Webhooks.

use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::{HookSecret, message_id, sign};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::delivery::TextId;
use serde::Deserialize;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

/// A request to sign.
#[derive(Deserialize)]
pub(crate) struct Request {
    keyring: Value,
    now: i64,
    body: String,
}

/// Answers with the headers of the request, and with the secrets of the keyring.
///
/// The Rust library of Standard Webhooks checks the headers at once: with each secret it must accept them, and with
/// none of them when the request was changed.
pub(crate) fn sign_request(request: &Request) -> Value {
    let keyring = Keyring::from_json(&request.keyring.to_string()).expect("a keyring");
    let (id, at) = (
        message_id(TextId([7; 16])),
        Timestamp::from_unix(request.now),
    );
    let signature = sign(&keyring, &id, at, request.body.as_bytes());
    let secrets: Vec<_> = keyring.roots().map(HookSecret::of).collect();
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("webhook-id", &id),
        ("webhook-timestamp", &request.now.to_string()),
        ("webhook-signature", &signature),
    ] {
        headers.insert(name, value.parse().expect("a header"));
    }
    let verdicts: Vec<_> = secrets
        .iter()
        .map(|secret| {
            let library = Webhook::new(secret.expose()).expect("a secret");
            let judge = |body: &str| library.verify(body.as_bytes(), &headers).is_ok();
            json!([judge(&request.body), judge(&format!("{} ", request.body))])
        })
        .collect();
    let secrets: Vec<_> = secrets.iter().map(HookSecret::expose).collect();
    json!({
        "headers": { "webhook-id": id, "webhook-timestamp": request.now.to_string(), "webhook-signature": signature },
        "secrets": secrets,
        "rust": verdicts,
    })
}
