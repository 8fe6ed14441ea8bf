//! The Lambda binary `verify`.

use std::process::ExitCode;

use phoneproof_api::Preparation;
use phoneproof_aws::clients::AwsService;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        calls: &[AwsService::DynamoDb],
        compute: |_| (),
    };
    phoneproof_api::serve(preparation, phoneproof_verify::handle).await
}
