//! What this project says, for programs in other languages to compare with: one JSON value per line in, one out.
//!
//! `phones`: `["US", "(415) 200-7986"]` gives the number, or why it was refused. `issue`: a keyring gives its key
//! set and a success token. `check`: a token and a key set give the guard's verdict.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool for tests, which stops at the first line that is not as expected"
)]

mod phones;
mod tokens;

use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::Value;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("phones") => answer(phones::read()),
        Some("issue") => answer(tokens::issue),
        Some("check") => answer(tokens::check),
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
