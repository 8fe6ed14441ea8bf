//! What is wrong with a policy file.

use std::fmt;

use thiserror::Error;

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of the value, as in `business.login.code_length`.
    pub path: String,
    /// What is wrong, and what is accepted.
    pub reason: String,
}

/// Writes one line. Control characters are escaped, because quoted keys of the file may hold line breaks.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self
            .path
            .chars()
            .chain(": ".chars())
            .chain(self.reason.chars())
        {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

/// All faults of a policy file; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PolicyFaults(pub Vec<Fault>);
