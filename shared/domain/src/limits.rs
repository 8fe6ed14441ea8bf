//! Limits: the numbers that a policy gives to the rules.

use std::time::Duration;

use crate::rule::Rule;

/// One cooldown, and one number of texts per rule that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The least time between two texts to one phone.
    pub cooldown: Duration,
    counts: [Option<u32>; Rule::ALL.len()],
}

impl Limits {
    /// Takes the limits of `[limits]` from `limit`, one for every rule that has a default. Other rules have no limit:
    /// those that do not count, and those of a business, which [`Limits::with`] adds.
    #[must_use]
    pub fn new(cooldown: Duration, limit: impl Fn(Rule) -> u32) -> Self {
        let limit = |rule: Rule| rule.default_limit().map(|_| limit(rule));
        Self {
            cooldown,
            counts: Rule::ALL.map(limit),
        }
    }

    /// Returns the same limits without those of the rules that `keep` leaves out. Those rules count nothing.
    #[must_use]
    pub fn of_rules(mut self, keep: impl Fn(Rule) -> bool) -> Self {
        for (rule, count) in Rule::ALL.into_iter().zip(&mut self.counts) {
            *count = count.filter(|_| keep(rule));
        }
        self
    }

    /// Returns the same limits with this one for `rule`, if the rule counts. With `None` it counts nothing.
    #[must_use]
    pub fn with(mut self, rule: Rule, limit: Option<u32>) -> Self {
        if let Some(count) = self.counts.get_mut(rule as usize) {
            *count = limit.filter(|_| rule.window().is_some());
        }
        self
    }

    /// Returns the texts per window that `rule` admits; `None` for a rule that does not count.
    #[must_use]
    pub fn get(&self, rule: Rule) -> Option<u32> {
        // `Rule::ALL` has the order of the variants. A test in `rule` checks it.
        self.counts.get(rule as usize).copied().flatten()
    }

    /// Returns the limit of `rule` in a policy that names none; 0 for a rule that has no default.
    #[must_use]
    pub fn default_of(rule: Rule) -> u32 {
        rule.default_limit().unwrap_or_default()
    }
}
