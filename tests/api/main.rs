//! The API from outside: real HTTP against the local stack, the code read from the inbox.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod agreement;
mod calls;
mod delivery;
mod documents;
mod events;
mod flow;
mod journal;
mod limits;
mod malformed;
mod refusals;
