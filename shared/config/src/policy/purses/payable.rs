//! Finds a policy that could never text a country, although each of its numbers makes sense.

use std::collections::BTreeSet;

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::SmsPolicy;
use phoneproof_domain::purse::{Micros, PurseRule, PurseSettings, price_of};

use crate::policy::faults::Faults;

/// Notes a fault for each amount that is below the price of a text of one segment to some country: no text there would ever
/// fit into it.
pub(in crate::policy) fn check_payable(
    purses: &PurseSettings,
    sms: &SmsPolicy,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    let by_country = countries.iter().filter_map(|country| {
        let price = price_of(sms.estimate_cost(Some(*country), 1)?);
        Some((*country, price))
    });
    let by_country: Vec<(Country, Micros)> = by_country.collect();
    let policy = &purses.policy;
    let mut check = |rule, amount: Micros, needed: &[(Country, Micros)], field| {
        let short = needed.iter().filter(|(_, price)| amount < *price);
        let (unserved, prices): (Vec<_>, Vec<_>) = short.copied().unzip();
        // An amount that is not accepted has a fault of its own.
        if let Some(dearest) = prices.iter().max()
            && !purses.is_shadowed(rule)
            && !faults.has(field)
        {
            let (whole, part) = (dearest / 1_000_000, dearest % 1_000_000);
            let unserved: Vec<String> = unserved.iter().map(Country::to_string).collect();
            faults.add(
                field,
                format_args!(
                    "{whole}.{part:06} US dollars are needed at least: no text to {} would ever fit in",
                    unserved.join(", ")
                ),
            );
        }
    };
    // The money of a country is divided among its shards.
    let by_shard = by_country.iter().map(|(country, price)| {
        let shards = i64::from(purses.shards_of(*country));
        (*country, price.saturating_mul(shards))
    });
    let by_shard: Vec<_> = by_shard.collect();
    let of_stop = "purses.money_stop.usd_per_day";
    check(
        PurseRule::MoneyPerDay,
        policy.money.least,
        &by_shard,
        of_stop,
    );
    // Callers for whom the operator vouches have a lane that begins without it.
    if policy.attested.is_none() {
        let of_start = "purses.unearned_usd_per_day";
        check(
            PurseRule::Country,
            policy.unearned_per_day,
            &by_country,
            of_start,
        );
    }
}
