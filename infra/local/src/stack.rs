//! The parts, wired.

use std::fmt;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use axum::Router;
use phoneproof_account::config::AccountSettings;
use phoneproof_account::service::Accounts;
use phoneproof_api::App;
use phoneproof_aws::clients::{AwsSettings, Clients};
use phoneproof_aws::keys::READ_WITHIN;
use phoneproof_aws::store::Tables;
use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_config::{LOCAL_STACK, Settings};
use phoneproof_crypto::base64url;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::{Random, random_array};
use phoneproof_observe::{Journal, Output, RequestContext};
use phoneproof_service::Service;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::aws::{self, ACCOUNT_SECRET_ID, SECRET_ID, Secret};
use crate::gateway::{self, Gateway};
use crate::inbox::Inbox;
use crate::logs::Log;
use crate::private::replace_private;
use crate::{dynamodb, page};

/// How long a stack waits for requests under way when it stops.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a stack is set up.
#[derive(Clone)]
pub struct Options {
    /// The port of the API and the pages; 0 for any free one. DynamoDB takes the next port and SNS
    /// with Secrets Manager the one after, or any free ones.
    pub port: u16,
    /// The public URL; the one that the API listens on if `None`. Stacks that share it, and their backends,
    /// are instances of one service.
    pub issuer: Option<String>,
    /// The policy.
    pub policy: Policy,
    /// Where the tables and the keyring are kept; `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// A DynamoDB to use in place of the embedded one, with `tables` in it.
    pub dynamodb: Option<ExternalDynamoDb>,
    /// The names of the tables.
    pub tables: Tables,
    /// The names of the account service's tables.
    pub account_tables: AccountTables,
    /// Where challenge tokens live.
    pub token_mode: TokenMode,
    /// Web origins that may call from a browser.
    pub allowed_origins: Vec<String>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The random source.
    pub random: Arc<dyn Random>,
    /// The keyring secret; `None` makes one, or reads the one beside `data`.
    pub keyring: Option<String>,
    /// Whether the account service accepts success tokens of test numbers.
    pub accept_test_numbers: bool,
    /// Takes the request lines; standard error by default.
    pub journal_output: Output,
    /// Whether [`gateway::TEST_SOURCE_IP`] replaces the peer address.
    pub trust_test_header: bool,
    /// How long a function may run: what Lambda tells it in each request's context.
    pub function_timeout: Duration,
}

impl Options {
    /// The defaults of `cargo run`, on any free port.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            port: 0,
            issuer: None,
            policy,
            data: None,
            dynamodb: None,
            tables: tables(),
            account_tables: account_tables(),
            token_mode: TokenMode::default(),
            allowed_origins: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            keyring: None,
            accept_test_numbers: true,
            journal_output: Arc::new(|line| drop(io::stderr().lock().write_all(line))),
            trust_test_header: false,
            function_timeout: gateway::FUNCTION_TIMEOUT,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The names of the account service's tables.
#[derive(Debug, Clone)]
pub struct AccountTables {
    /// `ACCOUNTS_TABLE`.
    pub accounts: String,
    /// `ACCOUNT_LIMITS_TABLE`.
    pub limits: String,
}

/// A DynamoDB that is not the embedded one.
#[derive(Debug, Clone)]
pub struct ExternalDynamoDb {
    /// Its endpoint.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// Who we are there.
    pub credentials: Credentials,
}

/// Where the loopback services are.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb: String,
    /// `AWS_ENDPOINT_URL_SNS`.
    pub sns: String,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    pub secrets: String,
}

/// The loopback AWS services of a stack.
#[derive(Debug)]
pub struct Backends {
    /// Where they are.
    pub endpoints: Endpoints,
    /// The texts, and the carrier's behaviour.
    pub inbox: Inbox,
    /// The keyring secret.
    pub secret: Secret,
    /// The account service's keyring secret.
    pub account_secret: Secret,
    /// The request lines.
    pub log: Log,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// A running stack. Dropping it without [`Stack::stop`] leaves its tasks to the runtime.
#[derive(Debug)]
pub struct Stack {
    /// The base URL of API and pages, which is also the issuer unless [`Options::issuer`] says otherwise.
    pub url: String,
    /// The loopback AWS services.
    pub backends: Backends,
}

/// The names of the tables in a local stack, unless [`Options::tables`] says otherwise.
#[must_use]
pub fn tables() -> Tables {
    Tables {
        limits: "Limits".to_owned(),
        challenges: "Challenges".to_owned(),
        blocks: "Blocks".to_owned(),
    }
}

/// The names of the account service's tables, unless [`Options::account_tables`] says otherwise.
#[must_use]
pub fn account_tables() -> AccountTables {
    AccountTables {
        accounts: "Accounts".to_owned(),
        limits: "AccountLimits".to_owned(),
    }
}

impl Backends {
    /// Starts DynamoDB, SNS and Secrets Manager.
    ///
    /// # Errors
    ///
    /// When a port is taken or the data file cannot be used.
    pub async fn start(options: &Options) -> io::Result<Self> {
        let (inbox, log) = (Inbox::default(), Log::default());
        let secret = keyring(SECRET_ID, "keyring.json", options.keyring.as_ref(), options)?;
        let account_secret = keyring(ACCOUNT_SECRET_ID, "account-keyring.json", None, options)?;
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        let dynamodb = if let Some(external) = &options.dynamodb {
            external.endpoint.clone()
        } else {
            let database = dynamodb::open(
                options.data.as_deref(),
                &options.tables,
                &options.account_tables,
            )?;
            let (listener, url) = listen(next(options.port, 1)).await?;
            tasks.spawn(dynamodb::serve(listener, database, stop.clone()));
            url
        };
        let clock = Arc::clone(&options.clock);
        let now = Arc::new(move || clock.now().to_string());
        let (listener, aws) = listen(next(options.port, 2)).await?;
        tasks.spawn(serve(
            listener,
            aws::router(
                inbox.clone(),
                vec![secret.clone(), account_secret.clone()],
                log.clone(),
                now,
            ),
            stop.clone(),
        ));
        let endpoints = Endpoints {
            dynamodb,
            sns: aws.clone(),
            secrets: aws,
        };
        Ok(Self {
            endpoints,
            inbox,
            secret,
            account_secret,
            log,
            tasks,
            stop,
        })
    }
}

impl Stack {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// When a port is taken, the data file cannot be used, or policy and keyring are faulty.
    pub async fn start(options: Options) -> io::Result<Self> {
        let backends = Backends::start(&options).await?;
        let endpoints = backends.endpoints.clone();
        Self::start_on(options, backends, endpoints).await
    }

    /// Starts the API on `backends`, which it reaches through `endpoints`; they differ from the
    /// backends' own when a proxy stands between.
    ///
    /// # Errors
    ///
    /// As [`Stack::start`].
    pub async fn start_on(
        options: Options,
        mut backends: Backends,
        endpoints: Endpoints,
    ) -> io::Result<Self> {
        let (listener, url) = listen(options.port).await?;
        let pages = page::router(backends.inbox.clone(), &options.policy, &url);
        let settings = settings(&options, &url, endpoints);
        let output = logged(&backends.log, &options);
        let account = Arc::new(account(&options, &settings, Arc::clone(&output)).await?);
        let mut request = start_up(&options);
        let clients = Clients::new(&settings.aws);
        let parts = phoneproof_api::parts(&clients, &settings, options.policy);
        let service = Service::new(parts).map_err(io::Error::other)?;
        service
            .warm_up(&mut request)
            .await
            .map_err(io::Error::other)?;
        service.warm_up_send();
        let gateway = Gateway {
            app: Arc::new(App {
                service,
                clock: Arc::clone(&options.clock),
                random: Arc::clone(&options.random),
                allowed_origins: options.allowed_origins,
                journal: Journal::new(settings.stack_name, None, output),
                tracer: None,
            }),
            account,
            clock: options.clock,
            random: options.random,
            trust_test_header: options.trust_test_header,
            function_timeout: options.function_timeout,
        };
        let api = Router::new().fallback(gateway::serve).with_state(gateway);
        backends
            .tasks
            .spawn(serve(listener, pages.merge(api), backends.stop.clone()));
        Ok(Self { url, backends })
    }

    /// Stops everything: no new connections, and a moment for what is under way.
    pub async fn stop(mut self) {
        self.backends.stop.cancel();
        let all = async { while self.backends.tasks.join_next().await.is_some() {} };
        // A carrier that was told to hang never finishes; the tasks end with this value.
        drop(tokio::time::timeout(STOP_PATIENCE, all).await);
    }
}

/// Request lines go to the log that operators read, and on to the output of `options`.
fn logged(log: &Log, options: &Options) -> Output {
    let (log, clock) = (log.clone(), Arc::clone(&options.clock));
    let output = Arc::clone(&options.journal_output);
    Arc::new(move |line| {
        let at = u64::try_from(clock.since_epoch().as_millis()).unwrap_or(u64::MAX);
        log.push(at, line);
        output(line);
    })
}

fn next(port: u16, step: u16) -> u16 {
    if port == 0 {
        0
    } else {
        port.saturating_add(step)
    }
}

async fn listen(port: u16) -> io::Result<(TcpListener, String)> {
    let taken = |error| io::Error::other(format!("port {port} on 127.0.0.1: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(taken)?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    drop(served.await);
}

fn settings(options: &Options, url: &str, endpoints: Endpoints) -> Settings {
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
        stack_name: LOCAL_STACK.to_owned(),
        xray_daemon: None,
        aws: AwsSettings {
            region,
            credentials,
            dynamodb_endpoint: Some(endpoints.dynamodb),
            sns_endpoint: Some(endpoints.sns),
            secrets_endpoint: Some(endpoints.secrets),
            ca_bundle: None,
        },
    }
}

/// The account service, which knows the stack as any relying party does: by its URL.
async fn account(
    options: &Options,
    settings: &Settings,
    output: Output,
) -> io::Result<phoneproof_account::App> {
    let account_settings = AccountSettings {
        issuer: format!("{}/account", settings.issuer),
        verifier: settings.issuer.clone(),
        accounts_table: options.account_tables.accounts.clone(),
        limits_table: options.account_tables.limits.clone(),
        keyring_secret_id: ACCOUNT_SECRET_ID.to_owned(),
        accepts_test_numbers: options.accept_test_numbers,
        stack_name: settings.stack_name.clone(),
        aws: settings.aws.clone(),
    };
    let accounts = Accounts::new(&account_settings).map_err(io::Error::other)?;
    accounts
        .warm_up(&mut start_up(options))
        .await
        .map_err(io::Error::other)?;
    Ok(phoneproof_account::App {
        service: accounts,
        clock: Arc::clone(&options.clock),
        random: Arc::clone(&options.random),
        allowed_origins: Vec::new(),
        journal: Journal::new(account_settings.stack_name, None, output),
        tracer: None,
    })
}

/// The circumstances of start-up, which reads keyrings as a request does.
fn start_up(options: &Options) -> RequestContext {
    let random = Arc::clone(&options.random);
    RequestContext::new(options.clock.now(), READ_WITHIN, random)
}

/// A keyring of this stack: the one that is given, the one beside the data, or a new one. Kept tables are
/// worth nothing without the keys of their indexes, so the keyring is kept beside them.
fn keyring(
    id: &'static str,
    extension: &str,
    given: Option<&String>,
    options: &Options,
) -> io::Result<Secret> {
    let file = options
        .data
        .as_deref()
        .map(|data| data.with_extension(extension));
    let kept = file.as_ref().filter(|path| path.exists());
    let text = match (given, kept) {
        (Some(given), _) => given.clone(),
        (None, Some(path)) => std::fs::read_to_string(path)?,
        (None, None) => {
            let new = new_keyring(options.random.as_ref())?;
            if let Some(path) = &file {
                replace_private(path, &new)?;
            }
            new
        }
    };
    Ok(Secret::new(id, text, file))
}

fn new_keyring(random: &dyn Random) -> io::Result<String> {
    let root: [u8; 32] = random_array(random).map_err(io::Error::other)?;
    Ok(format!(
        "{{\"current\":\"r1\",\"r1\":\"{}\"}}",
        base64url(root)
    ))
}
