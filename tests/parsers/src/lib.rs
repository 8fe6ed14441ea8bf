//! Properties of every parser that reads bytes from outside.
//!
//! Each [`Target`] feeds bytes to one parser and checks three properties. The parser never panics. The values that it
//! accepts are valid and canonical. Its errors do not repeat the input.
//!
//! `tests/properties` calls the targets with mutated good inputs on every `cargo test`. `tests/fuzz` calls the same
//! targets with libFuzzer.

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

/// Takes the place of a secret or of personal data in the good inputs.
///
/// No message, log line or `Debug` output may contain it.
pub const CANARY: &str = "CaNaRy";

/// The outcome of a parser for one input, after all checks have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The parser accepted the input, and the value is valid and canonical.
    Accepted,
    /// The parser refused the input, and the error does not repeat it.
    Refused,
}

/// A parser with its checks, and with inputs to start from.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the target. The fuzz target and the property test have the same name.
    pub name: &'static str,
    /// Feeds bytes to the parser. Panics when a check fails.
    pub run: fn(&[u8]) -> Outcome,
    /// Returns the inputs that mutation starts from. The parser accepts most of them and nearly accepts the others.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces of the parser's language, which mutation inserts.
    pub words: &'static [&'static str],
}

/// Every target, in the order of the property tests.
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

/// Finds the target with this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Feeds bytes to the target with this name. Panics when a check fails. The fuzz targets call it.
pub fn feed(name: &str, bytes: &[u8]) {
    let target = target(name).expect("a target");
    (target.run)(bytes);
}

/// Asserts that `shown` does not contain the canary of the input.
fn assert_silent(shown: &str) {
    assert!(!shown.contains(CANARY), "{shown} echoes the input");
}

/// Reads accepted JSON again, with a second reader.
///
/// `None` if it cannot. The parser under test skips unknown members; this reader fails if one holds a number out of
/// range or bytes that are not UTF-8.
fn reread(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// Converts good inputs to bytes.
fn bytes_of<const N: usize>(seeds: [&str; N]) -> Vec<Vec<u8>> {
    seeds.map(|seed| seed.as_bytes().to_vec()).to_vec()
}
