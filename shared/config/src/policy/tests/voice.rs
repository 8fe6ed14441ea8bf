//! `[voice]`.

use std::time::Duration;

use super::*;

const NOTIFY: &str = "[notify]\nconfiguration_id = \"notify-1\"\nvoice_template_id = \"speaks\"\n";

fn with(voice: &str) -> String {
    format!("{SMALLEST}\n{NOTIFY}\n[voice]\n{voice}")
}

#[test]
fn calls_are_off_and_what_the_table_leaves_out_has_its_default() {
    let policy = from_toml(SMALLEST).expect("a policy");
    assert_eq!(policy.voice, None);
    let policy = from_toml(&with("countries = [\"US\"]\nprice_usd = 0.1\n")).expect("a policy");
    let us = Country::parse("US").expect("a country");
    let voice = policy.voice.expect("calls");
    assert_eq!(voice.countries, BTreeSet::from([us]));
    let cost = voice.estimate_cost(us);
    assert_eq!((cost.amount.micros(), cost.is_upper_bound), (100_000, true));
    let calls = policy.purses.policy.calls;
    assert_eq!((calls.start, calls.cap), (3, 10));
    assert_eq!(calls.refill, Duration::from_hours(12));
    assert_eq!(calls.money_per_day, 5_000_000);
}

#[test]
fn the_values_of_the_table_hold() {
    let text = with(
        "countries = [\"US\"]\nprice_usd = 0.1\nprices = { US = 0.03 }\nmoney_per_day_usd = 250.5\n\
         start_calls = 2\ncap_calls = 4\nrefill_hours = 6\n",
    );
    let policy = from_toml(&text).expect("a policy");
    let us = Country::parse("US").expect("a country");
    let cost = policy.voice.expect("calls").estimate_cost(us);
    assert_eq!((cost.amount.micros(), cost.is_upper_bound), (30_000, false));
    let calls = policy.purses.policy.calls;
    assert_eq!((calls.start, calls.cap), (2, 4));
    assert_eq!(calls.refill, Duration::from_hours(6));
    assert_eq!(calls.money_per_day, 250_500_000);
}

#[test]
fn a_table_that_cannot_work_is_named() {
    let paths = |text: &str| {
        let faults = from_toml(text).expect_err("faults").0;
        faults
            .into_iter()
            .map(|fault| fault.path)
            .collect::<Vec<_>>()
    };
    let alone = format!("{SMALLEST}\n[voice]\ncountries = [\"US\"]\nprice_usd = 0.1\n");
    assert_eq!(paths(&alone), ["voice"]);
    assert_eq!(paths(&with("price_usd = 0.1\n")), ["voice.countries"]);
    for (voice, path) in [
        (
            "countries = [\"FR\"]\nprice_usd = 0.1",
            "voice.countries[0]",
        ),
        (
            "countries = [\"UK\"]\nprice_usd = 0.1",
            "voice.countries[0]",
        ),
        ("countries = [7]\nprice_usd = 0.1", "voice.countries[0]"),
        (
            "countries = [\"US\", \"US\"]\nprice_usd = 0.1",
            "voice.countries[1]",
        ),
        ("countries = [\"US\"]", "voice.price_usd"),
        ("countries = [\"US\"]\nprice_usd = 0", "voice.price_usd"),
        ("countries = [\"US\"]\nprice_usd = nan", "voice.price_usd"),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nprices = { US = -1 }",
            "voice.prices.US",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nprices = { FR = 1 }",
            "voice.prices.FR",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nstart_calls = 0",
            "voice.start_calls",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nstart_calls = 11",
            "voice.start_calls",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\ncap_calls = 1001",
            "voice.cap_calls",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nrefill_hours = 0",
            "voice.refill_hours",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nmoney_per_day_usd = -5",
            "voice.money_per_day_usd",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nmoney_per_day_usd = nan",
            "voice.money_per_day_usd",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nmoney_per_day_usd = 0.05",
            "voice.money_per_day_usd",
        ),
        (
            "countries = [\"US\"]\nprice_usd = 0.1\nchannels = []",
            "voice.channels",
        ),
    ] {
        assert_eq!(paths(&with(voice)), [path], "{voice}");
    }
    let full = "countries = [\"US\"]\nprice_usd = 0.1\nstart_calls = 10";
    assert!(
        from_toml(&with(full)).is_ok(),
        "as many as typed codes earn"
    );
}

/// The general price is that of countries without one of their own, so where each has one it decides nothing.
#[test]
fn the_money_of_calls_is_compared_with_the_prices_that_apply() {
    for (prices, money, fits) in [
        ("prices = { US = 0.03 }", 5.0, true),
        ("", 5.0, false),
        ("", 6.0, true),
        ("prices = { US = 7.0 }", 6.0, false),
        ("prices = { US = 7.0 }", 7.0, true),
    ] {
        let text = with(&format!(
            "countries = [\"US\"]\nprice_usd = 6.0\n{prices}\nmoney_per_day_usd = {money:.1}\n"
        ));
        let found = faults(&text);
        let start = "voice.money_per_day_usd: at least the price of a call";
        let expected = usize::from(!fits);
        let is_right =
            found.len() == expected && found.iter().all(|fault| fault.starts_with(start));
        assert!(is_right, "{prices} {money}: {found:?}");
    }
    // A price that is not accepted causes one fault.
    let text = with("countries = [\"US\"]\nprice_usd = 6.0\nprices = { US = 0.0 }\n");
    let found = faults(&text);
    assert!(
        found.len() == 1 && found[0].starts_with("voice.prices.US: "),
        "{found:?}"
    );
}
