//! The Lambda binary `account`.

use std::process::ExitCode;
use std::sync::Arc;

use phoneproof_account::config::AccountSettings;
use phoneproof_account::service::Accounts;
use phoneproof_account::{App, PREFIX, handle};
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_config::process::{ProcessEnvironment, SystemClock, SystemRandom};
use phoneproof_domain::clock::Clock as _;
use phoneproof_http::{TrustedProxy, base_path};
use phoneproof_observe::{Journal, RequestContext};
use phoneproof_runtime::{Error, run_http, start, write_line};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(async {
        let app = Arc::new(Box::pin(build()).await?);
        run_http(move |request| handle(Arc::clone(&app), request)).await
    })
    .await
}

async fn build() -> Result<App, Error> {
    let began = Instant::now();
    let settings = AccountSettings::from_environment(&ProcessEnvironment)?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let accounts = Accounts::new(&settings, clock.clone())?;
    let mut request = RequestContext::new(clock.now(), READ_WITHIN, random.clone());
    accounts.warm_up(&mut request).await?;
    let init = Some(began.elapsed());
    Ok(App {
        service: accounts,
        clock,
        random,
        allowed_origins: Vec::new(),
        journal: Journal::new(settings.stack_name, init, Arc::new(write_line)),
        tracer: None,
        base_path: base_path(&settings.issuer, PREFIX.trim_end_matches('/')),
        proxy: settings
            .proxy
            .map(|proxy| TrustedProxy::new(proxy.secrets, proxy.address_header)),
    })
}
