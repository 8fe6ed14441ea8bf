//! Checks that the time of a refused log-in does not tell whether a phone has an account.
//!
//! Phones with and without an account take turns, each with a wrong password, so that other work of the machine slows
//! both alike. The medians may differ by a tenth.

use tokio::time::Instant;

use phoneproof_tests::{World, phone};
use serde_json::json;

use crate::sample::Sample;

/// Phones with an account, and as many without one.
const PHONES: u32 = 120;
/// Attempts for each phone. All are free; a phone with more of them would have to wait.
const ATTEMPTS: u32 = 4;
/// How far the ratio of the medians may be from 1.
const WITHIN: f64 = 0.10;

pub(crate) async fn run() -> bool {
    let world = World::builder()
        .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
        .start()
        .await;
    for n in 0..PHONES {
        register(&world, &phone(n)).await;
    }
    let (mut known, mut unknown) = (Sample::default(), Sample::default());
    for round in 0..ATTEMPTS {
        for n in 0..PHONES {
            // The phone with an account goes first in every other pair.
            let pair = [(n, true), (n + PHONES, false)];
            for at in [(round + n) % 2, (round + n + 1) % 2] {
                let (phone_number, has_account) = pair[usize::from(at == 1)];
                let address = format!("192.0.2.{}", 1 + n);
                let began = Instant::now();
                log_in(&world, &phone(phone_number), &address).await;
                let sample = if has_account {
                    &mut known
                } else {
                    &mut unknown
                };
                sample.push(began.elapsed());
            }
        }
    }
    let ratio = unknown.median_ms() / known.median_ms();
    let reached = (ratio - 1.0).abs() <= WITHIN;
    println!(
        "log-ins with a wrong password, {} each, median ms",
        PHONES * ATTEMPTS
    );
    println!("  with an account     {:.2}", known.median_ms());
    println!("  without an account  {:.2}", unknown.median_ms());
    println!("  ratio               {ratio:.3} (goal: within {WITHIN} of 1)");
    reached
}

async fn register(world: &World, phone: &str) {
    let client = &world.client;
    let send = json!({ "phone": phone, "uniqueId": phone, "businessId": "register" });
    let challenge = client.post("/v1/send", &send).await.token();
    let success = client.verify(&challenge, &world.code(phone)).await.token();
    let body = json!({ "token": success, "password": "green mountains at noon" });
    let registered = client.post("/account/v1/accounts", &body).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
}

async fn log_in(world: &World, phone: &str, address: &str) {
    let body = json!({ "phone": phone, "password": "yellow rivers at night" });
    let from = [("x-test-source-ip", address)];
    let refused = world
        .client
        .post_with("/account/v1/sessions", &body, &from)
        .await;
    assert_eq!(refused.status, 401, "{}", refused.text);
}
