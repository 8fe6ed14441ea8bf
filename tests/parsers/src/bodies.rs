//! Targets for the request bodies of the verification API.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use lambda_http::Body;
use phoneproof_api::{Endpoint, Incoming, SendBody, SpendBody, VerifyBody};
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_http::{Problem, Reply};
use phoneproof_service::{SendCommand, SpendCommand, VerifyCommand};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::fixture::APP;
use crate::{Outcome, Target, assert_silent, bytes_of, event};

/// Pieces of JSON, some of which break parsers.
pub(crate) const JSON_WORDS: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "[]",
    "{}",
    "[[[[",
    "{\"a\":",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{feff}\"",
    ",",
    ":",
    "\"",
    "\\",
    "\0",
    "\n",
    "\u{202e}",
];

/// Reads the bytes as the body of `POST /v1/send`.
pub(crate) const SEND: Target = Target {
    name: "send_body",
    run: |bytes| judge(Endpoint::Send, bytes, SendBody::read_command, check_send),
    seeds: || {
        bytes_of([
            r#"{"phone":"+14152007986","uniqueId":"CaNaRy","businessId":"login"}"#,
            r#"{"phone":"(415) 200-7986 CaNaRy","region":"us","uniqueId":"d CaNaRy","businessId":"password-change","locale":"zh_CN","token":"v1.r1-20780.CaNaRy","action":"pay:CaNaRy:EUR 100"}"#,
            r#"{"phone":"+14152007986","uniqueId":"CaNaRy","businessId":"login","userAddress":"2001:DB8::ffff:7","attestation":"eyJ.CaNaRy.e30"}"#,
            r#"{"phone":"+14152007986","uniqueId":"CaNaRy","businessId":"login","locale":[7,"","pt-BR","en"]}"#,
            r#" { "uniqueId" : "\u0043aNaRy" , "locale" : null , "phone" : "０" , "businessId" : "a" } "#,
        ])
    },
    words: JSON_WORDS,
};

/// Reads the bytes as the body of `POST /v1/verify`.
pub(crate) const VERIFY: Target = Target {
    name: "verify_body",
    run: |bytes| {
        judge(
            Endpoint::Verify,
            bytes,
            VerifyBody::read_command,
            check_verify,
        )
    },
    seeds: || {
        bytes_of([
            r#"{"token":"v1.r1-20780.CaNaRy","code":"123456"}"#,
            r#"{"code":"１２３ ٤٥٦-7","token":"CaNaRy"}"#,
        ])
    },
    words: JSON_WORDS,
};

/// Reads the bytes as the body of `POST /v1/spend`.
pub(crate) const SPEND: Target = Target {
    name: "spend_body",
    run: |bytes| judge(Endpoint::Spend, bytes, SpendBody::read_command, check_spend),
    seeds: || bytes_of([r#"{"token":"eyJ.CaNaRy.e30","audience":"login"}"#]),
    words: JSON_WORDS,
};

/// Reads a body as its function does, and checks the command or the refusal.
fn judge<C>(
    endpoint: Endpoint,
    body: &[u8],
    read: fn(&Incoming) -> Result<C, Problem>,
    check: fn(&C, &BTreeMap<String, String>) -> Value,
) -> Outcome {
    let incoming = event::accept(endpoint, body);
    match read(&incoming) {
        Ok(command) => {
            let sent = read_strings(body);
            let canonical = check(&command, &sent);
            let again = event::accept(endpoint, canonical.to_string().as_bytes());
            let again = read(&again).expect("the canonical form is accepted");
            let sent = read_strings(canonical.to_string().as_bytes());
            assert_eq!(
                check(&again, &sent),
                canonical,
                "the canonical form stays the same"
            );
            Outcome::Accepted
        }
        Err(problem) => check_refusal(incoming, problem),
    }
}

/// Reads the members of an object of strings. Members that are `null` are left out. Of a list of locales it keeps the
/// first one that can be read, and of any other `locale` nothing.
fn read_strings(body: &[u8]) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(body).expect("an accepted body is an object");
    members
        .into_iter()
        .filter_map(|(name, raw)| {
            // A label may be any JSON, and also what no value holds, such as `1e999`.
            match serde_json::from_str(raw.get()).unwrap_or(Value::Bool(false)) {
                Value::String(text) => Some((name, text)),
                Value::Null => None,
                _ if name == "locale" => {
                    let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).ok()?;
                    let mut texts = items
                        .iter()
                        .filter_map(|item| serde_json::from_str::<String>(item.get()).ok());
                    Some((name, texts.find(|text| Locale::read_hint(text).is_some())?))
                }
                other => {
                    assert!(
                        other.is_string(),
                        "an accepted body is an object of strings: {name} is {other}"
                    );
                    None
                }
            }
        })
        .collect()
}

/// Checks a command against the body that was sent. Returns the command as a body in canonical form.
fn check_send(command: &SendCommand, sent: &BTreeMap<String, String>) -> Value {
    assert_silent(&format!("{command:?}"));
    assert_eq!(Some(&command.typed_phone), sent.get("phone"));
    assert_eq!(command.device.expose(), sent["uniqueId"]);
    assert_eq!(command.business.as_str(), sent["businessId"]);
    assert_eq!(command.action.as_ref(), sent.get("action"));
    let token = command.token.as_ref().map(|token| &token.0);
    assert_eq!(token, sent.get("token"));
    assert_eq!(
        Ok(&command.device),
        Device::parse(command.device.expose()).as_ref()
    );
    assert_eq!(
        Ok(&command.business),
        BusinessId::parse(command.business.as_str()).as_ref()
    );
    let country = command.region.map(|region| region.as_str().to_owned());
    let locale = command.locales.first().map(Locale::to_string);
    assert_eq!(country.is_some(), sent.contains_key("region"));
    // A locale is a hint: what cannot be read of it is as if it were not there.
    let hint = sent.get("locale").and_then(|text| Locale::read_hint(text));
    assert_eq!(command.locales.first(), hint.as_ref());
    assert_eq!(
        country.as_deref().map(Country::parse),
        command.region.map(Ok)
    );
    // An address in any spelling is read as one, and its canonical form is the same one.
    let address = command.user_address.map(|address| address.ip().to_string());
    assert_eq!(address.is_some(), sent.contains_key("userAddress"));
    let attestation = command
        .attestation
        .as_ref()
        .map(|attestation| &attestation.0);
    assert_eq!(attestation, sent.get("attestation"));
    assert!(sent.keys().all(|name| SEND_FIELDS.contains(&name.as_str())));
    json!({
        "phone": command.typed_phone, "uniqueId": sent["uniqueId"], "businessId": sent["businessId"],
        "region": country, "locale": locale, "token": token, "action": command.action,
        "userAddress": address, "attestation": attestation,
    })
}

const SEND_FIELDS: [&str; 9] = [
    "phone",
    "uniqueId",
    "businessId",
    "region",
    "locale",
    "token",
    "action",
    "userAddress",
    "attestation",
];

fn check_verify(command: &VerifyCommand, sent: &BTreeMap<String, String>) -> Value {
    assert_silent(&format!("{command:?}"));
    let code = command.code.expose();
    assert!((6..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(command.token.0, sent["token"]);
    assert_eq!(sent.len(), 2);
    json!({ "token": sent["token"], "code": code })
}

fn check_spend(command: &SpendCommand, sent: &BTreeMap<String, String>) -> Value {
    assert_silent(&format!("{command:?}"));
    assert_eq!(command.token, sent["token"]);
    assert_eq!(command.audience, sent["audience"]);
    assert!(BusinessId::parse(&command.audience).is_ok());
    assert_eq!(sent.len(), 2);
    json!({ "token": sent["token"], "audience": sent["audience"] })
}

/// Checks a refusal: its problem, its status and its answer.
pub(crate) fn check_refusal(incoming: Incoming, problem: Problem) -> Outcome {
    assert_silent(&format!("{problem:?}"));
    let status = problem.kind().status;
    let accepted = [
        StatusCode::BAD_REQUEST,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ];
    assert!(accepted.contains(&status), "{status}");
    let answer = finish(incoming, Err(problem));
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    let text = text_of(&answer);
    assert_silent(text);
    let document: Value = serde_json::from_str(text).expect("a problem document is JSON");
    assert_eq!(document["status"], status.as_u16());
    Outcome::Refused
}

/// Answers a request and writes its line.
pub(crate) fn finish(incoming: Incoming, outcome: Result<Reply, Problem>) -> Response<Body> {
    let (answer, unlogged) = APP.finish(incoming, outcome);
    APP.log(unlogged);
    answer
}

/// Returns the body of an answer. The text is empty if there is no body.
pub(crate) fn text_of(answer: &Response<Body>) -> &str {
    match answer.body() {
        Body::Text(text) => text,
        _ => "",
    }
}
