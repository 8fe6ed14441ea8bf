//! Generated policies: each is accepted exactly when the table of countries says that it can work, and what it sends obeys
//! the table.

use std::collections::BTreeMap;

use phoneproof_domain::outgoing::{Registration, SentAs};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::countries::country;
use super::*;

/// What a generated policy says of one country.
#[derive(Debug, Clone, Default)]
struct Rule {
    sender_id: Option<&'static str>,
    number: bool,
    entity_id: bool,
    locales: Vec<&'static str>,
}

/// What a generated policy says of one business.
#[derive(Debug, Clone)]
struct Texts {
    templates: BTreeSet<&'static str>,
    signed: BTreeSet<&'static str>,
    registered: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Given {
    sender_id: Option<&'static str>,
    rules: BTreeMap<&'static str, Rule>,
    businesses: Vec<Texts>,
}

const COUNTRIES: [&str; 6] = ["AU", "CA", "CN", "DE", "IN", "US"];
const LOCALES: [&str; 4] = ["en", "hi", "zh", "zh-hant"];
const NUMBER: &str = "+18005550100";

fn subset() -> impl Strategy<Value = BTreeSet<&'static str>> {
    proptest::sample::subsequence(LOCALES.to_vec(), 0..=LOCALES.len())
        .prop_map(|locales| locales.into_iter().collect())
}

fn rule() -> impl Strategy<Value = Rule> {
    let sender_id = prop_oneof![4 => Just(None), 1 => Just(Some("")), 1 => Just(Some("OWN"))];
    let locales = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(vec!["zh"]),
        1 => proptest::sample::subsequence(LOCALES.to_vec(), 1..=4).prop_shuffle(),
    ];
    let number = proptest::bool::weighted(0.15);
    (sender_id, number, locales).prop_map(|(sender_id, number, locales)| Rule {
        sender_id,
        number: number && sender_id.is_none(),
        entity_id: false,
        locales,
    })
}

fn texts() -> impl Strategy<Value = Texts> {
    let all = || LOCALES.into_iter().collect::<BTreeSet<_>>();
    let registered = prop_oneof![2 => Just(BTreeSet::new()), 2 => Just(all()), 1 => subset()];
    let templates = prop_oneof![6 => Just(all()), 1 => subset()];
    let signed = prop_oneof![2 => Just(BTreeSet::from(["zh"])), 1 => Just(all()), 1 => subset()];
    (templates, signed, registered).prop_map(|(mut templates, signed, registered)| {
        templates.insert("en");
        let registered = registered.intersection(&templates).copied().collect();
        Texts {
            templates,
            signed,
            registered,
        }
    })
}

fn given() -> impl Strategy<Value = Given> {
    let india = || {
        let rule = || Rule {
            sender_id: Some("ACMEIN"),
            entity_id: true,
            ..Rule::default()
        };
        prop_oneof![
            2 => Just(Rule::default()),
            2 => Just(rule()),
            1 => Just(Rule { locales: vec!["hi", "en"], ..rule() }),
            1 => Just(Rule { sender_id: None, ..rule() }),
            1 => Just(Rule { entity_id: false, ..rule() }),
        ]
    };
    let china =
        || prop_oneof![8 => Just(Rule { locales: vec!["zh"], ..Rule::default() }), 1 => rule()];
    let others = proptest::collection::btree_map(
        proptest::sample::select(vec!["AU", "CA", "DE", "US"]),
        rule(),
        0..3,
    );
    let sender_id = prop_oneof![Just(None), Just(Some("ACME"))];
    let businesses = proptest::collection::vec(texts(), 1..3);
    (
        sender_id,
        others,
        china(),
        india(),
        businesses,
        proptest::bool::weighted(0.8),
    )
        .prop_map(
            |(sender_id, mut rules, china, india, mut businesses, registers)| {
                if registers {
                    // What India wants, so that enough policies can work.
                    for texts in &mut businesses {
                        texts.registered = texts.templates.clone();
                        texts.registered.retain(|_| india.entity_id);
                    }
                }
                rules.extend([("CN", china), ("IN", india)]);
                Given {
                    sender_id,
                    rules,
                    businesses,
                }
            },
        )
}

impl Rule {
    fn admits(&self, locale: &str) -> bool {
        self.locales.is_empty() || self.locales.contains(&locale)
    }
}

impl Given {
    fn write(&self) -> String {
        let mut text =
            format!("[numbers]\ncountries = {COUNTRIES:?}\n[sms]\nmax_price_usd = \"0.50\"\n");
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
            if !rule.locales.is_empty() {
                text.extend([format!("locales = {:?}\n", rule.locales)]);
            }
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
            let has_own_id = rule.sender_id.is_some_and(|id| !id.is_empty());
            let has_id = has_own_id
                || (rule.sender_id.is_none() && !rule.number && self.sender_id.is_some());
            let sender_works = match country {
                "US" | "CA" | "CN" => !has_own_id,
                "IN" => {
                    if rule.entity_id {
                        has_id
                    } else {
                        !has_own_id
                    }
                }
                _ => true,
            };
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
                        (country != "CN" || business.signed.contains(locale))
                            && (!rule.entity_id || business.registered.contains(locale))
                    })
                    && (country != "IN" || rule.entity_id || business.registered.is_empty())
            });
            sender_works && rule.locales.iter().all(is_known) && texts_work
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
    for (n, ((id, business), texts)) in policy.businesses.iter().zip(&given.businesses).enumerate()
    {
        let to = Some(country(code));
        let tag = wanted.map(|tag| Locale::parse(tag).expect("a locale"));
        let compiled = catalog.texts(id).expect("its texts");
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
        if code == "CN" {
            assert!(text.body.starts_with("【Example】"), "{}", text.body);
        }
        assert_sent_as(
            given,
            (code, rule),
            policy.sent_as(to, business, &locale),
            &format!("b{n}-{name}"),
        );
    }
}

fn assert_sent_as(
    given: &Given,
    (code, rule): (&str, &Rule),
    sent_as: SentAs<'_>,
    template_id: &str,
) {
    let sender_id = |id: &str| Origination::SenderId(id.to_owned());
    let expected = match (rule.sender_id, rule.number, given.sender_id) {
        (Some(""), _, _) => Origination::Unnamed,
        (Some(own), _, _) => sender_id(own),
        (None, true, _) => Origination::Number(NUMBER.to_owned()),
        (None, false, Some(id)) if !["US", "CA", "CN"].contains(&code) => sender_id(id),
        (None, false, _) => Origination::Unnamed,
    };
    assert_eq!(*sent_as.origination, expected, "{code}");
    let expected = rule.entity_id.then_some(Registration {
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
