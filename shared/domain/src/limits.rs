//! Limits: the numbers that a policy gives to the rules.

use std::time::Duration;

use crate::rule::{Rule, RuleKind};

/// One cooldown, and one number of texts per rule that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The least time between two texts to one phone.
    pub cooldown: Duration,
    counts: [Option<u32>; Rule::ALL.len()],
}

impl Limits {
    /// Takes the limit of every counting rule from `limit`. Rules that do not count have no limit.
    #[must_use]
    pub fn new(cooldown: Duration, limit: impl Fn(Rule) -> u32) -> Self {
        let limit = |rule: Rule| rule.window().map(|_| limit(rule));
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

    /// Returns the texts per window that `rule` admits; `None` for a rule that does not count.
    #[must_use]
    pub fn get(&self, rule: Rule) -> Option<u32> {
        // `Rule::ALL` has the order of the variants. A test in `rule` checks it.
        self.counts.get(rule as usize).copied().flatten()
    }

    /// Returns the limit of `rule` in a policy that names none; 0 for a rule that does not count.
    #[must_use]
    pub const fn default_of(rule: Rule) -> u32 {
        match rule.kind() {
            RuleKind::Count { default_limit, .. } => default_limit,
            RuleKind::Block | RuleKind::BlockRange | RuleKind::Reserve => 0,
        }
    }
}
