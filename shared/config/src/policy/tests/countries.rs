//! Rules of countries: what is accepted.

mod end_user_messaging;
mod senders;
mod warnings;

use phoneproof_domain::policy::Business;

use super::*;

/// A policy that serves these countries, with this text in `[sms]` and after it, and one business in two locales.
fn serving(countries: &str, sms: &str, more: &str) -> String {
    format!(
        "[numbers]\ncountries = [{countries}]\n[sms]\nmax_price_usd = \"0.50\"\n{sms}\n\
         [business.login]\nbrand = \"Example\"\ndefault_locale = \"en\"\n\
         templates = {{ en = \"{{code}}\", zh = \"【{{brand}}】{{code}}\" }}\n{more}"
    )
}

pub(super) fn country(code: &str) -> Country {
    Country::parse(code).expect("a country")
}

/// The routes whose texts have the operator's own words and sender, and leave by AWS.
const BY_AWS: [&str; 3] = [
    "['sns']",
    "['end-user-messaging']",
    "['end-user-messaging', 'sns']",
];

/// The same policy with this route. It has an empty table of End User Messaging.
fn serving_by(route: &str, countries: &str, sms: &str, more: &str) -> String {
    let sms = format!("channels = {route}\n{sms}");
    serving(countries, &sms, &format!("{more}\n[end_user_messaging]\n"))
}

/// Checks that each policy has exactly these faults, whichever channel of AWS the texts take.
fn assert_faults(cases: &[(&str, &str, &str, &[&str])]) {
    let check = |text: &str, expected: &[&str]| {
        let found = faults(text);
        let begins = |(fault, start): (&String, &&str)| fault.starts_with(start);
        assert!(
            found.len() == expected.len() && found.iter().zip(expected).all(begins),
            "{text}: {found:#?}"
        );
    };
    for (countries, sms, more, expected) in cases {
        check(&serving(countries, sms, more), expected);
        let named = BY_AWS.iter().filter(|_| !sms.contains("channels"));
        for route in named {
            check(&serving_by(route, countries, sms, more), expected);
        }
    }
}

#[test]
fn names_each_fault_of_a_sender() {
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
    ]);
}

#[test]
fn names_each_fault_of_a_registered_text() {
    assert_faults(&[
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
    ]);
}

#[test]
fn names_each_fault_of_a_locale_a_channel_and_a_price() {
    const CN: &str = "[sms.country.CN]\nlocales = [\"zh\"]\n";
    assert_faults(&[
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
        (["12345", "+49345678901234", "18005550100"], true),
        (["1234", "+123456789012345", "+1 800 555"], false),
        (["", "+", "+1800555O100"], false),
        (["00000", "+00000000000000", "018005550100"], false),
    ] {
        for number in numbers {
            let sms = format!("[sms.country.DE]\norigination_number = {number:?}");
            let found = faults(&serving("'DE'", &sms, ""));
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
    let list =
        "[sms.price_list]\ndate = '2026-11-24'\nsource = 'a list'\nusd = ['US 0.02, DE 0.09']\n";
    let sms = format!("price_usd.DE = 0.08\n{list}[sms.country.US]\nprice_usd = 0.03");
    let policy = from_toml(&serving("'US', 'DE'", &sms, "")).expect("valid");
    let price = |code| policy.sms.prices.get(&country(code));
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
        ("【\u{200b}】{code}", false),
        ("【\u{2060}\u{feff} \u{ad}】{code}", false),
        ("【\u{3164}】{code}", false),
        ("【\u{200b}例】{code}", true),
        ("【{brand} {code}", false),
        ("【{code}】", false),
        ("【{action}】{code}", false),
    ] {
        business.templates.insert(en.clone(), template.to_owned());
        assert_eq!(business.is_signed_in(&en), is_signed, "{template}");
    }
}
