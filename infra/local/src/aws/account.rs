//! The calls of SNS about the account: sandbox, attributes, numbers, subscribers of the alarms.

use std::collections::BTreeMap;

use axum::response::Response;

use super::query::confirm;
use crate::inbox::Inbox;
use crate::sms_account::{ALARM_TOPIC, Contents};

/// The most numbers on one page of `ListPhoneNumbersOptedOut` (Amazon SNS API reference).
const OPTED_OUT_PAGE: usize = 100;

/// The error code of a call that is refused.
type Refusal = &'static str;

/// Answers a call that asks about the account.
pub(super) fn answer(
    inbox: &Inbox,
    contents: &Contents,
    action: &str,
    form: &BTreeMap<String, String>,
) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let result = match action {
        "GetSMSSandboxAccountStatus" => {
            format!("<IsInSandbox>{}</IsInSandbox>", contents.in_sandbox)
        }
        "ListSMSSandboxPhoneNumbers" => list("PhoneNumbers", &contents.sandbox_numbers, |number| {
            let (number, status) = number;
            format!("<PhoneNumber>{number}</PhoneNumber><Status>{status}</Status>")
        }),
        "GetSMSAttributes" => list_attributes(&contents.attributes),
        "ListOriginationNumbers" => list("PhoneNumbers", &contents.numbers, |number| {
            let capabilities = list("NumberCapabilities", &number.capabilities, Clone::clone);
            format!(
                "<CreatedAt>2026-11-01T00:00:00Z</CreatedAt><PhoneNumber>{}</PhoneNumber><Status>{}</Status>\
                 <Iso2CountryCode>{}</Iso2CountryCode><RouteType>{}</RouteType>{capabilities}",
                number.number, number.status, number.country, number.route
            )
        }),
        "ListPhoneNumbersOptedOut" => list_opted_out(&inbox.list_opted_out(), field("nextToken"))?,
        "ListSubscriptionsByTopic" if field("TopicArn") == ALARM_TOPIC => {
            list("Subscriptions", &contents.subscribers, |is_confirmed| {
                describe_subscriber(*is_confirmed)
            })
        }
        "ListSubscriptionsByTopic" => return Err("NotFound"),
        _ => return Err("InvalidAction"),
    };
    Ok(confirm(action, &result))
}

/// Writes a list of the AWS Query protocol.
fn list<T>(name: &str, members: &[T], describe: impl Fn(&T) -> String) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|member| format!("<member>{}</member>", describe(member)))
        .collect();
    format!("<{name}>{}</{name}>", members.concat())
}

fn list_attributes(attributes: &BTreeMap<String, String>) -> String {
    let entry = |(name, value): (&String, &String)| {
        format!("<entry><key>{name}</key><value>{value}</value></entry>")
    };
    let entries: Vec<String> = attributes.iter().map(entry).collect();
    format!("<attributes>{}</attributes>", entries.concat())
}

/// Lists one page of numbers. A token is the place at which the next page begins.
fn list_opted_out(phones: &[String], token: &str) -> Result<String, Refusal> {
    let start = match token {
        "" => 0,
        token => token.parse().map_err(|_| "InvalidParameter")?,
    };
    let rest = phones.get(start..).ok_or("InvalidParameter")?;
    let page = rest.get(..OPTED_OUT_PAGE).unwrap_or(rest);
    let listed = list("phoneNumbers", page, Clone::clone);
    if page.len() == rest.len() {
        return Ok(listed);
    }
    let next = start + page.len();
    Ok(format!("{listed}<nextToken>{next}</nextToken>"))
}

/// Describes a subscriber. A subscription has no ARN until its link was followed.
fn describe_subscriber(is_confirmed: bool) -> String {
    let arn = if is_confirmed {
        format!("{ALARM_TOPIC}:00000000-0000-0000-0000-000000000000")
    } else {
        "PendingConfirmation".to_owned()
    };
    format!(
        "<SubscriptionArn>{arn}</SubscriptionArn><Owner>000000000000</Owner><Protocol>email</Protocol>\
         <Endpoint>on-call@example.com</Endpoint><TopicArn>{ALARM_TOPIC}</TopicArn>"
    )
}
