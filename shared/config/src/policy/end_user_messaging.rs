//! Checks `[end_user_messaging]` and `[notify]`: the channels of AWS End User Messaging.

use std::collections::{BTreeMap, BTreeSet};

use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::{EndUserMessagingPolicy, NotifyPolicy};
use phoneproof_domain::locale::Locale;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::{Business, Fault, PolicyFaults, SmsPolicy};

use super::faults::Faults;
use super::identities::{
    CONFIGURATION_SET, NOTIFY, PROTECT, check_id, check_identity, check_name, check_template,
    names_sender_id,
};
use super::senders::check_sender_of;
use super::table::{EndUserMessagingTable, NotifyTable};
use super::value::{check_is_served, parse_country};

/// Checks `[end_user_messaging]`, in a policy that texts the countries in `served`.
pub(super) fn check_end_user_messaging(
    table: EndUserMessagingTable,
    served: &BTreeSet<Country>,
    faults: &mut Faults,
) -> EndUserMessagingPolicy {
    let mut identities = BTreeMap::new();
    for (name, identity) in table.country {
        let path = format!("end_user_messaging.country.{name}");
        let country = faults.check(&path, parse_country(&name));
        let Some(country) = country else { continue };
        check_is_served(&path, country, served, faults);
        let identity = faults.check(&path, check_identity(identity, Some(country)));
        let Some(identity) = identity else { continue };
        faults.check(&path, check_sender_of(&identity, country));
        if identities.insert(country, identity).is_some() {
            faults.add(&path, "another line is of this country");
        }
    }
    let path = "end_user_messaging.origination_identity";
    let default = table.origination_identity;
    let default = default.and_then(|id| faults.check(path, check_identity(id, None)));
    if default.as_deref().is_some_and(names_sender_id) {
        let fault =
            "a pool or a number is needed; a sender id for all countries stands in sms.sender_id";
        faults.add(path, fault);
    }
    let protect = table.protect_configuration_id.and_then(|id| {
        let path = "end_user_messaging.protect_configuration_id";
        faults.check(path, check_id(id, &PROTECT))
    });
    EndUserMessagingPolicy {
        origination_identity: default,
        identities,
        protect_configuration_id: protect,
        configuration_set: check_configuration_set(
            "end_user_messaging.configuration_set",
            table.configuration_set,
            faults,
        ),
    }
}

/// Adds the sender ids and numbers that single countries have for every channel, where the table names nobody. What AWS
/// demands of both was checked before.
pub(super) fn add_senders_of_countries(policy: &mut EndUserMessagingPolicy, sms: &SmsPolicy) {
    for (country, rule) in &sms.countries {
        let (Some(Origination::SenderId(own) | Origination::Number(own)), false) =
            (&rule.origination, policy.identities.contains_key(country))
        else {
            continue;
        };
        policy.identities.insert(*country, own.clone());
    }
}

/// Checks `[notify]`. A deployment may set the id of the configuration, so the file need not name it.
pub(super) fn check_notify(
    table: NotifyTable,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) -> NotifyPolicy {
    let mut templates = BTreeMap::new();
    // Templates that were left out have faults of their own.
    let knows_texts = !faults.has_left_out_of_businesses("templates");
    for (name, id) in table.templates {
        let path = format!("notify.templates.{name}");
        let locale = faults.check(&path, Locale::parse(&name));
        let example = "notify-code-verification-english-001";
        let id = faults.check(&path, check_template(id, example));
        if let Some(locale) = locale.as_ref().filter(|_| knows_texts)
            && !businesses
                .values()
                .any(|business| has_text_for(business, locale))
        {
            let fault =
                format!("no business has a template in `{locale}`, so this one is never used");
            faults.add(&path, fault);
        }
        if let Some((locale, id)) = locale.zip(id)
            && templates.insert(locale, id).is_some()
        {
            faults.add(path, "another template is of this locale");
        }
    }
    let voice_template_id = table.voice_template_id.and_then(|id| {
        let example = "notify-code-verification-voice-english-001";
        faults.check("notify.voice_template_id", check_template(id, example))
    });
    let configuration_id = table
        .configuration_id
        .and_then(|id| faults.check("notify.configuration_id", check_id(id, &NOTIFY)));
    NotifyPolicy {
        configuration_id,
        templates,
        voice_template_id,
        configuration_set: check_configuration_set(
            "notify.configuration_set",
            table.configuration_set,
            faults,
        ),
    }
}

/// Whether a text of this business can take the template of Notify in `locale`.
fn has_text_for(business: &Business, locale: &Locale) -> bool {
    let mut texts = business.templates.keys();
    texts.any(|text| text.lookup_chain().any(|tried| tried == *locale))
}

/// Notes a fault if no text can take `notify`, and no call `notify-voice`, because neither the file nor the deployment
/// names its configuration.
pub(super) fn check_deployed(notify: Option<&NotifyPolicy>) -> Result<(), PolicyFaults> {
    match notify {
        Some(notify) if notify.configuration_id.is_none() => Err(PolicyFaults(vec![Fault {
            path: "notify.configuration_id".to_owned(),
            reason: "an id is needed, or the parameter NotifyDisplayName of the template"
                .to_owned(),
        }])),
        _ => Ok(()),
    }
}

fn check_configuration_set(
    path: &str,
    name: Option<String>,
    faults: &mut Faults,
) -> Option<String> {
    name.and_then(|name| faults.check(path, check_name(name, &CONFIGURATION_SET)))
}
