//! What `policy check` says about the texts to single countries: their channels, who sends them, and their locales.

use std::collections::BTreeSet;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::Policy;
use serde_json::{Value, json};

use crate::output::{format_table, make_row};

/// Describes the texts to each country that the policy serves.
pub(super) fn describe(policy: &Policy) -> Value {
    let served = policy.numbers.countries.iter();
    let describe = |country: &Country| {
        let (sms, of) = (&policy.sms, Some(*country));
        let (sender_id, number) = match sms.origination(of) {
            Origination::Unnamed => (None, None),
            Origination::SenderId(id) => (Some(id), None),
            Origination::Number(number) => (None, Some(number)),
        };
        let route = sms.route(of);
        let senders = route.iter().map(|channel| {
            let name = find_sender(policy, *channel, *country);
            (channel.as_str().to_owned(), json!(name))
        });
        let locales = sms.locales(of).iter().map(ToString::to_string);
        let facts = json!({
            "channels": route.iter().map(|channel| channel.as_str()).collect::<Value>(),
            "senders": Value::Object(senders.collect()),
            "senderId": sender_id,
            "originationNumber": number,
            "entityId": sms.entity_id(of),
            "locales": locales.collect::<Value>(),
        });
        (country.to_string(), facts)
    };
    Value::Object(served.map(describe).collect())
}

/// Writes a row for each country that has something of its own.
pub(super) fn tabulate(policy: &Policy) -> String {
    let of_channel = policy.end_user_messaging.iter();
    let countries: BTreeSet<Country> = of_channel
        .flat_map(|table| table.identities.keys())
        .chain(policy.sms.countries.keys())
        .copied()
        .collect();
    if countries.is_empty() {
        return String::new();
    }
    let mut rows = vec![make_row(["country", "channels", "sender", "locales"])];
    for country in countries {
        let of = Some(country);
        let route = policy.sms.route(of);
        let channels: Vec<&str> = route.iter().map(|channel| channel.as_str()).collect();
        let locales: Vec<&str> = policy.sms.locales(of).iter().map(Locale::as_str).collect();
        rows.push(vec![
            country.to_string(),
            channels.join(", "),
            name_senders(policy, &route, country),
            if locales.is_empty() {
                "all".to_owned()
            } else {
                locales.join(", ")
            },
        ]);
    }
    format!("{}\n\n", format_table(&rows))
}

/// Names who sends the texts of a route: once, or by channel where the channels differ.
fn name_senders(policy: &Policy, route: &[Channel], country: Country) -> String {
    let name = |channel: Channel| find_sender(policy, channel, country).unwrap_or("none");
    let names: BTreeSet<&str> = route.iter().map(|channel| name(*channel)).collect();
    match names.first() {
        Some(only) if names.len() == 1 => (*only).to_owned(),
        _ => {
            let by_channel = route
                .iter()
                .map(|channel| format!("{} {}", channel.as_str(), name(*channel)));
            by_channel.collect::<Vec<_>>().join(", ")
        }
    }
}

/// Finds who sends a text to a country by one channel; `None` where the policy leaves it to the channel.
fn find_sender(policy: &Policy, channel: Channel, country: Country) -> Option<&str> {
    let origination = policy.sms.origination(Some(country));
    let named = match origination {
        Origination::Unnamed => None,
        Origination::SenderId(name) | Origination::Number(name) => Some(name.as_str()),
    };
    match channel {
        Channel::EndUserMessaging => {
            let table = policy.end_user_messaging.as_ref();
            table.map_or(named, |table| table.sender(Some(country), origination))
        }
        Channel::Sns | Channel::Hook => named,
        // AWS sends them from numbers of its own.
        Channel::Notify | Channel::NotifyVoice => None,
    }
}
