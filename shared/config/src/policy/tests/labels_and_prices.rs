//! Labels of actions, and the price list.

use super::*;

#[test]
fn names_each_fault_of_labels_and_prices() {
    let cases = [
        (
            "[sms.price_list]\ndate = \"24 Nov\"\nsource = \"s\"\nusd = []",
            "sms.price_list.date: ",
        ),
        (
            "[sms.price_list]\ndate = \"2026-02-30\"\nsource = \"s\"\nusd = []",
            "sms.price_list.date: ",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \" \"\nusd = []",
            "sms.price_list.source: ",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"GB 0.05\", \"UK 0.05\"]",
            "sms.price_list.usd[1].UK: ",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 0.0\"]",
            "sms.price_list.usd[0].US: ",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 1\", \"us 1\"]",
            "sms.price_list.usd[1].us: one price",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 1,\"]",
            "sms.price_list.usd[0]: countries with their prices",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"\"]",
            "sms.price_list.usd[0]: countries with their prices",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US=0.01\"]",
            "sms.price_list.usd[0]: countries with their prices",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US +0.01\"]",
            "sms.price_list.usd[0].US: more than 0",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 1e-2\"]",
            "sms.price_list.usd[0].US: more than 0",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 0.0000001\"]",
            "sms.price_list.usd[0].US: more than 0",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [\"US 0.01 0.02\"]",
            "sms.price_list.usd[0].US: more than 0",
        ),
        (
            "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"s\"\nusd = [{ US = 0.01 }]",
            "sms.price_list.usd[0]: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\nactions.pay.en = \"pay\"",
            "business.b.actions: a template that shows {action}",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\nactions.\"Pay:\".en = \"pay\"",
            "business.b.actions.Pay:: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\nactions.pay.english = \"{code}\"",
            "business.b.actions.pay.english: words",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\nactions.pay.\"e!\" = \"pay\"",
            "business.b.actions.pay.e!: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\nactions.pay.en = \"a\\u0007\"",
            "business.b.actions.pay.en: words",
        ),
    ];
    assert_refused(&cases);
}

#[test]
fn an_own_price_replaces_that_of_the_dated_list() {
    let text = format!(
        "[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"a list\"\n\
         usd = [\"US 0.02,GB  0.05\"]\n{SMALLEST}"
    );
    let sms = from_toml(&text).expect("valid").sms;
    let price = |code: &str| sms.prices[&Country::parse(code).expect("a country")];
    assert_eq!(Some(price("US")), MicroUsd::from_dollars(0.01));
    assert_eq!(Some(price("GB")), MicroUsd::from_dollars(0.05));
    assert_eq!(sms.prices_as_of.as_deref(), Some("2026-11-24"));
}

#[test]
fn the_sample_policy_has_a_dated_price_for_every_country_that_it_serves() {
    let policy = from_toml(DEFAULT_POLICY).expect("valid");
    assert!(policy.sms.prices_as_of.is_some());
    for country in &policy.numbers.countries {
        assert!(policy.sms.prices.contains_key(country), "{country}");
    }
    // An estimate above the most that a text may cost would be one of a text that SNS drops.
    assert!(policy.sms.prices.values().copied().map(Some).max() <= Some(policy.sms.max_price));
}

/// Purses could not pay for a text whose price nobody knows.
#[test]
fn every_country_has_a_price_or_there_is_an_upper_bound() {
    let two = SMALLEST.replace("\"US\"", "\"US\", \"DE\", \"FR\"");
    let needed = "a price is needed, or an upper bound in sms.max_price_usd";
    let expected = ["DE", "FR"].map(|code| format!("sms.price_usd.{code}: {needed}"));
    assert_eq!(faults(&two), expected);
    assert!(faults(&format!("[sms]\nmax_price_usd = \"0.30\"\n{two}")).is_empty());
    // A stage may set the bound that the file leaves out.
    let (file, environment) = (two.as_str(), "0.30".to_owned());
    let stage = Stage {
        max_price_usd: Some(environment),
        ..Stage::default()
    };
    assert!(read(file, stage).is_ok());
    // A price or a bound that is not accepted is one fault, not two.
    let wrong = two.replace("US = 0.01", "US = 0\nDE = 1\nFR = \"1\"");
    let paths = faults(&wrong);
    assert_eq!(paths.len(), 2, "{paths:?}");
    let bound = faults(&format!("[sms]\nmax_price_usd = 0.3\n{two}"));
    assert_eq!(bound.len(), 1, "{bound:?}");
    let bound = faults(&format!("[sms]\nmax_price_usd = \"-1\"\n{two}"));
    assert_eq!(bound.len(), 1, "{bound:?}");
}

#[test]
fn an_own_price_names_a_country() {
    let text = SMALLEST.replace("US = 0.01", "US = 0.01\nUK = 0.05");
    let found = faults(&text);
    assert!(found.len() == 1 && found[0].starts_with("sms.price_usd.UK: "));
}
