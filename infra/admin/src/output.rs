//! What a command says: JSON for programs, text for people, and the exit code.

use std::process::ExitCode;

use serde_json::{Value, json};

/// How a command ended; the help lists these for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Nothing = 3,
    Refused = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command found or did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Exit,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Outcome {
    pub(crate) fn done(json: Value, text: impl Into<String>) -> Self {
        Self {
            exit: Exit::Done,
            json,
            text: text.into(),
        }
    }

    pub(crate) fn nothing(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            exit: Exit::Nothing,
            json: json!({ "nothing": text }),
            text,
        }
    }
}

/// Why a command did not do it, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) advice: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>, advice: &str) -> Self {
        Self {
            exit,
            message: message.into(),
            advice: (!advice.is_empty()).then(|| advice.to_owned()),
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, "")
    }

    /// A call of AWS that failed with this error code.
    pub(crate) fn call(what: &str, code: &str) -> Self {
        Self::new(
            Exit::Failed,
            format!("{what} failed ({code})"),
            advice(code),
        )
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "error": self.message, "advice": self.advice })
    }
}

/// What to do about an error code of AWS.
fn advice(code: &str) -> &'static str {
    match code {
        "no connection" | "timeout" => {
            "is the region right, and for a local stack, is `cargo run` running?"
        }
        "AccessDeniedException" | "AccessDenied" | "AuthorizationError" => {
            "the credentials may not do this: use a role that may operate the stack"
        }
        "ExpiredToken" | "ExpiredTokenException" | "UnrecognizedClientException" => {
            "the credentials are no longer valid: sign in again, as with `aws sso login`"
        }
        "ResourceNotFoundException" => "is this the right stack, account and region?",
        "ThrottlingException" | "Throttled" => "AWS turns calls away: try again in a moment",
        _ => "",
    }
}

/// Lines with aligned columns; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A row of a [`table`].
pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A value, or a dash where there is none.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_and_do_not_trail() {
        let rows = [
            row(["rule", "count"]),
            row(["phone-per-day", "3"]),
            row(["é", ""]),
        ];
        assert_eq!(table(&rows), "rule           count\nphone-per-day  3\né");
    }
}
