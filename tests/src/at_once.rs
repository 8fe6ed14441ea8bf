//! Many calls: all at once, or as many as it takes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Answer, Client};

/// Calls at once: 200, unless `RACE_PARALLEL` says otherwise, for a database that 200 would overload.
pub static PARALLEL: LazyLock<usize> = LazyLock::new(|| {
    let chosen = std::env::var("RACE_PARALLEL").ok();
    chosen.map_or(200, |number| {
        number.parse().expect("RACE_PARALLEL: a number")
    })
});

/// How many of the calls of [`many`] are under way.
const LANES: usize = 32;

/// Answers by status.
type Statuses = BTreeMap<u16, usize>;

/// Makes [`PARALLEL`] calls at the same moment and counts the answers by status.
pub async fn at_once<F>(client: &Client, call: impl Fn(usize, Client) -> F) -> Statuses
where
    F: Future<Output = Answer> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(*PARALLEL));
    let mut calls = JoinSet::new();
    for n in 0..*PARALLEL {
        let (barrier, answer) = (Arc::clone(&barrier), call(n, client.clone()));
        calls.spawn(async move {
            barrier.wait().await;
            answer.await.status
        });
    }
    counted(calls.join_all().await)
}

/// Makes `count` calls, some of them side by side, and counts the answers by status.
pub async fn many<F>(count: usize, client: &Client, call: impl Fn(usize, Client) -> F) -> Statuses
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut calls = JoinSet::new();
    let mut statuses = Vec::with_capacity(count);
    for n in 0..count {
        if calls.len() >= LANES {
            statuses.extend(calls.join_next().await.map(|done| done.expect("no panic")));
        }
        let answer = call(n, client.clone());
        calls.spawn(async move { answer.await.status });
    }
    statuses.extend(calls.join_all().await);
    counted(statuses)
}

fn counted(statuses: Vec<u16>) -> Statuses {
    let mut counts = Statuses::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}
