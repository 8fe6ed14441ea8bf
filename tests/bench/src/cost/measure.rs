//! Measures the usage that AWS bills.
//!
//! Items, answers and log lines are those of a flow on the embedded stack. Times are the figures that other commands
//! have kept.

use clap::Args;
use phoneproof_bench::warm::policy;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_simulator::scenario::find;
use phoneproof_simulator::service::Defence;
use phoneproof_tests::{Answer, World, phone};
use serde_json::{Map, Value, json};

use super::{Again, Cold, Function, Measured, Month, Prices, Write, sizes, table};
use crate::lambda::Summary;
use crate::memory::{ONE_PROCESSOR_MB, Size, Times};
use crate::{goals, report};

/// The memory size of the functions in `template.yaml`.
const MEMORY_MB: u32 = 256;
/// Assumptions, because loopback cannot show them: how long a function waits for AWS, and the share of invocations
/// that find no instance.
const SEND_WAITS_MS: f64 = 90.0;
const VERIFY_WAITS_MS: f64 = 8.0;
const SEND_COLD: f64 = 0.01;
const VERIFY_COLD: f64 = 0.02;
/// The share of warm invocations that read the keyring again.
///
/// An instance reads it every 300 s. A million verifications in a month are one in 2.6 s, so about one invocation of a
/// hundred finds it due.
const KEYRING_DUE: f64 = 0.01;
/// DynamoDB deletes an expired item "within a few days".
const DELETED_AFTER_DAYS: f64 = 2.0;
/// Bytes of a request's path and of the headers that phones and browsers send.
const REQUEST_HEADER_BYTES: usize = 400;
/// Bytes of an answer's status line and of the headers that the gateway adds: `apigw-requestid`, `connection`.
const GATEWAY_HEADER_BYTES: usize = 100;
/// The number of custom metrics of a stack that serves a few countries and businesses. Those of purses exist only while
/// a purse is empty, a rule is in shadow mode, or a country has used half of its money stop.
const METRICS: u32 = 35;
/// The number of countries of that stack. The alarm of countries reads a metric of each.
const COUNTRIES: usize = 5;
/// KMS requests per month. The functions have three tables and one, with a connection to each. DynamoDB asks for the
/// table's key once per connection every five minutes.
const KEY_REQUESTS: u32 = 4 * 12 * 24 * 365 / 12;
/// The default of `LogRetentionDays` in `template.yaml`.
const LOG_DAYS: u32 = 30;
/// The units of a second try. The first one, which failed, is billed like one that went through. The second writes
/// seven items at most, and reads four before it.
const SECOND_TRY: Again = Again {
    write_units: 14.0,
    read_units: 4.0,
};
/// The purses that a typed code is credited to: country, block and network.
const PURSES: f64 = 3.0;
/// The template. Each `MetricName:` in it is a metric that an alarm reads, and each `SELECT` an alarm that reads some.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The options of `bench cost`.
#[derive(Args)]
pub(crate) struct Options {
    /// Print Markdown, with the prices.
    #[arg(long)]
    markdown: bool,
}

/// Measures the usage and prints the costs. Returns whether the goal is reached.
pub(crate) async fn run(options: Options) -> bool {
    let (send, verify) = read_times();
    let measured = measure(send, verify).await;
    report::write("cost", &measured);
    let prices = Prices::load();
    let table = table(&prices, &measured);
    if options.markdown {
        println!("{}\n{}", table.markdown(), prices.markdown());
    } else {
        print!("{}", table.text());
    }
    goals::judge(&goals::cost(&table))
}

/// Reads the times of both functions at their memory size, from the figures of `memory` or else of `lambda`.
fn read_times() -> (Times, Times) {
    let sizes: Vec<Size> = report::read("memory").map_or_else(Vec::new, |kept| kept.figures);
    if let Some(size) = sizes.iter().find(|size| size.memory_mb == MEMORY_MB) {
        return (size.send, size.verify);
    }
    let figures: Vec<Summary> = report::read("lambda")
        .map(|kept| kept.figures)
        .expect("no times are kept: run `bench memory` or `bench lambda` first");
    let of = |function: &str| {
        let mut own = figures.iter().filter(|f| f.runtime == "phoneproof");
        let own = own.find(|f| f.function == function);
        scale(own.expect("a run of `lambda` with phoneproof"))
    };
    (of("send"), of("verify"))
}

/// Converts processor time to the time it takes at the memory size's share of a processor.
fn scale(summary: &Summary) -> Times {
    let slower = f64::from(ONE_PROCESSOR_MB) / f64::from(MEMORY_MB);
    Times {
        init_ms: summary.init_cpu_ms * slower,
        first_ms: summary.first_cpu_ms * slower,
        warm_ms: summary.warm_cpu_ms * slower,
    }
}

async fn measure(send: Times, verify: Times) -> Measured {
    let flow = Flow::run().await;
    let (writes, given_back) = writes(&flow);
    let (send_again, verify_again) = play_further_tries();
    // One query has a metric of each country all the time. The others have one now and then, and count as one.
    let queries = TEMPLATE.matches("SELECT ").count();
    let alarm_metrics = TEMPLATE.matches("MetricName:").count() + COUNTRIES + queries - 1;
    Measured {
        memory_mb: MEMORY_MB,
        send: Function {
            own_ms: send.warm_ms,
            waiting_ms: SEND_WAITS_MS,
            cold: cold(SEND_COLD, send),
            writes,
            again: send_again,
            ..flow.send
        },
        verify: Function {
            own_ms: verify.warm_ms,
            waiting_ms: VERIFY_WAITS_MS,
            cold: cold(VERIFY_COLD, verify),
            writes: given_back,
            again: verify_again,
            ..flow.verify
        },
        month: Month {
            metrics: METRICS,
            alarm_metrics: small(alarm_metrics),
            secrets: 1,
            key_requests: KEY_REQUESTS,
            log_days: LOG_DAYS,
        },
    }
}

/// Plays the steady service of the simulator, and returns what further tries use of a send and of a verify.
fn play_further_tries() -> (Again, Again) {
    let steady = find("a").expect("a scenario");
    let tally = steady.run(&Defence::of(&policy()), 1).tally;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let share = |part: u64, of: u64| part as f64 / of as f64;
    let second = share(tally.second_tries, tally.first_tries + tally.second_tries);
    let send = Again {
        write_units: second * SECOND_TRY.write_units,
        read_units: second * SECOND_TRY.read_units,
    };
    let verify = Again {
        write_units: (share(tally.credit_writes, tally.codes) - PURSES).max(0.0),
        read_units: 0.0,
    };
    (send, verify)
}

const fn cold(share: f64, times: Times) -> Cold {
    Cold {
        share,
        init_ms: times.init_ms,
        first_ms: times.first_ms,
    }
}

/// The last flow of a phone that has verified once for each slot of its record.
///
/// Its record is as large as records get.
struct Flow {
    at: Timestamp,
    send: Function,
    verify: Function,
    limits: Vec<Map<String, Value>>,
    record: Map<String, Value>,
}

impl Flow {
    async fn run() -> Self {
        let world = World::builder().purses().start().await;
        let (phone, slots) = (phone(1), policy().slots());
        let mut functions = None;
        for _ in 0..slots.count {
            // After an hour and a cooldown, the hourly windows are new and the send takes the next slot.
            world.advance(3_600 + slots.cooldown.as_secs());
            let at = world.clock.now();
            let sent = world.client.send(&phone).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let line = last_line(&world);
            let request =
                json!({ "phone": phone, "uniqueId": "0123456789abcdef", "businessId": "login" });
            let send = function(SEND_COLD, &request, &sent, &line);
            let (token, code) = (sent.token(), world.code(&phone));
            let verified = world.client.verify(&token, &code).await;
            assert_eq!(verified.status, 200, "{}", verified.text);
            let line = last_line(&world);
            let request = json!({ "token": token, "code": code });
            let verify = function(VERIFY_COLD, &request, &verified, &line);
            functions = Some((at, send, verify));
        }
        let (at, send, verify) = functions.expect("a phone has slots");
        let limits = scan(&world, "Limits").await;
        let mut records = scan(&world, "Challenges").await;
        let record = records.pop().expect("the phone's record");
        let used = record.keys().filter(|name| name.starts_with("slot_"));
        assert_eq!(used.count(), usize::from(slots.count), "every slot is used");
        Self {
            at,
            send,
            verify,
            limits,
            record,
        }
    }
}

/// Fills in what one answer shows of a function. Times and items are still empty.
fn function(cold_share: f64, request: &Value, answer: &Answer, line: &str) -> Function {
    let headers = answer.headers.iter();
    // The 4 bytes are a colon, a space and the line ending.
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    Function {
        own_ms: 0.0,
        waiting_ms: 0.0,
        cold: Cold {
            share: 0.0,
            init_ms: 0.0,
            first_ms: 0.0,
        },
        request_bytes: small(request.to_string().len() + REQUEST_HEADER_BYTES),
        answer_bytes: small(answer.text.len() + headers + GATEWAY_HEADER_BYTES),
        log_bytes: small(line.len()),
        secret_calls: cold_share + KEYRING_DUE,
        writes: Vec::new(),
        reads: Vec::new(),
        again: Again::default(),
    }
}

fn last_line(world: &World) -> String {
    let text = world.lines.text();
    text.lines().last().expect("a request line").to_owned()
}

async fn scan(world: &World, table: &str) -> Vec<Map<String, Value>> {
    let answer = world.dynamodb("Scan", &json!({ "TableName": table })).await;
    let items = answer.json["Items"].as_array().expect("items");
    let item = |item: &Value| item.as_object().expect("an item").clone();
    items.iter().map(item).collect()
}

/// Lists the items that a send writes or checks, and those that a verify writes.
///
/// Purses are shared by many phones, so keeping them costs a send nothing.
fn writes(flow: &Flow) -> (Vec<Write>, Vec<Write>) {
    let write = |name: &str, item: Option<&Map<String, Value>>, is_own: bool| Write {
        name: name.to_owned(),
        bytes: item.map_or(0, |item| small(sizes::item(item))),
        transactional: true,
        kept_days: item
            .filter(|_| is_own)
            .map_or(0.0, |item| kept_days(flow, item)),
    };
    let of = |prefix: &str| {
        let begins = |item: &&Map<String, Value>| {
            item["pk"]["S"]
                .as_str()
                .is_some_and(|pk| pk.starts_with(prefix))
        };
        flow.limits
            .iter()
            .filter(begins)
            .max_by_key(|item| sizes::item(item))
    };
    let send = vec![
        write("phone", Some(&flow.record), true),
        write("device", of("device#"), true),
        write("address", of("ip#"), true),
        // Nobody is blocked, so the item does not exist.
        write("blocked ranges", None, false),
        write("number block", of("block#"), false),
        write("network", of("net#"), false),
        write("country", of("purse#"), false),
    ];
    let given_back = ["phone", "address", "number block", "network", "country"];
    let single = |write: &Write| Write {
        transactional: false,
        kept_days: 0.0,
        ..write.clone()
    };
    let verify = send
        .iter()
        .filter(|write| given_back.contains(&&*write.name));
    let verify = verify.map(single).collect();
    (send, verify)
}

/// Returns how many days an item stays: through the day on which it expires, and until DynamoDB deletes it.
fn kept_days(flow: &Flow, item: &Map<String, Value>) -> f64 {
    let expires_at = item["expires_at"]["N"]
        .as_str()
        .and_then(|n| n.parse().ok());
    let expires_at = Timestamp::from_unix(expires_at.expect("every item expires"));
    let days = expires_at.since(flow.at).as_secs().div_ceil(86_400).max(1);
    f64::from(u32::try_from(days).unwrap_or(u32::MAX)) + DELETED_AFTER_DAYS
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a few kilobytes at most")
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::*;

    #[tokio::test]
    async fn a_send_writes_seven_items() {
        let none = Times {
            init_ms: 0.0,
            first_ms: 0.0,
            warm_ms: 0.0,
        };
        let measured = measure(none, none).await;
        assert_eq!(measured.send.writes.len(), 7);
        // Items of up to a kilobyte cost one write unit, and two in a transaction.
        assert!(
            measured
                .send
                .writes
                .iter()
                .all(|write| write.bytes <= 1_024),
            "{:?}",
            measured.send.writes
        );
        assert_eq!(measured.verify.writes.len(), 5);
        // A send that is not paid from the purse of the crowd is the exception, and so is a credit that is written
        // twice.
        let (send, verify) = (measured.send.again, measured.verify.again);
        assert!((0.1..1.0).contains(&send.write_units), "{send:?}");
        assert!((0.02..0.3).contains(&send.read_units), "{send:?}");
        assert!((0.0..1.5).contains(&verify.write_units), "{verify:?}");
        // The whole, at any speed of the machine: Lambda's time is under a dollar.
        let dollars = table(&Prices::load(), &measured).total(Architecture::X86);
        assert!((16.0..19.0).contains(&dollars), "{dollars}");
        let record = &measured.send.writes[0];
        assert!(record.bytes > 300 && record.kept_days > 90.0, "{record:?}");
        let address = &measured.send.writes[2];
        assert!(address.bytes > 60 && address.kept_days < 4.0, "{address:?}");
        assert!(measured.send.log_bytes > 500 && measured.verify.answer_bytes > 500);
    }

    #[test]
    fn the_template_has_this_memory_size_and_log_retention() {
        assert!(TEMPLATE.contains(&format!("MemorySize: {MEMORY_MB}\n")));
        let retention = TEMPLATE
            .split("\n  LogRetentionDays:\n")
            .nth(1)
            .expect("a parameter");
        assert_eq!(
            retention.lines().nth(1),
            Some(&*format!("    Default: {LOG_DAYS}"))
        );
    }
}
