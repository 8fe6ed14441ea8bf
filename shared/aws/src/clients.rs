//! AWS clients, built from settings that are read from the environment.
//!
//! The default chain of `aws_config` looks for profiles, SSO, web identity and instance metadata. A Lambda function has
//! none of them: Lambda puts the region and the credentials into the environment. Without the chain every cold start is
//! several milliseconds shorter.

mod brief;
mod connections;
mod connector;
mod endpoint;
mod hook;
mod lazy;
mod trust;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use thiserror::Error;

use phoneproof_domain::clock::Clock;

use self::brief::Brief;
use self::connections::{Connections, Doubtful, Opening};
use self::connector::connect_to_aws;
pub(crate) use self::connector::{
    AddressNotAllowed, find_connection_fault, has_bad_certificate, has_cause, never_connected,
};
use self::endpoint::FixedEndpoint;
pub(crate) use self::hook::{HookAnswer, HookClient, HookRequest, PostFailed};
pub use self::lazy::{LazyClient, SmsVoiceClient, SnsClient};
pub use self::trust::{CaBundle, UnusableCaBundle};

/// The region, credentials and endpoints that the clients use. Each field names its environment variables.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// The region of all services: `AWS_REGION`.
    pub region: String,
    /// The region of SNS and of End User Messaging in place of that one, for functions in a region that has no SMS:
    /// `SNS_REGION`.
    pub sns_region: Option<String>,
    /// The credentials that sign every request: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub credentials: Credentials,
    /// The URL of DynamoDB in place of the regional one: `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_endpoint: Option<String>,
    /// The URL of SNS in place of the regional one: `AWS_ENDPOINT_URL_SNS`, or `AWS_ENDPOINT_URL`.
    pub sns_endpoint: Option<String>,
    /// The URL of AWS End User Messaging in place of the regional one: `AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2`, or
    /// `AWS_ENDPOINT_URL`.
    pub sms_voice_endpoint: Option<String>,
    /// The URL of Secrets Manager in place of the regional one: `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or
    /// `AWS_ENDPOINT_URL`.
    pub secrets_endpoint: Option<String>,
    /// The only certificate authorities to trust, in place of those that are compiled in: `AWS_CA_BUNDLE`.
    pub ca_bundle: Option<CaBundle>,
}

impl AwsSettings {
    fn dynamodb(&self) -> FixedEndpoint {
        FixedEndpoint::of("dynamodb", self.dynamodb_endpoint.as_deref(), &self.region)
    }

    fn sns(&self) -> FixedEndpoint {
        FixedEndpoint::of("sns", self.sns_endpoint.as_deref(), self.region_of_texts())
    }

    fn sms_voice(&self) -> FixedEndpoint {
        FixedEndpoint::of(
            "sms-voice",
            self.sms_voice_endpoint.as_deref(),
            self.region_of_texts(),
        )
    }

    /// The region whose services send texts. SNS hands them to End User Messaging there, which has the numbers.
    fn region_of_texts(&self) -> &str {
        self.sns_region.as_deref().unwrap_or(&self.region)
    }

    fn secrets(&self) -> FixedEndpoint {
        FixedEndpoint::of(
            "secretsmanager",
            self.secrets_endpoint.as_deref(),
            &self.region,
        )
    }
}

/// The AWS clients of one process.
///
/// They share one pool of connections. A connection is opened by the first call, or before it by
/// [`Clients::connect`].
#[derive(Debug, Clone)]
pub struct Clients {
    /// The client of the tables. It makes up to three attempts per call.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The client that sends text messages. It makes one attempt per call.
    pub sns: SnsClient,
    /// The client of AWS End User Messaging. It makes one attempt per call.
    pub sms_voice: SmsVoiceClient,
    /// The client that reads the keyring secret. It makes up to three attempts per call.
    pub secrets: aws_sdk_secretsmanager::Client,
    connections_to_dynamodb: Connections,
}

/// TLS could not be set up, so no client was built: none may trust other authorities than the chosen ones. The text
/// says why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("TLS could not be set up: {cause}")]
pub struct TlsFailed {
    cause: String,
}

impl TlsFailed {
    /// Keeps the text of `cause`.
    #[must_use]
    pub fn new(cause: impl fmt::Display) -> Self {
        Self {
            cause: cause.to_string(),
        }
    }
}

/// How long one attempt of a read or an idempotent write may take. DynamoDB answers in milliseconds. A silent
/// connection is given up early enough for another attempt within the 30 s that API Gateway waits.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

impl Clients {
    /// Builds the clients with a connector of their own: plain HTTP when every endpoint is, otherwise TLS. `clock`
    /// tells how long a connection was unused.
    ///
    /// # Errors
    ///
    /// [`TlsFailed`] when TLS cannot be set up with the certificate authorities that `settings` choose.
    pub fn new(settings: &AwsSettings, clock: Arc<dyn Clock>) -> Result<Self, TlsFailed> {
        Ok(Self::over(connect_to_aws(settings)?, settings, clock))
    }

    /// Builds the clients over `connector`, which carries the requests of all of them.
    #[must_use]
    pub fn over(
        connector: SharedHttpConnector,
        settings: &AwsSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let connections = |endpoint: FixedEndpoint, doubtful| {
            let opening = Opening::of_aws(&endpoint);
            Connections::new(connector.clone(), opening, doubtful, Arc::clone(&clock))
        };
        let dynamodb = connections(settings.dynamodb(), Doubtful::Try);
        let sns = connections(settings.sns(), Doubtful::Replace);
        let sms_voice = connections(settings.sms_voice(), Doubtful::Replace);
        let opening = Opening::of_aws(&settings.secrets());
        let secrets = Connections::new(connector, opening, Doubtful::Replace, clock);
        let shared = make_shared_config(settings);
        let region = settings.region_of_texts().to_owned();
        let dynamodb_config = aws_sdk_dynamodb::config::Builder::from(&shared)
            .http_client(make_http_client(&dynamodb))
            .retry_partition(separate_quota("dynamodb"))
            .interceptor(Brief)
            .endpoint_resolver(settings.dynamodb());
        let secrets_config = aws_sdk_secretsmanager::config::Builder::from(&shared)
            .http_client(make_http_client(&secrets))
            .retry_partition(separate_quota("secretsmanager"))
            .interceptor(Brief)
            .endpoint_resolver(settings.secrets());
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb_config.build()),
            sns: {
                let (shared, endpoint) = (shared.clone(), settings.sns());
                let (region, http) = (region.clone(), make_http_client(&sns));
                LazyClient::over(sns, move || build_sns(&shared, endpoint, region, http))
            },
            sms_voice: {
                let (endpoint, http) = (settings.sms_voice(), make_http_client(&sms_voice));
                LazyClient::over(sms_voice, move || {
                    build_sms_voice(&shared, endpoint, region, http)
                })
            },
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets_config.build()),
            connections_to_dynamodb: dynamodb,
        }
    }

    /// Opens a connection to DynamoDB before the first call needs it: TCP and TLS take longer than the call itself.
    /// Errors are ignored; the first real call reports them.
    pub async fn connect(&self) {
        self.connections_to_dynamodb.prepare().await;
    }
}

fn make_http_client(connections: &Connections) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connections.clone());
    http_client_fn(move |_, _| connector.clone())
}

fn build_sns(
    shared: &SdkConfig,
    endpoint: FixedEndpoint,
    region: String,
    http_client: SharedHttpClient,
) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::config::Builder::from(shared)
        .http_client(http_client)
        .region(Region::new(region))
        .interceptor(Brief)
        .endpoint_resolver(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(allow_one_attempt());
    aws_sdk_sns::Client::from_conf(config.build())
}

fn build_sms_voice(
    shared: &SdkConfig,
    endpoint: FixedEndpoint,
    region: String,
    http_client: SharedHttpClient,
) -> aws_sdk_pinpointsmsvoicev2::Client {
    let config = aws_sdk_pinpointsmsvoicev2::config::Builder::from(shared)
        .http_client(http_client)
        .region(Region::new(region))
        .interceptor(Brief)
        .endpoint_resolver(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(allow_one_attempt());
    aws_sdk_pinpointsmsvoicev2::Client::from_conf(config.build())
}

/// The time-outs of a client that sends texts.
///
/// Neither API deduplicates texts, so a retry could text twice. The one attempt is limited by the deadline of the
/// request.
fn allow_one_attempt() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .disable_operation_attempt_timeout()
        .build()
}

/// Three attempts with short pauses. By default the SDK waits up to a second before the second attempt. That is longer
/// than a user should wait for one lost reply.
fn allow_retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

/// A quota of retries for one client alone.
///
/// By default the SDK counts the retries of all clients of a process against one quota, so that an instance that meets
/// many faults takes the retries of the others. A function is one instance, but the local stack may be many.
fn separate_quota(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).build()
}

fn make_shared_config(settings: &AwsSettings) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(settings.credentials.clone()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(allow_retries())
        // Both look at every body and every answer. Answers are small and have a time-out, and the clock of a function
        // is set by AWS.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .disable_clock_skew_correction(true)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .build()
}

/// How [`error_code`] begins when a request failed before there was a connection.
pub const NO_CONNECTION: &str = "no connection";

/// The error code of the service, or the kind of failure when the service sent none. A failure of the connection is named
/// with its cause, as in `no connection: certificate-expired`.
///
/// No other part of an SDK error is safe to log: messages and cancelled items can hold keys of the request.
#[must_use]
pub fn error_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(context) => {
            context.err().code().unwrap_or("service error").to_owned()
        }
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let connector = failure.as_connector_error();
            let what = if connector.is_some_and(never_connected) {
                NO_CONNECTION
            } else {
                "connection lost"
            };
            let fault = connector.and_then(find_connection_fault);
            fault.map_or(what.to_owned(), |fault| format!("{what}: {fault}"))
        }
        SdkError::ResponseError(_) => "unreadable answer".to_owned(),
        SdkError::ConstructionFailure(_) => "request not built".to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::clock::Timestamp;

    use super::*;

    /// A clock that stands still.
    pub(super) struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix(1_795_953_600)
        }
    }

    /// Makes the settings of a function in this region, with AWS's own endpoints.
    pub(super) fn make_settings(region: &str) -> AwsSettings {
        AwsSettings {
            region: region.to_owned(),
            sns_region: None,
            credentials: Credentials::new("id", "secret", None, None, "test"),
            dynamodb_endpoint: None,
            sns_endpoint: None,
            sms_voice_endpoint: None,
            secrets_endpoint: None,
            ca_bundle: None,
        }
    }

    #[test]
    fn texts_are_sent_and_signed_for_in_a_region_of_their_own() {
        let mut settings = make_settings("eu-central-2");
        for (given, region) in [
            (None, "eu-central-2"),
            (Some("eu-central-1"), "eu-central-1"),
        ] {
            settings.sns_region = given.map(str::to_owned);
            let url = format!("https://sns.{region}.amazonaws.com");
            assert_eq!(settings.sns().url(), url);
            assert_eq!(
                settings.dynamodb().url(),
                "https://dynamodb.eu-central-2.amazonaws.com"
            );
            let clients = Clients::new(&settings, Arc::new(Noon)).expect("TLS");
            let signed_for = clients.sns.get().config().region().map(Region::as_ref);
            assert_eq!(signed_for, Some(region));
            let url = format!("https://sms-voice.{region}.amazonaws.com");
            assert_eq!(settings.sms_voice().url(), url);
            let signed_for = clients.sms_voice.get().config().region();
            assert_eq!(signed_for.map(Region::as_ref), Some(region));
        }
    }
}
