//! Checks `[voice]`: where people are called, and what calls may cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::NotifyPolicy;
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::VoicePolicy;
use phoneproof_domain::purse::{CallPolicy, Micros};

use super::faults::Faults;
use super::reader::{FromMembers, Members, Texts};
use super::value::{check_is_served, parse_country};

/// The table `[voice]` of the policy file, as it is read: calls, their prices and their purse.
pub(super) struct VoiceTable {
    countries: Texts,
    price_usd: f64,
    prices: BTreeMap<String, f64>,
    money_per_day_usd: Option<f64>,
    start_calls: Option<u32>,
    cap_calls: Option<u32>,
    refill_hours: Option<u32>,
}

impl FromMembers for VoiceTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            countries: members.read_texts("countries").unwrap_or_default(),
            price_usd: members.read_or("price_usd", 0.0),
            prices: members.read_or_empty("prices"),
            money_per_day_usd: members.read_optional("money_per_day_usd"),
            start_calls: members.read_optional("start_calls"),
            cap_calls: members.read_optional("cap_calls"),
            refill_hours: members.read_optional("refill_hours"),
        }
    }
}

/// Checks `[voice]`, in a policy that texts the countries in `served`. The numbers of the purse go to `calls`.
pub(super) fn check_voice(
    table: &VoiceTable,
    served: &BTreeSet<Country>,
    notify: Option<&NotifyPolicy>,
    calls: &mut CallPolicy,
    faults: &mut Faults,
) -> Option<VoicePolicy> {
    if notify.is_none_or(|notify| notify.voice_template_id.is_none()) {
        let fault =
            "calls need `notify.voice_template_id`: the template of AWS that speaks the code";
        faults.add_beside("voice", "notify.voice_template_id", fault);
    }
    if table.countries.is_empty() {
        faults.add("voice.countries", "at least one country is needed");
    }
    let mut countries = BTreeSet::new();
    for (index, name) in table.countries.iter().enumerate() {
        let Some(name) = name else { continue };
        let path = format!("voice.countries[{index}]");
        let country = faults.check(&path, parse_country(name));
        if let Some(country) = country {
            check_is_served(&path, country, served, faults);
        }
        if country.is_some_and(|country| !countries.insert(country)) {
            faults.add(&path, "it stands in the list already");
        }
    }
    let mut prices = BTreeMap::new();
    for (name, dollars) in &table.prices {
        let path = format!("voice.prices.{name}");
        let country = faults.check(&path, parse_country(name));
        if country.is_some_and(|country| !countries.contains(&country)) {
            let fault = "a country of voice.countries is needed";
            faults.add_beside(&path, "voice.countries", fault);
        }
        let price = faults.check(&path, check_price(*dollars));
        prices.extend(country.zip(price));
    }
    check_purse(table, calls, faults);
    let price = faults.check("voice.price_usd", check_price(table.price_usd));
    // The general price is that of the countries that have none of their own. One that is not accepted has a fault
    // already.
    let has_fault = |country: &Country| faults.is_doubtful(format_args!("voice.prices.{country}"));
    let asked = countries.iter().filter(|country| !has_fault(country));
    let asked = asked.filter_map(|country| prices.get(country).copied().or(price));
    let dearest = asked.max().map(|price| Micros::try_from(price.micros()));
    if dearest.is_some_and(|dearest| calls.money_per_day < dearest.unwrap_or(Micros::MAX)) {
        let fault = "at least the price of a call is needed: no call would ever fit in";
        faults.add("voice.money_per_day_usd", fault);
    }
    Some(VoicePolicy {
        countries,
        price: price?,
        prices,
    })
}

fn check_price(dollars: f64) -> Result<MicroUsd, &'static str> {
    MicroUsd::from_dollars(dollars)
        .ok_or("the price of a call in US dollars is needed, more than 0 and less than 100")
}

fn check_purse(table: &VoiceTable, calls: &mut CallPolicy, faults: &mut Faults) {
    if let Some(dollars) = table.money_per_day_usd {
        let money = MicroUsd::from_dollars(dollars / 1e4)
            .map(|scaled| Micros::try_from(scaled.micros()).unwrap_or(Micros::MAX))
            .map(|scaled| scaled.saturating_mul(10_000));
        let fault = "more than 0, up to 1,000,000 US dollars are needed";
        if let Some(money) = faults.check("voice.money_per_day_usd", money.ok_or(fault)) {
            calls.money_per_day = money;
        }
    }
    let count = |own: &mut u32, path, given: Option<u32>, faults: &mut Faults| {
        if let Some(given) = given {
            *own = faults.check_range(path, given, 1..=1_000);
        }
    };
    count(
        &mut calls.start,
        "voice.start_calls",
        table.start_calls,
        faults,
    );
    count(&mut calls.cap, "voice.cap_calls", table.cap_calls, faults);
    if calls.start > calls.cap {
        let fault = "1 call up to voice.cap_calls is needed";
        faults.add_beside("voice.start_calls", "voice.cap_calls", fault);
    }
    if let Some(hours) = table.refill_hours {
        let hours = faults.check_range("voice.refill_hours", hours, 1..=1_000);
        calls.refill = Duration::from_hours(u64::from(hours));
    }
}
