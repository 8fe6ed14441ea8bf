//! Figures on their way from the commands that measure to the page that shows them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where the figures of every command are kept.
const FOLDER: &str = "target/bench";

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name).with_extension("json")
}

/// Keeps the figures of a command.
pub(crate) fn write(name: &str, figures: &impl Serialize) {
    fs::create_dir_all(FOLDER).expect("a folder beside the build");
    let text = serde_json::to_string_pretty(figures).expect("figures are JSON");
    fs::write(file(name), text).expect("the disk has room");
}

/// The figures that a command kept, if it ran.
pub(crate) fn read<T: DeserializeOwned>(name: &str) -> Option<T> {
    let text = fs::read_to_string(file(name)).ok()?;
    serde_json::from_str(&text).ok()
}
