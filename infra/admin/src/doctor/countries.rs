//! What the policy sends to each country, against what the country takes.

use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::policy::{Fault, Policy};

use super::Facts;
use super::finding::Finding;

/// What an operator can do about most warnings of a policy.
const ADVICE: &str = "give the country what it wants under [sms.country] of the policy: infra/FIRST-ACCOUNT.md, \"What your countries need\"";

/// Checks the policy against the table of countries. What cannot work is a fault of the policy, so it is a warning here
/// that a text may go out otherwise than the operator expects.
pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    match &facts.policy {
        Some(policy) => match Catalog::new(policy) {
            Ok(catalog) => check_policy(policy, &catalog),
            Err(faults) => vec![Finding::fail(
                faults.to_string(),
                "mend the policy and deploy it",
            )],
        },
        None => vec![Finding::of_unchecked("the policy is not known", "")],
    }
}

fn check_policy(policy: &Policy, catalog: &Catalog) -> Vec<Finding> {
    let warnings = policy.list_warnings(catalog);
    if warnings.is_empty() {
        return vec![Finding::ok(
            "each country of the policy gets what it takes, as far as the table of this build knows",
        )];
    }
    let warn = |warning: &Fault| Finding::warn(warning.to_string(), ADVICE);
    warnings.iter().map(warn).collect()
}
