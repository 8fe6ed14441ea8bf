//! The metrics that the lines declare, with their units and dimensions.

use metrique_writer::unit::Unit;
use metrique_writer_format_emf::{Emf, EmfBuilder, MetricDefinition, MetricDirective};

use super::NAMESPACE;

/// Declares the metrics of most lines and their dimensions.
///
/// Every metric has the dimension `stack`, and some have further ones that operators often ask for. The values of each
/// dimension are a closed set, because CloudWatch bills a metric for each value.
pub(super) fn declare_most() -> EmfBuilder {
    Emf::builder(NAMESPACE.to_owned(), vec![vec!["stack".to_owned()]])
        .directive(declare(COUNT, &[&["stack", "rule"]], &["Denied"]))
        .directive(declare(COUNT, &[&["stack", "event"]], &["Events"]))
        .directive(declare(
            COUNT,
            &[&["stack", "carrier"], &["stack", "channel"]],
            &["Texts"],
        ))
        .directive(declare(COUNT, &[&["stack", "outcome"]], &["Verifications"]))
        .directive(declare(
            COUNT,
            &[&["stack", "country"], &["stack", "business"]],
            &["Sent", "Verified"],
        ))
        .directive(declare(COUNT, &[&["stack", "country"]], &["Shortfall"]))
        .skip_all_validations(cfg!(not(test)))
}

/// Declares the metrics of purses as well. Each is in few lines, and nobody pays for one that is in none.
pub(super) fn declare_purses(format: EmfBuilder) -> EmfBuilder {
    let by_purse: &[&[&str]] = &[&["stack", "country", "purse"]];
    format
        .directive(declare(COUNT, by_purse, &["PurseEmpty"]))
        .directive(declare(
            COUNT,
            &[&["stack", "wouldRefuse"]],
            &["WouldRefuse"],
        ))
        .directive(declare(
            Unit::Percent,
            &[&["stack", "country"]],
            &["MoneyStopUsed"],
        ))
}

pub(super) const COUNT: Unit = Unit::Count;

/// Declares that the metrics `names` also have these sets of `dimensions`.
pub(super) fn declare<'a>(
    unit: Unit,
    dimensions: &[&[&'a str]],
    names: &[&'a str],
) -> MetricDirective<'a> {
    let metric = |name: &&'a str| MetricDefinition {
        name,
        unit,
        storage_resolution: None,
    };
    MetricDirective {
        dimensions: dimensions.iter().map(|set| set.to_vec()).collect(),
        metrics: names.iter().map(metric).collect(),
        namespace: NAMESPACE,
    }
}
