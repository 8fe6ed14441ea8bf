//! Logs and request lines.

use std::io::Write as _;

use phoneproof_config::Environment as _;
use phoneproof_config::process::ProcessEnvironment;
use phoneproof_observe::logging;

/// Writes a line to standard output. Lambda forwards it to CloudWatch Logs, which makes metrics of it. There is nobody to
/// tell if it cannot be written.
pub fn write_line(line: &[u8]) {
    drop(std::io::stdout().lock().write_all(line));
}

/// Logs to standard output, which Lambda forwards to CloudWatch Logs; `LOG_LEVEL` is one of `error`,
/// `warn` and `info` (default). Release builds contain no lower level.
pub fn init_logging() {
    let level = ProcessEnvironment
        .get("LOG_LEVEL")
        .and_then(|text| text.parse().ok());
    logging::init(level.unwrap_or(tracing::Level::INFO), std::io::stdout);
}
