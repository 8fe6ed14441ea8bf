//! AWS End User Messaging: it puts texts and calls into the inbox, and refuses as the inbox's carrier is told to.
//!
//! It takes nothing that the model of the API (2022-03-31) does not admit, and says so as AWS does.

mod describe;
mod model;
mod reasons;
mod voices;

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::delivery::Reason;
use serde_json::{Value, json};

use self::model::{Field, NOTIFY, TEXT, VOICE_ID, check};
use self::reasons::write_reason;
use super::protocol::parse;
use crate::inbox::{Carrier, Inbox, Message};
use crate::sms_account::SmsAccount;

/// The variable of the templates of Notify that takes the code.
const CODE: &str = "code";

/// Answers `SendTextMessage`, `SendNotifyTextMessage` or `SendNotifyVoiceMessage`, and what describes the account;
/// `None` for any other operation.
pub(super) async fn answer(
    inbox: &Inbox,
    account: &SmsAccount,
    now: Timestamp,
    operation: &str,
    body: &[u8],
) -> Option<Response> {
    let input = parse(body);
    match operation {
        "SendTextMessage" => Some(send_text(inbox, now, &input).await),
        "SendNotifyTextMessage" => Some(send_notify(inbox, now, Channel::Notify, &input).await),
        "SendNotifyVoiceMessage" => {
            Some(send_notify(inbox, now, Channel::NotifyVoice, &input).await)
        }
        _ => describe::answer(&account.contents(), operation, &input),
    }
}

async fn send_text(inbox: &Inbox, now: Timestamp, input: &Value) -> Response {
    if let Some(faults) = list_faults(input, &TEXT) {
        return faults;
    }
    let mut message = make_message(Channel::EndUserMessaging, now, input);
    message.body = text_of(input, "MessageBody");
    let answer = |id: &str| json!({ "MessageId": id });
    deliver(inbox, Channel::EndUserMessaging, message, input, answer).await
}

async fn send_notify(inbox: &Inbox, now: Timestamp, channel: Channel, input: &Value) -> Response {
    let own: &[Field] = if channel.calls() { &[VOICE_ID] } else { &[] };
    if let Some(faults) = list_faults(input, &[&NOTIFY[..], own].concat()) {
        return faults;
    }
    let code = text_of(&input["TemplateVariables"], CODE);
    if code.is_empty() {
        return refuse("ValidationException", Some("MISSING_PARAMETER"), &[]);
    }
    let mut message = make_message(channel, now, input);
    // AWS's own words around the code.
    message.body = if channel.calls() {
        format!("Your verification code is: {}.", speak(&code))
    } else {
        format!("{code} is your verification code.")
    };
    let (template, resolved) = (text_of(input, "TemplateId"), message.body.clone());
    let answer = |id: &str| json!({ "MessageId": id, "TemplateId": template, "ResolvedMessageBody": resolved });
    deliver(inbox, channel, message, input, answer).await
}

/// Writes a code as a voice speaks it, digit by digit: a number of six places is not a code.
fn speak(code: &str) -> String {
    let digits: Vec<_> = code.chars().map(String::from).collect();
    digits.join(", ")
}

/// Hands over a message that the model admits, unless the call is a dry run.
async fn deliver(
    inbox: &Inbox,
    channel: Channel,
    message: Message,
    input: &Value,
    answer: impl FnOnce(&str) -> Value,
) -> Response {
    if inbox.is_opted_out(&message.phone) {
        return say(channel, Reason::OptedOut);
    }
    let (id, carrier) = if input["DryRun"] == true {
        ("dry-run".to_owned(), inbox.carrier_of(&message))
    } else {
        inbox.publish(message)
    };
    match carrier.reason() {
        None if carrier == Carrier::Hang => std::future::pending().await,
        None => respond(StatusCode::OK, &answer(&id)),
        Some(reason) => say(channel, reason),
    }
}

/// Answers with the faults of a call; `None` if the model admits it.
fn list_faults(input: &Value, fields: &[Field]) -> Option<Response> {
    let faults = check(input, fields);
    let reason = Some("FIELD_VALIDATION_FAILED");
    (!faults.is_empty()).then(|| refuse("ValidationException", reason, &faults))
}

/// Makes the message of a call, with all that the call says besides number and words.
fn make_message(channel: Channel, now: Timestamp, input: &Value) -> Message {
    let members = input.as_object().into_iter().flatten();
    let said = members.flat_map(|(name, value)| match (name.as_str(), value) {
        ("DestinationPhoneNumber" | "MessageBody" | "TemplateVariables", _) => Vec::new(),
        ("DestinationCountryParameters", Value::Object(own)) => own
            .iter()
            .map(|(name, value)| (name.clone(), show(value)))
            .collect(),
        (name, value) => vec![(name.to_owned(), show(value))],
    });
    Message {
        id: String::new(),
        channel: channel.as_str().to_owned(),
        phone: e164(&text_of(input, "DestinationPhoneNumber")),
        body: String::new(),
        at: now.to_string(),
        attributes: said.collect::<BTreeMap<_, _>>(),
    }
}

/// The API takes numbers without a plus sign, too.
fn e164(number: &str) -> String {
    format!("+{}", number.trim_start_matches('+'))
}

fn show(value: &Value) -> String {
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

fn text_of(input: &Value, name: &str) -> String {
    input[name].as_str().unwrap_or_default().to_owned()
}

fn say(channel: Channel, reason: Reason) -> Response {
    match write_reason(channel, reason) {
        Some((exception, named)) => refuse(exception, named, &[]),
        None => respond(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({ "__type": "InternalServerException", "Message": "on purpose" }),
        ),
    }
}

/// An error of the API.
fn refuse(exception: &str, reason: Option<&str>, faults: &[(String, String)]) -> Response {
    let mut body = serde_json::Map::new();
    body.insert("__type".to_owned(), json!(exception));
    body.insert("Message".to_owned(), json!("refused"));
    if let Some(reason) = reason {
        body.insert("Reason".to_owned(), json!(reason));
    }
    if !faults.is_empty() {
        let fields = faults
            .iter()
            .map(|(name, message)| json!({ "Name": name, "Message": message }));
        body.insert("Fields".to_owned(), fields.collect());
    }
    respond(StatusCode::BAD_REQUEST, &Value::Object(body))
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0")];
    (status, headers, body.to_string()).into_response()
}
