//! The Lambda binary `receipts`.

use std::process::ExitCode;
use std::sync::Arc;

use phoneproof_aws::clients::Clients;
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_config::process::{ProcessEnvironment, SystemClock, SystemRandom};
use phoneproof_config::{Settings, policy};
use phoneproof_domain::clock::Clock as _;
use phoneproof_http::base_path;
use phoneproof_observe::{Journal, RequestContext};
use phoneproof_receipts::{App, Receipts, handle, take};
use phoneproof_runtime::{Error, run_http_and_events, start, write_line};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start(async {
        let app = Arc::new(Box::pin(build()).await?);
        let of_events = Arc::clone(&app);
        run_http_and_events(
            move |request| handle(Arc::clone(&app), request),
            move |event| take(Arc::clone(&of_events), event),
        )
        .await
    })
    .await
}

async fn build() -> Result<App, Error> {
    let began = Instant::now();
    let settings = Settings::from_environment(&ProcessEnvironment)?;
    let policy = policy::from_environment(&ProcessEnvironment)?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let clients = Clients::new(&settings.aws, clock.clone())?;
    let receipts = Receipts::new(&clients, &settings, &policy);
    let mut request = RequestContext::new(clock.now(), READ_WITHIN, random.clone());
    receipts.warm_up(&mut request).await?;
    let init = Some(began.elapsed());
    Ok(App {
        service: receipts,
        clock,
        random,
        allowed_origins: Vec::new(),
        journal: Journal::new(settings.stack_name, init, Arc::new(write_line)),
        tracer: None,
        base_path: base_path(&settings.issuer, ""),
        proxy: None,
    })
}
