//! Measures the service: `cargo run --release -p phoneproof-bench -- COMMAND`.
//!
//! Machines differ and are noisy, so every command runs what it compares side by side, takes medians, and
//! judges ratios. `tests/bench/README.md` says how to read them.

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
    /// Cold starts and warm invocations of the functions, beside other runtimes.
    Lambda(lambda::Lambda),
    /// What memory size buys: the functions at the processor share that Lambda gives to it.
    Memory(memory::Memory),
    /// Network calls and bytes, cold and warm.
    Calls(calls::Calls),
    /// The service's own time in a warm request.
    Own,
    /// Instructions of a warm invocation, compared with those recorded.
    Instructions(instructions::Instructions),
    /// Whole flows over HTTP on the local stack.
    Flows(flows::Flows),
    /// What flows cost as the tables fill.
    Growth(flows::Growth),
    /// What a million verifications cost.
    Cost(cost::Options),
    /// Writes the page of results and its plot from what the other commands have measured.
    Report(results::Report),
    /// Does a log-in take as long for a phone without an account as for one with?
    Enumeration,
    /// Does everything hold in a long run of honest users, guessers, pumpers and faults?
    Soak(soak::Soak),
    /// The service, as a process of its own.
    #[command(hide = true)]
    Instance(service::Instance),
}

#[tokio::main]
async fn main() -> ExitCode {
    let reached = match Arguments::parse().command {
        Command::Lambda(options) => lambda::run(options).await,
        Command::Memory(options) => memory::run(options).await,
        Command::Calls(options) => calls::run(options).await,
        Command::Own => own::run().await,
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
