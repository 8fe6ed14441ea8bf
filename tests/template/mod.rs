//! What the templates promise, checked against the code and against the rules that `cfn-guard` would
//! check: encryption, logging, least privilege, no fixed names.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod document;
mod layers;
mod policy;
mod roles;
mod runbook;
