//! What the policy sends to each country, against what the country takes.

use super::Facts;
use super::finding::Finding;

/// Checks the policy against the table of countries.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    match &facts.policy {
        Some(_) => vec![Finding::ok("placeholder")],
        None => vec![Finding::not_checked("the policy is not known", "")],
    }
}
