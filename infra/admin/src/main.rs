//! `phoneproof-admin`: the command line of the people who operate a stack.

mod blocks;
mod cli;
mod confirm;
mod deployed;
mod doctor;
mod explain;
mod hook_secrets;
mod keys;
mod lines;
mod money;
mod operator;
mod opted_out;
mod output;
mod phones;
mod policy;
mod purses;
mod reason;
mod secret;
mod send_test;
mod simulate;
mod specimen;
mod stats;
mod subjects;
mod tail;
mod time;
mod top;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use phoneproof_aws::end_user_messaging::Purpose;
use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;

use crate::cli::{Cli, Command, PolicyCommand};
use crate::operator::Operator;
use crate::output::{CommandError, Reply};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Completions { shell } = cli.command {
        // Into memory first: the generator panics when its reader closes the pipe.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "phoneproof-admin", &mut script);
        print(
            &mut io::stdout(),
            String::from_utf8_lossy(&script).trim_end(),
        );
        return ExitCode::SUCCESS;
    }
    let json = cli.common.json;
    match run(cli).await {
        Ok(reply) => {
            let printed = match (json, &reply.json) {
                (false, _) => reply.text,
                // `tail` printed its lines as it read them.
                (true, serde_json::Value::Null) => String::new(),
                (true, json) => json.to_string(),
            };
            print(&mut io::stdout(), &printed);
            reply.exit.into()
        }
        Err(error) => {
            if json {
                print(&mut io::stdout(), &error.to_json().to_string());
            } else {
                print(
                    &mut io::stderr(),
                    &format!("phoneproof-admin: {}", error.message),
                );
                if let Some(advice) = &error.advice {
                    print(&mut io::stderr(), &format!("  {advice}"));
                }
            }
            error.exit.into()
        }
    }
}

/// Prints a line. Write errors are ignored: a reader that closes the pipe, such as `head`, has seen enough.
fn print(out: &mut impl io::Write, text: &str) {
    if !text.is_empty() {
        drop(writeln!(out, "{text}"));
    }
}

async fn run(cli: Cli) -> Result<Reply, CommandError> {
    let common = cli.common;
    // A policy file is checked and played without AWS, so it must not need a region or credentials.
    if let Command::Policy(PolicyCommand::Check { file }) = &cli.command {
        return policy::check(file, SystemClock.now());
    }
    if let Command::Simulate(arguments) = &cli.command {
        return simulate::simulate(&common, arguments);
    }
    let operator = Operator::new(&common).await;
    match cli.command {
        Command::Block(block) => blocks::block(&operator, &common, &block).await,
        Command::Unblock(subject) => blocks::unblock(&operator, &common, &subject).await,
        Command::Blocks => blocks::list(&operator).await,
        Command::Purses(arguments) => purses::list(&operator, &arguments).await,
        Command::Purse(command) => purses::change::run(&operator, &common, &command).await,
        Command::Explain(arguments) => explain::explain(&operator, &common, &arguments).await,
        Command::Unlock { typed_phone } => phones::unlock(&operator, &common, &typed_phone).await,
        Command::Forget {
            typed_phone,
            with_block,
        } => phones::forget(&operator, &common, &typed_phone, with_block).await,
        // On the heap: its checks run side by side.
        Command::Doctor { within } => Box::pin(doctor::doctor(&operator, within)).await,
        Command::Keys(arguments) => keys::run(&operator, &common, arguments).await,
        Command::HookSecrets => hook_secrets::print(&operator, &common).await,
        Command::SendTest {
            typed_phone,
            business,
            locale,
            channel,
            dry_run,
        } => {
            let wanted = send_test::Wanted {
                business: business.as_deref(),
                locale: locale.as_deref(),
                channel,
                purpose: if dry_run {
                    Purpose::DryRun
                } else {
                    Purpose::Send
                },
            };
            send_test::send(&operator, &common, &typed_phone, wanted).await
        }
        Command::OptIn { typed_phone } => opted_out::opt_in(&operator, &common, &typed_phone).await,
        Command::Tail {
            since,
            follow,
            filter,
        } => tail::tail(&operator, &common, since, follow, &filter).await,
        Command::Stats { since, top } => stats::stats(&operator, since, top).await,
        // `main` and the lines above have served these.
        Command::Policy(_) | Command::Simulate(_) | Command::Completions { .. } => {
            Ok(Reply::with_result(serde_json::Value::Null, ""))
        }
    }
}
