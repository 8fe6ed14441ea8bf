//! What a policy says about calls.

use std::collections::{BTreeMap, BTreeSet};

use crate::country::Country;
use crate::money::{Estimate, MicroUsd};

/// What a policy says about calls, besides the numbers of their purse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicePolicy {
    /// The countries where people are called. Each is one whose numbers are texted.
    pub countries: BTreeSet<Country>,
    /// What a call costs at most, in a country without a price of its own.
    pub price: MicroUsd,
    /// What a call costs, by country.
    pub prices: BTreeMap<Country, MicroUsd>,
}

impl VoicePolicy {
    /// Whether people of `country` are called.
    #[must_use]
    pub fn serves(&self, country: Option<Country>) -> bool {
        country.is_some_and(|country| self.countries.contains(&country))
    }

    /// Returns what a call to `country` is estimated to cost.
    #[must_use]
    pub fn estimate_cost(&self, country: Country) -> Estimate {
        let own = self.prices.get(&country).copied();
        Estimate {
            amount: own.unwrap_or(self.price),
            is_upper_bound: own.is_none(),
        }
    }
}
