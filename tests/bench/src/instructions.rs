//! How many instructions a warm send and a warm verify take: figures that do not depend on what else the
//! machine does.
//!
//! Callgrind counts a whole process. Two runs that differ only in the number of requests differ by the
//! instructions of those requests.

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;
use phoneproof_bench::events::User;
use phoneproof_bench::warm::Warm;
use serde::{Deserialize, Serialize};

use crate::report;

/// The figures that later ones are compared with.
const RECORDED: &str = "tests/bench/instructions.toml";
/// How much more than recorded is a regression.
const TOLERANCE: f64 = 1.10;
/// Requests of which the instructions are counted.
const COUNTED: u32 = 100;

/// What `bench instructions` does.
#[derive(Args)]
pub(crate) struct Instructions {
    /// Keep the figures as those that later ones are compared with.
    #[arg(long)]
    record: bool,
}

/// A process for callgrind to count.
#[derive(Args)]
pub(crate) struct Handler {
    #[arg(long)]
    sends: u32,
    #[arg(long)]
    verifies: u32,
}

/// Instructions of one request.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// A warm send.
    pub send: u64,
    /// A warm verify, with ES256.
    pub verify: u64,
}

/// Answers requests, so many of each kind.
pub(crate) async fn handle(handler: Handler) -> bool {
    let warm = Warm::start().await;
    for n in 0..handler.sends.max(handler.verifies) {
        let user = User(n + 1);
        let request = warm.send_request(user);
        if n >= handler.sends {
            continue;
        }
        let sent = warm.send(request).await;
        let request = warm.verify_request(user, &sent);
        if n < handler.verifies {
            assert_eq!(warm.verify(request).await.status(), 200);
        }
    }
    true
}

/// The instructions of a process that answers so many requests.
fn counted(sends: u32, verifies: u32) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("a path"))
        .args(["handler", "--sends", &sends.to_string()])
        .args(["--verifies", &verifies.to_string()])
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let line = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    line.and_then(|count| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind did not count: {said}"))
}

/// Counts, and compares with what was recorded.
pub(crate) fn run(options: &Instructions) -> bool {
    let (none, sends, both) = (
        counted(0, 0),
        counted(COUNTED, 0),
        counted(COUNTED, COUNTED),
    );
    let now = Counted {
        send: (sends - none) / u64::from(COUNTED),
        verify: (both - sends) / u64::from(COUNTED),
    };
    report::write("instructions", &now);
    if options.record {
        let text = format!(
            "# Instructions of one warm request in its handler, as `bench instructions --record` counted them.\n\
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
