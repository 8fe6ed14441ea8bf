//! What the policy names in End User Messaging: pools, numbers by their ids, sender ids, configuration sets, and the
//! configurations of Protect and Notify.
//!
//! A finding names the path in the policy, and no id.

use aws_sdk_pinpointsmsvoicev2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_pinpointsmsvoicev2::types::{
    MessageType, NotifyConfigurationInformation, NotifyConfigurationStatus, NumberCapability,
    PoolStatus, SenderIdAndCountry,
};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::is_number;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::country::registers_sender_ids;
use phoneproof_domain::policy::{Policy, SmsType};

use super::Facts;
use super::described::{is_missing, message_type_of, report_missing, take_described};
use super::finding::{Finding, State};
use super::numbers::find_fault;
use super::sets;
use crate::operator::Resources;

/// What texts come from, as the policy names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    /// A pool, by id or ARN.
    Pool(String),
    /// A number, by id or ARN, and the country that it is named for; `None` is for all.
    Number(String, Option<Country>),
    /// A sender id of a country.
    SenderId(String, String),
}

/// Checks that what the policy names exists in the account and may text.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(policy) = &facts.policy else {
        return vec![Finding::of_unchecked("the policy is not known", "")];
    };
    let mut found = Vec::new();
    for (path, identity) in list_named(policy) {
        found.push(match identity {
            Identity::Pool(id) => check_pool(facts, &path, &id, policy.sms.sms_type).await,
            Identity::Number(id, country) => {
                check_number(facts, (&path, country), &id, policy.sms.sms_type).await
            }
            Identity::SenderId(id, country) => check_sender_id(facts, &path, (&id, &country)).await,
        });
    }
    if facts.taken.has_notify() {
        found.extend(check_notify(facts, policy).await);
    }
    found.extend(sets::check(facts, policy).await);
    if found.is_empty() {
        found.push(Finding::ok(
            "the policy names no pool, registered sender id or configuration of End User Messaging",
        ));
    }
    found
}

/// Lists what texts come from, each with its path. Numbers that are written as such are the matter of `origination`,
/// and a sender id that no country registers needs no order.
fn list_named(policy: &Policy) -> Vec<(String, Identity)> {
    let mut named: Vec<(String, Identity)> = Vec::new();
    let mut add = |path: String, identity: Option<Identity>| {
        let identity = identity.filter(|new| named.iter().all(|(_, known)| known != new));
        named.extend(identity.map(|identity| (path, identity)));
    };
    for country in &policy.numbers.countries {
        let route = policy.sms.route(Some(*country));
        let own = policy.sms.countries.get(country);
        if route.iter().any(|channel| channel.has_own_words())
            && let Some(Origination::SenderId(id)) = own.and_then(|own| own.origination.as_ref())
        {
            let path = format!("sms.country.{country}.sender_id");
            add(path, read_identity(id, Some(*country)));
        }
        let table = policy.end_user_messaging.as_ref();
        let Some(table) = table.filter(|_| route.contains(&Channel::EndUserMessaging)) else {
            continue;
        };
        match (table.identities.get(country), &table.origination_identity) {
            (Some(identity), _) => {
                let path = format!("end_user_messaging.country.{country}");
                add(path, read_identity(identity, Some(*country)));
            }
            (None, Some(identity)) => {
                let path = "end_user_messaging.origination_identity".to_owned();
                add(path, read_identity(identity, None));
            }
            (None, None) => {}
        }
    }
    named
}

/// Reads who sends, in a form that the policy has accepted: an id, a name, or an ARN that ends with the kind and the
/// id.
fn read_identity(identity: &str, country: Option<Country>) -> Option<Identity> {
    let is_arn = identity.starts_with("arn:");
    let id = identity.rsplit(':').next().unwrap_or(identity);
    let begins = |of_arn: &str, of_id: &str| id.starts_with(if is_arn { of_arn } else { of_id });
    if begins("pool/", "pool-") {
        return Some(Identity::Pool(identity.to_owned()));
    }
    if begins("phone-number/", "phone-") {
        return Some(Identity::Number(identity.to_owned(), country));
    }
    let of_arn = id.strip_prefix("sender-id/").filter(|_| is_arn);
    if let Some((id, country)) = of_arn.and_then(|id| id.split_once('/')) {
        return Some(Identity::SenderId(id.to_owned(), country.to_owned()));
    }
    let country = country.filter(|country| registers_sender_ids(*country))?;
    (!is_number(identity)).then(|| Identity::SenderId(identity.to_owned(), country.to_string()))
}

/// Reports what AWS said of a pool or a number: its status and the messages that it is for, or nothing.
fn report_sender<E: ProvideErrorMetadata, R>(
    (path, what): (&str, &str),
    wanted: SmsType,
    described: Result<Option<(String, MessageType)>, SdkError<E, R>>,
    right: &'static str,
) -> Finding {
    let (state, message_type) = match take_described((path, what), right, described) {
        Ok(sender) => sender,
        Err(finding) => return finding,
    };
    let wanted = message_type_of(wanted);
    if state != PoolStatus::Active.as_str() {
        Finding::fail(
            format!("{path} names {what} that is not active: {state}"),
            "see what it waits for: aws pinpoint-sms-voice-v2 describe-registrations",
        )
    } else if message_type != wanted {
        Finding::warn(
            format!("{path} names {what} of another message type than sms.type"),
            &format!("name one of the message type {}", wanted.as_str()),
        )
    } else {
        Finding::ok(format!("{path}: {what} that is active"))
    }
}

async fn check_pool(facts: &Facts<'_>, path: &str, id: &str, wanted: SmsType) -> Finding {
    let answer = facts.sms_voice.describe_pools().pool_ids(id).send().await;
    let described = answer.map(|answer| {
        let pool = answer.pools().first()?;
        Some((
            pool.status().as_str().to_owned(),
            pool.message_type().clone(),
        ))
    });
    report_sender(
        (path, "a pool"),
        wanted,
        described,
        "sms-voice:DescribePools",
    )
}

async fn check_number(
    facts: &Facts<'_>,
    (path, country): (&str, Option<Country>),
    id: &str,
    wanted: SmsType,
) -> Finding {
    let request = facts.sms_voice.describe_phone_numbers();
    let answer = request.phone_number_ids(id).send().await;
    let mut fault = None;
    let described = answer.map(|answer| {
        let number = answer.phone_numbers().first()?;
        let can_text = number
            .number_capabilities()
            .contains(&NumberCapability::Sms);
        fault = find_fault(path, can_text, number.iso_country_code(), country);
        Some((
            number.status().as_str().to_owned(),
            number.message_type().clone(),
        ))
    });
    let right = "sms-voice:DescribePhoneNumbers";
    let found = report_sender((path, "a number"), wanted, described, right);
    // What a number that is not active can do matters later, and what it cannot do more than its type.
    match fault {
        Some(fault) if found.state != State::Fail => fault,
        _ => found,
    }
}

/// Checks a sender id. Some carriers take one that is not registered, so it is no failure.
async fn check_sender_id(facts: &Facts<'_>, path: &str, (id, country): (&str, &str)) -> Finding {
    let asked = SenderIdAndCountry::builder();
    let asked = asked.sender_id(id).iso_country_code(country).build();
    let Ok(asked) = asked else {
        return report_missing(path, "a sender id");
    };
    let warn = |seen: &str| {
        Finding::warn(
            format!("{path}: {seen}; phones may show it as unverified, or carriers may block it"),
            "register it: infra/FIRST-ACCOUNT.md, \"Sender ids\"",
        )
    };
    let needed = Country::parse(country).is_ok_and(registers_sender_ids);
    let request = facts.sms_voice.describe_sender_ids().sender_ids(asked);
    match request.send().await {
        Ok(answer) => match answer.sender_ids().first() {
            Some(found) if found.registered() || !needed => {
                Finding::ok(format!("{path}: the account has this sender id"))
            }
            Some(_) => warn("the sender id is not registered"),
            None => warn("the account does not have this sender id"),
        },
        Err(error) if is_missing(&error) => warn("the account does not have this sender id"),
        Err(error) => Finding::of_call("sms-voice:DescribeSenderIds", &error),
    }
}

async fn check_notify(facts: &Facts<'_>, policy: &Policy) -> Vec<Finding> {
    const PATH: &str = "notify.configuration_id";
    const WHAT: &str = "a Notify configuration";
    let (stack, own) = (facts.resources.as_ref(), policy.notify.as_ref());
    let Some(id) = Resources::find_notify_configuration(stack, own) else {
        return vec![Finding::fail(
            "texts or calls take Notify, and neither the stack nor notify.configuration_id names its configuration",
            "deploy with NotifyDisplayName: docs/END_USER_MESSAGING.md, \"Switch on `notify`\"",
        )];
    };
    let request = facts.sms_voice.describe_notify_configurations();
    let answer = request.notify_configuration_ids(id).send().await;
    let described = answer.map(|answer| answer.notify_configurations().first().cloned());
    let right = "sms-voice:DescribeNotifyConfigurations";
    match take_described((PATH, WHAT), right, described) {
        Ok(configuration) => report_notify(facts, policy, &configuration),
        Err(finding) => vec![finding],
    }
}

/// Reports whether a configuration is active, and has the channels and the countries that the policy takes it for.
fn report_notify(
    facts: &Facts<'_>,
    policy: &Policy,
    configuration: &NotifyConfigurationInformation,
) -> Vec<Finding> {
    let state = configuration.status();
    if *state != NotifyConfigurationStatus::Active {
        return vec![Finding::fail(
            format!("the Notify configuration is not active: {}", state.as_str()),
            "see why: aws pinpoint-sms-voice-v2 describe-notify-configurations",
        )];
    }
    let mut found = Vec::new();
    let channels = configuration.enabled_channels();
    for (channel, capability) in [
        (Channel::Notify, NumberCapability::Sms),
        (Channel::NotifyVoice, NumberCapability::Voice),
    ] {
        if facts.taken.has(channel) && !channels.is_empty() && !channels.contains(&capability) {
            let (channel, lacks) = (channel.as_str(), capability.as_str());
            found.push(Finding::fail(
                format!("`{channel}` is taken, and the Notify configuration lacks {lacks}"),
                "add the channel to the configuration",
            ));
        }
    }
    let enabled = configuration.enabled_countries();
    let served = policy.numbers.countries.iter();
    let texted =
        served.filter(|country| policy.sms.route(Some(**country)).contains(&Channel::Notify));
    let called = policy.voice.iter().flat_map(|voice| &voice.countries);
    let mut left_out: Vec<_> = texted.chain(called).map(Country::as_str).collect();
    left_out.retain(|code| !enabled.is_empty() && !enabled.iter().any(|known| known == code));
    left_out.sort_unstable();
    left_out.dedup();
    if !left_out.is_empty() {
        found.push(Finding::fail(
            format!(
                "the Notify configuration has not enabled {}",
                left_out.join(", ")
            ),
            "enable them, or take `notify` off their channels",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok("the Notify configuration is active"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_in_each_of_its_forms() {
        let read = |identity: &str, code: &str| read_identity(identity, Country::parse(code).ok());
        let arn = |resource: &str| format!("arn:aws:sms-voice:us-east-1:111122223333:{resource}");
        let pool = |id: &str| Some(Identity::Pool(id.to_owned()));
        let us = Country::parse("US").ok();
        let number = |id: &str| Some(Identity::Number(id.to_owned(), us));
        let sender =
            |id: &str, code: &str| Some(Identity::SenderId(id.to_owned(), code.to_owned()));
        assert_eq!(read("pool-1", "US"), pool("pool-1"));
        assert_eq!(read(&arn("pool/pool-1"), "US"), pool(&arn("pool/pool-1")));
        assert_eq!(read("phone-1", "US"), number("phone-1"));
        let of_number = arn("phone-number/phone-1");
        assert_eq!(read(&of_number, "US"), number(&of_number));
        assert_eq!(read(&arn("sender-id/ACME/DE"), "DE"), sender("ACME", "DE"));
        assert_eq!(read("ACME", "SG"), sender("ACME", "SG"));
        assert_eq!(read("ACME", "DE"), None, "it needs no order");
        assert_eq!(read("+6591234567", "SG"), None);
        assert_eq!(read("72345", "US"), None);
    }
}
