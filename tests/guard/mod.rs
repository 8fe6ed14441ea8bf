//! The guard as relying parties use it: on tokens that the stack issued.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod layer;
mod ledger;
mod remote;
mod times;

use phoneproof_domain::clock::Clock as _;
use phoneproof_tests::{World, phone};

/// A success token for the business `login` and the `n`-th phone.
async fn success_token(world: &World, n: u32) -> String {
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

/// The key set of `world` as it is now.
async fn jwks(world: &World) -> Vec<u8> {
    let answer = world.client.get("/.well-known/jwks.json").await;
    answer.text.into_bytes()
}
