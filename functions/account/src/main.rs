//! The Lambda binary `account`.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::Error;
use phoneproof::config::ProcessEnvironment;
use phoneproof::domain::clock::SystemClock;
use phoneproof::domain::random::SystemRandom;
use phoneproof::http::gateway;
use phoneproof::observe::Journal;
use phoneproof_account::Function;
use phoneproof_account::config::AccountSettings;
use phoneproof_account::service::Accounts;
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    gateway::init_logging();
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
    let accounts = Accounts::new(&settings, Arc::new(SystemClock), Arc::new(SystemRandom))?;
    accounts.warm_up().await?;
    let init = Some(began.elapsed());
    let journal = Journal::new(settings.stack_name, init, Arc::new(gateway::write_line));
    let function = Function::new(accounts, journal);
    gateway::run(move |request| function.clone().handle(request)).await
}
