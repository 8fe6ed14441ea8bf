//! The whole service in one process: the loopback AWS services, both APIs and the pages.

mod backends;
mod base_path;
mod data_files;
mod keyrings;
mod options;

use std::io;
use std::sync::Arc;

use axum::Router;
use phoneproof_api::App;
use phoneproof_aws::clients::Credentials;
use phoneproof_aws::clients::{AwsSettings, Clients};
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_config::process::SystemClock;
use phoneproof_config::{LOCAL_STACK, Settings};
use phoneproof_observe::{Journal, Output, RequestContext};
use phoneproof_receipts::Receipts;
use phoneproof_service::Service;
use tokio::net::TcpListener;

use crate::aws::{Log, SECRET_ID};
use crate::gateway::{self, Gateway};
use crate::loopback::listen;
use crate::{accounts, page};

pub use crate::accounts::{AccountTables, account_tables};
pub use backends::{Backends, Endpoints};
pub use options::{ExternalDynamoDb, Options, list_service_variables, tables};

/// What the first port is for.
const API: &str = "the API and the pages";

/// A running stack. Dropping it without [`Stack::stop`] aborts the requests under way.
#[derive(Debug)]
pub struct Stack {
    /// The base URL of APIs and pages. It is also the issuer unless [`Options::issuer`] gives another.
    pub url: String,
    /// The path of the issuer, at which APIs and pages are served too; empty for the root.
    pub base_path: String,
    /// The function that takes receipts. Tests hand it events.
    pub receipts: Arc<phoneproof_receipts::App>,
    /// The loopback AWS services.
    pub backends: Backends,
}

impl Stack {
    /// Starts the loopback AWS services, and both APIs and the pages on them.
    ///
    /// # Errors
    ///
    /// When a port is taken, a file cannot be used, or the policy or a keyring is faulty.
    pub async fn start(options: Options) -> io::Result<Self> {
        // First of all, so that a fault of the port is reported before any other.
        let listening = listen(options.port, API).await?;
        let backends = Box::pin(Backends::start(&options)).await?;
        let endpoints = backends.endpoints.clone();
        Box::pin(Self::serve(options, backends, endpoints, listening)).await
    }

    /// Starts both APIs and the pages on `backends`. The services reach the backends through `endpoints`, which differ
    /// from the backends' own when a proxy stands between.
    ///
    /// # Errors
    ///
    /// When a port is taken, a file cannot be used, or the policy or a keyring is faulty.
    pub async fn start_on(
        options: Options,
        backends: Backends,
        endpoints: Endpoints,
    ) -> io::Result<Self> {
        let listening = listen(options.port, API).await?;
        Box::pin(Self::serve(options, backends, endpoints, listening)).await
    }

    /// Serves both APIs and the pages at a listener, which has this URL.
    async fn serve(
        options: Options,
        mut backends: Backends,
        endpoints: Endpoints,
        (listener, url): (TcpListener, String),
    ) -> io::Result<Self> {
        let base_path = base_path::read(options.issuer.as_deref())?;
        let pages = page::router(backends.inbox.clone(), &options.policy, &base_path);
        let settings = build_settings(&options, &url, endpoints);
        let output = copy_lines_to(&backends.log, &options);
        // On the heap: both are most of this future, which moves several times on its way.
        let account = Box::pin(accounts::start(
            accounts::build_settings(
                &settings,
                options.verifier_url.as_ref().unwrap_or(&url),
                &options.account_tables,
                options.accept_test_numbers,
            ),
            options.allowed_origins.clone(),
            Arc::clone(&output),
            Arc::clone(&options.clock),
            Arc::clone(&options.random),
        ))
        .await?;
        let random = Arc::clone(&options.random);
        let mut request = RequestContext::new(options.clock.now(), READ_WITHIN, random);
        // The age of a connection is real, even where a test moves the clock of the stack.
        let clients = Clients::new(&settings.aws, Arc::new(SystemClock));
        let clients = clients.map_err(io::Error::other)?;
        let taker = Receipts::new(&clients, &settings, &options.policy);
        let clock = Arc::new(SystemClock);
        let parts = phoneproof_api::make_parts(&clients, &settings, options.policy, clock);
        let service = Service::new(parts.map_err(io::Error::other)?).map_err(io::Error::other)?;
        Box::pin(service.warm_up(&mut request))
            .await
            .map_err(io::Error::other)?;
        service.warm_up_send();
        let receipts = Arc::new(phoneproof_receipts::App {
            service: taker,
            clock: Arc::clone(&options.clock),
            random: Arc::clone(&options.random),
            allowed_origins: Vec::new(),
            journal: Journal::new(settings.stack_name.clone(), None, Arc::clone(&output)),
            tracer: None,
            base_path: base_path.clone(),
            proxy: None,
        });
        let gateway = Gateway {
            receipts: Arc::clone(&receipts),
            app: Arc::new(App {
                service,
                clock: Arc::clone(&options.clock),
                random: Arc::clone(&options.random),
                allowed_origins: options.allowed_origins,
                journal: Journal::new(settings.stack_name, None, output),
                tracer: None,
                base_path: base_path.clone(),
                proxy: settings.proxy.map(phoneproof_api::trust_proxy),
            }),
            base_path: base_path.clone(),
            account: Arc::new(account),
            clock: options.clock,
            random: options.random,
            trust_test_header: options.trust_test_header,
            function_timeout: options.function_timeout,
        };
        let api = Router::new().fallback(gateway::serve).with_state(gateway);
        backends.serve(listener, pages.merge(api));
        Ok(Self {
            url,
            base_path,
            receipts,
            backends,
        })
    }

    /// Stops APIs, pages and backends: they accept no new connections, and have a moment for requests under way.
    pub async fn stop(self) {
        self.backends.stop().await;
    }
}

/// Makes an output that writes each request line to `log`, which operators read, and to the output of `options`.
fn copy_lines_to(log: &Log, options: &Options) -> Output {
    let (log, clock) = (log.clone(), Arc::clone(&options.clock));
    let output = Arc::clone(&options.journal_output);
    Arc::new(move |line| {
        let at = u64::try_from(clock.since_epoch().as_millis()).unwrap_or(u64::MAX);
        log.push(at, line);
        output(line);
    })
}

/// Builds the settings that the verification service reads from its environment when it is deployed.
fn build_settings(options: &Options, url: &str, endpoints: Endpoints) -> Settings {
    let (region, credentials) = match &options.dynamodb {
        Some(external) => (external.region.clone(), external.credentials.clone()),
        None => (
            "us-east-1".to_owned(),
            Credentials::new("local", "local", None, None, "local"),
        ),
    };
    Settings {
        issuer: options.issuer.clone().unwrap_or_else(|| url.to_owned()),
        token_mode: options.token_mode,
        tables: options.tables.clone(),
        keyring_secret_id: SECRET_ID.to_owned(),
        allowed_origins: options.allowed_origins.clone(),
        proxy: options.proxy.clone(),
        receipts: options.receipts,
        stack_name: LOCAL_STACK.to_owned(),
        xray_daemon: None,
        aws: AwsSettings {
            region,
            sns_region: None,
            credentials,
            dynamodb_endpoint: Some(endpoints.dynamodb),
            sns_endpoint: Some(endpoints.sns.clone()),
            sms_voice_endpoint: Some(endpoints.sns),
            secrets_endpoint: Some(endpoints.secrets),
            ca_bundle: None,
        },
    }
}
