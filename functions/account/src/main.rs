//! The Lambda binary `account`.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::Error;
use phoneproof_account::Function;
use phoneproof_account::config::AccountSettings;
use phoneproof_account::service::Accounts;
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_config::process::ProcessEnvironment;
use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Clock as _;
use phoneproof_observe::{Journal, RequestContext};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    phoneproof_runtime::init_logging();
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Error> {
    let began = Instant::now();
    let settings = AccountSettings::from_environment(&ProcessEnvironment)?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let accounts = Accounts::new(&settings)?;
    let mut request = RequestContext::new(clock.now(), READ_WITHIN, random.clone());
    accounts.warm_up(&mut request).await?;
    let init = Some(began.elapsed());
    let journal = Journal::new(
        settings.stack_name,
        init,
        Arc::new(phoneproof_runtime::write_line),
    );
    let function = Function::new(accounts, journal, clock, random);
    phoneproof_runtime::run(move |request| function.clone().handle(request)).await
}
