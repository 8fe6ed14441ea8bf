//! Reads the figures of the micro-benchmarks that criterion has kept.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Criterion's folder. It has a folder for each group, with a folder for each benchmark.
const FOLDER: &str = "target/criterion";

/// The name of a benchmark, as criterion writes it.
#[derive(Deserialize)]
struct Name {
    group_id: String,
    function_id: Option<String>,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// The estimate in nanoseconds.
    point_estimate: f64,
}

/// A benchmark with its median. Rows sort by group, with the floors at the end of their group.
#[derive(PartialEq, PartialOrd)]
struct Row {
    group: String,
    is_floor: bool,
    name: String,
    median_us: f64,
}

impl Row {
    fn read(folder: &Path) -> Option<Self> {
        let text = |name: &str| fs::read_to_string(folder.join("new").join(name)).ok();
        let name: Name = serde_json::from_str(&text("benchmark.json")?).ok()?;
        let estimates: Estimates = serde_json::from_str(&text("estimates.json")?).ok()?;
        let function = name.function_id.unwrap_or_default();
        Some(Self {
            group: name.group_id,
            is_floor: function.starts_with("floor"),
            name: function,
            median_us: estimates.median.point_estimate / 1e3,
        })
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

/// Formats the medians as a Markdown table. The text is empty if there are none.
pub(super) fn table() -> String {
    let groups = folders(Path::new(FOLDER)).flat_map(|group| folders(&group).collect::<Vec<_>>());
    let mut rows: Vec<_> = groups.filter_map(|folder| Row::read(&folder)).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).expect("no time is NaN"));
    if rows.is_empty() {
        return String::new();
    }
    let mut table = String::from("| | | median us |\n|---|---|---:|\n");
    for row in &rows {
        _ = writeln!(
            table,
            "| {} | {} | {:.2} |",
            row.group, row.name, row.median_us
        );
    }
    table
}
