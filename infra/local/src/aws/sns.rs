//! SNS: it puts texts into the inbox, and fails as the inbox's carrier is told to.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::delivery::Reason;

use super::account;
use super::query::{confirm, sns_error, sns_refusal};
use crate::inbox::{Carrier, Inbox, Message};
use crate::sms_account::{Fault, SmsAccount};

const SENDER_ID: &str = "AWS.SNS.SMS.SenderID";
const ORIGINATION_NUMBER: &str = "AWS.MM.SMS.OriginationNumber";
const ENTITY_ID: &str = "AWS.MM.SMS.EntityId";
const TEMPLATE_ID: &str = "AWS.MM.SMS.TemplateId";

/// Answers a call of the AWS Query protocol, which sends a form and expects XML. SNS here knows `Publish`, the calls
/// about numbers that are opted out, and those about the account.
pub(super) async fn answer_query(
    inbox: &Inbox,
    account: &SmsAccount,
    now: Timestamp,
    body: &[u8],
) -> Response {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let action = field("Action");
    match account.fault(action) {
        Some(Fault::Deny) => return deny(action),
        Some(Fault::Hang) => std::future::pending().await,
        None => {}
    }
    match action {
        "Publish" => {}
        "CheckIfPhoneNumberIsOptedOut" | "OptInPhoneNumber" => {
            return answer_opted_out(inbox, action, field("phoneNumber"));
        }
        _ => {
            return account::answer(inbox, &account.contents(), action, &form)
                .unwrap_or_else(|code| sns_error(StatusCode::BAD_REQUEST, code));
        }
    }
    if field("PhoneNumber").is_empty() || field("Message").is_empty() {
        return sns_error(StatusCode::BAD_REQUEST, "InvalidParameter");
    }
    let attributes = read_attributes(&form);
    if !are_accepted(&attributes) {
        return sns_error(StatusCode::BAD_REQUEST, "InvalidParameter");
    }
    let (id, carrier) = inbox.publish(Message {
        id: String::new(),
        channel: Channel::Sns.as_str().to_owned(),
        phone: field("PhoneNumber").to_owned(),
        body: field("Message").to_owned(),
        at: now.to_string(),
        attributes,
    });
    match carrier.reason() {
        None if carrier == Carrier::Hang => std::future::pending().await,
        None => confirm("Publish", &format!("<MessageId>{id}</MessageId>")),
        Some(reason) => {
            let (status, code) = write_reason(reason);
            sns_error(status, code)
        }
    }
}

/// The status and the error code with which SNS says a reason. Reasons of other channels become one that SNS has.
fn write_reason(reason: Reason) -> (StatusCode, &'static str) {
    match reason {
        Reason::Throttled => (StatusCode::TOO_MANY_REQUESTS, "Throttled"),
        Reason::InvalidParameter | Reason::InvalidPhoneNumber => {
            (StatusCode::BAD_REQUEST, "InvalidParameter")
        }
        Reason::OptedOut => (StatusCode::BAD_REQUEST, "OptedOut"),
        Reason::NotAuthorized | Reason::AuthenticationFailed => {
            (StatusCode::FORBIDDEN, "AuthorizationError")
        }
        Reason::AccountDisabled => (StatusCode::BAD_REQUEST, "EndpointDisabled"),
        Reason::KeyUnusable => (StatusCode::BAD_REQUEST, "KMSDisabled"),
        Reason::NotFound => (StatusCode::NOT_FOUND, "NotFound"),
        Reason::NoAnswer
        | Reason::ConnectionLost
        | Reason::ServerError
        | Reason::UnreadableAnswer => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        _ => (StatusCode::BAD_REQUEST, "UserError"),
    }
}

/// Reads `MessageAttributes.entry.N.Name` and its value, for every N from 1 on.
fn read_attributes(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pair = |n: usize| {
        let entry = format!("MessageAttributes.entry.{n}");
        let name = form.get(&format!("{entry}.Name"))?;
        let value = form.get(&format!("{entry}.Value.StringValue"))?;
        Some((name.clone(), value.clone()))
    };
    (1..).map_while(pair).collect()
}

/// Whether SNS takes these attributes: each has its form (SNS guide, "Publishing SMS messages to a mobile phone"),
/// there is one sender at most, and the ids of a registered text come together.
fn are_accepted(attributes: &BTreeMap<String, String>) -> bool {
    let is =
        |name: &str, fits: fn(&str) -> bool| attributes.get(name).is_none_or(|value| fits(value));
    let has = |name| attributes.contains_key(name);
    is(SENDER_ID, |id| {
        (3..=11).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && id.bytes().any(|b| b.is_ascii_alphabetic())
    }) && is(ORIGINATION_NUMBER, |number| {
        let digits = number.strip_prefix('+').unwrap_or(number);
        (5..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    }) && is(ENTITY_ID, |id| (1..=50).contains(&id.len()))
        && is(TEMPLATE_ID, |id| (1..=50).contains(&id.len()))
        && is("AWS.SNS.SMS.MaxPrice", |price| {
            // Without a point, or with more than five decimals, End User Messaging behind SNS does not read it.
            let parts = price.split_once('.');
            parts.is_some_and(|(whole, fraction)| {
                let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
                whole.len() <= 2
                    && (1..=5).contains(&fraction.len())
                    && are_digits(whole)
                    && are_digits(fraction)
            })
        })
        && !(has(SENDER_ID) && has(ORIGINATION_NUMBER))
        && has(ENTITY_ID) == has(TEMPLATE_ID)
}

/// Says whether a number is opted out, or opts it in.
fn answer_opted_out(inbox: &Inbox, action: &str, phone: &str) -> Response {
    if phone.is_empty() {
        return sns_error(StatusCode::BAD_REQUEST, "InvalidParameter");
    }
    if action == "OptInPhoneNumber" {
        inbox.opt_in(phone);
        return confirm(action, "");
    }
    let is_opted_out = inbox.is_opted_out(phone);
    confirm(action, &format!("<isOptedOut>{is_opted_out}</isOptedOut>"))
}

/// Refuses a call that the caller has no right to make. AWS names the right in the message.
fn deny(action: &str) -> Response {
    let message = format!(
        "User: arn:aws:iam::000000000000:user/local is not authorized to perform: SNS:{action} on resource: * because no \
         identity-based policy allows the SNS:{action} action"
    );
    sns_refusal(StatusCode::FORBIDDEN, "AuthorizationError", &message)
}
