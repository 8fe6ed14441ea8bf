//! What operators do and what happens to them, while people log in.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod keys_out_of_reach;
mod rotation;
mod traffic;
