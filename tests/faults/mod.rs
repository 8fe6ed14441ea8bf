//! Every fault of the proxy at every call of the verification service and of the account service.
//!
//! Only this suite breaks each call in every way. It requires the documented status before the function's deadline, no
//! second text, no success that is lost without need, and quota as documented.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod account;
mod calls;
mod contention;
mod deadlines;
mod hook;
mod keys;
mod log;
mod purses;
mod receipts;
mod refund;
mod resend;
mod send;
mod verify;

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Fault, World};
use tokio::task::JoinSet;

/// Runs `test` with every fault and returns the status by fault. Each fault has its own world. They run in parallel,
/// because some take as long as a function may.
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

/// Expects `status` for every fault except those in `others`.
fn expect_statuses(status: u16, others: &[(Fault, u16)]) -> BTreeMap<String, u16> {
    let of = |fault: Fault| {
        let other = others.iter().find(|(other, _)| *other == fault);
        (
            format!("{fault:?}"),
            other.map_or(status, |(_, status)| *status),
        )
    };
    Fault::ALL.into_iter().map(of).collect()
}

/// The faults after which the service does not repeat an update. An update never gets these answers from DynamoDB.
const UPDATE: [(Fault, u16); 4] = [
    (Fault::CancelByConflict, 503),
    (Fault::CancelByThrottling, 503),
    (Fault::CancelByThroughput, 503),
    (Fault::Unexpected, 503),
];

/// The faults after which the service does not repeat a read, or the write of one new item. Neither gets these answers
/// from DynamoDB.
const PLAIN: [(Fault, u16); 5] = [
    UPDATE[0],
    UPDATE[1],
    UPDATE[2],
    UPDATE[3],
    (Fault::Conflict, 503),
];

/// The faults after which the service does not repeat a transaction. The SDK repeats a call that got no answer. It does
/// not repeat a call that the table refused. Of the refused ones, the service repeats a transaction that was cancelled
/// by a conflict or a throttle, because DynamoDB does not answer a transaction with the
/// others.
const TRANSACTION: [(Fault, u16); 2] = [(Fault::Conflict, 503), (Fault::Unexpected, 503)];

/// Expects the statuses of a send whose text meets each fault. It is 502 where the carrier refused and the quota is
/// given back. It is 504 where nobody knows whether the text went out.
fn expect_statuses_of_the_text() -> BTreeMap<String, u16> {
    let refused = [
        Fault::CancelByConflict,
        Fault::CancelByThrottling,
        Fault::CancelByThroughput,
        Fault::InProgress,
        Fault::Conflict,
        Fault::Throttle,
        Fault::Unexpected,
    ];
    let mut others = refused.map(|fault| (fault, 502)).to_vec();
    others.push((Fault::Delay, 202));
    expect_statuses(504, &others)
}

async fn start_world(mode: TokenMode) -> World {
    World::builder().mode(mode).proxied().start().await
}
