//! What the benchmarks share: the functions' handlers in a warm process, with AWS answers that are
//! there at once. What remains is the service's own work.

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
