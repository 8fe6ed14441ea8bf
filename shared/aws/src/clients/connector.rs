//! Makes the connectors: what opens connections, over TLS or plainly, and to which addresses.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::result::ConnectorError;
use phoneproof_domain::hook::Reach;

use super::endpoint::FixedEndpoint;
use super::trust::AMAZON_ROOTS;
use super::{AwsSettings, CONNECT_TIMEOUT, CaBundle, TlsFailed};

/// Makes the connector of AWS: plain HTTP when every endpoint is, so that local runs load no certificates, otherwise
/// TLS.
pub(super) fn connect_to_aws(settings: &AwsSettings) -> Result<SharedHttpConnector, TlsFailed> {
    let endpoints = [
        settings.dynamodb(),
        settings.sns(),
        settings.sms_voice(),
        settings.secrets(),
    ];
    if endpoints.iter().all(FixedEndpoint::is_plain) {
        return Ok(connect_plainly());
    }
    let trusted = match &settings.ca_bundle {
        Some(bundle) => trust_only(bundle),
        None if endpoints.iter().all(FixedEndpoint::is_signed_by_amazon) => {
            TrustStore::empty().with_pem_certificate(AMAZON_ROOTS.as_bytes())
        }
        None => TrustStore::empty().with_native_roots(true),
    };
    connect_over_tls(trusted, Reach::Any)
}

/// Makes the connector of the send hook. It loads the system's certificate authorities, unless `ca_bundle` names
/// others. A name is resolved again for every connection, and only to addresses that `reach` admits.
pub(super) fn connect_to_hook(
    reach: Reach,
    ca_bundle: Option<&CaBundle>,
) -> Result<SharedHttpConnector, TlsFailed> {
    let trusted = match (reach, ca_bundle) {
        // Plain HTTP on this machine needs none, and reading the system's takes longer than the rest of a cold start.
        (Reach::Loopback, _) => TrustStore::empty(),
        (Reach::Any | Reach::Public, Some(bundle)) => trust_only(bundle),
        (Reach::Any | Reach::Public, None) => TrustStore::empty().with_native_roots(true),
    };
    connect_over_tls(trusted, reach)
}

fn trust_only(bundle: &CaBundle) -> TrustStore {
    TrustStore::empty().with_pem_certificate(bundle.as_bytes())
}

fn set_limits() -> HttpConnectorSettings {
    HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
}

fn connect_plainly() -> SharedHttpConnector {
    let builder = Connector::builder()
        .connector_settings(set_limits())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    SharedHttpConnector::new(builder.build_http())
}

/// AWS and the hook share one kind of resolver, so that the code of a connection is in a function once.
fn connect_over_tls(trusted: TrustStore, reach: Reach) -> Result<SharedHttpConnector, TlsFailed> {
    let context = TlsContext::builder().with_trust_store(trusted).build();
    let builder = Connector::builder()
        .connector_settings(set_limits())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context.map_err(TlsFailed::new)?);
    Ok(SharedHttpConnector::new(
        builder.build_with_resolver(Resolver(reach)),
    ))
}

/// Resolves names with the system's resolver, to the addresses that a reach admits.
#[derive(Debug, Clone, Copy)]
struct Resolver(Reach);

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let (reach, name) = (self.0, name.to_owned());
        DnsFuture::new(async move {
            let resolved = tokio::task::spawn_blocking(move || resolve(&name, reach)).await;
            resolved.map_err(ResolveDnsError::new)?
        })
    }
}

fn resolve(name: &str, reach: Reach) -> Result<Vec<IpAddr>, ResolveDnsError> {
    let found = (name, 0).to_socket_addrs().map_err(ResolveDnsError::new)?;
    let admitted: Vec<_> = found
        .map(|address| address.ip())
        .filter(|address| reach.admits(*address))
        .collect();
    if admitted.is_empty() {
        return Err(ResolveDnsError::new(AddressNotAllowed));
    }
    Ok(admitted)
}

/// A name leads to no address that may be connected to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressNotAllowed;

impl fmt::Display for AddressNotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no address that is allowed")
    }
}

impl Error for AddressNotAllowed {}

/// Looks at each cause of `error` that is an `E`, and returns the first that `read` makes something of.
fn find_cause<E: Error + 'static, T>(
    error: &ConnectorError,
    read: impl Fn(&E) -> Option<T>,
) -> Option<T> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<E>().and_then(&read) {
            return Some(found);
        }
        // An I/O error hides the error that it wraps, and shows the causes of that one.
        let wrapped = error.downcast_ref::<io::Error>();
        let wrapped = wrapped.and_then(|error| error.get_ref());
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// Whether a cause of `error` is an `E` that `matches`.
pub(crate) fn has_cause<E: Error + 'static>(
    error: &ConnectorError,
    matches: impl Fn(&E) -> bool,
) -> bool {
    find_cause(error, |error: &E| matches(error).then_some(())).is_some()
}

/// Whether a request failed before there was a connection to send it over.
pub(crate) fn never_connected(error: &ConnectorError) -> bool {
    has_cause(error, hyper_util::client::legacy::Error::is_connect)
}

/// Whether a request failed because the certificate of the other end does not count.
pub(crate) fn has_bad_certificate(error: &ConnectorError) -> bool {
    has_cause(error, |error: &rustls::Error| {
        matches!(error, rustls::Error::InvalidCertificate(_))
    })
}

/// Names how a connection failed, for request lines; `None` where the error does not tell. The texts of the errors
/// stay out: they may have the URL in them.
pub(crate) fn find_connection_fault(error: &ConnectorError) -> Option<&'static str> {
    find_cause(error, |error: &rustls::Error| Some(name_tls_fault(error)))
        .or_else(|| find_cause(error, |_: &ResolveDnsError| Some("name-not-resolved")))
        .or_else(|| find_cause(error, |error: &io::Error| name_io_fault(error.kind())))
        .or_else(|| error.is_timeout().then_some("timed-out"))
}

const fn name_tls_fault(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Fault;
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Fault::Expired | Fault::ExpiredContext { .. } => "certificate-expired",
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => "certificate-not-valid-yet",
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
                "certificate-for-another-name"
            }
            Fault::UnknownIssuer => "certificate-of-unknown-issuer",
            Fault::Revoked => "certificate-revoked",
            _ => "certificate-not-usable",
        },
        _ => "no-tls",
    }
}

const fn name_io_fault(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::ConnectionRefused => Some("connection-refused"),
        io::ErrorKind::ConnectionReset => Some("connection-reset"),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => Some("connection-closed"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some("no-way-there"),
        io::ErrorKind::TimedOut => Some("timed-out"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_only_to_addresses_that_are_allowed() {
        for name in [
            "localhost",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
        ] {
            let refused = resolve(name, Reach::Public).expect_err(name);
            let cause = refused.source().expect("a cause");
            // A system's resolver may refuse the odd forms itself.
            assert!(
                cause.is::<AddressNotAllowed>() || cause.is::<io::Error>(),
                "{name}"
            );
        }
        let refused = resolve("localhost", Reach::Public).expect_err("private");
        assert!(
            refused
                .source()
                .is_some_and(<dyn Error>::is::<AddressNotAllowed>)
        );
        assert!(resolve("localhost", Reach::Loopback).is_ok());
        assert!(resolve("localhost", Reach::Any).is_ok());
    }

    #[test]
    fn finds_a_cause_inside_an_io_error() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        let error = ConnectorError::io(wrapped.into());
        assert!(has_bad_certificate(&error));
        assert!(!never_connected(&error));
        assert_eq!(find_connection_fault(&error), Some("certificate-expired"));
    }

    #[test]
    fn a_fault_of_a_connection_has_a_name() {
        let of_kind = |kind| ConnectorError::io(io::Error::other(io::Error::from(kind)).into());
        let refused = of_kind(io::ErrorKind::ConnectionRefused);
        assert_eq!(find_connection_fault(&refused), Some("connection-refused"));
        assert_eq!(find_connection_fault(&of_kind(io::ErrorKind::Other)), None);
        let slow = ConnectorError::timeout("slow".into());
        assert_eq!(find_connection_fault(&slow), Some("timed-out"));
        let lost = ResolveDnsError::new(io::Error::other("hook.example.com?key=secret"));
        let lost = ConnectorError::io(lost.into());
        assert_eq!(find_connection_fault(&lost), Some("name-not-resolved"));
    }
}
