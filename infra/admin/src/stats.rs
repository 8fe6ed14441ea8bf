//! `stats`: sums up the request lines.

use std::collections::BTreeMap;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::money::MicroUsd;
use serde_json::{Value, json};

use crate::lines::{Line, Reader};
use crate::operator::Operator;
use crate::output::{CommandError, Reply, format_table, make_row};
use crate::time::Span;
use crate::top;

/// How many texts were sent and numbers verified: in all, or for one country or business.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Flow {
    sent: f64,
    verified: f64,
}

impl Flow {
    fn add(&mut self, line: &Line) {
        self.sent += line.number("Sent").unwrap_or(0.0);
        self.verified += line.number("Verified").unwrap_or(0.0);
    }

    /// Verified numbers per text; `None` without texts.
    fn conversion(&self) -> Option<f64> {
        (self.sent > 0.0).then(|| self.verified / self.sent)
    }

    fn to_json(self) -> Value {
        json!({ "sent": self.sent, "verified": self.verified, "conversion": self.conversion() })
    }
}

/// What the texts are estimated to cost, in millionths of a US dollar.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Cost {
    /// All texts with an estimate.
    estimated: u64,
    /// The part of texts to countries without a price, which count as the most that a text may cost.
    upper_bound: u64,
    /// The number of texts without an estimate: the policy names no price and no highest price.
    unknown: u64,
}

impl Cost {
    fn add(&mut self, line: &Line) {
        let amount = |name| line.number(name).and_then(MicroUsd::from_dollars);
        let micros = |name| amount(name).map_or(0, MicroUsd::micros);
        self.estimated += micros("EstimatedCost");
        self.upper_bound += micros("UpperBoundCost");
        let is_text = line.number("Sent").is_some();
        self.unknown += u64::from(is_text && amount("EstimatedCost").is_none());
    }

    /// Writes the sum, and says what it leaves open.
    fn to_text(self) -> String {
        let mut text = format!("${}", format_dollars(self.estimated));
        if self.upper_bound > 0 {
            let bound = format_dollars(self.upper_bound);
            text = format!("at most {text}: ${bound} of it are texts to countries without a price");
        }
        if self.unknown > 0 {
            text = format!("{text}; without {} texts of unknown price", self.unknown);
        }
        text
    }
}

/// Writes millionths of a dollar as dollars.
fn format_dollars(micros: u64) -> String {
    MicroUsd::from_micros(micros).to_string()
}

/// The sums over request lines, each under the name of its member or metric (`shared/observe/LOGGING.md`).
#[derive(Debug, Default)]
struct Stats {
    requests: u64,
    faults: f64,
    segments: f64,
    cost: Cost,
    cold_starts: f64,
    all: Flow,
    countries: BTreeMap<String, Flow>,
    businesses: BTreeMap<String, Flow>,
    denials: BTreeMap<String, u64>,
    /// What rules in shadow mode would have refused, by rule.
    would_refuse: BTreeMap<String, u64>,
    /// The requests that met an empty purse, by purse.
    empty_purses: BTreeMap<String, u64>,
    carrier: BTreeMap<String, u64>,
    outcomes: BTreeMap<String, u64>,
    times: Vec<f64>,
}

pub(crate) async fn stats(
    operator: &Operator,
    since: Span,
    top: Option<usize>,
) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    let from = operator.now() - since.0;
    let lines = Reader::new(operator, resources, from)?.read_new().await?;
    if let Some(wanted) = top {
        return Ok(top::report(&lines, wanted, from));
    }
    let stats = Stats::sum_up(&lines);
    let text = format!("since {from}\n\n{}", stats.to_text());
    Ok(Reply::with_result(
        stats.to_json(from, operator.now()),
        text,
    ))
}

impl Stats {
    fn sum_up(lines: &[Line]) -> Self {
        let mut stats = Self::default();
        for line in lines.iter().filter(|line| line.is_request()) {
            stats.add(line);
        }
        stats.times.sort_by(f64::total_cmp);
        stats
    }

    fn add(&mut self, line: &Line) {
        let number = |name| line.number(name).unwrap_or(0.0);
        self.requests += 1;
        self.faults += number("Faults");
        self.segments += number("Segments");
        self.cost.add(line);
        self.cold_starts += number("ColdStarts");
        self.all.add(line);
        let flow = |name, flows: &mut BTreeMap<String, Flow>| {
            if let Some(key) = line.text(name) {
                flows.entry(key).or_default().add(line);
            }
        };
        flow("country", &mut self.countries);
        flow("business", &mut self.businesses);
        for (name, counts) in [
            ("rule", &mut self.denials),
            ("wouldRefuse", &mut self.would_refuse),
            ("purse", &mut self.empty_purses),
            ("carrier", &mut self.carrier),
            ("outcome", &mut self.outcomes),
        ] {
            if let Some(key) = line.text(name) {
                *counts.entry(key).or_default() += 1;
            }
        }
        self.times.extend(line.number("Time"));
    }

    /// The time in milliseconds that this share of the requests took at most; `None` without requests.
    fn quantile(&self, share: f64) -> Option<f64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank within a list that fits in memory"
        )]
        let rank = (self.times.len() as f64 * share).ceil() as usize;
        self.times.get(rank.saturating_sub(1)).copied()
    }

    fn to_json(&self, since: Timestamp, until: Timestamp) -> Value {
        let flows = |flows: &BTreeMap<String, Flow>| -> Value {
            Value::Object(
                flows
                    .iter()
                    .map(|(key, flow)| (key.clone(), flow.to_json()))
                    .collect(),
            )
        };
        json!({
            "since": since,
            "until": until,
            "requests": self.requests,
            "all": self.all.to_json(),
            "countries": flows(&self.countries),
            "businesses": flows(&self.businesses),
            "denials": self.denials,
            "wouldRefuse": self.would_refuse,
            "emptyPurses": self.empty_purses,
            "carrier": self.carrier,
            "outcomes": self.outcomes,
            "segments": self.segments,
            "estimatedCostUsd": MicroUsd::from_micros(self.cost.estimated).dollars(),
            "upperBoundCostUsd": MicroUsd::from_micros(self.cost.upper_bound).dollars(),
            "textsOfUnknownPrice": self.cost.unknown,
            "faults": self.faults,
            "coldStarts": self.cold_starts,
            "medianMs": self.quantile(0.5),
            "p99Ms": self.quantile(0.99),
        })
    }

    fn to_text(&self) -> String {
        let time = |share| {
            self.quantile(share)
                .map_or("-".to_owned(), |ms| format!("{ms:.1} ms"))
        };
        let summary = [
            make_row(["requests", &self.requests.to_string()]),
            make_row(["our faults (5xx)", &self.faults.to_string()]),
            make_row(["segments", &self.segments.to_string()]),
            make_row(["estimated cost", &self.cost.to_text()]),
            make_row(["time, median", &time(0.5)]),
            make_row(["time, p99", &time(0.99)]),
            make_row(["cold starts", &self.cold_starts.to_string()]),
        ];
        let mut flows = vec![
            make_row(["", "sent", "verified", "conversion"]),
            make_flow_row("all", &self.all),
        ];
        let named = self.countries.iter().chain(&self.businesses);
        flows.extend(named.map(|(key, flow)| make_flow_row(key, flow)));
        let mut text = format!("{}\n\n{}", format_table(&summary), format_table(&flows));
        for (title, counts) in [
            ("denied by", &self.denials),
            ("shadow mode, would deny by", &self.would_refuse),
            ("empty purse", &self.empty_purses),
            ("carrier", &self.carrier),
            ("outcome", &self.outcomes),
        ] {
            if !counts.is_empty() {
                let mut rows = vec![make_row([title, "count"])];
                rows.extend(
                    counts
                        .iter()
                        .map(|(key, count)| make_row([key, &count.to_string()])),
                );
                text = format!("{text}\n\n{}", format_table(&rows));
            }
        }
        text
    }
}

fn make_flow_row(name: &str, flow: &Flow) -> Vec<String> {
    let conversion = flow
        .conversion()
        .map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    make_row([
        name,
        &flow.sent.to_string(),
        &flow.verified.to_string(),
        &conversion,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(members: Value) -> Line {
        Line { at_ms: 0, members }
    }

    #[test]
    fn a_sum_of_costs_says_when_it_is_an_upper_bound() {
        let sent = |cost: Value| {
            let mut members = json!({ "message": "request", "Sent": 1, "Time": 1.0 });
            let Value::Object(more) = cost else {
                return line(members);
            };
            members.as_object_mut().expect("an object").extend(more);
            line(members)
        };
        let sum = |lines: &[Line]| Stats::sum_up(lines).cost.to_text();
        let priced = || sent(json!({ "EstimatedCost": 0.1 }));
        let bound = || sent(json!({ "EstimatedCost": 0.5, "UpperBoundCost": 0.5 }));
        assert_eq!(sum(&[]), "$0.00");
        // In binary fractions, the sum of three tenths is not 0.3.
        assert_eq!(sum(&[priced(), priced(), priced()]), "$0.30");
        assert_eq!(
            sum(&[priced(), bound()]),
            "at most $0.60: $0.50 of it are texts to countries without a price"
        );
        assert_eq!(
            sum(&[priced(), sent(Value::Null)]),
            "$0.10; without 1 texts of unknown price"
        );
    }

    #[test]
    fn sums_up_request_lines_by_country_rule_and_outcome() {
        let lines = [
            line(
                json!({ "message": "request", "country": "US", "Sent": 1, "Segments": 2, "EstimatedCost": 0.02, "Time": 10.0, "carrier": "accepted" }),
            ),
            line(
                json!({ "message": "request", "country": "US", "Verified": 1, "Time": 2.0, "outcome": "served" }),
            ),
            line(json!({ "message": "request", "country": "DE", "Sent": 1, "Time": 30.0 })),
            line(json!({ "message": "request", "rule": "phone-cooldown", "Time": 1.0 })),
            line(
                json!({ "message": "request", "wouldRefuse": "country-purse", "purse": "open", "Time": 1.0 }),
            ),
            line(json!({ "message": "DynamoDB call failed", "country": "FR", "Sent": 9 })),
        ];
        let stats = Stats::sum_up(&lines);
        assert_eq!(stats.requests, 5);
        assert_eq!(
            stats.all,
            Flow {
                sent: 2.0,
                verified: 1.0
            }
        );
        assert_eq!(stats.countries["US"].conversion(), Some(1.0));
        assert_eq!(stats.countries["DE"].conversion(), Some(0.0));
        assert_eq!(stats.countries.len(), 2);
        assert_eq!(stats.denials["phone-cooldown"], 1);
        assert_eq!(stats.would_refuse["country-purse"], 1);
        assert_eq!(stats.empty_purses["open"], 1);
        let json = stats.to_json(Timestamp::from_unix(0), Timestamp::from_unix(1));
        assert_eq!(json["wouldRefuse"]["country-purse"], 1);
        assert!(
            stats.to_text().contains("would deny by"),
            "{}",
            stats.to_text()
        );
        assert_eq!(
            (stats.quantile(0.5), stats.quantile(0.99)),
            (Some(2.0), Some(30.0))
        );
        assert_eq!(Stats::default().quantile(0.5), None);
    }
}
