//! Personal data and secrets stay out of logs, metrics, refusals and tables.
//!
//! Only this suite sends canaries through every route, breaks calls and provokes panics, and then searches everything
//! that the service wrote. It is a binary of its own because it captures the logs and panics of the whole process, at
//! the level `TRACE`.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

mod account;
mod canaries;
mod receipts;
mod verification;
