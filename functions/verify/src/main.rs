//! The Lambda binary `verify`.

use std::process::ExitCode;

use phoneproof::http::gateway;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    gateway::serve(|_| (), phoneproof_verify::handle).await
}
