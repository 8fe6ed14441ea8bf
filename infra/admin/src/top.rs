//! `stats --top`: the busiest subjects of the request lines.
//!
//! A line names the subject that a rule refused, or the device that asked for a code that was entered wrong. It names
//! the country of the number. So the texts sent are known by country only.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectKind;
use serde_json::{Value, json};

use crate::lines::Line;
use crate::output::{Reply, format_or_dash, format_table, make_row};

/// What the lines say about one subject.
#[derive(Debug, Default, PartialEq)]
struct Busy {
    refused: u64,
    /// Texts sent and numbers verified; `None` for a subject that lines of served requests do not name.
    flow: Option<(f64, f64)>,
    rules: BTreeMap<String, u64>,
}

impl Busy {
    /// Counts a refusal by `rule`, or a wrong code.
    fn refuse(&mut self, rule: &str) {
        self.refused += 1;
        *self.rules.entry(rule.to_owned()).or_default() += 1;
    }
}

/// The `outcome` of a line whose code was wrong.
const WRONG_CODE: &str = "wrong-code";

/// Counts the subjects of request lines, the busiest first.
fn count(lines: &[Line]) -> Vec<(String, Busy)> {
    let mut subjects = BTreeMap::<String, Busy>::new();
    for line in lines.iter().filter(|line| line.is_request()) {
        let country = line.text("country");
        let country = country.map(|code| format!("{}#{code}", SubjectKind::Country.name()));
        let (subject, rule) = (line.text("subject"), line.text("rule"));
        if let Some(country) = &country {
            let busy = subjects.entry(country.clone()).or_default();
            let (sent, verified) = busy.flow.get_or_insert_default();
            *sent += line.number("Sent").unwrap_or(0.0);
            *verified += line.number("Verified").unwrap_or(0.0);
        }
        let outcome = line.text("outcome");
        // No rule refused a wrong code, so its country was not refused either.
        if let (None, Some(device), Some(WRONG_CODE)) = (&rule, &subject, outcome.as_deref()) {
            subjects
                .entry(device.clone())
                .or_default()
                .refuse(WRONG_CODE);
        }
        let Some(rule) = rule else { continue };
        let other = subject.filter(|subject| Some(subject) != country.as_ref());
        for refused in other.into_iter().chain(country) {
            subjects.entry(refused).or_default().refuse(&rule);
        }
    }
    let mut busiest: Vec<_> = subjects.into_iter().collect();
    busiest.sort_by_key(|(_, busy)| {
        let (sent, _) = busy.flow.unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of lines"
        )]
        Reverse(busy.refused + sent as u64)
    });
    busiest
}

/// Reports the `wanted` busiest subjects.
pub(crate) fn report(lines: &[Line], wanted: usize, since: Timestamp) -> Reply {
    let mut busiest = count(lines);
    busiest.truncate(wanted);
    let mut rows = vec![make_row(["subject", "refused", "sent", "verified", "by"])];
    rows.extend(busiest.iter().map(|(subject, busy)| {
        let rules: Vec<_> = busy
            .rules
            .iter()
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        vec![
            subject.clone(),
            busy.refused.to_string(),
            format_or_dash(busy.flow.map(|(sent, _)| sent)),
            format_or_dash(busy.flow.map(|(_, verified)| verified)),
            rules.join(", "),
        ]
    }));
    let describe = |(subject, busy): &(String, Busy)| {
        json!({
            "subject": subject,
            "refused": busy.refused,
            "sent": busy.flow.map(|(sent, _)| sent),
            "verified": busy.flow.map(|(_, verified)| verified),
            "rules": busy.rules,
        })
    };
    let top: Value = busiest.iter().map(describe).collect();
    let text = format!("since {since}\n\n{}", format_table(&rows));
    Reply::with_result(json!({ "since": since, "top": top }), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_who_was_refused_and_which_countries_were_texted() {
        let line = |members: Value| Line { at_ms: 0, members };
        let refused = |subject: &str, rule: &str| {
            line(json!({ "message": "request", "country": "US", "rule": rule, "subject": subject }))
        };
        let lines = [
            refused("address#a", "address-per-hour"),
            refused("address#a", "address-per-hour"),
            refused("address#a", "blocked-address"),
            refused("phone#p", "phone-cooldown"),
            refused("country#US", "blocked-range"),
            line(json!({ "message": "request", "country": "US", "Sent": 1 })),
            line(json!({ "message": "request", "country": "DE", "Sent": 1, "Verified": 1 })),
            line(json!({ "message": "request", "rule": "country" })),
            line(
                json!({ "message": "request", "country": "DE", "outcome": "wrong-code", "subject": "device#d" }),
            ),
            line(json!({ "message": "other", "subject": "phone#q", "rule": "r" })),
        ];
        let counted = count(&lines);
        let names: Vec<_> = counted
            .iter()
            .map(|(subject, _)| subject.as_str())
            .collect();
        let expected = [
            "country#US",
            "address#a",
            "country#DE",
            "device#d",
            "phone#p",
        ];
        assert_eq!(names, expected);
        let (_, us) = &counted[0];
        assert_eq!((us.refused, us.flow), (5, Some((1.0, 0.0))));
        let (_, address) = &counted[1];
        assert_eq!((address.refused, address.flow), (3, None));
        assert_eq!(address.rules["address-per-hour"], 2);
        let (_, device) = &counted[3];
        assert_eq!(device.rules["wrong-code"], 1);
        assert_eq!(counted[2].1.refused, 0, "no rule refused its country");
        assert_eq!(
            report(&lines, 1, Timestamp::from_unix(0)).json["top"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
    }
}
