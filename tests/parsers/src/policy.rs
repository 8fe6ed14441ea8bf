//! The target for the policy file.

use std::collections::BTreeMap;
use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::code::Code;
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::{Business, Policy, PolicyFaults};
use phoneproof_domain::rule::Rule;
use toml::{Table, Value};

use crate::fixture::NOW;
use crate::{Outcome, Target, bytes_of};

/// Reads the bytes as a whole policy file.
pub(crate) const POLICY: Target = Target {
    name: "policy",
    run,
    seeds: || {
        let mut seeds = bytes_of([SMALL, FULL]);
        seeds.push(DEFAULT_POLICY.as_bytes().to_vec());
        seeds
    },
    words: &[
        "0",
        "1",
        "-1",
        "601",
        "4294967295",
        "4294967296",
        "1.5",
        "nan",
        "inf",
        "1e-9",
        "true",
        "\"\"",
        "\"24:00\"",
        "\"+1:+2\"",
        "\"US\"",
        "\"UK\"",
        "[]",
        "{}",
        "\"{code}\"",
        "{code}",
        "{brand}",
        "{minutes}",
        "{action}",
        "\"2026-11-24\"",
        "{minutes:a|b}",
        "{",
        "}",
        "\"0.50\"",
        "\"1e1\"",
        "\"inf\"",
        "\"+.5\"",
        "\"mobile\"",
        "\"satellite\"",
        "\n",
        "[limits]\n",
        "[[test_number]]\n",
        "[purses]\n",
        "[sms.country.IN]\n",
        "[sms.country.CN]\n",
        "locales = [\"en\"]\n",
        "sender_id = \"ACME\"\n",
        "channels = [\"sns\", \"hook\"]\n",
        "[purses.attested]\n",
        "shadow = [\"country-purse\"]\n",
        "\"9999-12-31T23:59:59Z\"",
        "\"0000-01-01T00:00:00Z\"",
        "\\u0000",
        "\\n",
        "\"a\\nb\" = 1\n",
        "💬",
        "\u{202e}",
        "#",
        "=",
    ],
};

const SMALL: &str = "[numbers]\ncountries = [\"US\"]\n[sms]\nprice_usd.US = 0.01\n[business.login]\nbrand = \"Example\"\ndefault_locale = \"en\"\n\
    templates.en = \"{code}\"\n";

const FULL: &str = r#"
day_starts_at = "16:00"
[limits]
cooldown_seconds = 30
phone_per_hour = 3
[lock]
wrong_codes_per_day = 5
consecutive_wrong_codes = 50
remembered_days = 30
[numbers]
countries = ["DE", "gb", "IN", "CN"]
types = ["mobile", "voip"]
[[numbers.range]]
prefix = "+49199"
digits = 12
country = "DE"
type = "mobile"
[sms]
type = "Promotional"
sender_id = "EXAMPLE"
channels = ["sns"]
max_price_usd = "0.35"
max_segments = 3
[sms.price_usd]
DE = 0.08
[sms.country.DE]
origination_number = "+4915112345678"
[sms.country.CN]
locales = ["zh"]
price_usd = 0.02
[sms.country.IN]
sender_id = "ACMEIN"
entity_id = "1101"
locales = ["en-gb"]
[sms.price_list]
date = "2026-11-24"
source = "a list"
usd = ["DE 0.09, FR 0.07", "GB 0.05"]
[purses]
shadow = ["money-per-day"]
gain = 1.75
[purses.money_stop]
usd_per_day = 12.5
[purses.crowd]
texts = 28
refill_minutes = 45
[purses.attested]
[purses.shards]
DE = 2
[business.pay]
brand = "Bär 💬"
default_locale = "de"
code_length = 8
code_lifetime_seconds = 600
attempts = 3
success_token_lifetime_seconds = 60
origin = "pay.example.com"
android_hash = "FA+9qCX9VSu"
texts_per_hour = 500
texts_per_day = 4000
client_key_sha256 = "A3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
[business.pay.templates]
de = "{brand}: {code}, {minutes:Minute|Minuten}, {action}"
en_GB = "{code} for {brand}"
zh = "【{brand}】{code}"
[business.pay.registered.IN]
en_GB = "1107"
[business.pay.actions]
pay = { de = "zahlen", en_GB = "pay" }
other = { de = "bestätigen" }
[[test_number]]
phone = "+4915112345678"
code = ["12345678"]
until = "2027-01-31T00:00:00+01:00"
per_day = 10
"#;

fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let compiled = phoneproof_config::policy::from_toml(text).and_then(|policy| {
        check(
            &policy,
            &toml::from_str(text).expect("an accepted file is TOML"),
        );
        Catalog::new(&policy).map(|catalog| check_texts(&policy, &catalog))
    });
    match compiled {
        Ok(()) => Outcome::Accepted,
        Err(faults) => {
            check_faults(&faults);
            Outcome::Refused
        }
    }
}

/// Checks that every fault says where and why, and that all of them fit on one line.
fn check_faults(faults: &PolicyFaults) {
    assert!(!faults.0.is_empty());
    for fault in &faults.0 {
        assert!(!fault.path.is_empty() && !fault.reason.is_empty());
    }
    let line = faults.to_string();
    assert!(!line.chars().any(char::is_control), "{line:?}");
}

fn check(policy: &Policy, file: &Table) {
    let limits = &policy.limits;
    let mut counting = Rule::ALL
        .into_iter()
        .filter(|rule| rule.default_limit().is_some());
    assert!(counting.all(|rule| limits.get(rule) >= Some(1)));
    assert!((10..=3_600).contains(&limits.cooldown.as_secs()));
    assert!((1..=100).contains(&policy.lockout.soft) && (1..=100).contains(&policy.lockout.hard));
    assert!(policy.slots().count <= policy.most_slots);
    check_time_of_day(policy.day_starts_at, file.get("day_starts_at"));
    assert!(!policy.numbers.countries.is_empty() && !policy.numbers.types.is_empty());
    for country in &policy.numbers.countries {
        assert!(country.has_numbers(), "{country} has no numbers");
    }
    let price = file.get("sms").and_then(|sms| sms.get("max_price_usd"));
    check_price(price.and_then(Value::as_str));
    assert_eq!(policy.sms.max_price.is_some(), price.is_some());
    assert!(
        policy
            .sms
            .prices
            .values()
            .all(|price| price.dollars() > 0.0)
    );
    check_purses(policy);
    check_senders(policy);
    assert!(!policy.businesses.is_empty());
    for (id, business) in &policy.businesses {
        check_business(id, business, &file["business"][id.as_str()]);
    }
    for test in &policy.test_numbers {
        for business in policy.businesses.values() {
            let code = test
                .code(business.code_length)
                .expect("a code of this length");
            assert_eq!(code.expose().len(), usize::from(business.code_length));
            assert!(!format!("{test:?}").contains(code.expose()));
        }
        let limits = policy.find_limits(&test.phone, NOW);
        assert!(limits.get(Rule::PhonePerDay) >= Some(1));
        assert!(policy.make_terms(NOW, &limits).today.start <= NOW);
    }
}

/// Checks that a purse can pay for a text to every country, and that its numbers make sense.
fn check_purses(policy: &Policy) {
    assert_eq!(policy.purses.policy.faults(), []);
    for country in &policy.numbers.countries {
        let cost = policy.sms.estimate_cost(Some(*country), 1);
        assert!(cost.is_some_and(|cost| cost.amount.micros() > 0));
        assert!((1..=100).contains(&policy.purses.shards_of(*country)));
    }
    let shards = policy.purses.shards.keys();
    assert!(
        shards
            .into_iter()
            .all(|country| policy.numbers.countries.contains(country))
    );
}

/// Checks that what texts are sent as has the form that SNS accepts, in every country and locale.
fn check_senders(policy: &Policy) {
    let is_id = |id: &str| (1..=50).contains(&id.len());
    for country in &policy.numbers.countries {
        assert!(!policy.sms.route(Some(*country)).is_empty());
        let allowed = policy.sms.locales(Some(*country));
        for business in policy.businesses.values() {
            let mut reachable = business.list_locales_among(allowed).peekable();
            assert!(reachable.peek().is_some());
            for locale in reachable {
                let sent_as = policy.find_sent_as(Some(*country), business, locale);
                match sent_as.origination {
                    Origination::Unnamed => {}
                    Origination::SenderId(id) => assert!((3..=11).contains(&id.len())),
                    Origination::Number(number) => assert!((5..=15).contains(&number.len())),
                }
                let ids = sent_as.registration;
                assert!(ids.is_none_or(|ids| is_id(ids.entity_id) && is_id(ids.template_id)));
            }
        }
    }
}

/// Checks that a time of day has only one accepted spelling.
fn check_time_of_day(starts_at: Duration, written: Option<&Value>) {
    let minutes = starts_at.as_secs() / 60;
    assert!(minutes < 24 * 60 && starts_at.as_secs().is_multiple_of(60));
    let canonical = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let written = written.and_then(Value::as_str).unwrap_or("00:00");
    assert_eq!(written, canonical);
}

/// Checks that a price has the form that SNS reads: digits, perhaps with a fraction.
fn check_price(price: Option<&str>) {
    let Some(price) = price else { return };
    let (whole, fraction) = price.split_once('.').unwrap_or((price, "0"));
    for digits in [whole, fraction] {
        assert!(
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
            "{price}"
        );
    }
    let dollars: f64 = price.parse().expect("a number");
    assert!(dollars > 0.0 && dollars < 100.0, "{price}");
}

fn check_business(id: &BusinessId, business: &Business, written: &Value) {
    assert_eq!(BusinessId::parse(id.as_str()).as_ref(), Ok(id));
    assert!((6..=10).contains(&business.code_length) && (1..=10).contains(&business.attempts));
    assert!((30..=600).contains(&business.code_lifetime.as_secs()));
    assert!((30..=3_600).contains(&business.success_lifetime.as_secs()));
    assert!(business.templates.contains_key(&business.default_locale));
    let digest = business.client_key_sha256.map(|digest| {
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    });
    let written = written.get("client_key_sha256").and_then(Value::as_str);
    assert_eq!(digest, written.map(str::to_ascii_lowercase));
}

/// Checks that every text of the catalogue contains the code and fits into its segments.
fn check_texts(policy: &Policy, catalog: &Catalog) {
    let line = format!("{:?}", policy.list_warnings(catalog));
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let sizes: BTreeMap<_, _> = catalog
        .report()
        .iter()
        .map(|line| ((&line.business, &line.locale), line.segments.count))
        .collect();
    for (id, business) in &policy.businesses {
        let code = Code::from_number(7, business.code_length);
        let texts = catalog.templates(id).expect("its texts");
        for locale in business.templates.keys() {
            let kinds = business.action_labels.keys().map(ToString::to_string);
            let mut longest = 0;
            for action in kinds.map(Some).chain([None]) {
                let lifetime = business.code_lifetime;
                let text = texts.render(locale, action.as_deref(), &code, lifetime);
                assert!(text.body.contains(code.expose()));
                assert!(
                    !text.body.chars().any(|c| c.is_control() && c != '\n'),
                    "{:?}",
                    text.body
                );
                assert!((1..=policy.sms.max_segments).contains(&text.segments));
                longest = longest.max(text.segments);
            }
            assert_eq!(sizes.get(&(id, locale)), Some(&longest));
            assert_eq!(&texts.choose_locale(&[], Some(locale)), locale);
        }
        assert_eq!(texts.choose_locale(&[], None), business.default_locale);
    }
}
