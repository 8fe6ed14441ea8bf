//! The Lambda binary `send`.

use std::process::ExitCode;

use phoneproof::aws::AwsService;
use phoneproof::http::gateway::{self, Preparation};
use phoneproof::service::Service;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        calls: &[AwsService::DynamoDb, AwsService::Sns],
        compute: Service::warm_up_send,
    };
    gateway::serve(preparation, phoneproof_send::handle).await
}
