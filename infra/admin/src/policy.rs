//! `policy check`: shows the faults of a policy, or its warnings, the rules of countries, and the size and cost of its
//! texts.

mod calls;
mod countries;

use std::collections::BTreeMap;
use std::path::Path;

use phoneproof_domain::catalog::{Catalog, TemplateReport};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::money::Estimate;
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::policy::{Fault, Policy, PolicyFaults};
use serde_json::{Value, json};

use crate::output::{CommandError, Exit, Reply, format_table, make_row};

pub(crate) fn check(file: &Path, now: Timestamp) -> Result<Reply, CommandError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::usage(format!("{}: {error}", file.display())))?;
    let checked = phoneproof_config::policy::from_toml(&text)
        .and_then(|policy| Ok((Catalog::new(&policy)?, policy)));
    match checked {
        Ok((catalog, policy)) => Ok(report_texts(&catalog, &policy, now)),
        Err(PolicyFaults(faults)) => Ok(report_faults(&faults)),
    }
}

/// Reports the faults of a policy.
pub(crate) fn report_faults(faults: &[Fault]) -> Reply {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Reply {
        exit: Exit::Failed,
        json: json!({ "faults": describe_faults(faults) }),
        text: lines.join("\n"),
    }
}

fn describe_faults(faults: &[Fault]) -> Value {
    let describe = |fault: &Fault| json!({ "path": fault.path, "reason": fault.reason });
    faults.iter().map(describe).collect()
}

fn report_texts(catalog: &Catalog, policy: &Policy, now: Timestamp) -> Reply {
    let mut rows = vec![make_row([
        "business",
        "locale",
        "encoding",
        "units",
        "segments",
        "dollars per text",
    ])];
    let mut templates = Vec::new();
    for report in catalog.report() {
        let cost = estimate_costs(report, policy);
        rows.push(vec![
            report.business.as_str().to_owned(),
            report.locale.to_string(),
            format!("{:?}", report.segments.encoding),
            report.segments.units.to_string(),
            report.segments.count.to_string(),
            cost.map_or("no price known".to_owned(), Range::to_text),
        ]);
        templates.push(json!({
            "business": report.business.as_str(),
            "locale": report.locale.to_string(),
            "encoding": format!("{:?}", report.segments.encoding),
            "units": report.segments.units,
            "segments": report.segments.count,
            "leastCostUsd": cost.map(|cost| cost.least.amount.dollars()),
            "mostCostUsd": cost.map(|cost| cost.most.amount.dollars()),
            "mostIsUpperBound": cost.map(|cost| cost.most.is_upper_bound),
        }));
    }
    let warnings = policy.list_warnings(catalog);
    let unpriced = list_unpriced(policy);
    let left_out = list_left_out(policy);
    let ended = list_ended(policy, now);
    let idle = list_idle_ranges(policy);
    let early = is_dated_later(policy, now);
    let json = json!({
        "faults": [],
        "warnings": describe_faults(&warnings),
        "countries": countries::describe(policy),
        "calls": calls::describe(policy),
        "templates": templates,
        "pricesAsOf": policy.sms.prices_as_of,
        "countriesWithoutPrice": unpriced,
        "leftOut": left_out,
        "endedTestNumbers": ended,
        "rangesWithoutEffect": idle,
        "pricesAreDatedLater": early,
    });
    let notes = left_out.iter().map(|(country, territories)| {
        let territories = territories.join(", ");
        format!("\n{country} does not cover {territories}: list in numbers.countries those that you serve")
    });
    let ends = ended.iter().map(|path| {
        format!("\n{path}: its time is over, so the number gets no code: renew `until`, or remove the entry and the number is texted like any other")
    });
    let idle = idle.iter().map(|(path, known)| {
        format!("\n{path}: this build knows such numbers already ({known}), and they keep what it knows: remove the entry, or name a range that is newer")
    });
    let dated = early.then(|| {
        "\nsms.price_list.date is a day to come: give the day on which the prices were read"
            .to_owned()
    });
    let warned = warnings
        .iter()
        .map(|warning| format!("\nwarning: {warning}"));
    let notes: String = warned
        .chain(notes)
        .chain(ends)
        .chain(idle)
        .chain(dated)
        .collect();
    let prices = describe_prices(policy, &unpriced);
    let (countries, calls) = (countries::tabulate(policy), calls::tabulate(policy));
    let text = format!(
        "no faults\n\n{}\n\n{countries}{calls}{prices}{notes}",
        format_table(&rows)
    );
    Reply::with_result(json, text)
}

/// Lists the countries that the policy serves without a price.
pub(crate) fn list_unpriced(policy: &Policy) -> Vec<String> {
    let served = policy.numbers.countries.iter();
    served
        .filter(|country| is_unpriced(policy, **country))
        .map(Country::to_string)
        .collect()
}

/// Whether what a text to `country` costs is an upper bound, because the country has no price.
pub(crate) fn is_unpriced(policy: &Policy, country: Country) -> bool {
    !policy.sms.prices.contains_key(&country)
}

fn describe_prices(policy: &Policy, unpriced: &[String]) -> String {
    let list = match &policy.sms.prices_as_of {
        Some(date) => format!("The price list is of {date}; your own prices replace it."),
        None => "The policy has no price list.".to_owned(),
    };
    let countries = unpriced.join(", ");
    match policy.sms.max_price {
        Some(price) if !unpriced.is_empty() => format!(
            "{list} No price: {countries}. A text there counts as ${price}, which is an upper bound."
        ),
        // Without an upper bound, every country of an accepted policy has a price.
        Some(_) | None => list,
    }
}

/// Lists the territories of the policy's countries that have codes of their own and are not in the policy.
fn list_left_out(policy: &Policy) -> BTreeMap<String, Vec<String>> {
    let countries = &policy.numbers.countries;
    let left_out = countries.iter().map(|country| {
        let territories = country
            .list_territories()
            .filter(|t| !countries.contains(t));
        let codes: Vec<String> = territories.map(|t| t.to_string()).collect();
        (country.to_string(), codes)
    });
    left_out.filter(|(_, codes)| !codes.is_empty()).collect()
}

/// Lists the paths of the test numbers whose time is over. This is not a fault: a policy that was good when it was
/// deployed stays good.
fn list_ended(policy: &Policy, now: Timestamp) -> Vec<String> {
    let numbers = policy.test_numbers.iter().enumerate();
    let ended = numbers.filter(|(_, number)| number.until <= now);
    ended
        .map(|(index, number)| format!("test_number[{index}].until = {}", number.until))
        .collect()
}

/// Lists the paths of the ranges with numbers that this build knows, each with such a number. The policy leaves those
/// as they are. This is not a fault: a later build may know a range that was new when the policy was deployed.
fn list_idle_ranges(policy: &Policy) -> BTreeMap<String, String> {
    let parser = PhoneParser::new();
    let ranges = policy.numbers.ranges.iter().enumerate();
    let known = ranges.filter_map(|(index, range)| {
        let known = range.list_samples().find_map(|number| {
            let read = parser.parse(&number, None).ok()?;
            Some(format!("{number} is of {}", read.country?))
        });
        Some((format!("numbers.range[{index}]"), known?))
    });
    known.collect()
}

/// Whether the date of the price list is after today.
fn is_dated_later(policy: &Policy, now: Timestamp) -> bool {
    // Both are written as year, month and day, so the later one is the greater text.
    let date = policy.sms.prices_as_of.as_deref();
    date.is_some_and(|date| date > now.to_string().get(..10).unwrap_or_default())
}

/// What a text costs over the countries of the policy that have an estimate.
#[derive(Clone, Copy)]
struct Range {
    least: Estimate,
    most: Estimate,
}

impl Range {
    fn to_text(self) -> String {
        let (least, most) = (self.least.amount, self.most.amount);
        let bound = if self.most.is_upper_bound {
            "at most "
        } else {
            ""
        };
        if least == most {
            format!("{bound}{most}")
        } else {
            format!("{least} to {bound}{most}")
        }
    }
}

/// Estimates the least and the most that a text costs over the countries of the policy that admit its locale; `None`
/// without a price.
fn estimate_costs(report: &TemplateReport, policy: &Policy) -> Option<Range> {
    let countries = policy.numbers.countries.iter().filter(|country| {
        let allowed = policy.sms.locales(Some(**country));
        allowed.is_empty() || allowed.contains(&report.locale)
    });
    let costs = countries.filter_map(|country| {
        let segments = report.segments.count;
        policy.sms.estimate_cost(Some(*country), segments)
    });
    let by_amount = |estimate: &Estimate| (estimate.amount, estimate.is_upper_bound);
    Some(Range {
        least: costs.clone().min_by_key(by_amount)?,
        most: costs.max_by_key(by_amount)?,
    })
}
