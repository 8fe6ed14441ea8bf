//! Answers questions about success tokens.

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_guard::{AMR, Claims, Guard};
use serde::Deserialize;
use serde_json::{Value, json};

/// A question for `issue`: a keyring, the issuer, the audience and the time in Unix seconds.
#[derive(Deserialize)]
pub(crate) struct Issue {
    keyring: Value,
    issuer: String,
    audience: String,
    now: u32,
}

/// A question for `check`: a token, and the key set, issuer, audience and time to check it with.
#[derive(Deserialize)]
pub(crate) struct Check {
    jwks: Value,
    token: String,
    issuer: String,
    audience: String,
    now: u32,
}

/// Answers with the key set, and with a token as the service would issue it.
pub(crate) fn issue(question: Issue) -> Value {
    let keyring = Keyring::from_json(&question.keyring.to_string()).expect("a keyring");
    let now = u64::from(question.now);
    let claims = Claims {
        iss: question.issuer,
        sub: "subject".to_owned(),
        aud: question.audience,
        iat: now,
        nbf: now,
        exp: now + 300,
        jti: "jti".to_owned(),
        phone_number: "+14152007986".to_owned(),
        phone_number_verified: true,
        device_id: "device".to_owned(),
        amr: AMR.map(str::to_owned).to_vec(),
        action: None,
        test: false,
    };
    let key = keyring.signing_key(Timestamp::from_unix(i64::from(question.now)));
    let token = key.sign(&claims).expect("signed").into_text();
    json!({ "jwks": keyring.jwks(), "token": token })
}

/// Answers with `accepted`, with the name of the rejection, or with `UnusableKeys`.
pub(crate) fn check(question: Check) -> Value {
    let jwks = question.jwks.to_string();
    let Ok(guard) = Guard::new(question.issuer, jwks.as_bytes()) else {
        return json!("UnusableKeys");
    };
    match guard.check(&question.token, &question.audience, u64::from(question.now)) {
        Ok(_) => json!("accepted"),
        Err(rejection) => json!(format!("{rejection:?}")),
    }
}
