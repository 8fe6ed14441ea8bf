//! Prints what attacks cost and what honest users lose, under the limits alone and with the purses.
//!
//! `cargo run -p phoneproof-simulator --example bill` prints everything. Ids after `--` choose scenarios, and
//! `seeds=N` plays so many seeds of each.

#![expect(clippy::print_stdout, reason = "a tool for developers")]

use phoneproof_simulator::scenario::{Figures, Market, Scenario, attacks, loads, worlds};
use phoneproof_simulator::service::Defence;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let seeds = arguments
        .iter()
        .find_map(|text| text.strip_prefix("seeds="));
    let seeds: Option<u32> = seeds.and_then(|text| text.parse().ok());
    let ids: Vec<_> = arguments
        .iter()
        .filter(|text| !text.contains('='))
        .collect();
    let is_chosen = |scenario: &Scenario| ids.is_empty() || ids.iter().any(|id| *id == scenario.id);
    println!(
        "| scenario | limits: texts | $ | lost % | purses: texts | $ (dearest) | lost % | of the day | lost to |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let market = Market::recorded();
    let all = attacks(&market).into_iter().chain(loads(&market));
    let all = all.chain(worlds(&market));
    let mut sum = Figures::default();
    for scenario in all.filter(is_chosen) {
        let seeds = seeds.unwrap_or(scenario.seeds);
        let limits = scenario.figures(&Defence::limits(), 1);
        let purses = scenario.figures(&Defence::purses(), seeds);
        println!(
            "| {} {} | {:.0} | {:.2} | {:.2} | {:.0} | {:.2} ({:.2}) | {:.2} | {:.2} | {:?} {:?} |",
            scenario.id,
            scenario.title,
            limits.mean_texts(),
            limits.mean_dollars(),
            limits.honest.percent(),
            purses.mean_texts(),
            purses.mean_dollars(),
            purses.dearest_dollars(),
            purses.honest.percent(),
            purses.on_day.percent(),
            purses.lost_to,
            purses.paid_by,
        );
        if scenario.id == "a" {
            sum = purses;
        }
    }
    let tally = sum.tally;
    println!("\nThe steady load: {tally:?}");
}
