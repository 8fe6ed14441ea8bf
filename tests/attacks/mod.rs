//! Attacks on the running service, over HTTP, counted exactly. `SECURITY.md` lists them; each test carries
//! the name that stands there.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod complete;
mod forging;
mod guessing;
mod input;
mod kinds;
mod store;
mod texting;
mod tokens;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{World, WorldBuilder, phone};

/// Both places where a challenge can live.
const MODES: [TokenMode; 2] = [TokenMode::Sealed, TokenMode::Stored];

/// A challenge token for a phone, its code, and another code.
async fn challenge(world: &World, phone: &str, n: usize) -> (String, String, String) {
    let (device, address) = (format!("device-{n}"), address(n));
    let sent = world.client.send_from(phone, &device, &address).await;
    (sent.token(), world.code(phone), world.wrong_code(phone))
}

/// A success token of business `login` for a phone.
async fn success(world: &World, phone: &str, n: usize) -> String {
    let (token, code, _) = challenge(world, phone, n).await;
    world.client.verify(&token, &code).await.token()
}

/// The `n`-th address; each in a network of its own, for `n` below 65,536.
fn address(n: usize) -> String {
    format!("198.{}.{}.{}", 18 + n / 65_536, n / 256 % 256, n % 256)
}

/// The `n`-th phone.
fn nth_phone(n: usize) -> String {
    phone(u32::try_from(n).expect("a small number"))
}

/// A world where sends are limited by nothing but the rule under attack: the others are `raised`.
fn raised(rules: &[&str]) -> WorldBuilder {
    rules.iter().fold(World::builder(), |builder, rule| {
        let (from, to) = match *rule {
            "phone" => ("phone_per_hour = 5\n", "phone_per_hour = 1000000\n"),
            "day" => ("phone_per_day = 10\n", "phone_per_day = 1000000\n"),
            "device" => ("device_per_day = 10 ", "device_per_day = 1000000 "),
            "address" => ("address_per_hour = 20 ", "address_per_hour = 1000000 "),
            _ => (
                "number_block_per_hour = 20 ",
                "number_block_per_hour = 1000000 ",
            ),
        };
        builder.policy(from, to)
    })
}
