//! The loopback AWS services of a stack: they start together and stop with it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use phoneproof_aws::keys::KeyringOwner;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::data_files::{ACCOUNT_KEYRING, DataFiles, KEYRING};
use super::keyrings;
use super::options::Options;
use crate::aws::{self, Log, Secret};
use crate::dynamodb;
use crate::inbox::Inbox;
use crate::loopback::{listen, serve};

/// How long a stack waits for requests under way when it stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The URLs of the loopback services.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_DYNAMODB`: the embedded DynamoDB, or the external one.
    pub dynamodb: String,
    /// `AWS_ENDPOINT_URL_SNS` and `AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2`: the services that put texts into the inbox.
    pub sns: String,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`: Secrets Manager, which CloudWatch and CloudWatch Logs share its port with.
    pub secrets: String,
}

impl Endpoints {
    /// Lists the variables by which an AWS client finds the services, with the region and credentials that they take.
    #[must_use]
    pub fn list_variables(&self) -> [(&'static str, &str); 7] {
        [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_SNS", &self.sns),
            ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", &self.sns),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.secrets),
        ]
    }
}

/// The loopback AWS services of a stack.
#[derive(Debug)]
pub struct Backends {
    /// The URLs of the services.
    pub endpoints: Endpoints,
    /// The texts that SNS took, and how the carrier behaves.
    pub inbox: Inbox,
    /// The secret with the verification service's keyring.
    pub secret: Secret,
    /// The secret with the account service's keyring.
    pub account_secret: Secret,
    /// The lines that CloudWatch Logs answers with.
    pub log: Log,
    /// Kept while the backends run, for its lock.
    _data: Option<DataFiles>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Backends {
    /// Starts DynamoDB, SNS, Secrets Manager and CloudWatch Logs.
    ///
    /// # Errors
    ///
    /// When a port is taken, or the data file or a keyring file cannot be used.
    pub async fn start(options: &Options) -> io::Result<Self> {
        let data = options.data.as_deref().map(DataFiles::open).transpose()?;
        let beside_data = |extension| data.as_ref().map(|data| data.beside(extension));
        let inbox = beside_data("inbox.jsonl").map_or_else(|| Ok(Inbox::default()), Inbox::open)?;
        let log = options.log.clone();
        let random = options.random.as_ref();
        let secret = keyrings::open(
            KeyringOwner::Verification,
            options.keyring.as_ref(),
            beside_data(KEYRING),
            random,
        )?;
        let account_file = beside_data(ACCOUNT_KEYRING);
        let account_secret = keyrings::open(KeyringOwner::Account, None, account_file, random)?;
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        let dynamodb = if let Some(external) = &options.dynamodb {
            external.endpoint.clone()
        } else {
            let database = dynamodb::open(options.data.as_deref(), &options.table_names())?;
            let (listener, url) = listen(shift_port(options.port, 1), "DynamoDB").await?;
            tasks.spawn(dynamodb::serve(listener, database, stop.clone()));
            url
        };
        let (listener, aws) = listen(shift_port(options.port, 2), "the other AWS services").await?;
        let router = aws::router(
            inbox.clone(),
            options.account.clone(),
            vec![secret.clone(), account_secret.clone()],
            log.clone(),
            options.policy_file.clone(),
            Arc::clone(&options.clock),
        );
        tasks.spawn(serve(listener, router, stop.clone()));
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
            _data: data,
            tasks,
            stop,
        })
    }

    /// Serves `router` until the backends stop.
    pub(super) fn serve(&mut self, listener: TcpListener, router: Router) {
        self.tasks.spawn(serve(listener, router, self.stop.clone()));
    }

    /// Stops all tasks: they accept no new connections, and have a moment for requests under way.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // A carrier that was told to hang never finishes. Dropping the tasks ends it.
        drop(tokio::time::timeout(STOP_TIMEOUT, all).await);
    }
}

/// The port `step` after `port`; 0 stays 0, which means any free port.
fn shift_port(port: u16, step: u16) -> u16 {
    if port == 0 {
        0
    } else {
        port.saturating_add(step)
    }
}
