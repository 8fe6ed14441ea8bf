//! Measures the service: `cargo run --release -p phoneproof-bench -- COMMAND`.
//!
//! Machines differ and are noisy, so every command runs what it compares side by side, takes medians, and
//! judges ratios.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers, which stops at the first thing that is not as expected"
)]

mod enumeration;
mod sample;
mod soak;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures the service.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Does a log-in take as long for a phone without an account as for one with?
    Enumeration,
    /// Does everything hold in a long run of honest users, guessers, pumpers and faults?
    Soak(soak::Soak),
    /// The service, for the soak.
    #[command(hide = true)]
    Instance(soak::Instance),
}

#[tokio::main]
async fn main() -> ExitCode {
    let reached = match Arguments::parse().command {
        Command::Enumeration => enumeration::run().await,
        Command::Soak(soak) => soak::run(soak).await,
        Command::Instance(instance) => soak::serve(instance).await,
    };
    if reached {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
