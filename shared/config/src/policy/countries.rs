//! Checks `[sms] channels` and `[sms.country.*]`: what single countries have of their own, and what AWS demands there.

use std::collections::{BTreeMap, BTreeSet};

use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::EndUserMessagingPolicy;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::country::{CHINA, INDIA, is_served_by};
use phoneproof_domain::policy::{Business, CountryRule, SmsPolicy};

use super::faults::Faults;
use super::identities::{names_number, names_sender_id};
use super::reader::Texts;
use super::sender_id::check_sender_id;
use super::senders::{check_has_sender_ids, check_header, check_number_of};
use super::table::CountryTable;
use super::value::{are_digits, check_is_served, check_length, parse_country};

/// What is accepted as an id of the register of India.
const ID_NEEDED: &str = "1 to 50 characters without spaces are needed";

/// What texts under an id of that register need.
const HEADER_NEEDED: &str = "a registered sender id is needed beside entity_id";

/// Accepts a number that texts can come from, as SNS reads it.
fn parse_number(number: String) -> Result<Origination, &'static str> {
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if (5..=14).contains(&digits.len()) && are_digits(digits) && !digits.starts_with('0') {
        check_length(&number)?;
        Ok(Origination::Number(number))
    } else {
        Err(
            "5 to 14 digits are needed, the first above 0, with or without +, as in \"+18005550100\"",
        )
    }
}

/// Whether `id` can be an id of the register of India, as SNS reads it.
fn is_id(id: &str) -> bool {
    (1..=50).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

/// Checks a list of different names. One that is written names something.
fn check_list<T: PartialEq>(
    at: &str,
    texts: Option<Texts>,
    parse: impl Fn(&str) -> Result<T, String>,
    faults: &mut Faults,
) -> Vec<T> {
    let mut list = Vec::new();
    let Some(texts) = texts else { return list };
    if texts.is_empty() {
        faults.add(
            at,
            "at least one is needed; without any, leave the list out",
        );
    }
    for (index, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        let at = format!("{at}[{index}]");
        match faults.check(&at, parse(text)) {
            Some(item) if list.contains(&item) => faults.add(at, "it stands in the list already"),
            item => list.extend(item),
        }
    }
    list
}

/// Checks the channels that a text takes. Without a list there are none.
pub(super) fn check_channels(at: &str, texts: Option<Texts>, faults: &mut Faults) -> Vec<Channel> {
    let parse = |name: &str| {
        let named = Channel::parse(name);
        if named.is_some_and(Channel::calls) {
            return Err(format!(
                "`{name}` is for calls only; [voice] lists the countries where people are called"
            ));
        }
        named.ok_or_else(|| {
            let of_texts = Channel::ALL.into_iter().filter(|channel| !channel.calls());
            let all: Vec<_> = of_texts
                .map(|channel| format!("`{}`", channel.as_str()))
                .collect();
            format!("{} is needed", all.join(" or "))
        })
    };
    check_list(at, texts, parse, faults)
}

/// Notes a fault for each route with a channel that the policy does not set up. `has` says which ones it does.
pub(super) fn check_set_up(sms: &SmsPolicy, has: impl Fn(Channel) -> bool, faults: &mut Faults) {
    let own = sms.countries.iter();
    let own =
        own.map(|(country, rule)| (format!("sms.country.{country}.channels"), &rule.channels));
    for (at, route) in own.chain([("sms.channels".to_owned(), &sms.channels)]) {
        for channel in route.iter().filter(|channel| !has(**channel)) {
            let (name, table) = (channel.as_str(), channel.as_str().replace('-', "_"));
            let fault = format_args!("`{name}` needs the table [{table}]");
            faults.add_beside(&at, &table, fault);
        }
    }
}

/// Checks the tables of single countries, in a policy that texts the countries in `served`.
pub(super) fn check_countries(
    tables: BTreeMap<String, CountryTable>,
    served: &BTreeSet<Country>,
    faults: &mut Faults,
) -> BTreeMap<Country, CountryRule> {
    let mut rules = BTreeMap::new();
    for (name, table) in tables {
        let at = format!("sms.country.{name}");
        let country = faults.check(&at, parse_country(&name));
        let rule = check_country(&at, table, faults);
        let Some(country) = country else { continue };
        check_is_served(&at, country, served, faults);
        if rule.entity_id.is_some() && country.as_str() != INDIA {
            faults.add(format_args!("{at}.entity_id"), "only IN has such ids");
        }
        if rules.insert(country, rule).is_some() {
            faults.add(at, "another table is of this country");
        }
    }
    rules
}

/// Checks the values of the table of one country.
fn check_country(at: &str, table: CountryTable, faults: &mut Faults) -> CountryRule {
    let path = |field: &str| format!("{at}.{field}");
    if table.sender_id.is_some() && table.origination_number.is_some() {
        let fault = "a text has a sender id or an origination number, and not both";
        faults.add(path("origination_number"), fault);
    }
    let sender_id = table.sender_id.map(|id| match id.as_str() {
        // No sender id, whatever all other countries have.
        "" => Origination::Unnamed,
        _ => check_sender_id(&path("sender_id"), id, faults),
    });
    let number = table.origination_number.map(parse_number);
    let number = number.and_then(|number| faults.check(path("origination_number"), number));
    if table.entity_id.as_deref().is_some_and(|id| !is_id(id)) {
        faults.add(path("entity_id"), ID_NEEDED);
    }
    let parse_locale = |tag: &str| Locale::parse(tag).map_err(|error| error.to_string());
    CountryRule {
        origination: sender_id.or(number),
        entity_id: table.entity_id,
        locales: check_list(&path("locales"), table.locales, parse_locale, faults),
        channels: check_channels(&path("channels"), table.channels, faults),
    }
}

/// Notes what cannot work in a country: by what AWS demands there, and by the texts that the businesses have.
pub(super) fn check_reach(
    (sms, end_user_messaging): (&SmsPolicy, Option<&EndUserMessagingPolicy>),
    served: &BTreeSet<Country>,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) {
    for (country, rule) in &sms.countries {
        check_locales(*country, rule, businesses, faults);
    }
    for (name, business) in businesses {
        check_registered(name, business, sms, faults);
    }
    for country in served {
        // Without its channels, nobody knows what a text there must have.
        let own = sms.countries.get(country);
        let has_own = own.is_some_and(|rule| !rule.channels.is_empty());
        if faults.has_left_out(format_args!("sms.country.{country}.channels"))
            || (!has_own && faults.has_left_out("sms.channels"))
        {
            continue;
        }
        check_served(*country, sms, faults);
        let route = sms.route(Some(*country));
        if !route.iter().any(|channel| channel.has_own_words()) {
            continue;
        }
        check_sender(*country, sms, end_user_messaging, faults);
        for (name, business) in businesses {
            check_texts(*country, sms, (name, business), faults);
        }
    }
}

/// Notes a route to a country by channels that do not serve it: one that names the country, or one of such channels
/// alone.
fn check_served(country: Country, sms: &SmsPolicy, faults: &mut Faults) {
    let route = sms.find_named_route(Some(country));
    let own = sms.countries.get(&country).map(|rule| &rule.channels);
    let is_own = own.is_some_and(|own| !own.is_empty());
    let mut idle = route
        .iter()
        .filter(|channel| !is_served_by(country, **channel));
    if !is_own && idle.clone().count() < route.len() {
        return;
    }
    if let Some(channel) = idle.next() {
        let channel = channel.as_str();
        faults.add(
            format_args!("sms.country.{country}.channels"),
            format_args!("`{channel}` does not serve {country}: name a channel that does"),
        );
    }
}

/// Notes each locale of a country in which nobody has a text, and each business without a text for the country.
fn check_locales(
    country: Country,
    rule: &CountryRule,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) {
    let at = format!("sms.country.{country}.locales");
    // Templates that were left out have faults of their own, and any of them may be the one that is missing.
    let knows_texts = !faults.has_left_out_of_businesses("templates");
    for locale in rule.locales.iter().filter(|_| knows_texts) {
        let mut templates = businesses.values().map(|business| &business.templates);
        if !templates.any(|templates| templates.contains_key(locale)) {
            faults.add(
                &at,
                format_args!("no business has a template in `{locale}`"),
            );
        }
    }
    for (name, business) in businesses {
        if business.list_locales_among(&rule.locales).next().is_none() {
            let fault = format_args!("business.{name} has a template in none of these locales");
            faults.add_beside(&at, format_args!("business.{name}.templates"), fault);
        }
    }
}

/// Checks the ids of the texts of a business: where they are, and what they are of.
fn check_registered(name: &str, business: &Business, sms: &SmsPolicy, faults: &mut Faults) {
    for (country, ids) in &business.registered {
        let at = format!("business.{name}.registered.{country}");
        if country.as_str() != INDIA {
            faults.add(at, "only IN registers texts under ids");
            continue;
        }
        if sms.entity_id(Some(*country)).is_none() {
            let fault = format!("the id of the sender in the register (DLT) is needed beside {at}");
            faults.add(format_args!("sms.country.{country}.entity_id"), fault);
        }
        for (locale, id) in ids {
            let at = format!("{at}.{locale}");
            if !business.templates.contains_key(locale) {
                let templates = format_args!("business.{name}.templates");
                faults.add_beside(&at, templates, "a template in this locale is needed");
            }
            if !is_id(id) {
                faults.add(at, ID_NEEDED);
            }
        }
    }
}

/// Notes a sender that AWS does not accept in this country, by any channel of AWS that its texts take with a sender of
/// the operator. `end_user_messaging` says what its table alone names.
fn check_sender(
    country: Country,
    sms: &SmsPolicy,
    end_user_messaging: Option<&EndUserMessagingPolicy>,
    faults: &mut Faults,
) {
    let route = sms.route(Some(country));
    let by_sns = route.contains(&Channel::Sns);
    let table = end_user_messaging.filter(|_| route.contains(&Channel::EndUserMessaging));
    let line = table.and_then(|table| table.identities.get(&country));
    let own = sms.countries.get(&country);
    let own = own.and_then(|rule| rule.origination.as_ref());
    // A line of that table replaces the country's own sender, for its own channel alone.
    let is_own_sent = by_sns || line.is_none();
    let has_own_id = matches!(own, Some(Origination::SenderId(_))) && is_own_sent;
    if has_own_id {
        let at = format!("sms.country.{country}.sender_id");
        faults.check(at, check_has_sender_ids(country));
    }
    if let Some(Origination::Number(number)) = own.filter(|_| is_own_sent) {
        let at = format!("sms.country.{country}.origination_number");
        faults.check(at, check_number_of(number, country));
    }
    if country.as_str() != INDIA {
        return;
    }
    let entity_id = sms.entity_id(Some(country));
    let is_named = has_own_id || line.is_some_and(|line| names_sender_id(line));
    if is_named && entity_id.is_none() {
        faults.add(
            format_args!("sms.country.{country}.entity_id"),
            "the id of the sender in the register (DLT) is needed beside a sender id",
        );
    }
    if entity_id.is_some() && line.is_some_and(|line| names_number(line)) {
        let at = format!("end_user_messaging.country.{country}");
        faults.add(at, format_args!("{HEADER_NEEDED}, or a pool that has it"));
    }
    // A pool may hold the sender id that is registered, and a number is none.
    let has_own = own.is_some_and(|own| *own != Origination::Unnamed);
    let for_all = table.and_then(|table| table.origination_identity.as_deref());
    let for_all = for_all.filter(|_| line.is_none() && !has_own);
    let takes_texts_own = by_sns || (line.is_none() && for_all.is_none());
    let is_registered = entity_id.is_some() && takes_texts_own;
    // A sender that was left out may be the one.
    let knows_senders = !faults.has_left_out("sms.sender_id")
        && !faults.has_left_out("end_user_messaging.origination_identity")
        && !faults.has_left_out(format_args!("end_user_messaging.country.{country}"));
    let at = format!("sms.country.{country}.sender_id");
    match sms.origination(Some(country)) {
        // One that cannot be a sender id anywhere has a fault of its own.
        Origination::SenderId(id) if (is_registered || has_own_id) && !faults.has(&at) => {
            faults.check(at, check_header(id, country));
        }
        Origination::Unnamed | Origination::Number(_) if is_registered && knows_senders => {
            faults.add(at, HEADER_NEEDED);
        }
        _ if entity_id.is_some() && for_all.is_some_and(names_number) => {
            faults.add(at, HEADER_NEEDED);
        }
        _ => {}
    }
}

/// Notes each text that can go to this country and lacks what it demands of texts.
fn check_texts(
    country: Country,
    sms: &SmsPolicy,
    (name, business): (&str, &Business),
    faults: &mut Faults,
) {
    // Without the list of its locales, nobody knows which texts can go there.
    if faults.has_left_out(format_args!("sms.country.{country}.locales")) {
        return;
    }
    let is_registered = country.as_str() == INDIA && sms.entity_id(Some(country)).is_some();
    let knows_brand = !faults.is_doubtful(format_args!("business.{name}.brand"));
    for locale in business.list_locales_among(sms.locales(Some(country))) {
        let template = business.templates.get(locale);
        // The brand itself may hold the signature.
        let may_be_signed =
            !knows_brand && template.is_some_and(|text| text.starts_with("{brand}"));
        if country.as_str() == CHINA && !business.is_signed_in(locale) && !may_be_signed {
            faults.add(
                format_args!("business.{name}.templates.{locale}"),
                format_args!(
                    "texts to {country} begin with the signature of their sender, as in 【Example】: begin so, or \
                     name the locales that do in sms.country.{country}.locales"
                ),
            );
        }
        let ids = business.registered.get(&country);
        if is_registered && !ids.is_some_and(|ids| ids.contains_key(locale)) {
            faults.add(
                format_args!("business.{name}.registered.{country}.{locale}"),
                "the id of this text in the register (DLT) is needed beside sms.country.IN.entity_id",
            );
        }
    }
}
