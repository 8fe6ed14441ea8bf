//! Every fault at every call: the right status in time, no double text, no lost success, and quota as
//! documented.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod account;
mod deadlines;
mod keys;
mod resend;
mod send;
mod verify;

use std::collections::BTreeMap;
use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Answer, Fault, World};
use tokio::task::JoinSet;

/// Lambda stops a function then (`template.yaml`).
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `test` with every fault, each in a world of its own, side by side: some take as long as they may.
async fn with_every_fault<F>(test: impl Fn(Fault) -> F) -> BTreeMap<String, u16>
where
    F: Future<Output = (Fault, u16)> + Send + 'static,
{
    let mut running = JoinSet::new();
    for fault in Fault::ALL {
        running.spawn(test(fault));
    }
    let statuses = running.join_all().await.into_iter();
    statuses
        .map(|(fault, status)| (format!("{fault:?}"), status))
        .collect()
}

/// The answer, which must come before the function is stopped.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(FUNCTION_TIMEOUT, answer).await;
    answer.expect("an answer before the function's timeout")
}

/// `status` for every fault but those named.
fn statuses(status: u16, others: &[(Fault, u16)]) -> BTreeMap<String, u16> {
    let of = |fault: Fault| {
        let other = others.iter().find(|(other, _)| *other == fault);
        (
            format!("{fault:?}"),
            other.map_or(status, |(_, status)| *status),
        )
    };
    Fault::ALL.into_iter().map(of).collect()
}

/// After what an update is not repeated: the answers that are not about it.
const UPDATE: [(Fault, u16); 2] = [(Fault::CancelByConflict, 503), (Fault::Unexpected, 503)];

/// After what a read, or the write of one new item, is not repeated: nothing that it could meet.
const PLAIN: [(Fault, u16); 3] = [UPDATE[0], UPDATE[1], (Fault::Conflict, 503)];

/// After what a transaction is not repeated. The SDK repeats whatever did not arrive. What the table refuses
/// in so many words it does not repeat, and of those the service repeats only a cancelled transaction: the
/// others do not answer a transaction.
const TRANSACTION: [(Fault, u16); 2] = [(Fault::Conflict, 503), (Fault::Unexpected, 503)];

/// What becomes of a text: 502 where the carrier refused, which is known and given back; 504 where nobody
/// knows.
fn of_the_text() -> BTreeMap<String, u16> {
    let refused = [
        Fault::CancelByConflict,
        Fault::Conflict,
        Fault::Throttle,
        Fault::Unexpected,
    ];
    let mut others = refused.map(|fault| (fault, 502)).to_vec();
    others.push((Fault::Delay, 202));
    statuses(504, &others)
}

async fn world(mode: TokenMode) -> World {
    World::builder().mode(mode).proxied().start().await
}
