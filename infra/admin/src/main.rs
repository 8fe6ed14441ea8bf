//! `phoneproof-admin`: the operator's command line.

mod blocks;
mod cli;
mod confirm;
mod explain;
mod keys;
mod lines;
mod operator;
mod output;
mod phones;
mod policy;
mod send_test;
mod stats;
mod tail;
mod time;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};
use operator::Operator;
use output::{Failure, Outcome};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(
            shell,
            &mut Cli::command(),
            "phoneproof-admin",
            &mut io::stdout(),
        );
        return ExitCode::SUCCESS;
    }
    let json = cli.common.json;
    match run(cli).await {
        Ok(outcome) => {
            let shown = match (json, &outcome.json) {
                (false, _) => outcome.text,
                // `tail` has printed its lines already.
                (true, serde_json::Value::Null) => String::new(),
                (true, json) => json.to_string(),
            };
            print(&mut io::stdout(), &shown);
            outcome.exit.into()
        }
        Err(failure) => {
            if json {
                print(&mut io::stdout(), &failure.json().to_string());
            } else {
                print(
                    &mut io::stderr(),
                    &format!("phoneproof-admin: {}", failure.message),
                );
                if let Some(advice) = &failure.advice {
                    print(&mut io::stderr(), &format!("  {advice}"));
                }
            }
            failure.exit.into()
        }
    }
}

/// A closed pipe is the reader's way to say that it has seen enough.
fn print(out: &mut impl io::Write, text: &str) {
    if !text.is_empty() {
        drop(writeln!(out, "{text}"));
    }
}

async fn run(cli: Cli) -> Result<Outcome, Failure> {
    let common = cli.common;
    // Checking a file asks nobody for a region or credentials.
    if let Command::Policy(cli::Policy::Check { file }) = &cli.command {
        return policy::check(file);
    }
    let operator = Operator::new(&common).await;
    match cli.command {
        Command::Block(block) => blocks::block(&operator, &block).await,
        Command::Unblock(subject) => blocks::unblock(&operator, &common, &subject).await,
        Command::Blocks => blocks::list(&operator).await,
        Command::Explain {
            phone,
            device,
            address,
        } => {
            let device = device.as_deref().filter(|device| *device != "-");
            explain::explain(&operator, &phone, device, address.as_deref()).await
        }
        Command::Unlock { phone } => phones::unlock(&operator, &common, &phone).await,
        Command::Forget { phone, with_block } => {
            phones::forget(&operator, &common, &phone, with_block).await
        }
        Command::Keys(command) => keys::run(&operator, &common, command).await,
        Command::SendTest {
            phone,
            business,
            locale,
        } => send_test::send(&operator, &phone, business.as_deref(), locale.as_deref()).await,
        Command::Tail {
            since,
            follow,
            filter,
        } => tail::tail(&operator, &common, since, follow, &filter).await,
        Command::Stats { since } => stats::stats(&operator, since).await,
        // Both need no stack, and were served before.
        Command::Policy(_) | Command::Completions { .. } => {
            Ok(Outcome::done(serde_json::Value::Null, ""))
        }
    }
}
