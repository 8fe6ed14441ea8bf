//! The Lambda binary `verify`.

use lambda_http::Error;
use phoneproof::http::gateway;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = gateway::start().await?;
    gateway::run(app, phoneproof_verify::handle).await
}
