//! Runs the service in a process of its own.
//!
//! That separates its processor time, memory and sockets from those of the callers.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use clap::Args;
use phoneproof_local::stack::{Backends, Endpoints, Options, Stack};

use crate::process::Process;
use phoneproof_bench::warm::policy_for_strangers;

/// The options of the process.
#[derive(Args)]
pub(crate) struct Instance {
    /// The URL of DynamoDB. Without it, the process runs all AWS services itself, as `cargo run` does.
    #[arg(long, requires_all = ["sns", "secrets"])]
    dynamodb: Option<String>,
    /// The URL of SNS.
    #[arg(long)]
    sns: Option<String>,
    /// The URL of Secrets Manager.
    #[arg(long)]
    secrets: Option<String>,
}

impl Instance {
    fn endpoints(self) -> Option<Endpoints> {
        Some(Endpoints {
            dynamodb: self.dynamodb?,
            sns: self.sns?,
            secrets: self.secrets?,
        })
    }
}

/// Serves until its standard input ends. It ends when the process that started this one ends.
pub(crate) async fn serve(instance: Instance) -> bool {
    let mut options = Options::new(policy_for_strangers());
    options.trust_test_header = true;
    options.journal_output = Arc::new(|_| ());
    let backends = Backends::start(&options).await.expect("free ports");
    let own = backends.endpoints.clone();
    let endpoints = instance.endpoints().unwrap_or_else(|| own.clone());
    let stack = Stack::start_on(options, backends, endpoints).await;
    let stack = stack.expect("the service starts");
    println!("dynamodb at {}", own.dynamodb);
    println!("listening on {}", stack.url);
    io::stdout().flush().expect("somebody listens");
    let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    end.await.is_ok()
}

/// A running service. Dropping it ends the process.
pub(crate) struct Service {
    /// The URL of the API.
    pub url: String,
    /// The URL of the DynamoDB inside the process.
    pub dynamodb: String,
    /// The process, for its processor time, memory and sockets.
    pub process: Process,
    child: Child,
}

impl Service {
    /// Starts a service that runs all AWS services in its own process.
    pub(crate) fn whole() -> Self {
        Self::start(&[])
    }

    /// Starts a service that calls the AWS services at `endpoints`.
    pub(crate) fn on(endpoints: &Endpoints) -> Self {
        Self::start(&[
            "--dynamodb",
            &endpoints.dynamodb,
            "--sns",
            &endpoints.sns,
            "--secrets",
            &endpoints.secrets,
        ])
    }

    fn start(arguments: &[&str]) -> Self {
        let this = std::env::current_exe().expect("a path");
        let mut child = Command::new(this)
            .arg("instance")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let output = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut after = |words: &str| {
            let line = lines.find_map(|line| line.strip_prefix(words).map(str::to_owned));
            line.expect("a line that says where it is")
        };
        Self {
            dynamodb: after("dynamodb at "),
            url: after("listening on "),
            process: Process::new(child.id()),
            child,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
