//! Formats figures as Markdown tables.

use std::fmt::Write as _;

use crate::flows::{Grown, Rate};
use crate::instructions::Counted;
use crate::own::Own;

pub(super) fn own(own: &Own) -> String {
    format!(
        "| | p50 us |\n|---|---:|\n| send | {:.0} |\n| verify, ES256 | {:.0} |\n",
        own.send_us, own.verify_us
    )
}

pub(super) fn instructions(counted: &Counted) -> String {
    let thousands = |count: u64| (count + 500) / 1_000;
    format!(
        "| | thousand instructions |\n|---|---:|\n| send | {} |\n| verify, ES256 | {} |\n",
        thousands(counted.send),
        thousands(counted.verify)
    )
}

pub(super) fn flows(rates: &[Rate]) -> String {
    let named = rates
        .iter()
        .map(|rate| (rate.connections.to_string(), rate));
    table("connections", named)
}

/// Formats the parts of the long run, then the flows on empty and on filled tables.
pub(super) fn growth(grown: &Grown) -> String {
    let parts = (1..).zip(&grown.parts).map(|(n, rate)| {
        let name = format!("part {n} of {} of the long run", grown.parts.len());
        (name, rate)
    });
    let side_by_side = [
        ("empty tables".to_owned(), &grown.empty),
        (format!("{} items", grown.items), &grown.filled),
    ];
    table("16 connections", parts.chain(side_by_side))
}

fn table<'r>(of: &str, rates: impl Iterator<Item = (String, &'r Rate)>) -> String {
    let mut table = format!(
        "| {of} | flows/s | p50 ms | p99 ms | CPU ms per flow | peak MB |\n|---|---:|---:|---:|---:|---:|\n"
    );
    for (name, rate) in rates {
        _ = writeln!(
            table,
            "| {name} | {:.0} | {:.1} | {:.1} | {:.2} | {:.0} |",
            rate.per_second, rate.p50_ms, rate.p99_ms, rate.cpu_ms, rate.peak_mb
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: f64) -> Rate {
        Rate {
            connections: 16,
            per_second,
            p50_ms: 10.04,
            p99_ms: 20.05,
            cpu_ms: 1.234,
            peak_mb: 80.4,
        }
    }

    #[test]
    fn growth_shows_the_long_run_and_then_both_tables() {
        let shown = growth(&Grown {
            parts: vec![rate(900.0), rate(800.0)],
            empty: rate(1_000.0),
            filled: rate(990.0),
            items: 250_000,
        });
        let rows: Vec<_> = shown.lines().skip(2).collect();
        assert_eq!(
            rows[1],
            "| part 2 of 2 of the long run | 800 | 10.0 | 20.1 | 1.23 | 80 |"
        );
        assert!(rows[3].starts_with("| 250000 items | 990 |"), "{shown}");
        assert_eq!(rows.len(), 4);
    }
}
