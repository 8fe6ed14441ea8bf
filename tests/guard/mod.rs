//! The guard crate as relying parties use it, with tokens that the local stack issued.
//!
//! Only this suite tests how the guard fetches and caches keys, the layer in front of a handler, and both ledgers. The
//! `attacks` suite tries forged tokens on the guard.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod caches;
mod layer;
mod ledger;
mod remote;
mod thaw;
mod times;

use phoneproof_domain::clock::Clock as _;
use phoneproof_tests::{World, phone};

/// Verifies the `n`-th phone for the business `login` and returns the success token.
async fn obtain_success_token(world: &World, n: u32) -> String {
    let sent = world
        .client
        .send_from(&phone(n), &format!("d{n}"), "192.0.2.1")
        .await;
    let verified = world
        .client
        .verify(&sent.token(), &world.code(&phone(n)))
        .await;
    verified.token()
}

/// The current instant of `world`, in Unix seconds.
fn now(world: &World) -> u64 {
    u64::try_from(world.clock.now().unix()).expect("after 1970")
}

/// Fetches the current key set of `world`, as JSON.
async fn fetch_jwks(world: &World) -> Vec<u8> {
    let answer = world.client.get("/.well-known/jwks.json").await;
    answer.text.into_bytes()
}
