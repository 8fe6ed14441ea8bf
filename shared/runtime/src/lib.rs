//! The start of a Lambda function: its logs, its exit code, and its events, of HTTP or of anything else.

mod answer;
mod answered;
mod logs;
mod run;
mod sanitize;

pub use answered::Answered;
pub use lambda_runtime::Error;
pub use logs::{init_logging, write_line};
pub use run::{run_events, run_http, run_http_and_events, start};
pub use sanitize::sanitize;
