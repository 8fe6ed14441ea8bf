//! How many instructions a warm invocation takes: figures that do not depend on what else the machine does.
//!
//! Callgrind counts the functions as they are shipped, each as a process under a Runtime API, with their clients and
//! connections. Two runs that differ only in the number of invocations differ by the instructions of those
//! invocations.

use std::fs;
use std::path::Path;

use clap::Args;
use phoneproof_bench::events::{Events, User};
use serde::{Deserialize, Serialize};

use crate::lambda::{Instance, Program, Surroundings};
use crate::report;

/// The figures that later ones are compared with.
const RECORDED: &str = "tests/bench/instructions.toml";
/// How much more than recorded is a regression.
const TOLERANCE: f64 = 1.10;
/// Invocations before those that are counted: they fill caches and open connections.
const WARM_UP: u32 = 5;
/// Invocations of which the instructions are counted.
const COUNTED: u32 = 100;

/// What `bench instructions` does.
#[derive(Args)]
pub(crate) struct Instructions {
    /// Keep the figures as those that later ones are compared with.
    #[arg(long)]
    record: bool,
    /// The command that starts `send`.
    #[arg(long, default_value = "target/release/send")]
    send: String,
    /// The command that starts `verify`.
    #[arg(long, default_value = "target/release/verify")]
    verify: String,
}

/// Instructions of one invocation.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// A warm send.
    pub send: u64,
    /// A warm verify, with ES256.
    pub verify: u64,
}

/// A function that callgrind counts.
struct Watched {
    instance: Instance,
    log: tempfile::NamedTempFile,
}

impl Watched {
    async fn start(command: &str, around: &Surroundings) -> Self {
        let log = tempfile::NamedTempFile::new().expect("the disk has room");
        let command = format!(
            "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file={} {command}",
            log.path().display()
        );
        let instance = Instance::start(&Program::here(&command), &around.environment).await;
        Self { instance, log }
    }

    /// Ends it; the instructions of its whole life.
    fn count(self) -> u64 {
        self.instance.terminate();
        let said = fs::read_to_string(self.log.path()).expect("what valgrind said");
        let mut lines = said.lines();
        let line = lines.find_map(|line| line.split("Collected : ").nth(1));
        line.and_then(|count| count.trim().parse().ok())
            .unwrap_or_else(|| panic!("callgrind did not count: {said}"))
    }
}

/// The instructions of a `send` that is invoked by so many users.
async fn sends(command: &str, users: u32) -> u64 {
    let (around, events) = (Surroundings::start(false).await, Events::compiled());
    let mut send = Watched::start(command, &around).await;
    for n in 0..users {
        let sent = send.instance.invoke(events.send(User(n))).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
    }
    send.count()
}

/// The instructions of a `verify` that is invoked by so many users.
async fn verifies(options: &Instructions, users: u32) -> u64 {
    let (around, events) = (Surroundings::start(false).await, Events::compiled());
    let mut send = Instance::start(&Program::here(&options.send), &around.environment).await;
    let mut verify = Watched::start(&options.verify, &around).await;
    for n in 0..users {
        let user = User(n);
        let sent = send.invoke(events.send(user)).await;
        let token = sent.body["token"].as_str().expect("a token");
        let event = events.verify(user, token, &around.code(user));
        let verified = verify.instance.invoke(event).await;
        assert_eq!(verified.status, 200, "{:?}", verified.body);
    }
    verify.count()
}

/// Counts, and compares with what was recorded.
pub(crate) async fn run(options: Instructions) -> bool {
    let all = WARM_UP + COUNTED;
    let send = sends(&options.send, all).await - sends(&options.send, WARM_UP).await;
    let verify = verifies(&options, all).await - verifies(&options, WARM_UP).await;
    let now = Counted {
        send: send / u64::from(COUNTED),
        verify: verify / u64::from(COUNTED),
    };
    report::write("instructions", &now);
    if options.record {
        let text = format!(
            "# Instructions of one warm invocation, as `bench instructions --record` counted them.\n\
             send = {}\nverify = {}\n",
            now.send, now.verify
        );
        fs::write(RECORDED, text).expect("the disk has room");
    }
    let recorded = fs::read_to_string(Path::new(RECORDED)).expect("recorded figures");
    let recorded: Counted = toml::from_str(&recorded).expect("recorded figures");
    let send = compared("send", now.send, recorded.send);
    let verify = compared("verify", now.verify, recorded.verify);
    send && verify
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of millions")]
fn compared(what: &str, now: u64, recorded: u64) -> bool {
    let ratio = now as f64 / recorded as f64;
    println!(
        "{what:8} {now:>10} instructions, recorded {recorded:>10}: x {ratio:.3} (at most {TOLERANCE})"
    );
    ratio <= TOLERANCE
}
