//! Generated policies: each is accepted exactly when the table of countries says that it can work, and what it sends
//! obeys the table.

mod checks;
mod generate;

use std::collections::BTreeMap;

use phoneproof_domain::policy::country::{has_no_sender_ids, is_served_by, registers_sender_ids};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::countries::country;
use super::*;
use checks::{assert_obeys, assert_warns};
use generate::given;

/// What a generated policy says of one country.
#[derive(Debug, Clone, Default)]
struct Rule {
    sender_id: Option<&'static str>,
    number: Option<&'static str>,
    entity_id: bool,
    locales: Vec<&'static str>,
    /// The channels of this country alone.
    channels: Vec<&'static str>,
    /// Who sends there, in the table of End User Messaging.
    identity: Option<&'static str>,
}

/// What a generated policy says of one business.
#[derive(Debug, Clone)]
struct Business {
    templates: BTreeSet<&'static str>,
    signed: BTreeSet<&'static str>,
    registered: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Given {
    channels: Vec<&'static str>,
    /// Who sends to all countries, in the table of End User Messaging.
    identity: Option<&'static str>,
    sender_id: Option<&'static str>,
    rules: BTreeMap<&'static str, Rule>,
    businesses: Vec<Business>,
}

/// Every country with a rule of its own, and four without.
const COUNTRIES: [&str; 34] = [
    "AE", "AS", "AU", "BY", "CA", "CN", "DE", "EG", "FI", "FR", "GB", "GU", "HK", "ID", "IE", "IN",
    "JO", "JP", "KE", "KW", "KZ", "LK", "PH", "PR", "QA", "RU", "SA", "SG", "TH", "TR", "US", "VI",
    "VN", "ZM",
];
/// The countries among them that take no text with a sender id.
const WITHOUT_SENDER_IDS: [&str; 7] = ["AS", "CA", "CN", "GU", "PR", "US", "VI"];
/// The countries among them that register sender ids.
const WITH_REGISTERED_SENDER_IDS: [&str; 24] = [
    "AE", "AU", "BY", "CN", "EG", "FI", "GB", "ID", "IE", "IN", "JO", "KE", "KW", "KZ", "LK", "PH",
    "QA", "RU", "SA", "SG", "TH", "TR", "VN", "ZM",
];
const LOCALES: [&str; 4] = ["en", "hi", "zh", "zh-hant"];
const NUMBER: &str = "+18005550100";
const GERMAN_NUMBER: &str = "+4915112345678";
const SNS: &str = "sns";
const END_USER_MESSAGING: &str = "end-user-messaging";
const HOOK: &str = "hook";
const NOTIFY: &str = "notify";
const POOL: &str = "pool-0123456789abcdef0123456789abcdef";
/// A sender id in the table of End User Messaging.
const NAME: &str = "ITSOWN";
/// One that India has no place for.
const LONG_NAME: &str = "ITS-OWN-1";

impl Rule {
    fn admits(&self, locale: &str) -> bool {
        self.locales.is_empty() || self.locales.contains(&locale)
    }
}

/// Who sends a text by a channel of AWS, by the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Nobody,
    /// A sender id that the policy names for this country.
    OwnId(&'static str),
    /// The sender id for all countries.
    GlobalId(&'static str),
    /// A number that the policy names for this country.
    Number(&'static str),
    /// What the table of End User Messaging names, except for sender ids.
    Identity(&'static str),
}

/// Whether AWS sends the words of the operator by one of these.
fn takes_own_words(route: &[&str]) -> bool {
    route
        .iter()
        .any(|channel| [SNS, END_USER_MESSAGING].contains(channel))
}

impl Given {
    fn route<'g>(&'g self, rule: &'g Rule) -> &'g [&'static str] {
        if rule.channels.is_empty() {
            &self.channels
        } else {
            &rule.channels
        }
    }

    /// The channels that texts to this country take: those of its route that serve it.
    fn taken<'g>(&'g self, country: &str, rule: &'g Rule) -> Vec<&'static str> {
        let mut taken = self.route(rule).to_vec();
        taken.retain(|channel| country != "CN" || *channel != NOTIFY);
        taken
    }

    fn sender(&self, channel: &str, country: &str, rule: &Rule) -> Sender {
        let by_table = |own: Option<&'static str>| own.filter(|_| channel == END_USER_MESSAGING);
        if let Some(own) = by_table(rule.identity) {
            return if [NAME, LONG_NAME].contains(&own) {
                Sender::OwnId(own)
            } else {
                Sender::Identity(own)
            };
        }
        match rule.sender_id {
            None if rule.number.is_some() => {
                return rule.number.map_or(Sender::Nobody, Sender::Number);
            }
            Some(own) if !own.is_empty() => return Sender::OwnId(own),
            _ => {}
        }
        if let Some(pool) = by_table(self.identity) {
            return Sender::Identity(pool);
        }
        let takes_global = rule.sender_id.is_none() && !WITHOUT_SENDER_IDS.contains(&country);
        let global = self.sender_id.filter(|_| takes_global);
        global.map_or(Sender::Nobody, Sender::GlobalId)
    }

    fn write(&self) -> String {
        let mut text =
            format!("[numbers]\ncountries = {COUNTRIES:?}\n[sms]\nmax_price_usd = \"0.50\"\n");
        text.extend([format!("channels = {:?}\n", self.channels)]);
        if let Some(id) = self.sender_id {
            text.extend([format!("sender_id = {id:?}\n")]);
        }
        for (country, rule) in &self.rules {
            text.extend([format!("[sms.country.{country}]\n")]);
            if let Some(id) = rule.sender_id {
                text.extend([format!("sender_id = {id:?}\n")]);
            }
            if let Some(number) = rule.number {
                text.extend([format!("origination_number = {number:?}\n")]);
            }
            if rule.entity_id {
                text += "entity_id = \"entity\"\n";
            }
            if !rule.channels.is_empty() {
                text.extend([format!("channels = {:?}\n", rule.channels)]);
            }
            if !rule.locales.is_empty() {
                text.extend([format!("locales = {:?}\n", rule.locales)]);
            }
        }
        text += "[notify]\n[hook]\nurl = \"https://hooks.example.com\"\n[end_user_messaging]\n";
        if let Some(identity) = self.identity {
            text.extend([format!("origination_identity = {identity:?}\n")]);
        }
        for (country, rule) in &self.rules {
            let identity = rule.identity.iter();
            text.extend(identity.map(|identity| format!("country.{country} = {identity:?}\n")));
        }
        for (n, texts) in self.businesses.iter().enumerate() {
            text.extend([format!(
                "[business.b{n}]\nbrand = \"Example\"\ndefault_locale = \"en\"\n"
            )]);
            for locale in &texts.templates {
                let signature = if texts.signed.contains(locale) {
                    "【{brand}】"
                } else {
                    ""
                };
                text.extend([format!(
                    "templates.{locale} = \"{signature}{{code}} in {locale}\"\n"
                )]);
            }
            for locale in &texts.registered {
                text.extend([format!("registered.IN.{locale} = \"b{n}-{locale}\"\n")]);
            }
        }
        text
    }

    /// Whether the policy can work, by the table of countries.
    fn can_work(&self) -> bool {
        let none = Rule::default();
        COUNTRIES.into_iter().all(|country| {
            let rule = self.rules.get(country).unwrap_or(&none);
            let route = self.route(rule);
            let by_aws = takes_own_words(route);
            let is_served = country != "CN"
                || route.iter().any(|channel| *channel != NOTIFY)
                    && !rule.channels.contains(&NOTIFY);
            let by_aws_work = [SNS, END_USER_MESSAGING].into_iter().all(|channel| {
                let sender = self.sender(channel, country, rule);
                let works = match country {
                    // A sender id for all countries is not sent there.
                    "IN" if rule.entity_id => match sender {
                        Sender::OwnId(id) | Sender::GlobalId(id) => is_header(id),
                        // A pool may hold the registered sender id. A number is none.
                        Sender::Identity(own) => own == POOL,
                        Sender::Nobody | Sender::Number(_) => false,
                    },
                    "IN" => !matches!(sender, Sender::OwnId(_)),
                    _ if WITHOUT_SENDER_IDS.contains(&country) => match sender {
                        Sender::OwnId(_) => false,
                        Sender::Number(number) => country != "CN" && number.starts_with("+1"),
                        _ => true,
                    },
                    _ => true,
                };
                works || !route.contains(&channel)
            });
            // What the table of End User Messaging names for a country works there, whatever texts take.
            let line_works = rule.identity.is_none_or(|identity| match identity {
                POOL => true,
                NAME => !WITHOUT_SENDER_IDS.contains(&country),
                LONG_NAME => country != "IN" && !WITHOUT_SENDER_IDS.contains(&country),
                _ if !WITHOUT_SENDER_IDS.contains(&country) => true,
                number => country != "CN" && number.starts_with("+1"),
            });
            let sender_works = by_aws_work && line_works;
            let is_known = |locale: &&str| {
                self.businesses
                    .iter()
                    .any(|b| b.templates.contains(*locale))
            };
            let texts_work = self.businesses.iter().all(|business| {
                let mut reachable = business
                    .templates
                    .iter()
                    .filter(|locale| rule.admits(locale));
                reachable.clone().next().is_some()
                    && reachable.all(|locale| {
                        !by_aws
                            || ((country != "CN" || business.signed.contains(locale))
                                && (!rule.entity_id || business.registered.contains(locale)))
                    })
                    && (country != "IN" || rule.entity_id || business.registered.is_empty())
            });
            is_served && sender_works && rule.locales.iter().all(is_known) && texts_work
        })
    }
}

/// India's register has sender ids of 3 to 6 letters.
fn is_header(id: &str) -> bool {
    id.len() <= 6 && id.chars().all(char::is_alphabetic)
}

/// Reads a generated policy, and checks every text that it can send.
fn check_given(given: &Given) {
    let text = given.write();
    let policy = from_toml(&text);
    assert_eq!(
        policy.is_ok(),
        given.can_work(),
        "{text}\n{:?}",
        policy.err()
    );
    let Ok(policy) = policy else { return };
    let catalog = Catalog::new(&policy).expect("compiles");
    assert_warns(given, &policy, &catalog);
    for code in COUNTRIES {
        for wanted in [None, Some("fr")].into_iter().chain(LOCALES.map(Some)) {
            assert_obeys(given, &policy, &catalog, code, wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A policy is accepted exactly when the table of countries says that it can work. Then every text to every
    /// country, of every business and for every wish, obeys the table.
    #[test]
    fn what_is_sent_obeys_the_rules_of_its_country(given in given()) {
        check_given(&given);
    }
}

#[test]
fn generated_policies_are_of_both_kinds() {
    let mut runner = TestRunner::deterministic();
    let sample = |_| given().new_tree(&mut runner).expect("a policy").current();
    let good = (0..200).map(sample).filter(Given::can_work).count();
    assert!((40..160).contains(&good), "{good} of 200 can work");
}

/// The countries of these tests are those of the tables in the code, and of nobody else.
#[test]
fn every_country_with_a_rule_of_its_own_is_generated() {
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    let codes: Vec<String> = codes.collect();
    let with = |has: fn(Country) -> bool| {
        let found = codes.iter().filter(|code| has(country(code)));
        found.map(String::as_str).collect::<Vec<_>>()
    };
    assert_eq!(with(has_no_sender_ids), WITHOUT_SENDER_IDS);
    assert_eq!(with(registers_sender_ids), WITH_REGISTERED_SENDER_IDS);
    assert_eq!(
        with(|country| !is_served_by(country, Channel::Notify)),
        ["CN"]
    );
    let rules = [WITHOUT_SENDER_IDS.as_slice(), &WITH_REGISTERED_SENDER_IDS].concat();
    assert!(rules.iter().all(|code| COUNTRIES.contains(code)));
    assert_eq!(
        COUNTRIES
            .iter()
            .filter(|code| !rules.contains(code))
            .count(),
        4
    );
}
