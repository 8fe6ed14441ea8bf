//! The API of the verification service from outside. The tests send real HTTP requests and read the codes from the
//! inbox.
//!
//! Only this suite checks the complete answer to each outcome, every limit to the second, and how long items stay in
//! the tables. Only it checks the AWS calls and the log line of each request. Only [`agreement`] compares the
//! conditions in DynamoDB with the decisions of the domain. [`anywhere`] also runs against a deployed stack. The other
//! modules move the clock, break calls or change the policy, which only the local stack allows.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod action;
mod again;
mod agreement;
mod anywhere;
mod attestation;
mod base_path;
mod blocks;
mod callers;
mod calls;
mod countries;
mod delivery;
mod documents;
mod events;
pub(crate) mod flow;
pub(crate) mod journal;
pub(crate) mod limits;
mod pasted;
mod problem;
mod proxy;
mod purse_refusals;
mod purses;
mod receipts;
mod refusals;
mod remembered;
mod renewals;
mod resend_keys;
mod retention;
mod undelivered;
mod units;
mod voice;
mod voice_again;
mod watched;
