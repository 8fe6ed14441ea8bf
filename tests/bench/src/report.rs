//! Figures on their way from the commands that measure to the page that shows them.

use std::fs;
use std::path::{Path, PathBuf};

use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where the figures of every command are kept.
const FOLDER: &str = "target/bench";

/// Figures with where they come from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept<T> {
    /// The command and its options.
    pub command: String,
    /// The day that they were measured, UTC.
    pub day: String,
    /// The figures.
    pub figures: T,
}

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("json")
}

/// Keeps the figures of the command that runs.
pub(crate) fn write(name: &str, figures: &impl Serialize) {
    let kept = Kept {
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        day: SystemClock.now().to_string().chars().take(10).collect(),
        figures,
    };
    fs::create_dir_all(FOLDER).expect("a folder beside the build");
    let text = serde_json::to_string_pretty(&kept).expect("figures are JSON");
    fs::write(file(name), text).expect("the disk has room");
}

/// The figures that a command kept, if it ran.
///
/// # Panics
///
/// When they are of an older form of the command: old figures are not to be shown as missing.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Option<Kept<T>> {
    let text = fs::read_to_string(file(name)).ok()?;
    let kept = serde_json::from_str(&text);
    Some(kept.unwrap_or_else(|error| panic!("{}: {error}; measure again", file(name).display())))
}
