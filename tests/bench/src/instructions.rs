//! Counts the instructions of a warm invocation. The figures do not depend on the machine's other work.
//!
//! Callgrind counts the functions as they are shipped, each in a process under a Runtime API, with their clients and
//! connections. Two runs differ only in the number of invocations. The difference of their counts is the instructions
//! of the further invocations.

use std::fs;
use std::path::Path;

use clap::Args;
use phoneproof_bench::events::{Events, User};
use serde::{Deserialize, Serialize};

use crate::calls::ESTABLISHED;
use crate::lambda::{Instance, Program, Surroundings};
use crate::report;

/// The file with the figures that later ones are compared with.
const RECORDED: &str = "tests/bench/instructions.toml";
/// The multiple of the recorded count above which a count is a regression.
const TOLERANCE: f64 = 1.10;
/// Invocations before those that are counted: they fill caches, open connections and make the users' network known.
const WARM_UP: u32 = ESTABLISHED;
/// Invocations of which the instructions are counted.
const COUNTED: u32 = 100;

/// The options of `bench instructions`.
#[derive(Args)]
pub(crate) struct Instructions {
    /// Record the figures, so that later ones are compared with them.
    #[arg(long)]
    record: bool,
    /// The command that starts `send`.
    #[arg(long, default_value = "target/release/send")]
    send: String,
    /// The command that starts `verify`.
    #[arg(long, default_value = "target/release/verify")]
    verify: String,
}

/// The instructions of one invocation of each function.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// The instructions of a warm send.
    pub send: u64,
    /// The instructions of a warm verify, which signs with ES256.
    pub verify: u64,
}

/// A running function whose instructions callgrind counts.
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

    /// Ends the function. Returns the instructions of its whole life.
    fn count(self) -> u64 {
        self.instance.terminate();
        let said = fs::read_to_string(self.log.path()).expect("what valgrind said");
        let mut lines = said.lines();
        let line = lines.find_map(|line| line.split("Collected : ").nth(1));
        line.and_then(|count| count.trim().parse().ok())
            .unwrap_or_else(|| panic!("callgrind did not count: {said}"))
    }
}

/// Runs `send` for this many users, who type their codes in. Returns the instructions of its whole life.
async fn count_sends(options: &Instructions, users: u32) -> u64 {
    let (around, events) = (Surroundings::start(false).await, Events::compile());
    let mut send = Watched::start(&options.send, &around).await;
    let mut verify = Instance::start(&Program::here(&options.verify), &around.environment).await;
    for n in 0..users {
        let user = User(n);
        let sent = send.instance.invoke(events.send(user)).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        let token = sent.body["token"].as_str().expect("a token");
        let event = events.verify(user, token, &around.code(user));
        assert_eq!(verify.invoke(event).await.status, 200);
    }
    send.count()
}

/// Runs `verify` for this many users. Returns the instructions of its whole life.
async fn count_verifies(options: &Instructions, users: u32) -> u64 {
    let (around, events) = (Surroundings::start(false).await, Events::compile());
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

/// Counts the instructions. Returns whether they are within tolerance of the recorded ones.
pub(crate) async fn run(options: Instructions) -> bool {
    let all = WARM_UP + COUNTED;
    let send = count_sends(&options, all).await - count_sends(&options, WARM_UP).await;
    let verify = count_verifies(&options, all).await - count_verifies(&options, WARM_UP).await;
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
    let send = compare("send", now.send, recorded.send);
    let verify = compare("verify", now.verify, recorded.verify);
    send && verify
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of millions")]
fn compare(what: &str, now: u64, recorded: u64) -> bool {
    let ratio = now as f64 / recorded as f64;
    println!(
        "{what:8} {now:>10} instructions, recorded {recorded:>10}: x {ratio:.3} (at most {TOLERANCE})"
    );
    ratio <= TOLERANCE
}
