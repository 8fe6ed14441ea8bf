//! The channels of texts: what each answer of a channel means, which channel is next, and the contract of the send
//! hook.
//!
//! Only this suite takes every reason to its status, refund and metric. Only it has receivers that answer wrongly on
//! purpose, and receivers that stand where no request may go.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod bounds;
mod details;
mod end_user_messaging;
mod exactly_once;
mod inside;
mod reasons;
mod receiver;
mod request;
mod route;
mod until_known;

use phoneproof_tests::World;
use serde_json::Value;

/// The lines of channels that did not take a text or a call.
fn list_not_taken(world: &World) -> Vec<Value> {
    let text = world.lines.text();
    let lines = text.lines().map(serde_json::from_str::<Value>);
    lines
        .map(|line| line.expect("JSON"))
        .filter(|line| {
            let is_call = line["channel"] == "notify-voice";
            let message = if is_call {
                "a channel did not take a call"
            } else {
                "a channel did not take a text"
            };
            line["message"] == message
        })
        .collect()
}
