//! Measures whole flows over HTTP on the local stack: send, read the code in the inbox, verify.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use clap::Args;
use phoneproof_bench::events::User;
use phoneproof_tests::{Client, Database};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::sample::Sample;
use crate::service::Service;
use crate::{goals, report};

/// The options of `bench flows`.
#[derive(Args)]
pub(crate) struct Flows {
    /// How many seconds to measure at each number of connections.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The numbers of connections to measure at.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    connections: Vec<usize>,
}

/// The options of `bench growth`.
#[derive(Args)]
pub(crate) struct Growth {
    /// How many flows fill the tables.
    #[arg(long, default_value_t = 50_000)]
    flows: u32,
    /// The number of parts in which these flows are shown.
    #[arg(long, default_value_t = 10)]
    parts: u32,
    /// How many seconds to measure empty tables, and as many for filled ones.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

/// The figures of flows at one number of connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// How many connections made flows side by side.
    pub connections: usize,
    /// Finished flows per second, over all connections.
    pub per_second: f64,
    /// The median time of a flow, which includes reading the inbox.
    pub p50_ms: f64,
    /// The 99th percentile of a flow's time.
    pub p99_ms: f64,
    /// Processor time per flow of the process that runs API, database, SNS and inbox.
    pub cpu_ms: f64,
    /// The peak resident memory of that process.
    pub peak_mb: f64,
}

/// When to stop making flows.
#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    Count(u32),
}

/// Makes one flow: a send, a look into the inbox and a verify.
async fn run_flow(client: &Client, user: User) {
    let phone = user.phone();
    let sent = client
        .send_from(&phone, &user.device(), &user.address().to_string())
        .await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let inbox = format!("/inbox/messages?phone=%2B{}", phone.trim_start_matches('+'));
    let texts = client.get(&inbox).await;
    let text = texts.json[0]["body"].as_str().expect("a text");
    let code = text.get(..6).expect("a code");
    let verified = client.verify(&sent.token(), code).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
}

/// Makes flows over `connections` connections side by side. Returns the time of each flow.
async fn run_flows(url: &str, connections: usize, users: &Arc<AtomicU32>, until: Until) -> Sample {
    let made = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (users, made, client) = (Arc::clone(users), Arc::clone(&made), Client::new(url));
        tasks.spawn(async move {
            let mut took = Sample::default();
            loop {
                let goes_on = match until {
                    Until::Time(end) => Instant::now() < end,
                    Until::Count(count) => made.fetch_add(1, Ordering::Relaxed) < count,
                };
                if !goes_on {
                    return took;
                }
                let began = Instant::now();
                run_flow(&client, User(users.fetch_add(1, Ordering::Relaxed))).await;
                took.push(began.elapsed());
            }
        });
    }
    let mut all = Sample::default();
    while let Some(took) = tasks.join_next().await {
        all.extend(took.expect("no flow fails"));
    }
    all
}

/// Measures the flows of `service` at a number of connections.
async fn measure_rate(
    service: &Service,
    connections: usize,
    users: &Arc<AtomicU32>,
    until: Until,
) -> Rate {
    let (began, spent) = (Instant::now(), service.process.cpu());
    let took = run_flows(&service.url, connections, users, until).await;
    let (elapsed, cpu) = (began.elapsed(), service.process.cpu().saturating_sub(spent));
    let flows = took.count();
    Rate {
        connections,
        per_second: flows / elapsed.as_secs_f64(),
        p50_ms: took.median_ms(),
        p99_ms: took.percentile(99).as_secs_f64() * 1e3,
        cpu_ms: cpu.as_secs_f64() * 1e3 / flows,
        peak_mb: service.process.peak_mb(),
    }
}

fn print(name: &str, rate: &Rate) {
    println!(
        "{name:24} {:>3} connections: {:>6.0} flows/s, p50 {:>6.1} ms, p99 {:>6.1} ms, {:.2} ms CPU per flow, peak {:.0} MB",
        rate.connections, rate.per_second, rate.p50_ms, rate.p99_ms, rate.cpu_ms, rate.peak_mb
    );
}

/// Measures a fresh stack at each number of connections. Returns whether the goals are reached.
pub(crate) async fn run(options: Flows) -> bool {
    let mut rates = Vec::new();
    for connections in options.connections {
        let service = Service::whole();
        let users = Arc::default();
        let warm_up = Until::Count(u32::try_from(connections * 4).unwrap_or(u32::MAX));
        measure_rate(&service, connections, &users, warm_up).await;
        let end = Instant::now() + Duration::from_secs(options.seconds);
        let rate = measure_rate(&service, connections, &users, Until::Time(end)).await;
        print("local stack", &rate);
        rates.push(rate);
    }
    report::write("flows", &rates);
    goals::judge(&goals::flows(&rates))
}

/// The figures of flows as the tables grow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// The parts of the long run in order. The embedded database also remembers the tokens of transactions.
    pub parts: Vec<Rate>,
    /// Flows on empty tables, in turns with the filled ones.
    pub empty: Rate,
    /// Flows on tables with the items of the long run, in a database that remembers no tokens of them.
    pub filled: Rate,
    /// The number of items in the filled tables.
    pub items: u64,
}

/// Connections of every part of `bench growth`.
const CONNECTIONS: usize = 16;
/// The most items that DynamoDB's `BatchWriteItem` takes.
const BATCH: usize = 25;
/// Items on a page of a scan. The clients time out before the embedded database returns a larger page.
const PAGE: i32 = 1_000;

/// Measures how flows slow down as tables fill. Returns whether the goal is reached.
///
/// DynamoDB remembers the token of every transaction for ten minutes. The embedded database looks through all of
/// these tokens at every transaction, and DynamoDB does not. To leave that out, the items of the long run are copied
/// into the tables of a fresh stack, by plain writes without tokens. Flows there are slower than on empty tables only
/// because of our items.
pub(crate) async fn grow(options: Growth) -> bool {
    let long = Service::whole();
    let users = Arc::new(AtomicU32::new(0));
    let mut parts = Vec::new();
    for part in 1..=options.parts {
        let until = Until::Count(options.flows / options.parts);
        let rate = measure_rate(&long, CONNECTIONS, &users, until).await;
        print(
            &format!("after {} flows", part * options.flows / options.parts),
            &rate,
        );
        parts.push(rate);
    }
    let (empty, filled) = (Service::whole(), Service::whole());
    let items = copy(&long.dynamodb, &filled.dynamodb).await;
    drop(long);
    // The two take turns, so that other work of the machine slows both alike.
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..4 {
        for (service, rates) in [&empty, &filled].into_iter().zip(&mut rates) {
            let end = Instant::now() + Duration::from_secs_f64(options.seconds / 4.0);
            rates.push(measure_rate(service, CONNECTIONS, &users, Until::Time(end)).await);
        }
    }
    let [empty, filled] = rates.map(pick_median);
    print("empty tables", &empty);
    print(&format!("{items} items"), &filled);
    let grown = Grown {
        parts,
        empty,
        filled,
        items,
    };
    report::write("growth", &grown);
    goals::judge(&goals::growth(&grown))
}

/// Returns the rate whose flows per second are the median.
fn pick_median(mut rates: Vec<Rate>) -> Rate {
    rates.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rates.swap_remove(rates.len() / 2)
}

/// Copies the items of the tables that flows fill. Returns how many it copied.
async fn copy(from: &str, to: &str) -> u64 {
    let client = |url| Database::at(url).clients().dynamodb;
    let (from, to) = (client(from), client(to));
    let mut count = 0;
    for table in ["Limits", "Challenges"] {
        let mut items = from
            .scan()
            .table_name(table)
            .limit(PAGE)
            .into_paginator()
            .items()
            .send();
        loop {
            let mut puts = Vec::with_capacity(BATCH);
            while puts.len() < BATCH
                && let Some(item) = items.next().await
            {
                let item = item.expect("a page of items");
                let put = PutRequest::builder().set_item(Some(item)).build();
                puts.push(
                    WriteRequest::builder()
                        .put_request(put.expect("an item"))
                        .build(),
                );
            }
            if puts.is_empty() {
                break;
            }
            count += u64::try_from(puts.len()).unwrap_or(0);
            let written = to
                .batch_write_item()
                .request_items(table, puts)
                .send()
                .await;
            written.expect("a written batch");
        }
    }
    count
}
