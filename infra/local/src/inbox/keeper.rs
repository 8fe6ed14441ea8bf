//! The file that keeps the texts of an inbox: a line of JSON per text, the oldest first.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::{CAPACITY, Message};
use crate::private::{append_private, name_file, replace_private};

/// Appends texts to a file. It writes the file anew when it holds twice as many texts as the inbox.
pub(super) struct Keeper {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl Keeper {
    /// Opens the file at `path`, which is made if it is missing, and returns its texts, the newest first.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, VecDeque<Message>)> {
        let file = append_private(&path)?;
        let text = std::fs::read_to_string(&path).map_err(|error| name_file(&path)(&error))?;
        // The last line is torn when the process was killed while it wrote.
        let texts = text.lines().rev().map(serde_json::from_str);
        let messages: VecDeque<Message> = texts.filter_map(Result::ok).take(CAPACITY).collect();
        let mut keeper = Self {
            path,
            file,
            lines: 0,
        };
        keeper.write_anew(&messages)?;
        Ok((keeper, messages))
    }

    /// Keeps the first of `messages`, which came last.
    pub(super) fn keep_newest(&mut self, messages: &VecDeque<Message>) -> io::Result<()> {
        if self.lines >= 2 * CAPACITY {
            return self.write_anew(messages);
        }
        self.lines += 1;
        let newest = messages.front().map(format_line).transpose()?;
        let written = self.file.write_all(newest.unwrap_or_default().as_bytes());
        written.map_err(|error| name_file(&self.path)(&error))
    }

    fn write_anew(&mut self, messages: &VecDeque<Message>) -> io::Result<()> {
        let lines: Vec<String> = messages
            .iter()
            .rev()
            .map(format_line)
            .collect::<Result<_, _>>()?;
        replace_private(&self.path, &lines.concat())?;
        self.file = append_private(&self.path)?;
        self.lines = lines.len();
        Ok(())
    }
}

fn format_line(message: &Message) -> Result<String, serde_json::Error> {
    Ok(format!("{}\n", serde_json::to_string(message)?))
}
