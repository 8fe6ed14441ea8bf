//! Two faults at once: a value of the wrong type hides no fault of another value.

use toml::{Table, Value};

use super::*;

/// A policy without faults that has every table.
const WHOLE: &str = r#"
    day_starts_at = "00:00"
    [limits]
    cooldown_seconds = 60
    phone_per_hour = 5
    [lock]
    wrong_codes_per_day = 20
    consecutive_wrong_codes = 100
    [numbers]
    countries = ["US", "GB", "IN", "CN"]
    types = ["mobile", "voip"]
    [[numbers.range]]
    prefix = "+1436"
    digits = 11
    country = "US"
    type = "voip"
    [[numbers.range]]
    prefix = "+1437"
    digits = 11
    country = "US"
    type = "mobile"
    [sms]
    type = "Transactional"
    channels = ["end-user-messaging", "notify"]
    sender_id = "ACMECO"
    max_price_usd = "0.50"
    max_segments = 3
    [sms.price_usd]
    US = 0.01
    [sms.price_list]
    date = "2025-02-10"
    source = "https://example.com/prices"
    usd = ["GB 0.05, IN 0.07"]
    [sms.country.CN]
    locales = ["zh"]
    price_usd = 0.02
    channels = ["end-user-messaging", "hook"]
    [sms.country.IN]
    entity_id = "1201158"
    locales = ["en"]
    [sms.country.US]
    origination_number = "+18005550100"
    [purses]
    shadow = ["country-purse"]
    gain = 4.0
    strange_gain = 3.0
    least_gain = 2.5
    unearned_usd_per_day = 4.75
    [purses.money_stop]
    usd_per_day = 25.0
    [purses.crowd]
    texts = 30
    refill_to = 25
    [purses.known]
    days = 200
    after_days = 100
    texts = 600
    [purses.open]
    texts = 40
    usd = 3.0
    refill_to = 30
    young_texts = 50
    young_usd = 4.0
    start_texts = 45
    [purses.outage]
    known_lack_texts = 500
    [purses.number_block]
    start_texts = 20
    texts = 30
    start_usd = 2.0
    usd = 3.0
    [purses.shards]
    US = 2
    [business.login]
    brand = "Example"
    default_locale = "en"
    code_length = 8
    attempts = 5
    origin = "example.com"
    texts_per_hour = 50
    [business.login.templates]
    en = "{code} is your {brand} code to {action}."
    zh = "【{brand}】{code} {action}"
    [business.login.registered.IN]
    en = "1207161"
    [business.login.actions.pay]
    en = "pay"
    zh = "付款"
    [business.login.actions.other]
    en = "go on"
    zh = "继续"
    [business.pay]
    brand = "【Example】"
    default_locale = "zh"
    [business.pay.templates]
    en = "{code} is your {brand} code."
    zh = "{brand}{code}"
    [business.pay.registered.IN]
    en = "1207162"
    [[test_number]]
    phone = "+14155550100"
    code = ["123456", "12345678"]
    until = "2099-01-01T00:00:00Z"
    per_day = 10
    [[test_number]]
    phone = "+14155550101"
    code = ["123456", "12345678"]
    until = "2099-01-01T00:00:00Z"
    [attestation]
    issuer = "edge"
    [[attestation.key]]
    kid = "a"
    pem = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""
    [end_user_messaging]
    configuration_set = "codes"
    [end_user_messaging.country]
    GB = "ACMEGB"
    [notify]
    configuration_id = "notify-1"
    voice_template_id = "notify-code-verification-voice-english-001"
    [notify.templates]
    en = "notify-code-verification-english-001"
    [hook]
    url = "https://hook.example.com/texts"
    allow_private = false
    [voice]
    countries = ["US"]
    price_usd = 0.1
    prices = { US = 0.2 }
    start_calls = 15
    cap_calls = 20
    money_per_day_usd = 0.5
"#;

/// Changes of the whole policy that each cause faults: where, and the value there.
const BAD: &[(&str, &str)] = &[
    ("day_starts_at", "'25:00'"),
    ("limits.phone_per_hour", "0"),
    ("limits.cooldown_seconds", "1"),
    ("lock.wrong_codes_per_day", "0"),
    ("numbers.types", "['satellite']"),
    ("numbers.range.0.prefix", "'x'"),
    ("sms.type", "'Fast'"),
    ("sms.channels", "['telegram']"),
    ("sms.sender_id", "'A'"),
    ("sms.max_price_usd", "'free'"),
    ("sms.max_segments", "99"),
    ("sms.price_usd.US", "-1.0"),
    ("sms.price_usd.US", "30.0"),
    ("sms.price_list.date", "'soon'"),
    ("sms.price_list.source", "''"),
    ("sms.country.CN.locales", "['fr']"),
    ("sms.country.CN.locales", "['en']"),
    ("sms.country.CN.price_usd", "-1.0"),
    ("sms.country.CN.channels", "['telegram']"),
    ("sms.country.CN.sender_id", "'ACME'"),
    ("sms.country.IN.sender_id", "'A'"),
    ("sms.country.IN.locales", "['fr']"),
    ("sms.country.US.origination_number", "'+4915112345678'"),
    ("sms.country.DE", "{}"),
    ("purses.shadow", "['nothing']"),
    ("purses.gain", "100.0"),
    ("purses.unearned_usd_per_day", "-1.0"),
    ("purses.money_stop.usd_per_day", "0.001"),
    ("purses.crowd.texts", "0"),
    ("business.login.brand", "''"),
    ("business.login.default_locale", "'fr'"),
    ("business.login.code_length", "4"),
    ("business.login.attempts", "99"),
    ("business.login.origin", "'https://x'"),
    ("business.login.texts_per_hour", "0"),
    ("business.login.templates.zh", "'{code} {action}'"),
    ("business.login.actions.pay.en", "''"),
    ("business.pay.default_locale", "'fr'"),
    ("business.pay.templates.zh", "'{code}'"),
    (
        "business.Bad_Id",
        "{ brand = 'B', default_locale = 'en', templates.en = '{code}' }",
    ),
    ("test_number.0.phone", "'1'"),
    ("test_number.0.code", "'12'"),
    ("test_number.0.until", "'soon'"),
    ("test_number.0.per_day", "0"),
    ("attestation.issuer", "''"),
    ("attestation.key.0.kid", "''"),
    ("attestation.key.0.pem", "'x'"),
    ("end_user_messaging.origination_identity", "'x y'"),
    ("end_user_messaging.configuration_set", "'x y'"),
    ("end_user_messaging.country.DE", "'ACMEDE'"),
    ("notify.configuration_id", "'x y'"),
    ("notify.voice_template_id", "'x y'"),
    ("notify.templates.en", "'x y'"),
    (
        "notify.templates.fr",
        "'notify-code-verification-french-001'",
    ),
    ("hook.url", "'http://example.com'"),
    ("voice.countries", "['GB', 'DE']"),
    ("voice.price_usd", "-1.0"),
    ("voice.prices.US", "0.6"),
    ("voice.start_calls", "21"),
    ("test_number.1.phone", "'+14155550100'"),
    ("numbers.range.1.prefix", "'+1436'"),
];

fn find<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    let Some((first, rest)) = path.split_first() else {
        return Some(value);
    };
    let member = match value {
        Value::Table(table) => table.get_mut(*first),
        Value::Array(values) => values.get_mut(first.parse::<usize>().ok()?),
        _ => None,
    };
    find(member?, rest)
}

/// Sets the value at a path, in a table or a list that is there.
fn set(policy: &mut Value, path: &str, value: Value) {
    let (before, last) = path.rsplit_once('.').unwrap_or(("", path));
    let parts: Vec<&str> = before.split('.').filter(|part| !part.is_empty()).collect();
    match find(policy, &parts) {
        Some(Value::Table(table)) => {
            table.insert(last.to_owned(), value);
        }
        Some(Value::Array(values)) => values[last.parse::<usize>().expect("a place")] = value,
        _ => panic!("{path}: no such table"),
    }
}

fn list_paths(policy: &Value) -> Vec<String> {
    let members: Vec<(String, &Value)> = match policy {
        Value::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(values) => (0..)
            .map(|index: u8| index.to_string())
            .zip(values)
            .collect(),
        _ => Vec::new(),
    };
    let list = |(key, value): (String, &Value)| {
        let below = list_paths(value);
        let below: Vec<String> = below.iter().map(|path| format!("{key}.{path}")).collect();
        [vec![key], below].concat()
    };
    members.into_iter().flat_map(list).collect()
}

/// Values on which others depend. Without them nobody knows what the texts are, where they go, by which way and for
/// what price.
fn is_needed(path: &str) -> bool {
    let tables = [
        "business.login.templates",
        "business.pay.templates",
        "numbers",
        "sms.channels",
        "sms.country",
        "test_number.0.phone",
        "voice.cap_calls",
        "voice.countries",
    ];
    [
        "business",
        "business.login",
        "business.pay",
        "sms",
        "test_number.0",
    ]
    .contains(&path)
        || tables.iter().any(|table| is_within(path, table))
}

fn parse(value: &str) -> Value {
    let table: Table = format!("value = {value}").parse().expect("TOML");
    table["value"].clone()
}

fn is_within(path: &str, table: &str) -> bool {
    path.strip_prefix(table)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Returns the paths of faults, with dots alone.
fn paths_of(policy: &Value) -> BTreeSet<String> {
    let text = toml::to_string(policy).expect("TOML");
    let Err(PolicyFaults(faults)) = from_toml(&text) else {
        return BTreeSet::new();
    };
    faults
        .iter()
        .map(|fault| fault.path.replace('[', ".").replace(']', ""))
        .collect()
}

#[test]
fn a_value_of_the_wrong_type_causes_one_fault_and_hides_none_of_another_value() {
    /// The bad values are tried in so many groups, in a fraction of the time that each alone would take.
    const GROUPS: usize = 5;
    let whole = Value::Table(WHOLE.parse().expect("TOML"));
    assert_eq!(paths_of(&whole), BTreeSet::new());
    let paths = list_paths(&whole);
    // No value of a policy is a date.
    let wrong = parse("1979-05-27");
    for path in &paths {
        let mut one = whole.clone();
        set(&mut one, path, wrong.clone());
        let found = paths_of(&one);
        let is_named = found.iter().all(|own| is_within(path, own));
        assert!(found.len() == 1 && is_named, "{path}: {found:?}");
    }
    let mut hidden = Vec::new();
    for group in 0..GROUPS {
        let bad = || BAD.iter().skip(group).step_by(GROUPS);
        let mut policy = whole.clone();
        for (at, value) in bad() {
            set(&mut policy, at, parse(value));
        }
        let expected = paths_of(&policy);
        let is_other = |path: &&String| {
            let touches = |(at, _): &(&str, &str)| is_within(at, path) || is_within(path, at);
            !is_needed(path) && !bad().any(touches)
        };
        for path in paths.iter().filter(is_other) {
            let mut both = policy.clone();
            set(&mut both, path, wrong.clone());
            let found = paths_of(&both);
            let lost = expected
                .iter()
                .filter(|own| !found.contains(*own) && !is_within(own, path));
            hidden.extend(lost.map(|lost| format!("{path} hides {lost}")));
        }
    }
    assert_eq!(hidden, [""; 0]);
}

#[test]
fn each_bad_value_is_a_fault() {
    let whole = Value::Table(WHOLE.parse().expect("TOML"));
    for (at, value) in BAD {
        let mut policy = whole.clone();
        set(&mut policy, at, parse(value));
        assert!(!paths_of(&policy).is_empty(), "{at} = {value}");
    }
}
