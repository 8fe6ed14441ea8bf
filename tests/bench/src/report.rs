//! Keeps the figures that a command has measured, for the page of results.

use std::fs;
use std::path::{Path, PathBuf};

use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The folder with the figures, one file for each command.
const FOLDER: &str = "target/bench";

/// Figures with the command and the day that they come from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept<T> {
    /// The command and its options.
    pub command: String,
    /// The UTC day on which the command measured them, such as `2026-11-25`.
    pub day: String,
    /// The figures, in the form of the command.
    pub figures: T,
}

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("json")
}

/// Writes the figures of the running command to the file `name`.
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

/// Reads the figures in the file `name`. `None` if no command has written it.
///
/// # Panics
///
/// When the figures have the form of an older command. They would otherwise be shown as not measured.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Option<Kept<T>> {
    let text = fs::read_to_string(file(name)).ok()?;
    let kept = serde_json::from_str(&text);
    Some(kept.unwrap_or_else(|error| panic!("{}: {error}; measure again", file(name).display())))
}
