//! Makes many calls, all at the same moment or a few side by side, and counts their answers.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Answer, Client};

/// How many calls [`at_once`] makes.
///
/// The default is 200. Set `RACE_PARALLEL` to a smaller number for a database that 200 calls would overload.
pub static PARALLEL: LazyLock<usize> = LazyLock::new(|| {
    let chosen = std::env::var("RACE_PARALLEL").ok();
    chosen.map_or(200, |number| {
        number.parse().expect("RACE_PARALLEL must be a number")
    })
});

/// How many calls [`many`] has under way at a time.
const LANES: usize = 32;

/// How often [`until_served`] repeats a call.
const MOST_REPEATS: usize = 100;

/// The number of answers with each HTTP status.
type Statuses = BTreeMap<u16, usize>;

/// Makes [`PARALLEL`] calls at the same moment and counts the answers by status.
///
/// Use it to test races. `call` gets the number of the call, from 0, and a client.
/// A barrier holds every call back until the last one is ready.
pub async fn at_once<F>(client: &Client, call: impl Fn(usize, Client) -> F) -> Statuses
where
    F: Future<Output = Answer> + Send + 'static,
{
    so_many_at_once(*PARALLEL, client, call).await
}

/// Makes `count` calls at the same moment, as [`at_once`] does. Use it where every call takes many transactions, which
/// the embedded database makes one after another.
pub async fn so_many_at_once<F>(
    count: usize,
    client: &Client,
    call: impl Fn(usize, Client) -> F,
) -> Statuses
where
    F: Future<Output = Answer> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut calls = JoinSet::new();
    for n in 0..count {
        let (barrier, answer) = (Arc::clone(&barrier), call(n, client.clone()));
        calls.spawn(async move {
            barrier.wait().await;
            answer.await.status
        });
    }
    count_by_status(calls.join_all().await)
}

/// Makes a call, and makes it again while the answer is 503, as clients do. Returns the last answer.
///
/// Use it in races whose calls may be repeated: on a busy machine, many requests at once may run into their deadlines.
pub async fn until_served<F: Future<Output = Answer>>(call: impl Fn() -> F) -> Answer {
    let mut answer = call().await;
    for _ in 0..MOST_REPEATS {
        if answer.status != 503 {
            break;
        }
        answer = call().await;
    }
    answer
}

/// Makes `count` calls, at most 32 of them side by side, and counts the answers by status.
///
/// Use it for a large number of calls that need not start together. `call` gets the number of the call, from 0,
/// and a client.
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
    count_by_status(statuses)
}

fn count_by_status(statuses: Vec<u16>) -> Statuses {
    let mut counts = Statuses::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}
