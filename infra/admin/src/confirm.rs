//! Asking before something is lost.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::Common;
use crate::output::{Exit, Failure};

/// Asks whether to go on, unless `--yes` was given. Without a terminal there is nobody to ask.
pub(crate) fn confirm(common: &Common, what: &str) -> Result<(), Failure> {
    if common.yes {
        return Ok(());
    }
    let refused = |message: &str| {
        Failure::new(
            Exit::Refused,
            message,
            "add --yes to do it without being asked",
        )
    };
    if !io::stdin().is_terminal() {
        return Err(refused("not confirmed: there is no terminal to ask on"));
    }
    let mut out = io::stderr();
    drop(write!(out, "{what} Go on? [y/N] ").and_then(|()| out.flush()));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refused("not confirmed"))
    }
}
