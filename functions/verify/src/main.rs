//! The Lambda binary `verify`.

use std::process::ExitCode;

use phoneproof_api::Preparation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let preparation = Preparation {
        texts: false,
        compute: |_| (),
    };
    phoneproof_api::serve(preparation, phoneproof_verify::handle).await
}
