//! How a command ends: JSON for programs, text for people, and the exit code.

use std::process::ExitCode;

use phoneproof_aws::clients::NO_CONNECTION;
use serde_json::{Value, json};

/// The exit code of the process. The help lists the codes for operators.
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

/// What a command that ended without an error found or did.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) exit: Exit,
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Reply {
    /// The command did its work, or found what was asked for.
    pub(crate) fn with_result(json: Value, text: impl Into<String>) -> Self {
        Self {
            exit: Exit::Done,
            json,
            text: text.into(),
        }
    }

    /// There was nothing to do, for the reason that `text` gives.
    pub(crate) fn without_work(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            exit: Exit::Nothing,
            json: json!({ "nothing": text }),
            text,
        }
    }
}

/// Why a command did not do its work, and what the operator can do next.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) advice: Option<String>,
    /// The call of AWS that failed, if it was one.
    pub(crate) call: Option<FailedCall>,
}

/// A call that AWS refused or did not answer.
#[derive(Debug)]
pub(crate) struct FailedCall {
    /// Its operation, as in `DescribeStacks`.
    pub(crate) operation: String,
    /// The error code of AWS, or the kind of failure.
    pub(crate) code: String,
}

impl CommandError {
    /// Makes an error. An empty `advice` is not shown.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, advice: &str) -> Self {
        Self {
            exit,
            message: message.into(),
            advice: (!advice.is_empty()).then(|| advice.to_owned()),
            call: None,
        }
    }

    /// An argument is missing or malformed. `message` names it and what is accepted.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, "")
    }

    /// AWS answered a call of `operation` with this error code, or not at all.
    pub(crate) fn of_operation(operation: &str, code: &str) -> Self {
        Self {
            call: Some(FailedCall {
                operation: operation.to_owned(),
                code: code.to_owned(),
            }),
            ..Self::new(
                Exit::Failed,
                format!("{operation} failed ({code})"),
                advise(code),
            )
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": self.message, "advice": self.advice })
    }
}

/// Says what the operator can do about an error code of AWS.
fn advise(code: &str) -> &'static str {
    const NOT_REACHED: &str = "is the region right, and for a local stack, is `cargo run` running?";
    if code.starts_with(NO_CONNECTION) {
        return NOT_REACHED;
    }
    match code {
        "timeout" => NOT_REACHED,
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

/// Formats rows as lines with aligned columns. The first row is the heading.
pub(crate) fn format_table(rows: &[Vec<String>]) -> String {
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

/// Makes a row for [`format_table`].
pub(crate) fn make_row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Formats a value, or a dash if there is none.
pub(crate) fn format_or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_columns_and_leaves_no_trailing_spaces() {
        let rows = [
            make_row(["rule", "count"]),
            make_row(["phone-per-day", "3"]),
            make_row(["é", ""]),
        ];
        assert_eq!(
            format_table(&rows),
            "rule           count\nphone-per-day  3\né"
        );
    }
}
