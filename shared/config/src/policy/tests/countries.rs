//! Rules of countries: what is accepted, and what an operator is warned of.

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

/// The table of End User Messaging may name who sends there: a pool, which may hold the sender that the country wants.
#[test]
fn what_end_user_messaging_sends_with_stands_in_its_own_table_first() {
    const IN: &str = "[sms.country.IN]\nentity_id = '1'\nlocales = ['en']\n";
    const TEXT: &str = "registered.IN.en = '2'";
    const ID: &str = "sms.country.IN.entity_id: the id of the sender";
    const SENDER: &str = "sms.country.IN.sender_id: a registered sender id";
    for (route, country, sms, business, own, expected) in [
        (
            "EUM",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "country.US = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM, 'sns'",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "country.US = 'pool-0123456789abcdef'",
            Some("sms.country.US.sender_id: AWS"),
        ),
        // What is for all countries comes after what the country has.
        (
            "EUM",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "origination_identity = 'pool-0123456789abcdef'",
            Some("sms.country.US.sender_id: AWS"),
        ),
        (
            "EUM",
            "US",
            "",
            "",
            "country.US = 'arn:aws:sms-voice:us-east-1:111122223333:sender-id/ACME/US'",
            Some("end_user_messaging.country.US: AWS sends no text with a sender id"),
        ),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "country.IN = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "origination_identity = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM, 'sns'",
            "IN",
            IN,
            TEXT,
            "origination_identity = 'pool-0123456789abcdef'",
            Some(SENDER),
        ),
        ("EUM", "IN", IN, TEXT, "", Some(SENDER)),
        ("EUM", "IN", "", "", "country.IN = 'ACMEIN'", Some(ID)),
        (
            "EUM",
            "IN",
            "",
            "",
            "country.IN = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM",
            "IN",
            "[sms.country.IN]\nsender_id = 'ACMEIN'",
            "",
            "origination_identity = 'pool-0123456789abcdef'",
            Some(ID),
        ),
    ] {
        let route = route.replace("EUM", "'end-user-messaging'");
        let text = serving_by(
            &format!("[{route}]"),
            &format!("'{country}'"),
            sms,
            business,
        );
        let found = faults(&format!("{text}{own}"));
        let are_right = match expected {
            None => found.is_empty(),
            Some(start) => found.len() == 1 && found[0].starts_with(start),
        };
        assert!(are_right, "{route} {country} {sms} {own}: {found:#?}");
    }
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
fn warns_of_what_may_not_work() {
    let warn_with = |route, countries, sms: &str, own: &str| {
        let text = serving_by(route, countries, sms, "registered = {}");
        let policy = from_toml(&format!("{text}{own}")).expect("valid");
        let paths = policy.warnings().into_iter().map(|warning| warning.path);
        paths.collect::<Vec<_>>()
    };
    let warn = |countries, sms: &str| {
        let of = |route| warn_with(route, countries, sms, "");
        let found = of(BY_AWS[0]);
        for route in BY_AWS {
            assert_eq!(of(route), found, "{route} {countries} {sms}");
        }
        found
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
    let own = "country.CA = '+18005550100'";
    assert_eq!(
        warn_with(BY_AWS[1], "'US', 'CA'", "", own),
        ["sms.country.US.origination_number"]
    );
    // What a pool holds is not known here, and the ids of India go with the text.
    let pool = "origination_identity = 'pool-0123456789abcdef'";
    let by_pool = |sms| warn_with(BY_AWS[1], "'AU', 'IN', 'US'", sms, pool);
    assert_eq!(by_pool(global), ["sms.country.IN.entity_id"]);
    let by_both = warn_with(BY_AWS[2], "'AU'", global, pool);
    assert_eq!(by_both, ["sms.country.AU.sender_id"]);
    // The operator's own provider has rules of its own.
    let hook = "\n[hook]\nurl = 'https://hooks.example.com'";
    assert_eq!(warn_with("['hook']", "'AU', 'IN'", global, hook), [""; 0]);
}

/// The policy of a country whose texts end in a channel that does not serve it texts nobody there.
#[test]
fn a_channel_that_does_not_serve_a_country_is_no_route_to_it() {
    const NOTIFY: &str = "[notify]";
    let serving = |route: &str, own: &str| {
        let sms = format!("{route}\n[sms.country.CN]\nlocales = ['zh']\n{own}");
        serving("'CN', 'IN', 'US'", &sms, NOTIFY)
    };
    let refused = |route: &str, own: &str, expected: &str| {
        let found = faults(&serving(route, own));
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{route} {own}: {found:#?}"
        );
    };
    refused(
        "",
        "channels = ['notify']",
        "sms.country.CN.channels: `notify` does not serve CN",
    );
    refused(
        "",
        "channels = ['sns', 'notify']",
        "sms.country.CN.channels: `notify` does not serve CN",
    );
    // No list of its own: what all countries have leads nowhere.
    refused(
        "channels = ['notify']",
        "",
        "sms.country.CN.channels: `notify` does not serve CN: name a channel that does",
    );
    let paths = |route: &str, own: &str| {
        let policy = from_toml(&serving(route, own)).expect("valid");
        let warnings = policy.warnings().into_iter();
        let of_china = warnings.filter(|warning| warning.path.contains(".CN."));
        of_china.map(|warning| warning.path).collect::<Vec<_>>()
    };
    assert_eq!(
        paths("channels = ['notify']", "channels = ['sns']"),
        [""; 0]
    );
    // Notify is left out there, in any place.
    for route in [
        "channels = ['notify', 'sns']",
        "channels = ['sns', 'notify']",
    ] {
        assert_eq!(paths(route, ""), ["sms.country.CN.channels"]);
    }
    let route = "channels = ['notify', 'sns']";
    assert_eq!(paths(route, "channels = ['sns']"), [""; 0]);
}

#[test]
fn warns_of_calls_to_a_country_that_the_basic_tier_of_notify_leaves_out() {
    let warn = |called: &str| {
        let notify = "[notify]\nvoice_template_id = 'speaks'\n";
        let voice = format!("[voice]\ncountries = [{called}]\nprice_usd = 0.1\n");
        let text = serving("'CN', 'US'", "[sms.country.CN]\nlocales = ['zh']", "");
        let policy = from_toml(&format!("{text}\n{notify}{voice}")).expect("valid");
        policy.warnings()
    };
    assert_eq!(warn("'US'"), []);
    let warnings = warn("'US', 'CN'");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].path, "voice.countries");
    assert!(warnings[0].reason.starts_with("CN "), "{warnings:?}");
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
