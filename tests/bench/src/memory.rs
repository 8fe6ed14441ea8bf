//! Measures start-up and answer times at several memory sizes, each with the processor share that Lambda gives to it.
//!
//! At 1,769 MB, Lambda gives a function one processor. Less memory gets a proportional share of one (Lambda developer
//! guide, "Configure Lambda function memory"). Here a control group does the same, which needs root and Linux.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::lambda::{Life, Program, Surroundings};
use crate::report;
use crate::sample::Sample;

/// The period of the scheduler's quota, in microseconds.
const PERIOD_US: u32 = 20_000;
/// The memory size at which Lambda gives a function one whole processor, in MB.
pub(crate) const ONE_PROCESSOR_MB: u32 = 1_769;

/// The options of `bench memory`.
#[derive(Args)]
pub(crate) struct Memory {
    /// The memory sizes to measure, in MB.
    #[arg(long, value_delimiter = ',', default_value = "128,256,512,1024,1769")]
    sizes: Vec<u32>,
    /// Cold starts at each size.
    #[arg(long, default_value_t = 9)]
    cold: u32,
    /// The command that starts `send`.
    #[arg(long, default_value = "target/release/send")]
    send: String,
    /// The command that starts `verify`.
    #[arg(long, default_value = "target/release/verify")]
    verify: String,
}

/// The times of both functions at one memory size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Size {
    /// The memory size in MB.
    pub memory_mb: u32,
    /// The times of `send`.
    pub send: Times,
    /// The times of `verify`.
    pub verify: Times,
}

/// The medians of one function, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Times {
    /// From the start of the process to its first request for an event.
    pub init_ms: f64,
    /// The first invocation, which is cold.
    pub first_ms: f64,
    /// The second invocation, which is warm.
    pub warm_ms: f64,
}

/// A control group with the processor share of a memory size.
struct Share(PathBuf);

impl Share {
    fn new(memory_mb: u32) -> Self {
        let quota = (PERIOD_US * memory_mb / ONE_PROCESSOR_MB).max(1_000);
        let (v1, v2) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        let is_v1 = v1.is_dir();
        let group = if is_v1 { v1 } else { v2 }.join(format!("phoneproof-{memory_mb}"));
        fs::create_dir_all(&group).expect("control groups need root");
        let write = |file: &str, text: String| {
            fs::write(group.join(file), text).expect("control groups need root");
        };
        if is_v1 {
            write("cpu.cfs_period_us", PERIOD_US.to_string());
            write("cpu.cfs_quota_us", quota.to_string());
        } else {
            write("cpu.max", format!("{quota} {PERIOD_US}"));
        }
        Self(group)
    }

    /// Returns a program that joins the group and then becomes `command`.
    fn of(&self, command: &str) -> Program {
        let group = self.0.display();
        Program::script(format!("echo $$ > {group}/cgroup.procs; exec {command}"))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

/// Measures and prints the times at each size. There is no goal, so it always returns `true`.
pub(crate) async fn run(options: Memory) -> bool {
    let around = Surroundings::start(true).await;
    let mut life = Life::new(&around);
    let mut sizes = Vec::new();
    for memory_mb in options.sizes {
        let share = Share::new(memory_mb);
        let (send, verify) = (share.of(&options.send), share.of(&options.verify));
        let mut samples: [Sample; 6] = Default::default();
        for _ in 0..options.cold {
            for (sample, took) in samples.iter_mut().zip(life.of(&send, &verify).await) {
                sample.push(took);
            }
        }
        let [send, verify] = [&samples[..3], &samples[3..]].map(|of| Times {
            init_ms: of[0].median_ms(),
            first_ms: of[1].median_ms(),
            warm_ms: of[2].median_ms(),
        });
        sizes.push(Size {
            memory_mb,
            send,
            verify,
        });
    }
    print!("{}", table(&sizes));
    report::write("memory", &sizes);
    true
}

/// Formats the sizes as a Markdown table.
pub(crate) fn table(sizes: &[Size]) -> String {
    let mut table = String::from(
        "| MB | `send`: init + first (warm) ms | `verify`: init + first (warm) ms |\n|---:|---|---|\n",
    );
    for size in sizes {
        let [send, verify] = [size.send, size.verify]
            .map(|t| format!("{:.0} + {:.1} ({:.1})", t.init_ms, t.first_ms, t.warm_ms));
        _ = writeln!(table, "| {} | {send} | {verify} |", size.memory_mb);
    }
    table
}
