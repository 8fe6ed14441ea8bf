//! The figures, as a table and as JSON.

use std::collections::BTreeMap;

use phoneproof_simulator::play::Honest;
use phoneproof_simulator::scenario::{Figures, Scenario};
use serde_json::{Value, json};

use crate::output::{format_table, make_row};

/// What came of one scenario.
#[derive(Debug)]
pub(super) struct Row {
    id: &'static str,
    title: String,
    is_attack: bool,
    /// Under the limits alone.
    pub(super) without: Figures,
    /// Under the whole policy.
    pub(super) with: Figures,
}

/// What came of all of them.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) policy: String,
    pub(super) notes: Vec<String>,
    pub(super) first_seed: u32,
    pub(super) seeds: u32,
    pub(super) rows: Vec<Row>,
}

impl Row {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            id: scenario.id,
            title: scenario.title.clone(),
            is_attack: scenario.attack.is_some(),
            without: Figures::default(),
            with: Figures::default(),
        }
    }

    fn to_attack_row(&self) -> Vec<String> {
        let (without, with) = (&self.without, &self.with);
        make_row([
            self.id,
            &self.title,
            &format!("{:.0}", without.mean_texts()),
            &format!("{:.2}", without.mean_dollars()),
            &format!("{:.0}", with.mean_texts()),
            &format!("{:.2}", with.mean_dollars()),
            &format!("{:.2}", with.dearest_dollars()),
            &percent(with.honest),
            &percent(with.on_day),
            &lost_by_rule(with),
        ])
    }

    fn to_load_row(&self) -> Vec<String> {
        make_row([
            self.id,
            &self.title,
            &percent(self.without.honest),
            &percent(self.with.honest),
            &lost_by_rule(&self.with),
        ])
    }

    /// Says what came of calls; `None` for a service without.
    fn name_calls(&self) -> Option<String> {
        let (calls, honest) = (self.with.mean_calls(), self.with.honest_calls);
        (honest.sends > 0 || self.with.calls > 0).then(|| {
            let lost = percent(honest);
            format!(
                "{}: {calls:.1} calls to the attacker; {lost} % of the honest calls lost",
                self.id
            )
        })
    }

    fn to_json(&self) -> Value {
        let mut members = json!({ "id": self.id, "title": self.title });
        for (name, figures) in [("limitsAlone", &self.without), ("policy", &self.with)] {
            if let Some(member) = members.as_object_mut() {
                member.insert(name.to_owned(), figures_to_json(figures, self.is_attack));
            }
        }
        members
    }
}

fn figures_to_json(figures: &Figures, is_attack: bool) -> Value {
    let honest = |honest: Honest| json!({ "sends": honest.sends, "lost": honest.lost, "lostPercent": honest.percent() });
    let mut members = json!({
        "runs": figures.runs,
        "honest": honest(figures.honest),
        "newUsers": honest(figures.new_users),
        "lostTo": figures.lost_to,
        "honestCalls": honest(figures.honest_calls),
        "wouldRefuse": figures.tally.would_refuse,
    });
    let of_attack = json!({
        "texts": figures.mean_texts(),
        "calls": figures.mean_calls(),
        "costUsd": figures.mean_dollars(),
        "dearestCostUsd": figures.dearest_dollars(),
        "honestOfTheDay": honest(figures.on_day),
        "stoppedBy": figures.stopped_by,
        "paidBy": figures.paid_by,
    });
    if let (true, Some(own), Value::Object(more)) = (is_attack, members.as_object_mut(), of_attack)
    {
        own.extend(more);
    }
    members
}

fn percent(honest: Honest) -> String {
    if honest.sends == 0 {
        "-".to_owned()
    } else {
        format!("{:.2}", honest.percent())
    }
}

/// Writes the honest sends that each rule refused, in percent of all.
fn lost_by_rule(figures: &Figures) -> String {
    let mut parts: Vec<_> = figures.lost_to.iter().collect();
    parts.sort_by_key(|(_, lost)| std::cmp::Reverse(**lost));
    let part = |(rule, lost): (&&str, &u64)| {
        let sends = figures.honest.sends;
        let share = percent(Honest { sends, lost: *lost });
        format!("{rule} {share}")
    };
    let parts: Vec<String> = parts.into_iter().map(part).collect();
    if parts.is_empty() {
        return "-".to_owned();
    }
    parts.join(", ")
}

impl Report {
    pub(super) fn to_text(&self) -> String {
        let (attacks, loads): (Vec<&Row>, Vec<&Row>) =
            self.rows.iter().partition(|row| row.is_attack);
        let mut parts = vec![self.describe()];
        if !attacks.is_empty() {
            let mut rows = vec![make_row([
                "id",
                "attack",
                "limits alone: texts",
                "$",
                "policy: texts",
                "$",
                "dearest",
                "honest lost %",
                "of the day %",
                "by rule",
            ])];
            rows.extend(attacks.into_iter().map(Row::to_attack_row));
            parts.push(format_table(&rows));
        }
        if !loads.is_empty() {
            let mut rows = vec![make_row([
                "id",
                "honest load",
                "limits alone: lost %",
                "policy: lost %",
                "by rule",
            ])];
            rows.extend(loads.into_iter().map(Row::to_load_row));
            parts.push(format_table(&rows));
        }
        let calls: Vec<_> = self.rows.iter().filter_map(Row::name_calls).collect();
        parts.push(calls.join("\n"));
        parts.push(self.sum_up_stops());
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    fn describe(&self) -> String {
        let last = self.first_seed.saturating_add(self.seeds - 1);
        let seeds = if self.seeds == 1 {
            format!("Seed {last}.")
        } else {
            format!(
                "Seeds {} to {last}; dollars are the mean, and those of the dearest.",
                self.first_seed
            )
        };
        let mut lines = vec![format!("{}. {seeds}", self.policy)];
        lines.extend(self.notes.iter().cloned());
        lines.join("\n")
    }

    /// Says which rules stopped the attackers, over all attacks.
    fn sum_up_stops(&self) -> String {
        let mut stops: BTreeMap<&str, u64> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.is_attack) {
            for (rule, count) in &row.with.stopped_by {
                *stops.entry(rule).or_default() += count;
            }
        }
        let all: u64 = stops.values().sum();
        let mut stops: Vec<_> = stops.into_iter().collect();
        stops.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let share = |count: u64| {
            percent(Honest {
                sends: all,
                lost: count,
            })
        };
        let parts = stops
            .into_iter()
            .map(|(rule, count)| format!("{rule} {} %", share(count)));
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            return String::new();
        }
        format!("The attackers were stopped by: {}.", parts.join(", "))
    }

    pub(super) fn to_json(&self) -> Value {
        let rows = |is_attack| -> Value {
            let rows = self.rows.iter().filter(|row| row.is_attack == is_attack);
            rows.map(Row::to_json).collect()
        };
        json!({
            "policy": self.policy,
            "firstSeed": self.first_seed,
            "seeds": self.seeds,
            "notes": self.notes,
            "attacks": rows(true),
            "loads": rows(false),
        })
    }
}
