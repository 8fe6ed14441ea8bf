//! The prices of the policy, which purses and alarms count with.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::policy::Policy;
use time::format_description::well_known::Iso8601;

use super::Facts;
use super::finding::Finding;
use crate::policy::list_unpriced;

/// From this age on a price list is worth a look.
const OLD: Duration = Duration::from_hours(365 * 24);

/// Checks that every country of the policy has a price, and that the price list is not old.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    match &facts.policy {
        Some(policy) => check_prices(policy, facts.operator.now()),
        None => vec![Finding::of_unchecked("the policy is not known", "")],
    }
}

fn check_prices(policy: &Policy, now: Timestamp) -> Vec<Finding> {
    let unpriced = list_unpriced(policy);
    let mut found = Vec::new();
    if unpriced.is_empty() {
        found.push(Finding::ok("every country of the policy has a price"));
    } else {
        found.push(Finding::warn(
            format!(
                "no price: {}; their texts count as sms.max_price_usd, which is an upper bound",
                unpriced.join(", ")
            ),
            "copy the prices from the page of AWS End User Messaging, or from your bill, into [sms.price_usd]",
        ));
    }
    if let Some(date) = policy.sms.prices_as_of.as_deref()
        && is_old(date, now)
    {
        found.push(Finding::warn(
            format!("the price list is of {date}, more than a year ago"),
            "put your own prices of the countries where you send much into [sms.price_usd]",
        ));
    }
    found
}

/// Whether a day, as in `2025-02-10`, is more than [`OLD`] ago.
fn is_old(date: &str, now: Timestamp) -> bool {
    let Ok(date) = time::Date::parse(date, &Iso8601::DATE) else {
        return false;
    };
    let at = date.midnight().assume_utc().unix_timestamp();
    now.since(Timestamp::from_unix(at)) > OLD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn a_country_without_a_price_and_an_old_list_are_named() {
        let text = phoneproof_config::DEFAULT_POLICY;
        let policy = |text: &str| phoneproof_config::policy::from_toml(text).expect("valid");
        let at = |text: &str| crate::time::parse_instant(text).expect("an instant");
        let listed = policy(text);
        let found = check_prices(&listed, at("2026-02-10T00:00:00Z"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].state, State::Ok);
        let found = check_prices(&listed, at("2026-02-10T00:00:01Z"));
        assert_eq!(found[1].state, State::Warn);
        assert!(found[1].seen.contains("2025-02-10"), "{}", found[1].seen);
        let mut unpriced = listed;
        unpriced.sms.prices.clear();
        let found = check_prices(&unpriced, at("2025-03-01T00:00:00Z"));
        assert_eq!(found[0].state, State::Warn);
        assert!(found[0].seen.contains("AU, CA, CN"), "{}", found[0].seen);
    }
}
