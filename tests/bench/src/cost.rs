//! Calculates the cost of a million verifications on AWS, without the texts.
//!
//! A verification is one send and one verify. Their figures were measured; the prices are those of the price file.
//! In doubt the higher cost is taken: no free tier, no volume price, logs and items uncompressed, and every
//! verification from another phone.

mod cuts;
mod measure;
mod prices;
mod show;
mod sizes;

use serde::{Deserialize, Serialize};

pub(crate) use measure::{Options, run};
pub(crate) use prices::Prices;

/// The number of verifications in the table.
const VERIFICATIONS: f64 = 1_000_000.0;
/// The price of as many verifications on a platform that charges $0.05 each.
const PLATFORM: f64 = 0.05 * VERIFICATIONS;
/// The goal: a million verifications cost less than this.
pub(crate) const DOLLARS: f64 = 20.0;

const DAYS_PER_MONTH: f64 = 30.0;
const GIGABYTE: f64 = 1e9;

/// Bytes that Lambda itself logs for each invocation, in its text format: the lines `START`, `END` and `REPORT`.
pub(crate) const LAMBDA_LOG_BYTES: u32 = 70 + 51 + 142;
/// Bytes that the gateway logs for each request, in the format of `template.yaml`.
pub(crate) const GATEWAY_LOG_BYTES: u32 = 125;

/// The measured figures that the cost is calculated from. The bench keeps them as JSON.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    /// The functions' memory size in MB.
    pub(crate) memory_mb: u32,
    /// An invocation for `POST /v1/send`.
    pub(crate) send: Function,
    /// An invocation for `POST /v1/verify`.
    pub(crate) verify: Function,
    /// The usage that AWS bills by the month.
    pub(crate) month: Month,
}

/// The usage of one invocation of a function.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Function {
    /// The function's own time of a warm invocation, in milliseconds, at the processor share of its memory size.
    pub(crate) own_ms: f64,
    /// How long it waits for AWS, in milliseconds. Loopback cannot show it, so it is an assumption and printed as one.
    pub(crate) waiting_ms: f64,
    /// The cold starts of the function.
    pub(crate) cold: Cold,
    /// Bytes of the request, with headers.
    pub(crate) request_bytes: u32,
    /// Bytes of the answer, with headers.
    pub(crate) answer_bytes: u32,
    /// Bytes that the function writes to its log.
    pub(crate) log_bytes: u32,
    /// Calls of `GetSecretValue`, warm and cold, as a share of the invocations.
    pub(crate) secret_calls: f64,
    /// The items that it writes or checks.
    pub(crate) writes: Vec<Write>,
    /// The items that it reads.
    pub(crate) reads: Vec<Read>,
    /// What it uses besides these items when the first try does not fit.
    pub(crate) again: Again,
}

/// The units of further tries, on average over all invocations.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// Write units of an invocation.
    pub(crate) write_units: f64,
    /// Read units of an invocation.
    pub(crate) read_units: f64,
}

/// How often a function starts cold, and what that takes.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cold {
    /// The share of invocations that are cold starts, from 0 to 1.
    pub(crate) share: f64,
    /// From spawn to the first request for an event, in milliseconds. AWS bills it.
    pub(crate) init_ms: f64,
    /// The function's own time of the first invocation, in milliseconds.
    pub(crate) first_ms: f64,
}

/// An item that is written or checked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    /// What the item is about, such as `phone`.
    pub(crate) name: String,
    /// The item's bytes as DynamoDB counts them: the larger of its sizes before and after the write.
    pub(crate) bytes: u32,
    /// Whether the write is part of a transaction.
    pub(crate) transactional: bool,
    /// How many days the item stays in the table. 0 for a check, and for a further write to an item counted already.
    pub(crate) kept_days: f64,
}

/// An item that is read.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// A description of the item.
    pub(crate) name: String,
    /// The item's bytes as DynamoDB counts them.
    pub(crate) bytes: u32,
    /// Whether the read is strongly consistent.
    pub(crate) consistent: bool,
}

/// The usage of a month that does not depend on the traffic.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Month {
    /// The number of custom metrics in use.
    pub(crate) metrics: u32,
    /// The number of metrics that alarms read.
    pub(crate) alarm_metrics: u32,
    /// The number of secrets.
    pub(crate) secrets: u32,
    /// The requests to KMS for the tables' keys: one every 5 minutes for each table and connection in use.
    pub(crate) key_requests: u32,
    /// How many days logs are kept.
    pub(crate) log_days: u32,
}

/// A processor architecture of Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// `arm64`, the template's default.
    Arm64,
    /// `x86_64`, which costs more per GB-second.
    X86,
}

/// A row of the cost table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The component that AWS bills.
    pub(crate) component: &'static str,
    /// The amount used, with its unit.
    pub(crate) amount: String,
    /// Dollars with arm64 functions.
    pub(crate) arm64: f64,
    /// Dollars with x86-64 functions.
    pub(crate) x86: f64,
}

/// The costs calculated from the measured usage.
#[derive(Debug)]
pub(crate) struct Table {
    /// The costs per million verifications.
    pub(crate) rows: Vec<Row>,
    /// The costs per month that do not depend on the traffic.
    pub(crate) month: Vec<Row>,
    /// Possible savings, with the work that each would take.
    pub(crate) cuts: Vec<cuts::Saving>,
    assumed: String,
    source: String,
}

/// Calculates the costs of the measured usage.
pub(crate) fn table(prices: &Prices, measured: &Measured) -> Table {
    let (oldest, newest) = prices.dates();
    Table {
        rows: rows(prices, measured),
        month: month(prices, &measured.month),
        cuts: cuts::savings(prices, measured),
        assumed: format!(
            "assumed: {:.0} ms of waiting for AWS per send and {:.0} ms per verify; {:.1} % of sends and {:.1} % of verifies are cold starts; further tries as the simulator's steady service makes them",
            measured.send.waiting_ms,
            measured.verify.waiting_ms,
            measured.send.cold.share * 100.0,
            measured.verify.cold.share * 100.0,
        ),
        source: format!(
            "{} list prices, from pages dated {oldest} to {newest} (prices.toml)",
            prices.region
        ),
    }
}

impl Table {
    /// Returns the dollars per million verifications.
    pub(crate) fn total(&self, architecture: Architecture) -> f64 {
        let dollars = self.rows.iter().map(|row| match architecture {
            Architecture::Arm64 => row.arm64,
            Architecture::X86 => row.x86,
        });
        dollars.sum()
    }

    /// Returns the dollars per month that do not depend on the traffic.
    pub(crate) fn month_total(&self) -> f64 {
        self.month.iter().map(|row| row.arm64).sum()
    }

    /// Returns the row that costs most with arm64 functions.
    pub(crate) fn biggest(&self) -> Option<&Row> {
        self.rows.iter().max_by(|a, b| a.arm64.total_cmp(&b.arm64))
    }

    /// Whether the total is below the goal on both architectures.
    pub(crate) fn is_reached(&self) -> bool {
        self.total(Architecture::Arm64) < DOLLARS && self.total(Architecture::X86) < DOLLARS
    }
}

impl Measured {
    fn functions(&self) -> [&Function; 2] {
        [&self.send, &self.verify]
    }

    /// Sums `amount` over both functions and multiplies it by the number of verifications.
    fn total(&self, amount: impl Fn(&Function) -> f64) -> f64 {
        // An empty sum of floats is -0.0, and the table would show the sign.
        let sum = 0.0 + self.functions().into_iter().map(amount).sum::<f64>();
        sum * VERIFICATIONS
    }
}

impl Function {
    /// Returns the milliseconds that Lambda bills per invocation, on average. Lambda rounds each duration up.
    fn billed_ms(&self) -> f64 {
        let warm = (self.own_ms + self.waiting_ms).ceil();
        let cold = self.cold.init_ms.ceil() + (self.cold.first_ms + self.waiting_ms).ceil();
        warm * (1.0 - self.cold.share) + cold * self.cold.share
    }

    /// Returns the write units of the first try.
    fn write_units(&self, prices: &Prices) -> u32 {
        self.writes.iter().map(|write| write.units(prices)).sum()
    }

    /// Returns the write units on average, further tries included.
    fn all_write_units(&self, prices: &Prices) -> f64 {
        f64::from(self.write_units(prices)) + self.again.write_units
    }

    fn all_read_units(&self, prices: &Prices) -> f64 {
        let reads = self.reads.iter().map(|read| read.units(prices));
        reads.sum::<f64>() + self.again.read_units
    }

    /// Returns the gigabyte-months of storage that the items of one invocation take.
    fn stored_gb_months(&self, prices: &Prices) -> f64 {
        let stored = |write: &Write| {
            let bytes = write.bytes + prices.metering.item_overhead_bytes;
            f64::from(bytes) * write.kept_days / DAYS_PER_MONTH / GIGABYTE
        };
        self.writes.iter().map(stored).sum()
    }

    fn all_log_bytes(&self) -> u32 {
        self.log_bytes + LAMBDA_LOG_BYTES + GATEWAY_LOG_BYTES
    }
}

impl Write {
    fn units(&self, prices: &Prices) -> u32 {
        let metering = &prices.metering;
        let units = self.bytes.div_ceil(metering.write_unit_bytes).max(1);
        if self.transactional {
            units * metering.transactional_factor
        } else {
            units
        }
    }
}

impl Read {
    fn units(&self, prices: &Prices) -> f64 {
        let units = self.bytes.div_ceil(prices.metering.read_unit_bytes).max(1);
        f64::from(units) * if self.consistent { 1.0 } else { 0.5 }
    }
}

fn rows(prices: &Prices, measured: &Measured) -> Vec<Row> {
    let price = &prices.price;
    let same = |component, amount: String, dollars| Row {
        component,
        amount,
        arm64: dollars,
        x86: dollars,
    };
    let metered = |bytes: u32| bytes.div_ceil(prices.metering.http_api_bytes).max(1);
    let requests = measured.total(|f| f64::from(metered(f.request_bytes.max(f.answer_bytes))));
    let out_gb = measured.total(|f| f64::from(f.answer_bytes) / GIGABYTE);
    let invocations = measured.total(|_| 1.0);
    let seconds = measured.total(|f| f.billed_ms() / 1_000.0);
    let gb_seconds = seconds * f64::from(measured.memory_mb) / 1_024.0;
    let send_units = measured.send.all_write_units(prices) * VERIFICATIONS;
    let verify_units = measured.verify.all_write_units(prices) * VERIFICATIONS;
    let reads = measured.total(|f| f.all_read_units(prices));
    let stored = measured.total(|f| f.stored_gb_months(prices));
    let secret_calls = measured.total(|f| f.secret_calls);
    let log_gb = measured.total(|f| f64::from(f.all_log_bytes()) / GIGABYTE);
    let log_months = log_gb * f64::from(measured.month.log_days) / DAYS_PER_MONTH;
    vec![
        same(
            "HTTP API",
            format!("{} requests", millions(requests)),
            price.http_api_requests.of(requests),
        ),
        same(
            "answers to the internet",
            format!("{out_gb:.2} GB"),
            price.data_out_gb.of(out_gb),
        ),
        same(
            "Lambda, requests",
            millions(invocations),
            price.lambda_requests.of(invocations),
        ),
        Row {
            component: "Lambda, time",
            amount: format!("{gb_seconds:.0} GB-s"),
            arm64: price.lambda_gb_seconds_arm64.of(gb_seconds),
            x86: price.lambda_gb_seconds_x86.of(gb_seconds),
        },
        same(
            "DynamoDB, writes of send",
            format!("{} units", millions(send_units)),
            price.dynamodb_write_units.of(send_units),
        ),
        same(
            "DynamoDB, writes of verify",
            format!("{} units", millions(verify_units)),
            price.dynamodb_write_units.of(verify_units),
        ),
        same(
            "DynamoDB, reads",
            format!("{} units", millions(reads)),
            price.dynamodb_read_units.of(reads),
        ),
        same(
            "DynamoDB, storage",
            format!("{stored:.2} GB-months"),
            price.dynamodb_gb_months.of(stored),
        ),
        same(
            "Secrets Manager, calls",
            format!("{secret_calls:.0}"),
            price.secret_calls.of(secret_calls),
        ),
        same(
            "logs",
            format!("{log_gb:.2} GB, kept {} days", measured.month.log_days),
            price.log_gb.of(log_gb) + price.log_gb_months.of(log_months),
        ),
    ]
}

fn month(prices: &Prices, month: &Month) -> Vec<Row> {
    let price = &prices.price;
    let lines = [
        ("metrics", month.metrics, &price.metric_months),
        (
            "metrics of alarms",
            month.alarm_metrics,
            &price.alarm_metric_months,
        ),
        ("secrets", month.secrets, &price.secret_months),
        (
            "KMS, keys of the tables",
            month.key_requests,
            &price.key_requests,
        ),
    ];
    let row = |(component, amount, price): (_, u32, &prices::Price)| {
        let dollars = price.of(f64::from(amount));
        Row {
            component,
            amount: amount.to_string(),
            arm64: dollars,
            x86: dollars,
        }
    };
    lines.into_iter().map(row).collect()
}

fn millions(amount: f64) -> String {
    format!("{:.2} million", amount / 1e6)
}

#[cfg(test)]
mod tests;
