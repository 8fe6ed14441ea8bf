//! What a text costs, beside what the policy lets a text and a day cost.

use super::*;

/// A policy of these countries with two businesses: one has a text of two segments, in Chinese.
fn serving(countries: &str, sms: &str, more: &str) -> String {
    let long = "\u{9a8c}".repeat(100);
    format!(
        "[numbers]\ncountries = [{countries}]\n[sms]\n{sms}\n[business.login]\nbrand = \"B\"\ndefault_locale = \"en\"\n\
         templates = {{ en = \"{{code}}\" }}\n[business.pay]\nbrand = \"B\"\ndefault_locale = \"en\"\n\
         templates = {{ en = \"{{code}}\", zh = \"\u{3010}B\u{3011}{{code}}{long}\" }}\n{more}"
    )
}

/// The same prices as those of another service, and as those of the operator.
fn list(prices: &str) -> String {
    format!("[sms.price_list]\ndate = \"2026-11-24\"\nsource = \"a list\"\nusd = [\"{prices}\"]\n")
}

#[test]
fn a_limit_below_what_every_text_costs_is_a_fault() {
    const PATH: &str = "sms.max_price_usd: ";
    let found = |sms: &str, more: &str| faults(&serving("'DE', 'US'", sms, more));
    // A price of the operator's own is known, and AWS drops each text.
    let own = "max_price_usd = '0.10'\nprice_usd = { DE = 0.4, US = 0.01 }";
    let expected = format!(
        "{PATH}0.40 is needed at least: AWS drops a text that costs more, and so does each text to DE"
    );
    assert_eq!(found(own, ""), [expected.as_str()]);
    let by_table = "max_price_usd = '0.10'\nprice_usd.US = 0.01\n[sms.country.DE]\nprice_usd = 0.4";
    assert_eq!(found(by_table, ""), [expected.as_str()]);
    let exact = "max_price_usd = '0.40'\nprice_usd = { DE = 0.4, US = 0.01 }";
    assert_eq!(found(exact, ""), [""; 0]);
    // That of a list is another service's. It may be wrong for one country, and not for all.
    let list = |most: &str| format!("max_price_usd = '{most}'\n{}", list("DE 0.4, US 0.01"));
    assert_eq!(found(&list("0.10"), ""), [""; 0]);
    let none = found(&list("0.005"), "");
    assert!(
        none.len() == 1 && none[0].starts_with(PATH) && none[0].ends_with("to DE, US"),
        "{none:?}"
    );
}

/// SNS drops a text that is too dear. End User Messaging refuses it, so the next channel has it.
#[test]
fn a_limit_of_the_price_holds_where_no_other_channel_takes_the_text() {
    let tables = "[hook]\nurl = 'https://hooks.example.com'\n[end_user_messaging]\n[notify]\n";
    for (route, is_fault, warns) in [
        ("'sns'", true, true),
        ("'end-user-messaging'", true, true),
        ("'end-user-messaging', 'sns'", true, true),
        ("'sns', 'hook'", true, true),
        ("'end-user-messaging', 'hook'", false, true),
        ("'hook', 'sns'", false, true),
        ("'hook'", false, false),
        ("'notify', 'hook'", false, false),
    ] {
        let sms = format!("channels = [{route}]\nmax_price_usd = '0.10'\nprice_usd.DE = 0.4");
        let text = serving("'DE'", &sms, tables);
        assert_eq!(!faults(&text).is_empty(), is_fault, "{route}");
        if !is_fault {
            assert_eq!(!warnings(&text).is_empty(), warns, "{route}");
        }
    }
}

#[test]
fn a_long_text_that_costs_more_than_a_text_may_is_a_warning() {
    let warned = |sms: &str, more: &str| {
        let found = warnings(&serving("'DE', 'KZ'", sms, more));
        let lines = found.iter().map(ToString::to_string);
        lines.collect::<Vec<_>>()
    };
    let prices = list("DE 0.09, KZ 0.36");
    let expected = "sms.max_price_usd: a text of 2 segments to KZ (business.pay.templates.zh) costs $0.72, and AWS drops what costs \
                    more than this";
    assert_eq!(
        warned(&format!("max_price_usd = '0.50'\n{prices}"), ""),
        [expected]
    );
    assert_eq!(
        warned(&format!("max_price_usd = '0.72'\n{prices}"), ""),
        [""; 0]
    );
    assert_eq!(warned(&prices, ""), [""; 0]);
    // The text in Chinese does not go there.
    let english = format!("max_price_usd = '0.50'\n{prices}[sms.country.KZ]\nlocales = ['en']");
    assert_eq!(warned(&english, ""), [""; 0]);
    let one = format!("max_price_usd = '0.30'\n{prices}[sms.country.KZ]\nlocales = ['en']");
    let found = warned(&one, "");
    assert!(
        found.len() == 1 && found[0].contains("a text of one segment to KZ"),
        "{found:?}"
    );
    // The money of a day, and what no typed code has earned.
    for (more, path, why) in [
        (
            "[purses.money_stop]\nusd_per_day = 0.5",
            "purses.money_stop.usd_per_day: a text of 2",
            "fits into the money of a day without",
        ),
        (
            "[purses]\nunearned_usd_per_day = 0.5",
            "purses.unearned_usd_per_day: a text of 2",
            "fits into what countries get without",
        ),
    ] {
        let found = warned(&prices, more);
        assert!(found.len() == 1 && found[0].starts_with(path), "{found:?}");
        assert!(found[0].contains(why), "{found:?}");
    }
    let unearned = "[purses]\nunearned_usd_per_day = 0.5\n[purses.attested]";
    assert_eq!(
        warned(&prices, unearned),
        [
            "purses.attested: nobody can vouch for a caller: [attestation] lists the keys of your edge"
        ]
    );
    let shadowed = "[purses]\nshadow = ['money-per-day']\n[purses.money_stop]\nusd_per_day = 0.5";
    assert_eq!(warned(&prices, shadowed), [""; 0]);
}

/// Each number makes sense, and one country of several gets no text for ever.
#[test]
fn an_amount_into_which_no_text_to_some_country_fits_is_a_fault() {
    let found = |more: &str| {
        let prices = "price_usd = { US = 0.01, GB = 0.05, DE = 0.09, SG = 0.05 }";
        faults(&serving("'US', 'GB', 'DE', 'SG'", prices, more))
    };
    for (more, path, least, countries) in [
        (
            "[purses.money_stop]\nusd_per_day = 0.04",
            "money_stop.usd_per_day",
            "0.090000",
            "DE, GB, SG",
        ),
        (
            "[purses.money_stop]\nusd_per_day = 0.05",
            "money_stop.usd_per_day",
            "0.090000",
            "DE",
        ),
        (
            "[purses.money_stop]\nusd_per_day = 0.09\n[purses.shards]\nGB = 2",
            "money_stop.usd_per_day",
            "0.100000",
            "GB",
        ),
        (
            "[purses]\nunearned_usd_per_day = 0.02",
            "unearned_usd_per_day",
            "0.090000",
            "DE, GB, SG",
        ),
    ] {
        let expected = format!(
            "purses.{path}: {least} US dollars are needed at least: no text to {countries} would ever fit in"
        );
        assert_eq!(found(more), [expected]);
    }
    for more in [
        "[purses.money_stop]\nusd_per_day = 0.09",
        "[purses]\nunearned_usd_per_day = 0.09",
        "[purses]\nshadow = ['country-purse']\nunearned_usd_per_day = 0.02",
        "[purses]\nunearned_usd_per_day = 0.02\n[purses.attested]",
    ] {
        assert_eq!(found(more), [""; 0], "{more}");
    }
    let never_known = found("[purses.known]\ndays = 3\nafter_days = 7");
    assert!(
        never_known[0].starts_with("purses.known.after_days: "),
        "{never_known:?}"
    );
}
