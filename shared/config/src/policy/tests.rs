//! Tests of whole policy files: defaults, faults and overrides.

mod affordable;
mod callers;
mod channels;
mod countries;
mod country_properties;
mod faults;
mod labels_and_prices;
mod numbers;
mod pairs;
mod purses;
mod slots;
mod values;
mod voice;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::limits::Limits;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::phone::NumberType;
use phoneproof_domain::phone_record::Lockout;
use phoneproof_domain::policy::{Fault, SmsType};
use phoneproof_domain::rule::Rule;

use super::*;
use crate::tests_support::Given;

const SMALLEST: &str = r#"
    [numbers]
    countries = ["US"]
    [sms.price_usd]
    US = 0.01
    [business.login]
    brand = "Example"
    default_locale = "en"
    templates.en = "{code}"
"#;

fn faults(text: &str) -> Vec<String> {
    match from_toml(text) {
        Ok(_) => Vec::new(),
        Err(PolicyFaults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The warnings of a policy without faults.
fn warnings(text: &str) -> Vec<Fault> {
    let policy = from_toml(text).expect("valid");
    let catalog = Catalog::new(&policy).expect("compiles");
    policy.list_warnings(&catalog)
}

/// Adds each text to the smallest policy, and finds the fault that begins so.
fn assert_refused(cases: &[(&str, &str)]) {
    for (addition, expected) in cases {
        // Top-level keys stand before the first table of the file.
        let found = faults(&format!("{addition}\n{SMALLEST}"));
        assert!(
            found.iter().any(|f| f.starts_with(expected)),
            "{addition}: {found:?}"
        );
    }
}

/// Makes limits of these numbers, in the order of the counting rules.
fn limits(cooldown: Duration, counts: [u32; 4]) -> Limits {
    let rules = [
        Rule::PhonePerHour,
        Rule::PhonePerDay,
        Rule::DevicePerDay,
        Rule::AddressPerHour,
    ];
    Limits::new(cooldown, |rule| {
        let place = rules.iter().position(|counting| *counting == rule);
        place.map_or_else(|| Limits::default_of(rule), |place| counts[place])
    })
}

#[test]
fn the_smallest_policy_has_the_documented_defaults() {
    let policy = from_toml(SMALLEST).expect("valid");
    assert_eq!(policy.day_starts_at, Duration::ZERO);
    assert_eq!(
        policy.limits,
        limits(Duration::from_mins(1), [5, 10, 10, 20])
    );
    let lockout = Lockout {
        soft: 20,
        hard: 100,
        remembered: Duration::from_hours(90 * 24),
    };
    assert_eq!(policy.lockout, lockout);
    let textable = BTreeSet::from([NumberType::Mobile, NumberType::FixedLineOrMobile]);
    assert_eq!(policy.numbers.types, textable);
    assert_eq!(policy.sms.sms_type, SmsType::Transactional);
    assert_eq!(policy.sms.max_segments, 2);
    assert_eq!(policy.slots().count, 10);
    let business = policy.businesses.values().next().expect("a business");
    assert_eq!((business.code_length, business.attempts), (6, 5));
    assert_eq!(business.code_lifetime, Duration::from_mins(5));
    assert_eq!(business.success_lifetime, Duration::from_mins(5));
}

#[test]
fn the_policy_without_its_comments_is_the_same() {
    let none = Given(HashMap::new());
    let compiled_in = from_environment(&none).expect("valid");
    assert_eq!(
        format!("{compiled_in:?}"),
        format!("{:?}", from_toml(DEFAULT_POLICY).expect("valid"))
    );
    let text = str::from_utf8(&COMPILED_IN).expect("UTF-8");
    assert!(!text.contains('#'), "{text}");
}

#[test]
fn the_values_of_the_file_replace_the_defaults() {
    let text = r#"
        day_starts_at = "16:30"
        [limits]
        cooldown_seconds = 61
        phone_per_hour = 2
        phone_per_day = 3
        device_per_day = 4
        address_per_hour = 5
        [lock]
        wrong_codes_per_day = 7
        consecutive_wrong_codes = 8
        remembered_days = 9
        [numbers]
        countries = ["US", "de"]
        types = ["voip"]
        [sms]
        type = "Promotional"
        sender_id = "Example-1"
        max_price_usd = "0.50"
        max_segments = 3
        price_usd = { US = 0.00645 }
        [business.login]
        brand = "Example"
        default_locale = "en"
        code_length = 8
        code_lifetime_seconds = 120
        attempts = 3
        success_token_lifetime_seconds = 90
        client_key_sha256 = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
        templates.en = "{code}"
        [[test_number]]
        phone = "+14155550100"
        code = "12345678"
        until = "2099-01-01T00:00:00Z"
    "#;
    let policy = from_toml(text).expect("valid");
    assert_eq!(policy.day_starts_at, Duration::from_mins(16 * 60 + 30));
    assert_eq!(policy.limits, limits(Duration::from_secs(61), [2, 3, 4, 5]));
    let lockout = Lockout {
        soft: 7,
        hard: 8,
        remembered: Duration::from_hours(9 * 24),
    };
    assert_eq!(policy.lockout, lockout);
    let countries = ["DE", "US"].map(|code| Country::parse(code).expect("a country"));
    assert_eq!(policy.numbers.countries, BTreeSet::from(countries));
    assert_eq!(policy.numbers.types, BTreeSet::from([NumberType::Voip]));
    assert_eq!(policy.sms.sms_type, SmsType::Promotional);
    assert_eq!(
        policy.sms.origination,
        Origination::SenderId("Example-1".to_owned())
    );
    assert_eq!(policy.sms.max_price, MicroUsd::from_dollars(0.50));
    assert_eq!(policy.sms.max_segments, 3);
    let price = policy.sms.prices.get(&countries[1]);
    assert_eq!(price.copied(), MicroUsd::from_dollars(0.00645));
    let business = policy.businesses.values().next().expect("a business");
    assert_eq!((business.code_length, business.attempts), (8, 3));
    assert_eq!(business.code_lifetime, Duration::from_mins(2));
    assert_eq!(business.success_lifetime, Duration::from_secs(90));
    let digest = std::array::from_fn(|n| u8::try_from(n).expect("below 32"));
    assert_eq!(business.client_key_sha256, Some(digest));
    let number = policy.test_numbers.first().expect("a test number");
    assert_eq!(number.code(8).map(Code::expose), Some("12345678"));
    assert_eq!(number.until.to_string(), "2099-01-01T00:00:00Z");
    assert_eq!(number.per_day, 100);
}

#[test]
fn a_host_is_written_in_lower_case() {
    let policy = from_toml(&format!("{SMALLEST}\norigin = \"App.Example.COM\"")).expect("valid");
    let business = policy.businesses.values().next().expect("a business");
    assert_eq!(business.origin.as_deref(), Some("app.example.com"));
}

/// Reads the policy in an environment with one variable.
fn read_with(name: &'static str, value: &'static str) -> Result<Policy, ConfigError> {
    from_environment(&Given(HashMap::from([(name, value)])))
}

#[test]
fn a_stage_can_set_its_own_sender_id_and_highest_price() {
    let policy = read_with("SMS_SENDER_ID", "ACME").expect("accepted");
    assert_eq!(
        policy.sms.origination,
        Origination::SenderId("ACME".to_owned())
    );
    assert_eq!(policy.sms.max_price, MicroUsd::from_dollars(0.50));
    let policy = read_with("SMS_MAX_PRICE_USD", "0.10").expect("accepted");
    assert_eq!(policy.sms.max_price, MicroUsd::from_dollars(0.10));
    for (name, value, path) in [
        ("SMS_SENDER_ID", "twelve-chars", "sms.sender_id"),
        ("SMS_SENDER_ID", "123", "sms.sender_id"),
        ("SMS_MAX_PRICE_USD", "free", "sms.max_price_usd"),
    ] {
        let error = read_with(name, value).expect_err("refused").to_string();
        assert!(error.contains(path), "{error}");
    }
}

#[test]
fn the_compiled_policy_is_valid() {
    assert!(from_environment(&Given(HashMap::new())).is_ok());
}

#[test]
fn a_locale_without_a_template_falls_back_to_a_shorter_one_or_the_default() {
    let policy = from_toml(DEFAULT_POLICY).expect("valid");
    let catalog = Catalog::new(&policy).expect("compiles");
    let (id, _) = policy.businesses.iter().next().expect("a business");
    let texts = catalog.templates(id).expect("its texts");
    let pick = |tag: &str| {
        let wanted = Locale::parse(tag).expect("a locale");
        texts.choose_locale(&[], Some(&wanted)).to_string()
    };
    assert_eq!(pick("zh-Hans-CN"), "zh");
    assert_eq!(pick("en-GB"), "en");
    assert_eq!(pick("fr"), "en");
}

#[test]
fn the_sample_policy_fits_one_segment_in_english_and_chinese() {
    let policy = from_toml(DEFAULT_POLICY).expect("valid");
    let catalog = Catalog::new(&policy).expect("compiles");
    assert!(catalog.report().iter().all(|line| line.segments.count == 1));
}
