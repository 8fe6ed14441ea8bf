//! What pumping of calls costs, and what honest users lose by it, as `data/calls.tsv` records it.
//!
//! After a change of the rules, `cargo test -p phoneproof-simulator --test calls -- --ignored --nocapture` prints new
//! rows.

use phoneproof_simulator::scenario::{Figures, Market, Scenario, list_calls};
use phoneproof_simulator::service::Defence;

const ROWS: &str = include_str!("../data/calls.tsv");

fn list() -> Vec<Scenario> {
    list_calls(&Market::from_recordings())
}

/// Writes a row: id, seeds, texts, calls, dollars, dearest, honest calls, percent lost; and of the first seed:
/// millionths of a dollar, honest calls, honest calls lost.
fn to_row(scenario: &Scenario, figures: &Figures, first: &str) -> String {
    let honest = figures.honest_calls;
    format!(
        "{}\t{}\t{:.1}\t{:.1}\t{:.2}\t{:.2}\t{}\t{:.2}\t{first}",
        scenario.id,
        figures.runs,
        figures.mean_texts(),
        figures.mean_calls(),
        figures.mean_dollars(),
        figures.dearest_dollars(),
        honest.sends,
        honest.percent(),
    )
}

fn first(scenario: &Scenario) -> String {
    let outcome = scenario.run(&Defence::purses(), 1);
    let honest = outcome.honest_calls;
    format!("{}\t{}\t{}", outcome.cost, honest.sends, honest.lost)
}

fn lines() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = ROWS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

#[test]
fn the_first_seed_gives_what_is_recorded() {
    let (rows, scenarios): (Vec<_>, _) = (lines().collect(), list());
    assert_eq!(rows.len(), scenarios.len());
    for (fields, scenario) in rows.iter().zip(&scenarios) {
        let recorded = fields.get(8..).expect("the first seed").join("\t");
        assert_eq!(fields.first(), Some(&scenario.id));
        let id = scenario.id;
        assert_eq!(first(scenario), recorded, "{id}: the rules have changed");
    }
}

#[test]
fn the_rows_keep_what_was_promised() {
    let number = |id: &str, place: usize| -> f64 {
        let row = lines().find(|fields| fields.first() == Some(&id));
        let text = row.expect("a row").get(place).copied();
        text.and_then(|text| text.parse().ok()).expect("a number")
    };
    let (dearest, lost) = (5, 7);
    assert!(number("va", lost) < 1.0);
    assert!(number("v2", dearest) < 5.0);
    assert!(number("v2", lost) < 1.0);
    assert!(number("v6", dearest) < 16.0);
}

/// Without purses the limits alone let an attacker have a call for nearly every text and more.
#[test]
fn purses_end_what_limits_alone_let_through() {
    let pumped = list().into_iter().find(|scenario| scenario.id == "v2");
    let alone = pumped.expect("a scenario").run(&Defence::limits(), 1);
    assert!(alone.calls > 10_000, "{}", alone.calls);
}

#[test]
#[ignore = "it prints the rows to record"]
#[expect(clippy::print_stdout, reason = "it prints the rows to record")]
fn print_rows() {
    for scenario in list() {
        let figures = scenario.figures(&Defence::purses(), scenario.seeds);
        println!("{}", to_row(&scenario, &figures, &first(&scenario)));
    }
}
