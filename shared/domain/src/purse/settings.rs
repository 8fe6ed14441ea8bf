//! What a policy says about purses, besides their numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::Micros;
use super::policy::PursePolicy;
use super::refusal::PurseRule;
use crate::country::Country;

/// Everything that a policy says about purses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurseSettings {
    /// The numbers of the purses.
    pub policy: PursePolicy,
    /// The shards of the countries that have more than one.
    pub shards: BTreeMap<Country, u8>,
    /// The rules that refuse nobody. What they would refuse is only counted.
    pub shadowed: BTreeSet<PurseRule>,
}

/// An amount of a day that is too small for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSmall {
    /// The rule that refuses the text.
    pub rule: PurseRule,
    /// The path of the amount in the policy file.
    pub path: &'static str,
    /// The least amount into which the text fits.
    pub needed: Micros,
}

impl PurseSettings {
    /// Returns the number of shards of a country; at least 1.
    ///
    /// Each shard is a crowd of its own, so what an attack costs grows with their number.
    #[must_use]
    pub fn shards_of(&self, country: Country) -> u8 {
        self.shards.get(&country).copied().unwrap_or(1).max(1)
    }

    /// Lists the amounts of a day into which a text of this price to this country does not fit before codes are typed
    /// in.
    pub fn list_too_small(
        &self,
        country: Country,
        price: Micros,
    ) -> impl Iterator<Item = TooSmall> + use<'_> {
        let stop = TooSmall {
            rule: PurseRule::MoneyPerDay,
            path: "purses.money_stop.usd_per_day",
            // The money of a country is divided among its shards.
            needed: price.saturating_mul(i64::from(self.shards_of(country))),
        };
        let unearned = TooSmall {
            rule: PurseRule::Country,
            path: "purses.unearned_usd_per_day",
            needed: price,
        };
        let policy = &self.policy;
        // Callers that the operator vouches for have a lane that begins without it.
        let begins = policy.attested.is_none().then_some(unearned);
        let amounts = [
            (policy.money.least, Some(stop)),
            (policy.unearned_per_day, begins),
        ];
        let small = amounts
            .into_iter()
            .filter_map(|(amount, own)| own.filter(|own| amount < own.needed));
        small.filter(|own| !self.is_shadowed(own.rule))
    }

    /// Whether a rule refuses nobody.
    #[must_use]
    pub fn is_shadowed(&self, rule: PurseRule) -> bool {
        self.shadowed.contains(&rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_has_one_shard_unless_the_policy_says_otherwise() {
        let (india, france) = ("IN", "FR");
        let country = |code| Country::parse(code).expect("a country");
        let settings = PurseSettings {
            shards: BTreeMap::from([(country(india), 4)]),
            ..PurseSettings::default()
        };
        assert_eq!(settings.shards_of(country(india)), 4);
        assert_eq!(settings.shards_of(country(france)), 1);
    }

    #[test]
    fn a_name_finds_its_rule() {
        for rule in PurseRule::ALL {
            assert_eq!(PurseRule::parse(rule.name()), Some(rule));
        }
        assert_eq!(PurseRule::parse("country"), None);
    }
}
