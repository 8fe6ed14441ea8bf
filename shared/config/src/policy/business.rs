//! Checks `[business.*]`: the businesses and their templates.

use std::collections::BTreeMap;

use phoneproof_domain::action::ActionKind;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::code::{MAX_CODE_LENGTH, MIN_CODE_LENGTH};
use phoneproof_domain::country::Country;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::policy::Business;

use super::faults::Faults;
use super::limits::COUNT;
use super::table::BusinessTable;
use super::value::parse_country;
use crate::proxy::parse_digest;

/// Checks one business. The policy is refused when a fault was noted, so a faulty value can stand in its place
/// meanwhile.
///
/// [`Catalog`](phoneproof_domain::catalog::Catalog) checks the words of its templates.
pub(super) fn check_business(
    name: &str,
    table: BusinessTable,
    faults: &mut Faults,
) -> Option<Business> {
    let at = |field: &str| format!("business.{name}.{field}");
    faults.check(format_args!("business.{name}"), BusinessId::parse(name));
    let templates = check_templates(name, table.templates, faults);
    let mut action_labels = check_labels(name, table.actions, faults);
    if !action_labels.is_empty() && !templates.values().any(|text| text.contains("{action}")) {
        let fault = "a template that shows {action} is needed";
        faults.add_beside(at("actions"), at("templates"), fault);
    }
    if faults.has_left_out(format_args!("business.{name}.actions")) {
        fill_labels(&mut action_labels, &templates);
    }
    let registered = check_registered(name, table.registered, faults);
    let default_locale = check_default_locale(name, &table.default_locale, &templates, faults);
    let brand = check_brand(at("brand"), table.brand, faults);
    let origin = table
        .origin
        .and_then(|text| faults.check(at("origin"), parse_host(&text)));
    let android_hashes = table.android_hash.into_vec();
    if !android_hashes.iter().all(|hash| is_app_hash(hash)) {
        faults.add(
            at("android_hash"),
            "the 11 characters of the SMS Retriever app hash are needed, or a list of such hashes",
        );
    }
    let client_key_sha256 = match table.client_key_sha256.as_deref() {
        None => None,
        Some(hex) => {
            let accepted = "64 hexadecimal digits are needed: the SHA-256 of the client key, which is not empty";
            faults.check(at("client_key_sha256"), parse_digest(hex).ok_or(accepted))
        }
    };
    let code_length = check_code_length(&at("code_length"), table.code_length, faults);
    Some(Business {
        brand,
        code_length,
        // NIST SP 800-63B-4 section 3.1.3.2: an out-of-band secret is valid for ten minutes at most.
        code_lifetime: faults.check_seconds(
            at("code_lifetime_seconds"),
            table.code_lifetime_seconds,
            30..=600,
        ),
        attempts: faults.check_range(at("attempts"), table.attempts, 1..=10),
        success_lifetime: faults.check_seconds(
            at("success_token_lifetime_seconds"),
            table.success_token_lifetime_seconds,
            30..=3_600,
        ),
        templates,
        registered,
        default_locale: default_locale?,
        action_labels,
        origin,
        android_hashes,
        client_key_sha256,
        texts_per_hour: check_limit(at("texts_per_hour"), table.texts_per_hour, faults),
        texts_per_day: check_limit(at("texts_per_day"), table.texts_per_day, faults),
    })
}

/// Checks the name that texts show. A faulty one is replaced, so that it causes no fault of a text that begins with it.
fn check_brand(path: String, brand: String, faults: &mut Faults) -> String {
    if brand.trim().is_empty() || brand.chars().any(char::is_control) {
        faults.add(path, "a name without control characters is needed");
        return "Example".to_owned();
    }
    brand
}

/// Checks the number of digits of a code. A faulty one is replaced, so that it causes no fault of a test number.
fn check_code_length(path: &str, length: u32, faults: &mut Faults) -> u8 {
    let accepted = MIN_CODE_LENGTH..=MAX_CODE_LENGTH;
    let (shortest, longest) = (u32::from(MIN_CODE_LENGTH), u32::from(MAX_CODE_LENGTH));
    let length = faults.check_range(path, length, shortest..=longest);
    let read = u8::try_from(length).ok();
    read.filter(|length| accepted.contains(length))
        .unwrap_or(MIN_CODE_LENGTH)
}

/// Checks a limit of the business, if it has one.
fn check_limit(path: String, limit: Option<u32>, faults: &mut Faults) -> Option<u32> {
    limit.map(|limit| faults.check_range(path, limit, COUNT))
}

/// Checks the default locale, which needs a template. A faulty one is replaced by a locale that has one.
fn check_default_locale(
    name: &str,
    tag: &str,
    templates: &BTreeMap<Locale, String>,
    faults: &mut Faults,
) -> Option<Locale> {
    let path = format!("business.{name}.default_locale");
    let any = Locale::parse("en").ok();
    let Some(locale) = faults.check(&path, Locale::parse(tag)) else {
        return any;
    };
    if !templates.contains_key(&locale) {
        let fault = "a template in this locale is needed";
        faults.add_beside(&path, format_args!("business.{name}.templates"), fault);
    }
    Some(locale)
}

/// Checks the locales of templates.
fn check_templates(
    name: &str,
    table: BTreeMap<String, String>,
    faults: &mut Faults,
) -> BTreeMap<Locale, String> {
    let mut templates = BTreeMap::new();
    for (tag, text) in table {
        let path = format!("business.{name}.templates.{tag}");
        if let Some(locale) = faults.check(&path, Locale::parse(&tag))
            && templates.insert(locale, text).is_some()
        {
            faults.add(&path, "another template has this locale");
        }
    }
    templates
}

/// Checks the countries and locales of registered texts. `check_reach` checks the ids, and what else the countries
/// demand.
fn check_registered(
    name: &str,
    table: BTreeMap<String, BTreeMap<String, String>>,
    faults: &mut Faults,
) -> BTreeMap<Country, BTreeMap<Locale, String>> {
    let mut registered: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (code, ids) in table {
        let at = format!("business.{name}.registered.{code}");
        let country = faults.check(&at, parse_country(&code));
        for (tag, id) in ids {
            let at = format!("{at}.{tag}");
            let locale = faults.check(&at, Locale::parse(&tag));
            if let Some((country, locale)) = country.zip(locale)
                && registered
                    .entry(country)
                    .or_default()
                    .insert(locale, id)
                    .is_some()
            {
                faults.add(at, "another id is of this text");
            }
        }
    }
    registered
}

/// Checks the labels of actions: kinds, locales and words.
fn check_labels(
    name: &str,
    table: BTreeMap<String, BTreeMap<String, String>>,
    faults: &mut Faults,
) -> BTreeMap<ActionKind, BTreeMap<Locale, String>> {
    let mut labels: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (kind, by_locale) in table {
        let at = format!("business.{name}.actions.{kind}");
        let kind = faults.check(&at, ActionKind::parse(&kind));
        for (tag, label) in by_locale {
            let at = format!("{at}.{tag}");
            let locale = faults.check(&at, Locale::parse(&tag));
            if label.trim().is_empty() || label.contains(is_refused_in_labels) {
                faults.add(at, "words without control characters and braces are needed");
            }
            if let (Some(kind), Some(locale)) = (kind.clone(), locale) {
                labels.entry(kind).or_default().insert(locale, label);
            }
        }
    }
    labels
}

/// Replaces labels that were left out, so that they cause no fault of a text.
fn fill_labels(
    labels: &mut BTreeMap<ActionKind, BTreeMap<Locale, String>>,
    templates: &BTreeMap<Locale, String>,
) {
    if let Ok(other) = ActionKind::parse(ActionKind::OTHER) {
        labels.entry(other).or_default();
    }
    for by_locale in labels.values_mut() {
        for locale in templates.keys() {
            let label = by_locale.entry(locale.clone());
            label.or_insert_with(|| "go on".to_owned());
        }
    }
}

/// A label is shown as it is. Nothing in it is a variable.
fn is_refused_in_labels(character: char) -> bool {
    character.is_control() || matches!(character, '{' | '}')
}

/// Reads a host name, in lower case: labels of 1 to 63 bytes, at most 253 bytes in all (RFC 1035 section 2.3.4).
///
/// Browsers write a host in lower case, and compare it so.
fn parse_host(text: &str) -> Result<String, &'static str> {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(
            "a host name without scheme and port is needed, as in \"example.com\" or \"xn--bcher-kva.example\"",
        )
    }
}

/// Whether `text` is an app hash of Android's SMS Retriever: 11 characters of base64.
fn is_app_hash(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    text.len() == 11 && text.bytes().all(fits)
}
