//! Measures the service: `cargo run --release -p phoneproof-bench -- COMMAND`.
//!
//! Machines differ and are noisy. So every command runs side by side the things that it compares, takes medians and
//! judges ratios. `tests/bench/README.md` says how to read the figures.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::similar_names,
    reason = "a tool for developers, which stops at the first thing that is not as expected"
)]

mod calls;
mod cost;
mod enumeration;
mod flows;
mod goals;
mod instructions;
mod lambda;
mod memory;
mod own;
mod process;
mod relay;
mod report;
mod results;
mod sample;
mod service;
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
    /// Measures cold starts and warm invocations of the functions, beside other runtimes.
    Lambda(lambda::Lambda),
    /// Measures the functions at several memory sizes, each with the processor share that Lambda gives to it.
    Memory(memory::Memory),
    /// Counts network calls and bytes, cold and warm.
    Calls(calls::Calls),
    /// Measures the service's own time in a warm request.
    Own,
    /// Counts the instructions of a warm invocation and compares them with those recorded.
    Instructions(instructions::Instructions),
    /// Measures whole flows over HTTP on the local stack.
    Flows(flows::Flows),
    /// Measures how much flows slow down as the tables fill.
    Growth(flows::Growth),
    /// Calculates the cost of a million verifications.
    Cost(cost::Options),
    /// Writes the page of results and its plot from the figures that the other commands have kept.
    Report(results::Report),
    /// Checks that a log-in takes as long for a phone without an account as for one with an account.
    Enumeration,
    /// Checks the service in a long run of honest users, guessers, pumpers and faults.
    Soak(soak::Soak),
    /// Runs the service in this process, for `flows`, `growth` and `soak`.
    #[command(hide = true)]
    Instance(service::Instance),
}

#[tokio::main]
async fn main() -> ExitCode {
    let reached = match Arguments::parse().command {
        Command::Lambda(options) => lambda::run(options).await,
        Command::Memory(options) => memory::run(options).await,
        Command::Calls(options) => calls::run(options).await,
        Command::Own => Box::pin(own::run()).await,
        Command::Instructions(options) => instructions::run(options).await,
        Command::Flows(options) => flows::run(options).await,
        Command::Growth(options) => flows::grow(options).await,
        Command::Cost(options) => cost::run(options).await,
        Command::Report(options) => results::run(&options),
        Command::Enumeration => enumeration::run().await,
        Command::Soak(options) => soak::run(options).await,
        Command::Instance(options) => service::serve(options).await,
    };
    if reached {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
