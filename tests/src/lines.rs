//! Collects the request lines that a stack logs.

use std::sync::{Arc, Mutex, PoisonError};

use phoneproof_observe::Output;
use serde_json::Value;

/// The request lines that a stack has logged. Clones share the same lines.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Mutex<String>>);

impl Lines {
    /// Returns the output to give to a stack's journal, which adds each line here.
    #[must_use]
    pub fn output(&self) -> Output {
        let lines = Arc::clone(&self.0);
        Arc::new(move |line| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push_str(std::str::from_utf8(line).expect("lines are UTF-8"));
        })
    }

    /// Returns all lines so far, exactly as they were written.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// Returns the newest line as JSON.
    #[must_use]
    pub fn last(&self) -> Value {
        let text = self.text();
        let line = text.lines().last().expect("a line");
        serde_json::from_str(line).expect("a line is one JSON object")
    }
}
