//! Asks for confirmation before something is lost.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::Common;
use crate::output::{CommandError, Exit};

/// Asks whether to go on, unless `--yes` was given. Without a terminal it refuses, because nobody can answer.
/// `consequence` is a sentence that says what will happen.
pub(crate) fn confirm(common: &Common, consequence: &str) -> Result<(), CommandError> {
    if common.yes {
        return Ok(());
    }
    let refuse = |message: &str| {
        CommandError::new(Exit::Refused, message, "add --yes to confirm in advance")
    };
    if !io::stdin().is_terminal() {
        return Err(refuse("not confirmed: there is no terminal to ask on"));
    }
    let mut out = io::stderr();
    drop(write!(out, "{consequence} Go on? [y/N] ").and_then(|()| out.flush()));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refuse("not confirmed"))
    }
}
