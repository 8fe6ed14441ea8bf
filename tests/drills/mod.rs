//! An operator changes or loses the keys while people log in at several instances.
//!
//! Only this suite runs several instances that read the keys at different times. It requires that no log-in fails
//! during a rotation, and that a stolen root is useless once it is retired.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod keys_out_of_reach;
mod rotation;
mod traffic;
