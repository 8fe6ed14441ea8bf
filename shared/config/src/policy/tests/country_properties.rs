//! Generated policies: each is accepted exactly when the table of countries says that it can work, and what it sends obeys
//! the table.

mod generate;

use std::collections::BTreeMap;

use phoneproof_domain::outgoing::{Registration, SentAs};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::countries::country;
use super::*;
use generate::given;

/// What a generated policy says of one country.
#[derive(Debug, Clone, Default)]
struct Rule {
    sender_id: Option<&'static str>,
    number: bool,
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

const COUNTRIES: [&str; 7] = ["AU", "CA", "CN", "DE", "IN", "PR", "US"];
/// The countries among them that take no text with a sender id.
const WITHOUT_SENDER_IDS: [&str; 4] = ["CA", "CN", "PR", "US"];
const LOCALES: [&str; 4] = ["en", "hi", "zh", "zh-hant"];
const NUMBER: &str = "+18005550100";
const SNS: &str = "sns";
const END_USER_MESSAGING: &str = "end-user-messaging";
const HOOK: &str = "hook";
const NOTIFY: &str = "notify";
const POOL: &str = "pool-0123456789abcdef0123456789abcdef";
/// A sender id in the table of End User Messaging.
const NAME: &str = "ITSOWN";

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
            return if own == NAME {
                Sender::OwnId(own)
            } else {
                Sender::Identity(own)
            };
        }
        match rule.sender_id {
            None if rule.number => return Sender::Number(NUMBER),
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
            if rule.number {
                text.extend([format!("origination_number = {NUMBER:?}\n")]);
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
                    "IN" if rule.entity_id => !matches!(sender, Sender::Nobody | Sender::Number(_)),
                    "IN" => !matches!(sender, Sender::OwnId(_)),
                    _ if WITHOUT_SENDER_IDS.contains(&country) => {
                        !matches!(sender, Sender::OwnId(_))
                    }
                    _ => true,
                };
                works || !route.contains(&channel)
            });
            // The table of End User Messaging has no sender id for these, whatever texts take.
            let sender_works = by_aws_work
                && !(WITHOUT_SENDER_IDS.contains(&country) && rule.identity == Some(NAME));
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

/// Checks what a text to `code` is, and what it is sent as, when the caller asks for `wanted`.
fn assert_obeys(
    given: &Given,
    policy: &Policy,
    catalog: &Catalog,
    code: &str,
    wanted: Option<&str>,
) {
    let none = Rule::default();
    let rule = given.rules.get(code).unwrap_or(&none);
    let route = policy.sms.route(Some(country(code))).into_iter();
    let route: Vec<_> = route.map(Channel::as_str).collect();
    assert_eq!(route, given.taken(code, rule), "{code}");
    for (n, ((id, business), texts)) in policy.businesses.iter().zip(&given.businesses).enumerate()
    {
        let to = Some(country(code));
        let tag = wanted.map(|tag| Locale::parse(tag).expect("a locale"));
        let compiled = catalog.templates(id).expect("its texts");
        let locale = compiled.locale(policy.sms.locales(to), &tag);
        let text = compiled.render(
            &locale,
            None,
            &Code::from_number(7, 6),
            Duration::from_mins(5),
        );
        let name = locale.as_str();
        assert!(text.body.ends_with(&format!("in {name}")), "{}", text.body);
        assert!(rule.admits(name), "{name} does not go to {code}");
        if let Some(wanted) = wanted
            && rule.admits(wanted)
            && texts.templates.contains(wanted)
        {
            assert_eq!(name, wanted, "the caller's wish");
        }
        if wanted == Some("fr") || wanted.is_none() {
            let mut listed = rule
                .locales
                .iter()
                .filter(|locale| texts.templates.contains(**locale));
            assert_eq!(
                name,
                listed.next().map_or("en", |locale| *locale),
                "the default"
            );
        }
        if code == "CN" && takes_own_words(given.route(rule)) {
            assert!(text.body.starts_with("【Example】"), "{}", text.body);
        }
        let sent_as = policy.sent_as(to, business, &locale);
        let id = format!("b{n}-{name}");
        let is_registered = code == "IN" && texts.registered.contains(name);
        let id = is_registered.then_some(id.as_str());
        assert_sent_as(given, (code, rule), sent_as, id);
        let own = policy.end_user_messaging.as_ref().expect("its table");
        let expected = match given.sender(END_USER_MESSAGING, code, rule) {
            Sender::Nobody => None,
            Sender::OwnId(id)
            | Sender::GlobalId(id)
            | Sender::Number(id)
            | Sender::Identity(id) => Some(id),
        };
        assert_eq!(own.sender(to, sent_as.origination), expected, "{code}");
    }
}

fn assert_sent_as(
    given: &Given,
    (code, rule): (&str, &Rule),
    sent_as: SentAs<'_>,
    template_id: Option<&str>,
) {
    let sender_id = |id: &str| Origination::SenderId(id.to_owned());
    let expected = match (rule.sender_id, rule.number, given.sender_id) {
        (Some(""), _, _) => Origination::Unnamed,
        (Some(own), _, _) => sender_id(own),
        (None, true, _) => Origination::Number(NUMBER.to_owned()),
        (None, false, Some(id)) if !WITHOUT_SENDER_IDS.contains(&code) => sender_id(id),
        (None, false, _) => Origination::Unnamed,
    };
    assert_eq!(*sent_as.origination, expected, "{code}");
    // Only AWS demands both ids. A provider gets them where the policy has both.
    let expected = template_id.filter(|_| rule.entity_id);
    let expected = expected.map(|template_id| Registration {
        entity_id: "entity",
        template_id,
    });
    assert_eq!(sent_as.registration, expected, "{code}");
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
    for code in COUNTRIES {
        for wanted in [None, Some("fr")].into_iter().chain(LOCALES.map(Some)) {
            assert_obeys(given, &policy, &catalog, code, wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A policy is accepted exactly when the table of countries says that it can work. Then every text to every country, of
    /// every business and for every wish, obeys the table.
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
