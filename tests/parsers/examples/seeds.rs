//! Writes the start of a fuzzer's corpus into a folder: `<target>/seed-<n>`, and `<target>.dict` with the words.

#![expect(clippy::expect_used, reason = "a tool for developers")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

use phoneproof_parsers::TARGETS;

fn main() -> io::Result<()> {
    let corpus = PathBuf::from(env::args_os().nth(1).expect("a folder"));
    for target in TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder)?;
        for (index, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{index}")), seed)?;
        }
        fs::write(
            folder.with_extension("dict"),
            format_dictionary(target.words),
        )?;
    }
    Ok(())
}

/// Formats the words as a libFuzzer dictionary: quoted, with all but letters and digits in hexadecimal.
fn format_dictionary(words: &[&str]) -> String {
    let mut lines = String::new();
    for word in words {
        lines.push('"');
        for byte in word.bytes() {
            if byte.is_ascii_alphanumeric() {
                lines.push(char::from(byte));
            } else {
                write!(lines, "\\x{byte:02x}").expect("a string takes everything");
            }
        }
        lines.push_str("\"\n");
    }
    lines
}
