//! The code that the benchmarks share: the functions' handlers in a warm process.
//!
//! AWS is replaced by answers that come at once, so the time measured is the service's own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a tool for developers, which stops at the first thing that is not as expected"
)]

pub mod canned;
pub mod events;
pub mod warm;
