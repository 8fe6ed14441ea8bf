//! The Lambda binary `verify`.

use std::process::ExitCode;

use phoneproof_aws::clients::AwsService;
use phoneproof_runtime::Preparation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        calls: &[AwsService::DynamoDb],
        compute: |_| (),
    };
    phoneproof_runtime::serve(preparation, phoneproof_verify::handle).await
}
