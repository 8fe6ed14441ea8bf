//! The Lambda binary `verify`.

use std::process::ExitCode;

use phoneproof::aws::AwsService;
use phoneproof::http::gateway::{self, Preparation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        calls: &[AwsService::DynamoDb],
        compute: |_| (),
    };
    gateway::serve(preparation, phoneproof_verify::handle).await
}
