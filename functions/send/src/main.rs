//! The Lambda binary `send`.

use std::process::ExitCode;

use phoneproof::http::gateway;
use phoneproof::service::Service;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    gateway::serve(Service::warm_up_phones, phoneproof_send::handle).await
}
