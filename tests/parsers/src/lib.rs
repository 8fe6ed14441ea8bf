//! What holds of every parser that sees bytes from outside.
//!
//! Each [`Target`] feeds bytes to one parser and asserts what must hold whatever they are: it never panics, what it
//! accepts is valid and canonical, what it refuses is not echoed. `tests/properties.rs` calls the targets with mutated
//! good inputs on every `cargo test`; `tests/fuzz` calls the same ones with libFuzzer.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    reason = "a property that does not hold panics, which is what its callers look for"
)]

mod account;
mod bodies;
mod challenge;
mod event;
mod fixture;
mod jwt;
mod keys;
mod phone;
mod policy;
mod words;

use serde_json::Value;

/// Stands in every good input where a secret or personal data would. No message, log line or `Debug` may show it.
pub const CANARY: &str = "CaNaRy";

/// What a parser did with its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted, and what came out is as it must be.
    Accepted,
    /// It was refused as it must be.
    Refused,
}

/// A parser with what holds of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also of its fuzz target.
    pub name: &'static str,
    /// Feeds it; panics when something does not hold.
    pub run: fn(&[u8]) -> Outcome,
    /// Inputs that it accepts, and some that it nearly does: where mutation starts.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces of its language, for mutation to put in.
    pub words: &'static [&'static str],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    bodies::SEND,
    bodies::VERIFY,
    bodies::SPEND,
    account::BODIES,
    account::REFRESH_TOKEN,
    event::EVENT,
    phone::PHONE,
    words::WORDS,
    challenge::TOKEN,
    challenge::CONTENTS,
    jwt::SUCCESS_TOKEN,
    jwt::SIGNED,
    keys::JWKS,
    keys::KEYRING,
    policy::POLICY,
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Feeds the target of this name; panics when something does not hold.
pub fn feed(name: &str, bytes: &[u8]) {
    let target = target(name).expect("a target");
    (target.run)(bytes);
}

/// Asserts that `shown` says nothing of the input.
fn silent(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown} echoes the input");
}

/// Accepted JSON as a second reader reads it. `None` where a member that nobody asks for holds what only a reader
/// that skips it can bear: a number beyond all range, or bytes that are no UTF-8.
fn reread(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// Good inputs as bytes.
fn bytes_of<const N: usize>(seeds: [&str; N]) -> Vec<Vec<u8>> {
    seeds.map(|seed| seed.as_bytes().to_vec()).to_vec()
}
