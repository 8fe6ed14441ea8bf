//! The API from outside: real HTTP, the code read from the inbox.
//!
//! [`anywhere`] runs against the local stack or a deployed one; the rest moves the clock, breaks calls or
//! changes the policy, which only the local stack allows.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod agreement;
mod anywhere;
mod calls;
mod delivery;
mod documents;
mod events;
mod flow;
mod journal;
mod limits;
mod problem;
mod refusals;
mod retention;
