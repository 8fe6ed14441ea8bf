//! The figures measured for one function.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::instance::{Cost, Instance, Invocation, Program};
use crate::sample::Sample;

/// The figures of many cold starts and warm invocations of one function.
pub(crate) struct Figures {
    runtime: String,
    function: &'static str,
    zip_mb: Option<f64>,
    init: Costs,
    first: Costs,
    warm: Costs,
    peak_mb: f64,
}

#[derive(Default)]
struct Costs {
    wall: Sample,
    cpu: Sample,
}

impl Costs {
    fn push(&mut self, cost: Cost) {
        self.wall.push(cost.wall);
        self.cpu.push(cost.cpu);
    }
}

/// The medians of one function; times in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The runtime's name in `runtimes.toml`, or `floor`.
    pub runtime: String,
    /// `send`, `verify` or `hello`.
    pub function: String,
    /// From the start of the process to its first request for an event.
    pub init_ms: f64,
    /// The processor time of the start.
    pub init_cpu_ms: f64,
    /// The first invocation, from the event handed out to the answer.
    pub first_ms: f64,
    /// The processor time of the first invocation.
    pub first_cpu_ms: f64,
    /// Start and first invocation together.
    pub cold_ms: f64,
    /// The median of a warm invocation.
    pub warm_p50_ms: f64,
    /// The 99th percentile of a warm invocation.
    pub warm_p99_ms: f64,
    /// Processor time of a warm invocation, the runtime's own work included.
    pub warm_cpu_ms: f64,
    /// The peak resident memory (`VmHWM`), in megabytes.
    pub peak_mb: f64,
    /// The size of the zipped program in megabytes. `None` for programs of several files.
    pub zip_mb: Option<f64>,
}

impl Figures {
    /// Creates figures of a function without any measurement yet.
    pub(crate) fn new(runtime: &str, function: &'static str, program: &Program) -> Self {
        Self {
            runtime: runtime.to_owned(),
            function,
            zip_mb: program.file().as_deref().and_then(zipped_mb),
            init: Costs::default(),
            first: Costs::default(),
            warm: Costs::default(),
            peak_mb: 0.0,
        }
    }

    /// Adds a cold start.
    pub(crate) fn cold(&mut self, instance: &Instance, first: &Invocation) {
        self.init.push(instance.init);
        self.first.push(first.cost);
        self.saw(instance);
    }

    /// Adds a warm invocation.
    pub(crate) fn warm(&mut self, instance: &Instance, answer: &Invocation) {
        self.warm.push(answer.cost);
        self.saw(instance);
    }

    /// Forgets the warm invocations so far, which only warmed the instance up.
    pub(crate) fn forget_warm(&mut self) {
        self.warm = Costs::default();
    }

    fn saw(&mut self, instance: &Instance) {
        self.peak_mb = self.peak_mb.max(instance.process.peak_mb());
    }

    /// Calculates the medians of all measurements so far.
    pub(crate) fn summary(&self) -> Summary {
        let cold = self.init.wall.plus(&self.first.wall);
        Summary {
            runtime: self.runtime.clone(),
            function: self.function.to_owned(),
            init_ms: self.init.wall.median_ms(),
            init_cpu_ms: self.init.cpu.median_ms(),
            first_ms: self.first.wall.median_ms(),
            first_cpu_ms: self.first.cpu.median_ms(),
            cold_ms: cold.median_ms(),
            warm_p50_ms: self.warm.wall.median_ms(),
            warm_p99_ms: self.warm.wall.percentile(99).as_secs_f64() * 1_000.0,
            warm_cpu_ms: self.warm.cpu.median_ms(),
            peak_mb: self.peak_mb,
            zip_mb: self.zip_mb,
        }
    }
}

/// Returns the size of a program in a zip archive, without the few hundred bytes of the archive itself.
///
/// `None` for scripts, because most of their size is in their libraries.
fn zipped_mb(file: &Path) -> Option<f64> {
    let program = fs::read(file).ok()?;
    if !program.starts_with(b"\x7fELF") {
        return None;
    }
    let mut zipped = DeflateEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut zipped, &program).ok()?;
    let bytes = u32::try_from(zipped.finish().ok()?.len()).ok()?;
    Some(f64::from(bytes) / 1e6)
}

/// Formats the figures as a Markdown table.
pub(crate) fn table(figures: &[Summary]) -> String {
    let mut table = String::from(
        "| function | init ms (CPU) | first ms (CPU) | cold start ms | warm p50 / p99 ms | CPU per warm call ms | peak MB | zip MB |\n|---|---|---|---|---|---|---|---|\n",
    );
    for f in figures {
        let zip = f
            .zip_mb
            .map_or_else(|| "-".to_owned(), |mb| format!("{mb:.2}"));
        writeln!(
            table,
            "| {} {} | {:.1} ({:.1}) | {:.1} ({:.1}) | {:.1} | {:.2} / {:.2} | {:.2} | {:.1} | {zip} |",
            f.runtime,
            f.function,
            f.init_ms,
            f.init_cpu_ms,
            f.first_ms,
            f.first_cpu_ms,
            f.cold_ms,
            f.warm_p50_ms,
            f.warm_p99_ms,
            f.warm_cpu_ms,
            f.peak_mb,
        )
        .expect("a string takes everything");
    }
    table
}
