//! Limits per hour that a limit per day makes unreachable.

use crate::policy::{Fault, Policy};
use crate::rule::Rule;
use crate::subject::SubjectKind;

impl Policy {
    /// Warns of each limit that can refuse nobody, because one of a longer window admits fewer texts of the same
    /// subject. It is no fault: the service does what the policy says, and texts no more than it should.
    pub(super) fn warn_of_limits(&self) -> Vec<Fault> {
        let of_all = list_pairs(|subject| subject != SubjectKind::Business);
        let of_all = of_all.into_iter().filter_map(|pair| {
            let path = |rule: Rule| format!("limits.{}", rule.limit_key());
            warn(pair.map(|rule| (path(rule), self.limits.get(rule))))
        });
        let of_business = self.businesses.iter().filter_map(|(name, business)| {
            let path = |field| format!("business.{}.{field}", name.as_str());
            warn([
                (path("texts_per_hour"), business.texts_per_hour),
                (path("texts_per_day"), business.texts_per_day),
            ])
        });
        of_all.chain(of_business).collect()
    }
}

/// Lists the rules that count texts of one subject in windows of different lengths, the shorter window first.
fn list_pairs(is_wanted: impl Fn(SubjectKind) -> bool) -> Vec<[Rule; 2]> {
    let rules = || Rule::ALL.into_iter().filter(|rule| rule.window().is_some());
    let is_pair = |[short, long]: &[Rule; 2]| {
        short.subject() == long.subject() && short.window() < long.window()
    };
    rules()
        .filter(|rule| is_wanted(rule.subject()))
        .flat_map(|short| rules().map(move |long| [short, long]))
        .filter(is_pair)
        .collect()
}

/// Warns of the first of two limits, each with its path, if the second admits fewer texts.
fn warn([(path, short), (other, long)]: [(String, Option<u32>); 2]) -> Option<Fault> {
    let (short, long) = (short?, long?);
    (short > long).then(|| Fault {
        reason: format!(
            "{short} texts are never reached, because {other} admits {long}: at most {long} has an effect here"
        ),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pairs_are_those_of_an_hour_and_a_day_of_one_subject() {
        assert_eq!(
            list_pairs(|_| true),
            [
                [Rule::PhonePerHour, Rule::PhonePerDay],
                [Rule::BusinessPerHour, Rule::BusinessPerDay],
            ]
        );
    }
}
