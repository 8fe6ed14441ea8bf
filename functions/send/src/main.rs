//! The Lambda binary `send`.

use lambda_http::Error;
use phoneproof::http::gateway;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = gateway::start().await?;
    app.service.warm_up_phones();
    gateway::run(app, phoneproof_send::handle).await
}
