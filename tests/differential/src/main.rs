//! Answers questions of programs that compare this project with other implementations.
//!
//! It reads one JSON value per line and answers each with one JSON value on a line.
//!
//! - `phones` reads a region and a text, such as `["US", "(415) 200-7986"]`. It answers with the number, or with the
//!   reason for refusing it.
//! - `origins` reads a text. It answers with the origin as the service keeps it, or with null for a refusal.
//! - `parameters` reads the name of a parameter of the template and its value. It answers whether a function starts
//!   with it: by a policy, and by one that allows private addresses.
//! - `issue` reads a keyring. It answers with the key set and a success token.
//! - `check` reads a token and a key set. It answers with the guard's verdict.
//! - `webhook` reads a keyring and a body. It answers with the headers of the send hook, with the secrets, and with
//!   what the Rust library of Standard Webhooks says of them.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool for tests, which stops at the first line that is not as expected"
)]

mod parameters;
mod phones;
mod tokens;
mod webhooks;

use std::process::ExitCode;

use phoneproof_config::check_origin;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("phones") => answer(phones::read()),
        Some("origins") => answer(|text: String| check_origin("ORIGIN", &text).ok().into()),
        Some("parameters") => answer(|asked| parameters::judge(&asked)),
        Some("issue") => answer(tokens::issue),
        Some("check") => answer(tokens::check),
        Some("webhook") => answer(|request| webhooks::sign_request(&request)),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

/// Answers every line of standard input.
fn answer<Q: DeserializeOwned>(to: impl Fn(Q) -> Value) {
    for line in std::io::stdin().lines() {
        let question = serde_json::from_str(&line.expect("text")).expect("a question");
        println!("{}", to(question));
    }
}
