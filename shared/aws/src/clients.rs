//! AWS clients, built by hand from the environment.
//!
//! `aws_config`'s default chain looks for profiles, SSO, web identity and instance metadata, none of
//! which a Lambda function has: its region and credentials stand in the environment. Leaving the
//! chain out saves several milliseconds of every cold start.

mod endpoint;

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use self::endpoint::FixedEndpoint;

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
    /// `AWS_CA_BUNDLE`: the only certificates to trust, in place of those compiled in.
    pub ca_bundle: Option<CaBundle>,
}

impl AwsSettings {
    fn dynamodb(&self) -> FixedEndpoint {
        FixedEndpoint::of("dynamodb", self.dynamodb_endpoint.as_deref(), &self.region)
    }

    fn sns(&self) -> FixedEndpoint {
        FixedEndpoint::of("sns", self.sns_endpoint.as_deref(), &self.region)
    }

    fn secrets(&self) -> FixedEndpoint {
        FixedEndpoint::of(
            "secretsmanager",
            self.secrets_endpoint.as_deref(),
            &self.region,
        )
    }
}

/// Certificates of authorities, for endpoints with a private one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle(String);

impl CaBundle {
    /// Accepts at least one certificate in PEM, and nothing that is none.
    #[must_use]
    pub fn parse(pem: String) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.ok()?).ok()?;
        }
        (!roots.is_empty()).then_some(Self(pem))
    }
}

/// The clients of one process. They share their connections, and connect at their first call or by
/// [`Clients::connect`].
#[derive(Debug, Clone)]
pub struct Clients {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SNS.
    pub sns: SnsClient,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    connector: SharedHttpConnector,
    settings: AwsSettings,
}

/// A service that a function calls while it serves requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// The tables.
    DynamoDb,
    /// Texts.
    Sns,
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
        Self::over(connector(settings), settings)
    }

    /// Builds the clients over a connector, which carries the requests of all of them.
    #[must_use]
    pub fn over(connector: SharedHttpConnector, settings: &AwsSettings) -> Self {
        let shared = shared_config(&connector, settings);
        let dynamodb =
            aws_sdk_dynamodb::config::Builder::from(&shared).endpoint_resolver(settings.dynamodb());
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&shared)
            .endpoint_resolver(settings.secrets());
        let sns = (shared.clone(), settings.sns());
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sns: SnsClient::new(move || sns_client(&sns.0, sns.1)),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
            connector,
            settings: settings.clone(),
        }
    }

    /// Opens a connection to `service`, so that the first call finds it open: TCP and TLS take longer than
    /// the call itself. The services answer `/ping` to everybody. Whatever goes wrong, the call will
    /// meet again and answer for.
    pub async fn connect(&self, service: AwsService) {
        let endpoint = match service {
            AwsService::DynamoDb => self.settings.dynamodb(),
            AwsService::Sns => self.settings.sns(),
        };
        let mut request = HttpRequest::empty();
        if request.set_uri(format!("{}/ping", endpoint.url())).is_err() {
            return;
        }
        if let Ok(answer) = self.connector.call(request).await {
            // Only a connection whose answer was read to the end is used again.
            drop(ByteStream::new(answer.into_body()).collect().await);
        }
    }
}

/// A client of SNS, built at its first use: a client costs a tenth of a cold start, and `verify` needs none.
#[derive(Clone)]
pub struct SnsClient(Arc<LazyLock<aws_sdk_sns::Client, BuildSns>>);

type BuildSns = Box<dyn FnOnce() -> aws_sdk_sns::Client + Send>;

impl SnsClient {
    fn new(build: impl FnOnce() -> aws_sdk_sns::Client + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(build))))
    }

    /// The client.
    #[must_use]
    pub fn get(&self) -> &aws_sdk_sns::Client {
        &self.0
    }
}

impl From<aws_sdk_sns::Client> for SnsClient {
    fn from(client: aws_sdk_sns::Client) -> Self {
        Self::new(|| client)
    }
}

impl fmt::Debug for SnsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SnsClient")
    }
}

fn sns_client(shared: &SdkConfig, endpoint: FixedEndpoint) -> aws_sdk_sns::Client {
    // SNS has no deduplication for phone numbers: a retry would text twice. The time limit of
    // the one attempt is the request's own deadline.
    let config = aws_sdk_sns::config::Builder::from(shared)
        .endpoint_resolver(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .disable_operation_attempt_timeout()
                .build(),
        );
    aws_sdk_sns::Client::from_conf(config.build())
}

/// Three attempts, soon after each other: the SDK's first pause of up to a second is longer than a
/// user should wait for a reply that was lost.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

fn shared_config(connector: &SharedHttpConnector, settings: &AwsSettings) -> SdkConfig {
    let connector = connector.clone();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(settings.credentials.clone()))
        .http_client(http_client_fn(move |_, _| connector.clone()))
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

/// Plain HTTP when every endpoint is, so that local runs load no certificates; else TLS.
fn connector(settings: &AwsSettings) -> SharedHttpConnector {
    let limits = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT);
    let builder = Connector::builder()
        .connector_settings(limits.build())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    let endpoints = [settings.dynamodb(), settings.sns(), settings.secrets()];
    if endpoints.iter().all(FixedEndpoint::is_plain) {
        return SharedHttpConnector::new(builder.build_http());
    }
    let trusted = match &settings.ca_bundle {
        Some(CaBundle(pem)) => TrustStore::empty().with_pem_certificate(pem.as_bytes()),
        None if endpoints.iter().all(FixedEndpoint::is_signed_by_amazon) => {
            TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes())
        }
        None => TrustStore::empty().with_pem_certificate(mozilla_roots()),
    };
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(trusted).build() {
        Ok(context) => SharedHttpConnector::new(builder.tls_context(context).build()),
        Err(_) => SharedHttpConnector::new(builder.build()),
    }
}

/// The roots of Amazon Trust Services. AWS's own endpoints need no others, and reading the 145 of Mozilla
/// takes longer than the rest of a cold start.
const AMAZON_ROOTS: &str = include_str!("../data/amazon-roots.pem");

/// Mozilla's roots, for endpoints of anybody. The SDK takes them as PEM only.
fn mozilla_roots() -> String {
    let mut pem = String::with_capacity(256 * 1024);
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_of_amazon_are_among_those_of_mozilla() {
        let ours: Vec<_> = CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes())
            .map(|root| root.expect("a certificate"))
            .collect();
        assert_eq!(ours.len(), 5);
        for root in &ours {
            assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.contains(root));
        }
    }

    #[test]
    fn both_sets_of_roots_are_usable() {
        for pem in [AMAZON_ROOTS.to_owned(), mozilla_roots()] {
            assert!(CaBundle::parse(pem).is_some());
        }
    }

    #[test]
    fn a_bundle_is_certificates_and_nothing_else() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "certificates", broken] {
            assert_eq!(CaBundle::parse(text.to_owned()), None, "{text}");
        }
    }
}
