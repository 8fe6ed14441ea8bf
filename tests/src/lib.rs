//! The support code of the black-box suites.
//!
//! [`World`] is a stack whose clock the test moves. [`Site`] is a stack used only from outside, local or deployed.
//! [`Client`] calls a stack and checks its answers. [`Proxy`] counts the calls to AWS and breaks them on purpose.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test support: a failed expectation is a failed test"
)]

mod at_once;
mod bodies;
mod client;
mod contention;
mod contract;
mod database;
mod edge;
mod forger;
mod forgeries;
mod function;
mod lines;
mod proxy;
mod runtime_api;
mod site;
mod wire;
mod world;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use at_once::{PARALLEL, at_once, many, so_many_at_once, until_served};
pub use bodies::malformed_bodies;
pub use client::{Answer, Client, await_in_time, http_client};
pub use database::Database;
pub use edge::{EDGE, Edge};
pub use forger::{EdwardsKey, Forger, RsaKey, encode, with_mac};
pub use forgeries::{Forgery, Sign, Specimen, jwk_forms};
pub use function::{FUNCTION_ISSUER, LAMBDA_VARIABLES, Process, function_command, replace_body};
pub use lines::Lines;
pub use proxy::{Fault, HOOK, Proxy, Units};
pub use runtime_api::{RuntimeApi, Said};
pub use site::{Site, Text};
pub use wire::{Death, Wire};
pub use world::{ManualClock, SeededRandom, World, WorldBuilder, find_code, phone};

/// Encodes bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

/// Decodes a part of a JWT as JSON, without checking the signature. Part 0 is the header, part 1 the claims.
#[must_use]
pub fn jwt_part(token: &str, n: usize) -> serde_json::Value {
    let part = token.split('.').nth(n).expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
