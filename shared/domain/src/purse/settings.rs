//! What a policy says about purses, besides their numbers.

use std::collections::{BTreeMap, BTreeSet};

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

impl PurseSettings {
    /// Returns the number of shards of a country; at least 1.
    ///
    /// Each shard is a crowd of its own, so what an attack costs grows with their number.
    #[must_use]
    pub fn shards_of(&self, country: Country) -> u8 {
        self.shards.get(&country).copied().unwrap_or(1).max(1)
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
