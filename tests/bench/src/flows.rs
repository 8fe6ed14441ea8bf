//! Whole flows over HTTP on the local stack: send, read the code in the inbox, verify.

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

/// What `bench flows` measures.
#[derive(Args)]
pub(crate) struct Flows {
    /// How long each number of connections is measured.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The numbers of connections.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    connections: Vec<usize>,
}

/// What `bench growth` measures.
#[derive(Args)]
pub(crate) struct Growth {
    /// How many flows fill the tables.
    #[arg(long, default_value_t = 50_000)]
    flows: u32,
    /// In how many parts they are shown.
    #[arg(long, default_value_t = 10)]
    parts: u32,
    /// How long empty and filled tables are measured against each other.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

/// Flows at one number of connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// Connections.
    pub connections: usize,
    /// Flows per second.
    pub per_second: f64,
    /// A flow's time, with the reading of the inbox.
    pub p50_ms: f64,
    /// One of a hundred takes longer.
    pub p99_ms: f64,
    /// Processor time per flow of the process that is API, database, SNS and inbox.
    pub cpu_ms: f64,
    /// The most memory it had resident.
    pub peak_mb: f64,
}

/// How many flows are made.
#[derive(Clone, Copy)]
enum Until {
    Time(Instant),
    Count(u32),
}

/// One flow.
async fn flow(client: &Client, user: User) {
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

/// Flows through `connections` at once.
async fn many(url: &str, connections: usize, users: &Arc<AtomicU32>, until: Until) -> Sample {
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
                flow(&client, User(users.fetch_add(1, Ordering::Relaxed))).await;
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

/// The rate of `service` at `connections`.
async fn rate(service: &Service, connections: usize, users: &Arc<AtomicU32>, until: Until) -> Rate {
    let (began, spent) = (Instant::now(), service.process.cpu());
    let took = many(&service.url, connections, users, until).await;
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

/// Measures a fresh stack at each number of connections; whether the goals are reached.
pub(crate) async fn run(options: Flows) -> bool {
    let mut rates = Vec::new();
    for connections in options.connections {
        let service = Service::whole();
        let users = Arc::default();
        let warm_up = Until::Count(u32::try_from(connections * 4).unwrap_or(u32::MAX));
        rate(&service, connections, &users, warm_up).await;
        let end = Instant::now() + Duration::from_secs(options.seconds);
        let rate = rate(&service, connections, &users, Until::Time(end)).await;
        print("local stack", &rate);
        rates.push(rate);
    }
    report::write("flows", &rates);
    goals::judge(&goals::flows(&rates))
}

/// What the growth of the tables costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// The parts of a long run, one after the other, with whatever the embedded database remembers.
    pub parts: Vec<Rate>,
    /// Empty tables.
    pub empty: Rate,
    /// Tables that hold the items of the long run, in a database that remembers nothing else.
    pub filled: Rate,
    /// Items in the filled tables.
    pub items: u64,
}

const CONNECTIONS: usize = 16;
/// The most items that DynamoDB takes in one batch.
const BATCH: usize = 25;
/// Items of a page; the embedded database needs longer for larger ones than the clients wait.
const PAGE: i32 = 1_000;

/// Measures how flows slow down as tables fill; whether the goal is reached.
///
/// DynamoDB remembers the token of every transaction for ten minutes, and the embedded one looks through
/// all of them at every transaction, which DynamoDB does not. So the items that the long run leaves are
/// copied into the tables of a fresh stack, by plain writes without tokens: what is slower there than on
/// empty tables is the cost of our items.
pub(crate) async fn grow(options: Growth) -> bool {
    let long = Service::whole();
    let users = Arc::new(AtomicU32::new(0));
    let mut parts = Vec::new();
    for part in 1..=options.parts {
        let until = Until::Count(options.flows / options.parts);
        let rate = rate(&long, CONNECTIONS, &users, until).await;
        print(
            &format!("after {} flows", part * options.flows / options.parts),
            &rate,
        );
        parts.push(rate);
    }
    let (empty, filled) = (Service::whole(), Service::whole());
    let items = copy(&long.dynamodb, &filled.dynamodb).await;
    drop(long);
    // The two take turns, so that whatever else the machine does meets both alike.
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..4 {
        for (service, rates) in [&empty, &filled].into_iter().zip(&mut rates) {
            let end = Instant::now() + Duration::from_secs_f64(options.seconds / 4.0);
            rates.push(rate(service, CONNECTIONS, &users, Until::Time(end)).await);
        }
    }
    let [empty, filled] = rates.map(middle);
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

/// The rate in the middle.
fn middle(mut rates: Vec<Rate>) -> Rate {
    rates.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rates.swap_remove(rates.len() / 2)
}

/// Copies the items of the tables that flows fill; how many there are.
async fn copy(from: &str, to: &str) -> u64 {
    let client = |url| Database::embedded(url).clients().dynamodb;
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
