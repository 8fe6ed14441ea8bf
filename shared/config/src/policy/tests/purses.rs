//! `[purses]`.

use phoneproof_domain::purse::{
    Cap, LanePolicy, PursePolicy, PurseRule, PurseSettings, Thousandths,
};
use phoneproof_domain::window::{DAY, HOUR};

use super::*;

/// Returns the paths of the faults that the smallest policy has with this section.
fn paths(section: &str) -> Vec<String> {
    let found = faults(&format!("{section}\n{SMALLEST}"));
    let path = |fault: &String| fault.split_once(": ").map(|(path, _)| path.to_owned());
    found.iter().filter_map(path).collect()
}

#[test]
fn the_sample_policy_writes_down_every_default() {
    let policy = from_toml(DEFAULT_POLICY).expect("valid");
    assert_eq!(*policy.purses, PurseSettings::default());
    let (_, section) = DEFAULT_POLICY.split_once("[purses]").expect("a section");
    let (section, _) = section.split_once("[purses.shards]").expect("its end");
    // The attested lane is there as a comment.
    let values = section.lines().filter(|line| {
        let line = line.trim_start_matches("# ");
        let name = line.split_once(" = ").map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    assert_eq!(values.count(), 51, "every key of the tables");
}

#[test]
fn the_values_of_the_section_replace_the_defaults() {
    let text = r#"
        [purses]
        shadow = ["money-per-day", "country-purse"]
        unearned_usd_per_day = 7
        gain = 3.0
        strange_gain = 1.25
        least_gain = 1.1
        margin = 2.5
        probe_codes = 9
        learned_from_texts = 400
        [purses.money_stop]
        usd_per_day = 12.345678
        growth = 4.0
        [purses.crowd]
        texts = 28
        [purses.known]
        usd = 1
        days = 365
        after_days = 3
        texts_per_phone = 5
        [purses.moved]
        refill_minutes = 10
        texts_per_phone = 2
        [purses.open]
        refill_to = 3
        start_texts = 5
        young_texts = 7
        young_usd = 2
        [purses.attested]
        usd = 4
        [purses.outage]
        known_lack_texts = 7
        heals_crowd = 1.5
        heals_network = 0
        [purses.number_block]
        start_texts = 5
        start_usd = 0.04
        texts = 9
        usd = 0.06
        refill_minutes = 60
        [purses.network]
        codes = 5
        codes_per_million = 0
        earns = 0.34
        texts = 7
        forgotten_days = 10
        halved_days = 20
        [purses.shards]
        us = 2
    "#;
    let purses = from_toml(&format!("{text}{SMALLEST}"))
        .expect("valid")
        .purses;
    let mut expected = PursePolicy {
        unearned_per_day: 7_000_000,
        gain: Thousandths(3_000),
        strange_gain: Thousandths(1_250),
        least_gain: Thousandths(1_100),
        margin: Thousandths(2_500),
        probes: 9,
        learned_from: 400,
        ..PursePolicy::default()
    };
    expected.money.least = 12_345_678;
    expected.money.growth = Thousandths(4_000);
    expected.crowd.cap.texts = 28;
    expected.known.cap.at_least = 1_000_000;
    expected.known_for = DAY * 365;
    expected.known_after = DAY * 3;
    expected.known_texts = 5;
    expected.moved.refill = Duration::from_mins(10);
    expected.moved_texts = 2;
    expected.open.refill_to = 3;
    expected.start_texts = 5;
    let cap = |texts, at_least| Cap { texts, at_least };
    expected.young_open = cap(7, 2_000_000);
    expected.attested = Some(LanePolicy {
        cap: cap(14, 4_000_000),
        refill: HOUR * 12,
        refill_to: 1,
    });
    expected.outage_lack = 7;
    expected.heals_crowd = Thousandths(1_500);
    expected.heals_network = Thousandths(0);
    expected.number_block.start = cap(5, 40_000);
    expected.number_block.cap = cap(9, 60_000);
    expected.number_block.refill = HOUR;
    expected.network.codes = 5;
    expected.network.share_per_million = 0;
    expected.network.earns = Thousandths(340);
    expected.network.cap = 7;
    expected.network.forgotten_after = DAY * 10;
    expected.network.halved_after = DAY * 20;
    assert_eq!(purses.policy, expected);
    let us = Country::parse("US").expect("a country");
    assert_eq!((purses.shards_of(us), purses.shards.len()), (2, 1));
    let shadowed = PurseRule::ALL.map(|rule| purses.is_shadowed(rule));
    assert_eq!(shadowed, [true, false, true, false, false]);
}

#[test]
fn nonsense_is_named_all_of_it_at_once() {
    let text = r#"
        [purses]
        shadow = ["country", 5, "country-purse"]
        unearned_usd_per_day = -1
        gain = nan
        strange_gain = 0.5
        least_gain = 0
        margin = -2.0
        learned_from_texts = 0
        speed = 1
        [purses.money_stop]
        usd_per_day = 0
        growth = 0.9
        [purses.crowd]
        texts = 1
        usd = -0.01
        refill_minutes = 0
        refill_to = 2
        [purses.known]
        texts = "60"
        usd = inf
        days = 0
        [purses.moved]
        refill_to = 0
        [purses.open]
        texts = 10
        usd = 1000000.01
        start_texts = 10
        young_texts = 9
        [purses.attested]
        texts = 0
        refill_to = 15
        [purses.outage]
        known_lack_texts = 0
        heals_crowd = 10.1
        heals_network = -0.1
        [purses.number_block]
        start_texts = 9
        start_usd = 0.06
        [purses.network]
        codes = 0
        codes_per_million = 1000001
        earns = -1
        texts = 0
        forgotten_days = 401
        halved_days = 0
        [purses.shards]
        US = 0
        DE = 2
        UK = 2
        [purses.lane]
    "#;
    let mut found = paths(text);
    found.sort();
    let mut expected = [
        "shadow[0]",
        "shadow[1]",
        "unearned_usd_per_day",
        "gain",
        "strange_gain",
        "least_gain",
        "margin",
        "learned_from_texts",
        "speed",
        "money_stop.usd_per_day",
        "money_stop.growth",
        "crowd.usd",
        "crowd.refill_minutes",
        "crowd.refill_to",
        "known.texts",
        "known.usd",
        "known.days",
        "moved.refill_to",
        "open.usd",
        "open.start_texts",
        "open.young_texts",
        "open.young_usd",
        "attested.texts",
        "attested.refill_to",
        "outage.known_lack_texts",
        "outage.heals_crowd",
        "outage.heals_network",
        "number_block.texts",
        "number_block.usd",
        "network.codes",
        "network.codes_per_million",
        "network.earns",
        "network.texts",
        "network.forgotten_days",
        "network.halved_days",
        "shards.US",
        "shards.DE",
        "shards.UK",
        "lane",
    ]
    .map(|path| format!("purses.{path}"));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_lane_that_the_file_turns_on_has_the_numbers_of_the_sample() {
    let policy = from_toml(&format!("[purses.attested]\n{SMALLEST}")).expect("valid");
    assert_eq!(policy.purses.policy.attested, Some(LanePolicy::ATTESTED));
}

/// Each of these numbers makes sense alone, and no text would ever be sent.
#[test]
fn a_policy_that_can_never_text_does_not_start() {
    for (section, path) in [
        (
            "[purses.money_stop]\nusd_per_day = 0.009999",
            "money_stop.usd_per_day",
        ),
        (
            "[purses.money_stop]\nusd_per_day = 0.02\n[purses.shards]\nUS = 3",
            "money_stop.usd_per_day",
        ),
        ("[purses]\nunearned_usd_per_day = 0", "unearned_usd_per_day"),
        (
            "[purses]\nunearned_usd_per_day = 0.009999",
            "unearned_usd_per_day",
        ),
        ("[purses.open]\nstart_texts = 0", "open.start_texts"),
        ("[purses.open]\ntexts = 0\nrefill_to = 0", "open.texts"),
        ("[purses.open]\nrefill_to = 0", "open.refill_to"),
        (
            "[purses.number_block]\nstart_texts = 0",
            "number_block.start_texts",
        ),
        (
            "[purses.number_block]\ntexts = 0\nusd = 0",
            "number_block.texts",
        ),
        ("[purses.network]\ntexts = 0", "network.texts"),
    ] {
        let text = format!("{section}\n{SMALLEST}");
        let found = faults(&text);
        let named = found
            .iter()
            .any(|fault| fault.starts_with(&format!("purses.{path}: ")));
        assert!(named, "{section}: {found:?}");
    }
    // A text fits exactly, or nothing is refused, or others begin.
    for section in [
        "[purses.money_stop]\nusd_per_day = 0.03\n[purses.shards]\nUS = 3",
        "[purses]\nunearned_usd_per_day = 0.01",
        "[purses]\nshadow = [\"country-purse\"]\nunearned_usd_per_day = 0",
        "[purses]\nunearned_usd_per_day = 0\n[purses.attested]",
        "[purses]\nshadow = [\"money-per-day\"]\n[purses.money_stop]\nusd_per_day = 0.001",
    ] {
        let text = format!("{section}\n{SMALLEST}");
        assert!(from_toml(&text).is_ok(), "{section}: {:?}", faults(&text));
    }
}

/// It would be read as 0, which some of these amounts may be.
#[test]
fn no_amount_is_nan() {
    for (table, key) in [
        ("", "unearned_usd_per_day"),
        (".money_stop", "usd_per_day"),
        (".crowd", "usd"),
        (".number_block", "start_usd"),
    ] {
        let found = paths(&format!("[purses{table}]\n{key} = nan"));
        assert_eq!(found, [format!("purses{table}.{key}")]);
    }
}

/// TOML cannot hold these numbers. They have their paths all the same.
#[test]
fn a_number_that_is_too_long_is_named() {
    let text = "[purses]\nunearned_usd_per_day = 99999999999999999999\n[purses.crowd]\ntexts = 9223372036854775808 # many\n\
                [purses.known]\ndays = -99_999_999_999_999_999_999\nusd = 1\n[purses.shards]\nUS = 123456789012345678901234567890";
    let mut found = paths(text);
    found.sort();
    let expected = [
        "crowd.texts",
        "known.days",
        "shards.US",
        "unearned_usd_per_day",
    ];
    assert_eq!(found, expected.map(|path| format!("purses.{path}")));
    let reasons = faults(&format!("{text}\n{SMALLEST}"));
    let far = reasons.iter();
    let far = far.filter(|reason| reason.ends_with("and not one so far from 0"));
    assert_eq!(far.count(), 3, "{reasons:?}");
}
