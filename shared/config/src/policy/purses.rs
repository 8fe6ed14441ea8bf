//! Checks `[purses]`.
//!
//! A value of the file replaces that of [`PursePolicy::default`]. `phoneproof_domain` says which numbers make sense
//! together, and names them by their paths in the file.

mod payable;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use phoneproof_domain::country::Country;
use phoneproof_domain::purse::{
    Cap, LanePolicy, Micros, PursePolicy, PurseRule, PurseSettings, Thousandths,
};

pub(super) use self::payable::check_payable;
pub(super) use self::table::PursesTable;
use self::table::{LaneTable, NumberBlockTable};
use super::faults::Faults;
use super::value::{check_is_served, parse_country};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// Checks `[purses]`, in a policy that texts these countries.
pub(super) fn check_purses(
    table: &PursesTable,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) -> PurseSettings {
    let policy = read_policy(table);
    for fault in policy.faults() {
        let path = format!("purses.{}", fault.field);
        match fault.beside {
            Some(other) => faults.add_beside(path, format_args!("purses.{other}"), fault.reason),
            None => faults.add(path, fault.reason),
        }
    }
    PurseSettings {
        policy,
        shards: check_shards(&table.shards, countries, faults),
        shadowed: check_shadow(&table.shadow, faults),
    }
}

fn read_policy(table: &PursesTable) -> PursePolicy {
    let mut policy = PursePolicy::default();
    set_money(&mut policy.unearned_per_day, table.unearned_usd_per_day);
    set_money(&mut policy.money.least, table.money_stop.usd_per_day);
    set_share(&mut policy.money.growth, table.money_stop.growth);
    set_share(&mut policy.gain, table.gain);
    set_share(&mut policy.strange_gain, table.strange_gain);
    set_share(&mut policy.least_gain, table.least_gain);
    set_share(&mut policy.margin, table.margin);
    set(&mut policy.probes, table.probe_codes);
    set(&mut policy.learned_from, table.learned_from_texts);

    set_lane(&mut policy.crowd, &table.crowd);
    set_lane(&mut policy.known, &table.known.lane);
    set(&mut policy.known_texts, table.known.texts_per_phone);
    set_time(&mut policy.known_for, table.known.days, DAY);
    set_time(&mut policy.known_after, table.known.after_days, DAY);
    set_lane(&mut policy.moved, &table.moved.lane);
    set(&mut policy.moved_texts, table.moved.texts_per_phone);
    set_lane(&mut policy.open, &table.open.lane);
    set(&mut policy.start_texts, table.open.start_texts);
    let young = (table.open.young_texts, table.open.young_usd);
    set_cap(&mut policy.young_open, young);
    policy.attested = table.attested.as_ref().map(|attested| {
        let mut lane = LanePolicy::ATTESTED;
        set_lane(&mut lane, attested);
        lane
    });

    let outage = &table.outage;
    set(&mut policy.outage_lack, outage.known_lack_texts);
    set_share(&mut policy.heals_crowd, outage.heals_crowd);
    set_share(&mut policy.heals_network, outage.heals_network);
    set_block(&mut policy, &table.number_block);
    let (network, own) = (&mut policy.network, &table.network);
    set(&mut network.codes, own.codes);
    set(&mut network.share_per_million, own.codes_per_million);
    set_share(&mut network.earns, own.earns);
    set(&mut network.cap, own.texts);
    set_time(&mut network.forgotten_after, own.forgotten_days, DAY);
    set_time(&mut network.halved_after, own.halved_days, DAY);
    policy
}

fn set_block(policy: &mut PursePolicy, table: &NumberBlockTable) {
    let block = &mut policy.number_block;
    set_cap(&mut block.start, (table.start_texts, table.start_usd));
    set_cap(&mut block.cap, (table.texts, table.usd));
    set_time(&mut block.refill, table.refill_minutes, MINUTE);
}

fn set_lane(lane: &mut LanePolicy, table: &LaneTable) {
    set_cap(&mut lane.cap, (table.texts, table.usd));
    set_time(&mut lane.refill, table.refill_minutes, MINUTE);
    set(&mut lane.refill_to, table.refill_to);
}

fn set_cap(cap: &mut Cap, (texts, dollars): (Option<u32>, Option<f64>)) {
    set(&mut cap.texts, texts);
    set_money(&mut cap.at_least, dollars);
}

const fn set(own: &mut u32, given: Option<u32>) {
    if let Some(given) = given {
        *own = given;
    }
}

/// Sets a time to the given number of units, each of `unit` seconds.
fn set_time(own: &mut Duration, given: Option<u32>, unit: u64) {
    if let Some(given) = given {
        *own = Duration::from_secs(u64::from(given) * unit);
    }
}

/// Sets an amount, rounded to millionths. A value that is not a number becomes an amount that is not accepted.
fn set_money(own: &mut Micros, dollars: Option<f64>) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an amount that does not fit becomes the nearest, which is not accepted"
    )]
    let micros = |dollars: f64| (dollars * 1e6).round() as Micros;
    match dollars {
        None => {}
        Some(dollars) if dollars.is_nan() => *own = Micros::MIN,
        Some(dollars) => *own = micros(dollars),
    }
}

/// Sets a ratio, rounded to thousandths. What does not fit becomes a ratio that is not accepted.
fn set_share(own: &mut Thousandths, ratio: Option<f64>) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked first"
    )]
    let thousandths = |ratio: f64| (ratio * 1_000.0).round() as u32;
    match ratio {
        None => {}
        Some(ratio) if (0.0..1e6).contains(&ratio) => *own = Thousandths(thousandths(ratio)),
        Some(_) => *own = Thousandths(u32::MAX),
    }
}

/// Checks `purses.shards`: a number per country.
fn check_shards(
    table: &BTreeMap<String, u32>,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) -> BTreeMap<Country, u8> {
    let mut shards = BTreeMap::new();
    for (name, count) in table {
        let path = format!("purses.shards.{name}");
        let country = faults.check(&path, parse_country(name));
        if let Some(country) = country {
            check_is_served(&path, country, countries, faults);
        }
        let count = faults.check_range(&path, *count, 1..=100);
        if let Some((country, count)) = country.zip(u8::try_from(count).ok())
            && shards.insert(country, count).is_some()
        {
            // `us` and `US` are two keys of TOML.
            faults.add(
                path,
                format_args!("one number is needed, and purses.shards.{country} is another"),
            );
        }
    }
    shards
}

/// Checks `purses.shadow`: names of rules.
fn check_shadow(names: &[Option<String>], faults: &mut Faults) -> BTreeSet<PurseRule> {
    let parse = |name: &str| {
        let known = PurseRule::ALL.map(|rule| format!("`{}`", rule.name()));
        PurseRule::parse(name).ok_or_else(|| format!("one of {} is needed", known.join(", ")))
    };
    let mut shadowed = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        shadowed.extend(faults.check(format_args!("purses.shadow[{index}]"), parse(name)));
    }
    shadowed
}
