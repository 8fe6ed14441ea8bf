//! The templates, the runbook and the manifests, checked against the code.
//!
//! Only this suite compares each role with the calls that its function makes. It also checks what a policy check such
//! as `cfn-guard` would: encryption, logging, least privilege and no fixed names. It deploys nothing.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod alarms;
mod document;
mod documents;
mod domain;
mod layers;
mod policy;
mod roles;
mod runbook;
