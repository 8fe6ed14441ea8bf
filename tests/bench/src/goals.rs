//! The goals that the figures must reach.
//!
//! The commands print each goal with the figure measured for it. The page of results shows them all in one table.

use std::fmt::Write as _;

use crate::calls::{AFTER, Step};
use crate::cost::{Architecture, DOLLARS, Table};
use crate::flows::{Grown, Rate};
use crate::lambda::Summary;
use crate::own::Own;

/// A goal and the figure measured for it.
#[derive(Debug)]
pub(crate) struct Goal {
    what: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    at_least: bool,
    /// Whether the figure depends on the speed of the machine and on its other work.
    is_time: bool,
}

impl Goal {
    fn at_most(what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            measured,
            limit,
            unit,
            at_least: false,
            is_time: true,
        }
    }

    fn at_least(what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self {
            at_least: true,
            ..Self::at_most(what, measured, limit, unit)
        }
    }

    /// Marks a goal whose figure is the same on every machine, busy or not.
    fn everywhere(self) -> Self {
        Self {
            is_time: false,
            ..self
        }
    }

    fn is_reached(&self) -> bool {
        if self.at_least {
            self.measured >= self.limit
        } else {
            self.measured <= self.limit
        }
    }

    fn limit_text(&self) -> String {
        let word = if self.at_least { "at least" } else { "at most" };
        format!("{word} {}{}", number(self.limit), self.unit)
    }

    fn measured_text(&self) -> String {
        format!("{}{}", number(self.measured), self.unit)
    }

    fn print(&self) {
        let verdict = if self.is_reached() {
            "reached"
        } else {
            "MISSED"
        };
        println!(
            "{verdict:8} {}: {} ({})",
            self.what,
            self.measured_text(),
            self.limit_text()
        );
    }
}

/// Formats whole numbers without a fraction, numbers from 100 with one decimal place and others with two.
fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Prints the goals. Returns whether all are reached.
pub(crate) fn judge(goals: &[Goal]) -> bool {
    println!();
    goals.iter().for_each(Goal::print);
    goals.iter().all(Goal::is_reached)
}

/// Prints the goals. Returns whether all goals but those of time are reached: a busy or slow machine can reach them,
/// too.
pub(crate) fn judge_busy(goals: &[Goal]) -> bool {
    judge(goals);
    goals.iter().all(|goal| goal.is_time || goal.is_reached())
}

/// Formats the goals as a Markdown table.
pub(crate) fn markdown(goals: &[Goal]) -> String {
    let mut out = String::from("| goal | limit | measured | verdict |\n|---|---|---:|---|\n");
    for goal in goals {
        let verdict = if goal.is_reached() {
            "reached"
        } else {
            "**missed**"
        };
        _ = writeln!(
            out,
            "| {} | {} | {} | {verdict} |",
            goal.what,
            goal.limit_text(),
            goal.measured_text()
        );
    }
    out
}

/// The largest zip file of a function. Smaller functions start faster.
const ZIP_MB: f64 = 4.0;
/// The largest peak memory of a function.
const PEAK_MB: f64 = 16.0;
/// The processor time that a start may take, as a multiple of the empty function's.
const INIT_SEND: f64 = 3.0;
const INIT_VERIFY: f64 = 2.0;
/// The time that a first invocation may take, as a multiple of a warm one's.
const FIRST: f64 = 2.0;
/// How many times as long other runtimes must take for a cold start.
const FASTER: f64 = 8.0;
/// How many times as much memory Node.js must take.
const SMALLER: f64 = 10.0;
/// The processor time that both functions may take for a flow. otpgateway, in Go, takes as much without the checks.
const FLOW_CPU_MS: f64 = 0.9;

fn find<'f>(figures: &'f [Summary], runtime: &str, function: &str) -> Option<&'f Summary> {
    figures
        .iter()
        .find(|f| f.runtime == runtime && f.function == function)
}

/// Returns the goals of `bench lambda`. Comparisons with runtimes that were not measured are left out.
pub(crate) fn lambda(figures: &[Summary]) -> Vec<Goal> {
    let own = ["send", "verify"].map(|function| find(figures, "phoneproof", function));
    let [Some(send), Some(verify)] = own else {
        return Vec::new();
    };
    let mut goals = Vec::new();
    for (own, times) in [(send, INIT_SEND), (verify, INIT_VERIFY)] {
        goals.extend(of_function(figures, own, times));
    }
    let flow = send.warm_cpu_ms + verify.warm_cpu_ms;
    goals.push(Goal::at_most(
        "CPU of both functions per warm flow",
        flow,
        FLOW_CPU_MS,
        " ms",
    ));
    goals
}

/// Returns the goals of one function, whose start may take `times` the processor time of the floor's.
fn of_function(figures: &[Summary], own: &Summary, times: f64) -> Vec<Goal> {
    let name = &own.function;
    let mut goals = Vec::new();
    if let Some(floor) = find(figures, "floor", "hello") {
        let ratio = own.init_cpu_ms / floor.init_cpu_ms;
        let what = format!("{name}: CPU time of a start, as a multiple of the empty function's");
        goals.push(Goal::at_most(what, ratio, times, " x"));
    }
    let first = own.first_ms / own.warm_p50_ms;
    let what = format!("{name}: first invocation, as a multiple of a warm one");
    goals.push(Goal::at_most(what, first, FIRST, " x"));
    for other in ["node", "python"] {
        if let Some(other) = find(figures, other, name) {
            let what = format!(
                "{name}: cold start in {}, as a multiple of ours",
                other.runtime
            );
            goals.push(Goal::at_least(
                what,
                other.cold_ms / own.cold_ms,
                FASTER,
                " x",
            ));
        }
    }
    let what = format!("{name}: peak memory");
    goals.push(Goal::at_most(what, own.peak_mb, PEAK_MB, " MB").everywhere());
    if let Some(node) = find(figures, "node", name) {
        let what = format!("{name}: peak memory in node, as a multiple of ours");
        goals.push(Goal::at_least(what, node.peak_mb / own.peak_mb, SMALLER, " x").everywhere());
    }
    if let Some(zip) = own.zip_mb {
        goals.push(Goal::at_most(format!("{name}: zip file"), zip, ZIP_MB, " MB").everywhere());
    }
    goals
}

/// Returns the goals of `bench calls`: no request opens a connection, and a warm one makes only the calls it needs.
pub(crate) fn calls(steps: &[Step]) -> Vec<Goal> {
    let mut goals = Vec::new();
    for step in steps.iter().filter(|step| step.step != "start") {
        let name = format!("{} {}, {} tokens", step.step, step.function, step.mode);
        let what = format!("{name}: new connections");
        let connections = usize::try_from(step.passed.connections).unwrap_or(usize::MAX);
        goals.push(Goal::at_most(what, count(connections), 0.0, "").everywhere());
        if step.step.starts_with("first") {
            continue;
        }
        let (limit, to) = match (step.function.as_str(), step.mode.as_str()) {
            ("send", _) if step.step.ends_with(AFTER) => (0.0, "any service"),
            ("send", _) => (2.0, "DynamoDB and SNS"),
            // The country, the number block, the network and the address get back what the text used up.
            _ if step.step.ends_with(AFTER) => (4.0, "DynamoDB"),
            (_, "stored") => (2.0, "DynamoDB"),
            _ => (1.0, "DynamoDB"),
        };
        let made: usize = step.calls.values().sum();
        let what = format!("{name}: calls to {to}");
        goals.push(Goal::at_most(what, count(made), limit, "").everywhere());
    }
    goals
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Flows per second that the local stack has to serve at 16 and 64 connections.
const FLOWS_PER_SECOND: f64 = 500.0;
/// The longest that 99 of 100 flows may take at 16 and 64 connections.
const FLOW_P99_MS: f64 = 250.0;
/// The flows per second that filled tables must keep, as a multiple of those on empty tables.
const GROWTH: f64 = 0.9;

/// Returns the goals of `bench flows`, at more than one connection.
pub(crate) fn flows(rates: &[Rate]) -> Vec<Goal> {
    let of = |rate: &Rate| {
        let name = format!("local stack, {} connections", rate.connections);
        let p99 = format!("{name}: p99 of a flow");
        [
            Goal::at_least(name, rate.per_second, FLOWS_PER_SECOND, " flows/s"),
            Goal::at_most(p99, rate.p99_ms, FLOW_P99_MS, " ms"),
        ]
    };
    let loaded = rates.iter().filter(|rate| rate.connections > 1);
    loaded.flat_map(of).collect()
}

/// Returns the goal of `bench growth`.
pub(crate) fn growth(grown: &Grown) -> Vec<Goal> {
    let ratio = grown.filled.per_second / grown.empty.per_second;
    let what = "flows/s on filled tables, as a multiple of empty tables";
    vec![Goal::at_least(what, ratio, GROWTH, " x")]
}

/// The longest that a warm request may take in its handler, without any network.
const OWN_SEND_US: f64 = 300.0;
const OWN_VERIFY_US: f64 = 150.0;

/// Returns the goals of `bench own`.
pub(crate) fn own(own: Own) -> Vec<Goal> {
    vec![
        Goal::at_most(
            "send: the service's own time",
            own.send_us,
            OWN_SEND_US,
            " us",
        ),
        Goal::at_most(
            "verify: the service's own time, with ES256",
            own.verify_us,
            OWN_VERIFY_US,
            " us",
        ),
    ]
}

/// Returns the goals of `bench cost`.
pub(crate) fn cost(table: &Table) -> Vec<Goal> {
    [
        (Architecture::Arm64, "arm64"),
        (Architecture::X86, "x86-64"),
    ]
    .map(|(architecture, name)| {
        let what = format!("cost of a million verifications without the texts, {name}");
        Goal::at_most(what, table.total(architecture), DOLLARS, " dollars")
    })
    .map(Goal::everywhere)
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_may_miss_goals_of_time_but_not_of_size() {
        let slow = || Goal::at_most("time", 2.0, 1.0, " ms");
        let large = || Goal::at_most("size", 2.0, 1.0, " MB").everywhere();
        let small = || Goal::at_most("size", 1.0, 1.0, " MB").everywhere();
        assert!(!judge(&[slow(), small()]));
        assert!(judge_busy(&[slow(), small()]));
        assert!(!judge_busy(&[slow(), large()]));
    }

    #[test]
    fn an_at_least_goal_is_missed_below_its_limit() {
        assert!(Goal::at_least("faster", 8.0, 8.0, " x").is_reached());
        assert!(!Goal::at_least("faster", 7.9, 8.0, " x").is_reached());
        assert!(!Goal::at_most("slower", 8.1, 8.0, " x").is_reached());
    }

    #[test]
    fn a_row_shows_the_goal_its_limit_the_figure_and_the_verdict() {
        let table = markdown(&[
            Goal::at_most("zipped", 3.914, 4.0, " MB"),
            Goal::at_least("flows", 499.6, 500.0, " flows/s"),
        ]);
        assert!(
            table.contains("| zipped | at most 4 MB | 3.91 MB | reached |"),
            "{table}"
        );
        assert!(
            table.contains("| flows | at least 500 flows/s | 499.6 flows/s | **missed** |"),
            "{table}"
        );
    }
}
