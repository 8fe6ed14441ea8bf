//! The text of an error with its causes, for errors that other crates name the causes of.

use std::error::Error;

/// Writes the text of `error`, and of every error that caused it, separated by colons.
pub(crate) fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
