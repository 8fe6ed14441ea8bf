//! Attacks on the running service over HTTP. `SECURITY.md` lists them under the names of these tests.
//!
//! Only this suite counts exactly how many requests of an attack succeed, with hundreds of requests at once. Only it
//! tries forged and altered tokens at every place that accepts them. [`complete`] checks that `SECURITY.md` lists every
//! test.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod callers;
mod complete;
mod forging;
mod guessing;
mod input;
mod kinds;
mod purses;
mod replay;
mod sessions;
mod store;
mod texting;
mod tokens;

use std::time::Duration;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{World, WorldBuilder, phone};

/// Both modes, because an attack could succeed in only one of them.
const MODES: [TokenMode; 2] = [TokenMode::Sealed, TokenMode::Stored];

/// Starts a world whose functions have more time than Lambda gives them. A busy machine may need it for hundreds of
/// requests at once, and a single 503 would change the counts.
async fn start_patient(mode: TokenMode) -> World {
    let world = World::builder().mode(mode);
    world
        .function_timeout(Duration::from_secs(25))
        .start()
        .await
}

/// Sends to a phone and returns the challenge token, its code, and a wrong code.
async fn obtain_challenge(world: &World, phone: &str, n: usize) -> (String, String, String) {
    let (device, address) = (format!("device-{n}"), address(n));
    let sent = world.client.send_from(phone, &device, &address).await;
    (sent.token(), world.code(phone), world.wrong_code(phone))
}

/// Verifies a phone for the business `login` and returns the success token.
async fn obtain_success_token(world: &World, phone: &str, n: usize) -> String {
    let (token, code, _) = obtain_challenge(world, phone, n).await;
    world.client.verify(&token, &code).await.token()
}

/// The `n`-th address. Each counts as an address of its own, for `n` below 65,536.
fn address(n: usize) -> String {
    format!("198.{}.{}.{}", 18 + n / 65_536, n / 256 % 256, n % 256)
}

/// The `n`-th phone, an E.164 number.
fn nth_phone(n: usize) -> String {
    phone(u32::try_from(n).expect("a small number"))
}

/// Raises the limits of these rules, so that only the rule under attack limits sends.
fn raise_limits(rules: &[&str]) -> WorldBuilder {
    rules.iter().fold(World::builder(), |builder, rule| {
        let (from, to) = match *rule {
            "phone" => ("phone_per_hour = 5\n", "phone_per_hour = 1000000\n"),
            "day" => ("phone_per_day = 10\n", "phone_per_day = 1000000\n"),
            "device" => ("device_per_day = 10 ", "device_per_day = 1000000 "),
            _ => ("address_per_hour = 20 ", "address_per_hour = 1000000 "),
        };
        builder.policy(from, to)
    })
}
