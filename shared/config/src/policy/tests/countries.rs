//! Rules of countries: what is accepted, and that what is sent obeys them.

use std::collections::BTreeMap;

use phoneproof_domain::outgoing::{Registration, SentAs};
use phoneproof_domain::policy::Business;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// A policy that serves these countries, with this text in `[sms]` and after it, and one business in two locales.
fn serving(countries: &str, sms: &str, more: &str) -> String {
    format!(
        "[numbers]\ncountries = [{countries}]\n[sms]\nmax_price_usd = \"0.50\"\n{sms}\n\
         [business.login]\nbrand = \"Example\"\ndefault_locale = \"en\"\n\
         templates = {{ en = \"{{code}}\", zh = \"【{{brand}}】{{code}}\" }}\n{more}"
    )
}

fn country(code: &str) -> Option<Country> {
    Some(Country::parse(code).expect("a country"))
}

/// Checks that each policy has exactly these faults.
fn assert_faults(cases: &[(&str, &str, &str, &[&str])]) {
    for (countries, sms, more, expected) in cases {
        let found = faults(&serving(countries, sms, more));
        let begins = |(fault, start): (&String, &&str)| fault.starts_with(start);
        assert!(
            found.len() == expected.len() && found.iter().zip(*expected).all(begins),
            "{sms} {more}: {found:#?}"
        );
    }
}

#[test]
fn names_each_fault_of_a_country() {
    const CN: &str = "[sms.country.CN]\nlocales = [\"zh\"]\n";
    assert_faults(&[
        ("'US'", "[sms.country.US]", "", &[]),
        ("'US'", "[sms.country.UK]", "", &["sms.country.UK: "]),
        (
            "'US'",
            "[sms.country.DE]",
            "",
            &["sms.country.DE: a country of numbers.countries"],
        ),
        (
            "'US'",
            "[sms.country.US]\n[sms.country.us]",
            "",
            &["sms.country.us: another table"],
        ),
        (
            "'US'",
            "[sms.country.US]\nsender = 'A'",
            "",
            &["sms.country.US.sender: unknown field"],
        ),
        (
            "'DE'",
            "[sms.country.DE]\nsender_id = 'AB'",
            "",
            &["sms.country.DE.sender_id: 3 to 11"],
        ),
        (
            "'US'",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            &["sms.country.US.sender_id: AWS"],
        ),
        (
            "'CA'",
            "[sms.country.CA]\nsender_id = 'ACME'",
            "",
            &["sms.country.CA.sender_id: AWS"],
        ),
        (
            "'CN'",
            &format!("{CN}sender_id = 'ACME'"),
            "",
            &["sms.country.CN.sender_id: AWS"],
        ),
        (
            "'DE'",
            "[sms.country.DE]\nsender_id = 'ACME'\norigination_number = '+4915112345678'",
            "",
            &["sms.country.DE.origination_number: a text has a sender id or"],
        ),
        (
            "'US'",
            "[sms.country.US]\nentity_id = '1'",
            "",
            &["sms.country.US.entity_id: only IN"],
        ),
        (
            "'IN'",
            "[sms.country.IN]\nsender_id = 'ACMEIN'",
            "",
            &["sms.country.IN.entity_id: the id of the sender"],
        ),
        (
            "'IN'",
            "[sms.country.IN]\nentity_id = '1'\nlocales = ['en']",
            "registered.IN.en = '2'",
            &["sms.country.IN.sender_id: a registered sender id"],
        ),
        (
            "'IN'",
            "[sms.country.IN]\nsender_id = 'ACMEIN'\nentity_id = '1'",
            "registered.IN.en = '2'",
            &["business.login.registered.IN.zh: the id of this text"],
        ),
        (
            "'IN'",
            "[sms.country.IN]\nsender_id = 'ACMEIN'\nentity_id = '1'\nlocales = ['en']",
            "",
            &["business.login.registered.IN.en: the id of this text"],
        ),
        (
            "'IN'",
            "",
            "registered.IN.en = '2'",
            &["sms.country.IN.entity_id: the id of the sender"],
        ),
        (
            "'IN'",
            "sender_id = 'ACMEIN'\n[sms.country.IN]\nentity_id = '1'",
            "registered.IN = { en = '2', zh = '3', de = '4' }",
            &["business.login.registered.IN.de: a template in this locale"],
        ),
        (
            "'US'",
            "",
            "registered = { US.en = '2', UK.en = '3' }",
            &[
                "business.login.registered.UK: ",
                "business.login.registered.US: only IN",
            ],
        ),
        (
            "'CN'",
            "",
            "",
            &["business.login.templates.en: texts to CN begin with the signature"],
        ),
        ("'CN'", CN, "", &[]),
        (
            "'US'",
            "[sms.country.US]\nlocales = []",
            "",
            &["sms.country.US.locales: at least one"],
        ),
        (
            "'US'",
            "[sms.country.US]\nlocales = ['en', 5, 'e!', 'EN']",
            "",
            &[
                "sms.country.US.locales[1]: a text in quotes",
                "sms.country.US.locales[2]: ",
                "sms.country.US.locales[3]: it stands in the list already",
            ],
        ),
        (
            "'US'",
            "[sms.country.US]\nlocales = ['en', 'de']",
            "",
            &["sms.country.US.locales: no business has a template in `de`"],
        ),
        (
            "'US'",
            "[sms.country.US]\nlocales = ['zh']",
            "[business.b]\nbrand = 'B'\ndefault_locale = 'en'\ntemplates.en = '{code}'",
            &["sms.country.US.locales: business.b has a template in none"],
        ),
        (
            "'US'",
            "channels = []\n[sms.country.US]\nchannels = ['sns', 'sns', 'SNS']",
            "",
            &[
                "sms.channels: at least one",
                "sms.country.US.channels[1]: it stands in the list already",
                "sms.country.US.channels[2]: `sns` or `end-user-messaging` or `notify` or `hook` is needed",
            ],
        ),
        (
            "'US', 'DE'",
            "channels = ['hook']\n[sms.country.DE]\nchannels = ['sns', 'hook']",
            "",
            &[
                "sms.country.DE.channels: `hook` needs the table [hook]",
                "sms.channels: `hook` needs the table [hook]",
            ],
        ),
        (
            "'US'",
            "price_usd.US = 0.01\n[sms.country.US]\nprice_usd = 0.02",
            "",
            &["sms.country.US.price_usd: one price is needed"],
        ),
        (
            "'US'",
            "[sms.country.US]\nprice_usd = 0",
            "",
            &["sms.country.US.price_usd: "],
        ),
    ]);
}

/// A rule of AWS holds for texts that AWS sends. The operator's own provider has rules of its own.
#[test]
fn the_rules_of_aws_bind_texts_through_aws_only() {
    let text = serving(
        "'US', 'CN', 'IN'",
        "channels = ['hook']\n[sms.country.US]\nsender_id = 'ACME'\n[sms.country.IN]\nsender_id = 'ACMEIN'",
        "",
    );
    let expected = ["sms.channels: `hook` needs the table [hook]"];
    assert_eq!(faults(&text), expected);
}

#[test]
fn numbers_and_ids_have_the_length_that_sns_accepts() {
    let (shortest, longest, longer) = ("1", "1".repeat(50), "1".repeat(51));
    for (numbers, are_accepted) in [
        (["12345", "+12345678901234", "18005550100"], true),
        (["1234", "+123456789012345", "+1 800 555"], false),
        (["", "+", "+1800555O100"], false),
    ] {
        for number in numbers {
            let sms = format!("[sms.country.US]\norigination_number = {number:?}");
            let found = faults(&serving("'US'", &sms, ""));
            assert_eq!(found.is_empty(), are_accepted, "{number}: {found:?}");
        }
    }
    let with_ids = |entity: &str, text: &str| {
        let sms = format!(
            "sender_id = 'ACME'\n[sms.country.IN]\nentity_id = {entity:?}\nlocales = ['en']"
        );
        faults(&serving(
            "'IN'",
            &sms,
            &format!("registered.IN.en = {text:?}"),
        ))
    };
    assert_eq!(with_ids(shortest, &longest), [""; 0]);
    for wrong in ["", "1 2", "é", &longer] {
        let entity = with_ids(wrong, "1");
        assert!(entity.len() == 1 && entity[0].starts_with("sms.country.IN.entity_id: 1 to 50"));
        let text = with_ids("1", wrong);
        let path = "business.login.registered.IN.en: 1 to 50";
        assert!(text.len() == 1 && text[0].starts_with(path), "{text:?}");
    }
}

#[test]
fn the_price_of_a_countrys_table_comes_first() {
    let list = "[sms.price_list]\ndate = '2026-11-24'\nsource = 'a list'\nusd = [{ US = 0.02, DE = 0.09 }]\n";
    let sms = format!("price_usd.DE = 0.08\n{list}[sms.country.US]\nprice_usd = 0.03");
    let policy = from_toml(&serving("'US', 'DE'", &sms, "")).expect("valid");
    let price = |code| policy.sms.prices.get(&country(code).expect("a country"));
    assert_eq!(price("US").copied(), MicroUsd::from_dollars(0.03));
    assert_eq!(price("DE").copied(), MicroUsd::from_dollars(0.08));
    // It is enough for a country without any other price.
    let priced = SMALLEST.replace(
        "[sms.price_usd]\n    US = 0.01",
        "[sms.country.US]\n    price_usd = 0.01",
    );
    assert_eq!(faults(&priced), [""; 0]);
}

#[test]
fn warns_of_what_may_not_work() {
    let warn = |countries, sms: &str| {
        let more = "registered = {}";
        let policy = from_toml(&serving(countries, sms, more)).expect("valid");
        let paths = policy.warnings().into_iter().map(|warning| warning.path);
        paths.collect::<Vec<_>>()
    };
    assert_eq!(warn("'AU', 'DE', 'US'", ""), [""; 0]);
    // AU registers sender ids, DE does not, and the US shows none.
    let global = "sender_id = 'ACME'";
    assert_eq!(
        warn("'AU', 'DE', 'US'", global),
        ["sms.country.AU.sender_id"]
    );
    for own in [
        "sender_id = 'ACMEAU'",
        "sender_id = ''",
        "origination_number = '61412345678'",
    ] {
        assert_eq!(
            warn("'AU', 'DE'", &format!("{global}\n[sms.country.AU]\n{own}")),
            [""; 0]
        );
    }
    assert_eq!(warn("'IN'", ""), ["sms.country.IN.entity_id"]);
    assert_eq!(warn("'IN'", global), ["sms.country.IN.entity_id"]);
    // Somebody with several numbers says which one texts the US.
    let number = "[sms.country.CA]\norigination_number = '+18005550100'";
    assert_eq!(
        warn("'US', 'CA'", number),
        ["sms.country.US.origination_number"]
    );
}

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
            text += &format!("sender_id = {id:?}\n");
        }
        for (country, rule) in &self.rules {
            text += &format!("[sms.country.{country}]\n");
            if let Some(id) = rule.sender_id {
                text += &format!("sender_id = {id:?}\n");
            }
            if rule.number {
                text += &format!("origination_number = {NUMBER:?}\n");
            }
            if rule.entity_id {
                text += "entity_id = \"entity\"\n";
            }
            if !rule.locales.is_empty() {
                text += &format!("locales = {:?}\n", rule.locales);
            }
        }
        for (n, texts) in self.businesses.iter().enumerate() {
            text += &format!("[business.b{n}]\nbrand = \"Example\"\ndefault_locale = \"en\"\n");
            for locale in &texts.templates {
                let signature = if texts.signed.contains(locale) {
                    "【{brand}】"
                } else {
                    ""
                };
                text += &format!("templates.{locale} = \"{signature}{{code}} in {locale}\"\n");
            }
            for locale in &texts.registered {
                text += &format!("registered.IN.{locale} = \"b{n}-{locale}\"\n");
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
            sender_works && rule.locales.iter().all(|locale| is_known(locale)) && texts_work
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
        let to = country(code);
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

/// Reads a generated policy, and checks every text that it can send. Returns whether it was accepted.
fn check_given(given: &Given) -> bool {
    let text = given.write();
    let policy = from_toml(&text);
    assert_eq!(
        policy.is_ok(),
        given.can_work(),
        "{text}\n{:?}",
        policy.err()
    );
    let Ok(policy) = policy else { return false };
    let catalog = Catalog::new(&policy).expect("compiles");
    for code in COUNTRIES {
        for wanted in [None, Some("fr")].into_iter().chain(LOCALES.map(Some)) {
            assert_obeys(given, &policy, &catalog, code, wanted);
        }
    }
    true
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

#[test]
fn a_signature_stands_first_and_names_somebody() {
    let mut policy = from_toml(SMALLEST).expect("valid");
    let business: &mut Business = policy.businesses.values_mut().next().expect("a business");
    let en = Locale::parse("en").expect("a locale");
    for (template, is_signed) in [
        ("【{brand}】{code}", true),
        ("【Example Ltd】\n{code}", true),
        ("{code}【{brand}】", false),
        (" 【{brand}】{code}", false),
        ("[{brand}] {code}", false),
        ("【】{code}", false),
        ("【 】{code}", false),
        ("【{brand} {code}", false),
        ("【{code}】", false),
        ("【{action}】{code}", false),
    ] {
        business.templates.insert(en.clone(), template.to_owned());
        assert_eq!(business.is_signed_in(&en), is_signed, "{template}");
    }
}
