//! Finds a policy that could never text anybody, although each of its numbers makes sense.

use std::collections::BTreeSet;

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::SmsPolicy;
use phoneproof_domain::purse::{Micros, PurseRule, PurseSettings, price_of};

use crate::policy::faults::Faults;

/// Notes a fault for each amount that is below the price of a text of one segment in every country: no text would ever fit
/// into it.
pub(in crate::policy) fn check_payable(
    purses: &PurseSettings,
    sms: &SmsPolicy,
    countries: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    // The money of a country is divided among its shards.
    let priced = countries.iter().filter_map(|country| {
        let price = price_of(sms.estimate_cost(Some(*country), 1)?);
        Some((price, i64::from(purses.shards_of(*country).max(1))))
    });
    let priced: Vec<(Micros, i64)> = priced.collect();
    let policy = &purses.policy;
    let mut check = |rule, amount: Micros, cheapest: Option<Micros>, field| {
        let fits = cheapest.is_none_or(|price| amount >= price);
        // An amount that is not accepted has a fault of its own.
        if !fits && !purses.is_shadowed(rule) && !faults.has(field) {
            let dollars = cheapest.unwrap_or_default();
            let (whole, part) = (dollars / 1_000_000, dollars % 1_000_000);
            faults.add(
                field,
                format_args!(
                    "{whole}.{part:06} US dollars are needed at least: no text would ever fit in"
                ),
            );
        }
    };
    let stop = priced.iter().map(|(price, shards)| price * shards).min();
    let of_stop = "purses.money_stop.usd_per_day";
    check(PurseRule::MoneyPerDay, policy.money.least, stop, of_stop);
    // Callers that the operator vouches for have a lane that begins without it.
    let begins = priced.iter().map(|(price, _)| *price).min();
    let begins = begins.filter(|_| policy.attested.is_none());
    let of_start = "purses.unearned_usd_per_day";
    check(
        PurseRule::Country,
        policy.unearned_per_day,
        begins,
        of_start,
    );
}
