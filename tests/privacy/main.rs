//! Personal data and secrets stay out of logs, metrics, refusals and tables.
//!
//! A binary of its own: it captures the logs of the whole process, at the most talkative level.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod account;
mod canaries;
mod verification;
