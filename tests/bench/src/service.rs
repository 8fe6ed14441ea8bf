//! The service as a process of its own, so that its processor time, memory and sockets can be told from
//! those of the callers.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use clap::Args;
use phoneproof_local::stack::{Backends, Endpoints, Options, Stack};

use crate::process::Process;
use phoneproof_bench::warm::policy;

/// What the process is told.
#[derive(Args)]
pub(crate) struct Instance {
    /// Where DynamoDB is; without it the process has all AWS services in itself, as `cargo run` has.
    #[arg(long, requires_all = ["sns", "secrets"])]
    dynamodb: Option<String>,
    #[arg(long)]
    sns: Option<String>,
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

/// Serves until its standard input ends, which it does with the process that started it.
pub(crate) async fn serve(instance: Instance) -> bool {
    let mut options = Options::new(policy());
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

/// The running process; it ends with this value.
pub(crate) struct Service {
    /// Where the API is.
    pub url: String,
    /// Where its own DynamoDB is.
    pub dynamodb: String,
    /// The process.
    pub process: Process,
    child: Child,
}

impl Service {
    /// Starts it with all AWS services in itself.
    pub(crate) fn whole() -> Self {
        Self::start(&[])
    }

    /// Starts it on AWS services elsewhere.
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
