//! Finds a policy that could never text a country, although each of its numbers makes sense.

use std::collections::{BTreeMap, BTreeSet};

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::SmsPolicy;
use phoneproof_domain::purse::{Micros, PurseSettings, price_of};

use crate::policy::faults::Faults;

/// Notes a fault for each amount that is below the price of a text of one segment to some country: no text there would
/// ever fit into it.
pub(in crate::policy) fn check_payable(
    purses: &PurseSettings,
    sms: &SmsPolicy,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    let priced = countries.iter().filter_map(|country| {
        let price = price_of(sms.estimate_cost(Some(*country), 1)?);
        Some((*country, price))
    });
    let mut unserved: BTreeMap<&str, (Micros, Vec<String>)> = BTreeMap::new();
    for (country, price) in priced {
        for amount in purses.list_too_small(country, price) {
            let (least, names) = unserved.entry(amount.path).or_default();
            *least = amount.needed.max(*least);
            names.push(country.to_string());
        }
    }
    for (path, (least, names)) in unserved {
        // An amount that is not accepted has a fault of its own.
        if faults.has(path) {
            continue;
        }
        let (whole, part) = (least / 1_000_000, least % 1_000_000);
        faults.add(
            path,
            format_args!(
                "{whole}.{part:06} US dollars are needed at least: no text to {} would ever fit in",
                names.join(", ")
            ),
        );
    }
}
