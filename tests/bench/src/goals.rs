//! What the figures must reach. Each goal is printed with what was measured.

use crate::lambda::Summary;

/// A goal and what was measured for it.
struct Goal {
    what: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    at_least: bool,
}

impl Goal {
    fn at_most(what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            measured,
            limit,
            unit,
            at_least: false,
        }
    }

    fn at_least(what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self {
            at_least: true,
            ..Self::at_most(what, measured, limit, unit)
        }
    }

    fn is_reached(&self) -> bool {
        if self.at_least {
            self.measured >= self.limit
        } else {
            self.measured <= self.limit
        }
    }

    fn print(&self) {
        let word = if self.at_least { "at least" } else { "at most" };
        let verdict = if self.is_reached() {
            "reached"
        } else {
            "MISSED"
        };
        println!(
            "{verdict:8} {}: {:.2}{} ({word} {:.2})",
            self.what, self.measured, self.unit, self.limit
        );
    }
}

/// Prints goals; whether all are reached.
fn judge(goals: &[Goal]) -> bool {
    println!();
    goals.iter().for_each(Goal::print);
    goals.iter().all(Goal::is_reached)
}

/// Functions smaller than this start fast and cost little to keep.
const ZIP_MB: f64 = 4.0;
const PEAK_MB: f64 = 16.0;
/// How many times the processor time of a function that does nothing a start may take.
const INIT_SEND: f64 = 3.0;
const INIT_VERIFY: f64 = 2.0;
/// How many times as long as a warm invocation the first may take.
const FIRST: f64 = 2.0;
/// How many times faster than other runtimes a cold start has to be.
const FASTER: f64 = 8.0;
/// How many times less memory than Node.js.
const SMALLER: f64 = 10.0;
/// Processor time of both functions for a flow. otpgateway, in Go, spends it with none of the checks.
const FLOW_CPU_MS: f64 = 0.9;

/// The goals of `bench lambda`.
pub(crate) fn lambda(figures: &[Summary]) -> bool {
    let find = |runtime: &str, function: &str| {
        figures
            .iter()
            .find(|f| f.runtime == runtime && f.function == function)
    };
    let (Some(floor), Some(send), Some(verify)) = (
        find("floor", "hello"),
        find("phoneproof", "send"),
        find("phoneproof", "verify"),
    ) else {
        return true;
    };
    let mut goals = Vec::new();
    for (own, times) in [(send, INIT_SEND), (verify, INIT_VERIFY)] {
        let name = &own.function;
        let ratio = own.init_cpu_ms / floor.init_cpu_ms;
        goals.push(Goal::at_most(
            format!("{name}: CPU of start, of the floor's"),
            ratio,
            times,
            " x",
        ));
        let first = own.first_ms / own.warm_p50_ms;
        goals.push(Goal::at_most(
            format!("{name}: first invocation, of a warm one"),
            first,
            FIRST,
            " x",
        ));
        goals.push(Goal::at_most(
            format!("{name}: peak memory"),
            own.peak_mb,
            PEAK_MB,
            " MB",
        ));
        if let Some(zip) = own.zip_mb {
            goals.push(Goal::at_most(format!("{name}: zipped"), zip, ZIP_MB, " MB"));
        }
        for other in ["node", "python"] {
            if let Some(other) = find(other, name) {
                let what = format!("{name}: cold starts faster than {}", other.runtime);
                goals.push(Goal::at_least(
                    what,
                    other.cold_ms / own.cold_ms,
                    FASTER,
                    " x",
                ));
            }
        }
        if let Some(node) = find("node", name) {
            let what = format!("{name}: memory less than node");
            goals.push(Goal::at_least(
                what,
                node.peak_mb / own.peak_mb,
                SMALLER,
                " x",
            ));
        }
    }
    let flow = send.warm_cpu_ms + verify.warm_cpu_ms;
    goals.push(Goal::at_most(
        "CPU of both functions per warm flow",
        flow,
        FLOW_CPU_MS,
        " ms",
    ));
    judge(&goals)
}

/// Flows per second that the local stack has to serve at 16 and 64 connections.
const FLOWS_PER_SECOND: f64 = 500.0;
const FLOW_P99_MS: f64 = 250.0;
/// How much slower flows may be when many phones are stored.
const GROWTH: f64 = 0.9;

/// The goals of `bench flows` at one number of connections.
pub(crate) fn flows(connections: usize, per_second: f64, p99_ms: f64) -> bool {
    if connections == 1 {
        return true;
    }
    judge(&[
        Goal::at_least(
            format!("{connections} connections"),
            per_second,
            FLOWS_PER_SECOND,
            " flows/s",
        ),
        Goal::at_most(
            format!("{connections} connections: p99"),
            p99_ms,
            FLOW_P99_MS,
            " ms",
        ),
    ])
}

/// The goal of flows on filled tables.
pub(crate) fn growth(ratio: f64) -> bool {
    judge(&[Goal::at_least(
        "flows/s on filled tables, of those on empty ones",
        ratio,
        GROWTH,
        " x",
    )])
}

/// The longest that a warm request may take of its own, without any network.
const OWN_SEND_US: f64 = 300.0;
const OWN_VERIFY_US: f64 = 150.0;

/// The goals of `bench own`.
pub(crate) fn own(send_us: f64, verify_us: f64) -> bool {
    judge(&[
        Goal::at_most("send: own time", send_us, OWN_SEND_US, " us"),
        Goal::at_most(
            "verify: own time, with ES256",
            verify_us,
            OWN_VERIFY_US,
            " us",
        ),
    ])
}
