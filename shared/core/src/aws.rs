//! AWS clients, built by hand from the environment.
//!
//! `aws_config`'s default chain looks for profiles, SSO, web identity and instance metadata, none of
//! which a Lambda function has: its region and credentials stand in the environment. Leaving the
//! chain out saves several milliseconds of every cold start.

use std::time::Duration;

pub use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Where AWS is and who we are there.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SNS`, or `AWS_ENDPOINT_URL`.
    pub sns_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or `AWS_ENDPOINT_URL`.
    pub secrets_endpoint: Option<String>,
}

/// The clients of one process. They connect at their first call.
#[derive(Debug, Clone)]
pub struct Clients {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
}

/// How long one attempt of a read or an idempotent write may take. DynamoDB answers in
/// milliseconds; a connection that has gone silent is given up early enough for another attempt
/// within API Gateway's 30 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

impl Clients {
    /// Builds the clients.
    #[must_use]
    pub fn new(settings: &AwsSettings) -> Self {
        let shared = shared_config(settings);
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&shared);
        dynamodb.set_endpoint_url(settings.dynamodb_endpoint.clone());
        let mut secrets = aws_sdk_secretsmanager::config::Builder::from(&shared);
        secrets.set_endpoint_url(settings.secrets_endpoint.clone());
        // SNS has no deduplication for phone numbers: a retry would text twice. The time limit of
        // the one attempt is the request's own deadline.
        let mut sns = aws_sdk_sns::config::Builder::from(&shared)
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .disable_operation_attempt_timeout()
                    .build(),
            );
        sns.set_endpoint_url(settings.sns_endpoint.clone());
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sns: aws_sdk_sns::Client::from_conf(sns.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
        }
    }
}

/// Three attempts, soon after each other: the SDK's first pause of up to a second is longer than a
/// user should wait for a reply that was lost.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

fn shared_config(settings: &AwsSettings) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(settings.credentials.clone()))
        .http_client(http_client(settings))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(retries())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        .build()
}

/// Plain HTTP when every endpoint is, so that local runs load no certificates; else TLS with
/// Mozilla's roots, compiled in.
fn http_client(settings: &AwsSettings) -> SharedHttpClient {
    let endpoints = [
        &settings.dynamodb_endpoint,
        &settings.sns_endpoint,
        &settings.secrets_endpoint,
    ];
    let plain = |endpoint: &&Option<String>| {
        endpoint
            .as_deref()
            .is_some_and(|url| url.starts_with("http://"))
    };
    if endpoints.iter().all(plain) {
        return Builder::new().build_http();
    }
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder()
        .with_trust_store(trust_store())
        .build()
    {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(_) => builder.build_https(),
    }
}

fn trust_store() -> TrustStore {
    let mut pem = String::with_capacity(256 * 1024);
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    TrustStore::empty().with_pem_certificate(pem)
}

/// The service's error code, or the kind of failure: the only part of an SDK error that is safe to
/// log, since messages and cancelled items can hold keys of the request.
#[must_use]
pub fn error_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(context) => {
            context.err().code().unwrap_or("service error").to_owned()
        }
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        SdkError::ResponseError(_) => "unreadable answer".to_owned(),
        SdkError::ConstructionFailure(_) => "request not built".to_owned(),
        _ => "unknown".to_owned(),
    }
}
