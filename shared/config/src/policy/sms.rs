//! Checks `[sms]`: the delivery and the prices of texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::policy::{SmsPolicy, SmsType};
use time::Date;
use time::macros::format_description;

use super::countries::{check_channels, check_countries};
use super::faults::Faults;
use super::sender_id::check_sender_id;
use super::table::{File, PriceListTable, SmsTable};
use super::value::{are_digits, parse_country};

/// What the price of a segment may be.
const ACCEPTED_PRICE: &str = "more than 0 and less than 100 US dollars are needed";

/// Reads a plain decimal in US dollars.
fn parse_decimal(text: &str, most_decimals: usize) -> Option<MicroUsd> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain = are_digits(whole) && are_digits(fraction) && fraction.len() <= most_decimals;
    let dollars = text.parse().ok().filter(|_| is_plain);
    dollars.and_then(MicroUsd::from_dollars)
}

/// Reads the most that one text may cost. Like SNS, it accepts plain decimals only. End User Messaging reads five
/// decimals and wants a point, which [`MicroUsd`] always writes: `"1"` is sent as `1.00`.
fn check_max_price(text: Option<&String>, faults: &mut Faults) -> Option<MicroUsd> {
    let price = parse_decimal(text?, 5)
        .ok_or("a price in US dollars with five decimals at most is needed, as in \"0.50\"");
    faults.check("sms.max_price_usd", price)
}

/// Adds the price of a segment to those of other countries. Returns the country if it had a price already, which is a
/// fault.
fn add_price(
    prices: &mut BTreeMap<Country, MicroUsd>,
    path: impl Display + Copy,
    (name, price): (&str, Option<MicroUsd>),
    faults: &mut Faults,
) -> Option<Country> {
    let country = faults.check(path, parse_country(name));
    let price = faults.check(path, price.ok_or(ACCEPTED_PRICE));
    let (country, price) = country.zip(price)?;
    prices.insert(country, price).map(|_| country)
}

/// Checks the dated price list. A country may stand in it once.
fn check_price_list(table: &PriceListTable, faults: &mut Faults) -> BTreeMap<Country, MicroUsd> {
    let date = Date::parse(&table.date, format_description!("[year]-[month]-[day]"));
    if date.is_err() {
        faults.add(
            "sms.price_list.date",
            "a day is needed, as in \"2026-11-24\"",
        );
    }
    if table.source.trim().is_empty() || table.source.chars().any(char::is_control) {
        faults.add(
            "sms.price_list.source",
            "the source of the prices is needed",
        );
    }
    let mut prices = BTreeMap::new();
    for (index, line) in table.usd.iter().enumerate() {
        let entries = line.iter().flat_map(|line| split_line(line));
        for entry in entries {
            let Some((name, dollars)) = entry else {
                faults.add(
                    format_args!("sms.price_list.usd[{index}]"),
                    "countries with their prices are needed, as in \"US 0.01, GB 0.05\"",
                );
                continue;
            };
            let path = format_args!("sms.price_list.usd[{index}].{name}");
            let listed = (name, parse_decimal(dollars, 6));
            if add_price(&mut prices, path, listed, faults).is_some() {
                faults.add(path, "one price is needed, and the list has another");
            }
        }
    }
    prices
}

/// Splits a line of the price list into names and prices. An entry of another form is `None`.
fn split_line(line: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    line.split(',').map(|entry| {
        let (name, dollars) = entry.trim().split_once(' ')?;
        Some((name, dollars.trim_start()))
    })
}

/// Reads the operator's own prices: of `[sms.price_usd]` and of the tables of countries, which may not both have one.
fn check_own_prices(table: &SmsTable, faults: &mut Faults) -> BTreeMap<Country, MicroUsd> {
    let mut prices = BTreeMap::new();
    for (name, dollars) in &table.price_usd {
        let path = format_args!("sms.price_usd.{name}");
        let own = (name.as_str(), MicroUsd::from_dollars(*dollars));
        if let Some(country) = add_price(&mut prices, path, own, faults) {
            // `us` and `US` are two keys of TOML.
            let fault = format_args!("one price is needed, and sms.price_usd.{country} is another");
            faults.add(path, fault);
        }
    }
    for (name, rule) in &table.country {
        let Some(dollars) = rule.price_usd else {
            continue;
        };
        let path = format!("sms.country.{name}.price_usd");
        let price = MicroUsd::from_dollars(dollars).ok_or(ACCEPTED_PRICE);
        let price = faults.check(&path, price);
        // If a name is not that of a country, the table has a fault.
        let Ok(country) = Country::parse(name) else {
            continue;
        };
        if table
            .price_usd
            .keys()
            .any(|named| Country::parse(named) == Ok(country))
        {
            let fault = format_args!("one price is needed, and sms.price_usd.{country} is another");
            faults.add(path, fault);
        }
        prices.extend(price.map(|price| (country, price)));
    }
    prices
}

/// Notes a fault for each country whose texts have neither a price nor an upper bound: no purse could pay for them.
fn check_priced(
    table: &SmsTable,
    prices: &BTreeMap<Country, MicroUsd>,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    // What is not accepted has a fault of its own.
    let left_out = ["sms.max_price_usd", "sms.price_list"].map(|path| faults.has_left_out(path));
    if table.max_price_usd.is_some() || left_out.contains(&true) {
        return;
    }
    let lines = table.price_list.iter().flat_map(|list| &list.usd);
    let listed = lines
        .flatten()
        .flat_map(|line| split_line(line))
        .flatten()
        .map(|(name, _)| name);
    let own = table.country.iter();
    let own = own.filter(|(_, rule)| rule.price_usd.is_some());
    let own = own.map(|(name, _)| name).chain(table.price_usd.keys());
    let named: BTreeSet<_> = listed
        .chain(own.map(String::as_str))
        .filter_map(|name| Country::parse(name).ok())
        .collect();
    for country in countries {
        if !prices.contains_key(country) && !named.contains(country) {
            faults.add_beside(
                format_args!("sms.price_usd.{country}"),
                format_args!("sms.country.{country}"),
                "a price is needed, or an upper bound in sms.max_price_usd",
            );
        }
    }
}

/// Notes a fault where AWS would drop or refuse each text, because one of a single segment costs more than the policy
/// lets a text cost. A price of the list is what another service asks, so it is enough only where it is so in every
/// country.
fn check_affordable(
    sms: &SmsPolicy,
    own_prices: &BTreeMap<Country, MicroUsd>,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    let Some(most) = sms.max_price else { return };
    let is_dropped = |country: &&Country| {
        let price = sms.prices.get(country);
        price.is_some_and(|price| *price > most) && sms.obeys_max_price(**country)
    };
    let dropped: Vec<_> = countries.iter().filter(is_dropped).collect();
    let are_all = dropped.len() == countries.len();
    let certain = dropped
        .into_iter()
        .filter(|country| are_all || own_prices.contains_key(country));
    let certain: Vec<_> = certain.collect();
    let dearest = certain.iter().filter_map(|country| sms.prices.get(country));
    if let Some(dearest) = dearest.max() {
        let names: Vec<String> = certain.iter().map(ToString::to_string).collect();
        faults.add(
            "sms.max_price_usd",
            format_args!(
                "{dearest} is needed at least: AWS drops a text that costs more, and so does each text to {}",
                names.join(", ")
            ),
        );
    }
}

/// Checks `[sms]`, in a policy that texts these countries.
pub(super) fn check_sms(
    mut table: SmsTable,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) -> SmsPolicy {
    let sms_type = match table.r#type.as_str() {
        "Transactional" => SmsType::Transactional,
        "Promotional" => SmsType::Promotional,
        _ => {
            faults.add("sms.type", "`Transactional` or `Promotional` is needed");
            // So that the rest of the file is checked, too.
            SmsType::Transactional
        }
    };
    let sender_id = table.sender_id.take();
    let origination = sender_id.map(|id| check_sender_id("sms.sender_id", id, faults));
    let names = table.channels.take();
    let names = names.or_else(|| Some(vec![Some(Channel::Sns.as_str().to_owned())]));
    let channels = check_channels("sms.channels", names, faults);
    let max_price = check_max_price(table.max_price_usd.as_ref(), faults);
    let list = table.price_list.as_ref();
    let listed = list.map(|list| check_price_list(list, faults));
    let mut prices = listed.unwrap_or_default();
    // The operator's own prices replace those of the list.
    let own_prices = check_own_prices(&table, faults);
    prices.extend(own_prices.clone());
    check_priced(&table, &prices, countries, faults);
    let rules = check_countries(table.country, countries, faults);
    let sms = SmsPolicy {
        sms_type,
        channels,
        origination: origination.unwrap_or_default(),
        countries: rules,
        max_price,
        prices,
        prices_as_of: table.price_list.map(|list| list.date),
        max_segments: faults.check_range("sms.max_segments", table.max_segments, 1..=10),
    };
    check_affordable(&sms, &own_prices, countries, faults);
    sms
}

/// What a deployment sets in place of the file's values.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) sender_id: Option<String>,
    pub(super) max_price_usd: Option<String>,
    pub(super) notify_configuration_id: Option<String>,
    pub(super) hook_url: Option<String>,
}

impl Stage {
    /// Replaces the sender id, the highest price, the Notify configuration and the URL of the hook. They are checked
    /// like those of the file.
    pub(super) fn replace(self, file: &mut File) {
        let sms = &mut file.sms;
        sms.sender_id = self.sender_id.or(sms.sender_id.take());
        sms.max_price_usd = self.max_price_usd.or(sms.max_price_usd.take());
        if let Some(id) = self.notify_configuration_id {
            file.notify.get_or_insert_default().configuration_id = Some(id);
        }
        if let Some(url) = self.hook_url {
            file.hook.get_or_insert_default().url = url;
        }
    }
}
