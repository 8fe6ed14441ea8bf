//! The Lambda binary `send`.

use std::process::ExitCode;

use phoneproof_api::Preparation;
use phoneproof_service::Service;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        texts: true,
        compute: Service::warm_up_send,
    };
    phoneproof_api::serve(preparation, phoneproof_send::handle).await
}
