//! What `policy check` says about calls: where people are called, at what price, and what the purse of each country
//! bears.

use phoneproof_domain::policy::{Policy, VoicePolicy};
use serde_json::{Value, json};

use crate::money::{format_usd, usd};
use crate::output::{format_table, make_row};

/// Describes calls; null where nobody is called.
pub(super) fn describe(policy: &Policy) -> Value {
    let describe = |voice: &VoicePolicy| {
        let (countries, calls) = (voice.countries.iter(), &policy.purses.policy.calls);
        let prices = countries.map(|country| {
            let price = voice.estimate_cost(*country);
            let described = json!({
                "priceUsd": price.amount.dollars(),
                "isUpperBound": price.is_upper_bound,
            });
            (country.to_string(), described)
        });
        json!({
            "countries": Value::Object(prices.collect()),
            "startCalls": calls.start,
            "capCalls": calls.cap,
            "refillHours": calls.refill.as_secs() / 3_600,
            "perDayUsd": usd(calls.money_per_day),
        })
    };
    policy.voice.as_ref().map_or(Value::Null, describe)
}

/// Writes a row for each country where people are called, and what its purse bears; nothing where nobody is called.
pub(super) fn tabulate(policy: &Policy) -> String {
    let Some(voice) = &policy.voice else {
        return String::new();
    };
    let mut rows = vec![make_row(["country", "dollars per call"])];
    rows.extend(voice.countries.iter().map(|country| {
        let price = voice.estimate_cost(*country);
        let bound = if price.is_upper_bound { "at most " } else { "" };
        vec![country.to_string(), format!("{bound}{}", price.amount)]
    }));
    let calls = &policy.purses.policy.calls;
    let (start, cap) = (calls.start, calls.cap);
    let (hours, money) = (
        calls.refill.as_secs() / 3_600,
        format_usd(calls.money_per_day),
    );
    format!(
        "{}\nEach of these countries begins with {start} calls for strangers and {cap} for others. Typed codes earn up to \
         {cap}.\nAn empty purse gets a call back in {hours} hours. The calls to a country cost {money} a day at most.\n\n",
        format_table(&rows)
    )
}
