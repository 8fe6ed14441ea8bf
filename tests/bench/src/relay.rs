//! Relays between functions and loopback AWS services.
//!
//! They count connections and bytes. They can also add TLS, which the loopback services do not speak.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phoneproof_local::stack::Endpoints;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The traffic counted so far. Bytes are those of the payload, inside TLS.
#[derive(Debug, Default)]
struct Traffic {
    connections: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// The traffic since the last call of [`Relays::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Passed {
    /// Connections that the functions opened.
    pub connections: u64,
    /// Bytes that the functions sent.
    pub sent: u64,
    /// Bytes that the services answered.
    pub received: u64,
}

/// Relays before DynamoDB, SNS and Secrets Manager.
pub(crate) struct Relays {
    /// The URLs of the relays, to use in place of the services'.
    pub endpoints: Endpoints,
    traffic: Arc<Traffic>,
}

/// TLS for `localhost`, with a self-signed certificate.
pub(crate) struct Tls {
    /// The file with the certificate, which the functions must trust.
    pub bundle: PathBuf,
    acceptor: TlsAcceptor,
    _folder: TempDir,
}

impl Tls {
    /// Generates a key and its certificate.
    pub(crate) fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a key and its certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = folder.path().join("roots.pem");
        std::fs::write(&bundle, cert.pem()).expect("the disk has room");
        Self {
            bundle,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            _folder: folder,
        }
    }
}

impl Relays {
    /// Starts relays before `endpoints`. They speak TLS to the functions if `tls` is given.
    pub(crate) async fn before(endpoints: &Endpoints, tls: Option<&Tls>) -> Self {
        let traffic = Arc::new(Traffic::default());
        let behind = |url: &str| {
            let acceptor = tls.map(|tls| tls.acceptor.clone());
            start_relay(url.to_owned(), acceptor, Arc::clone(&traffic))
        };
        Self {
            endpoints: Endpoints {
                dynamodb: behind(&endpoints.dynamodb).await,
                sns: behind(&endpoints.sns).await,
                secrets: behind(&endpoints.secrets).await,
            },
            traffic,
        }
    }

    /// Returns the traffic since the last call, and starts counting again from 0.
    pub(crate) fn take(&self) -> Passed {
        let take = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        Passed {
            connections: take(&self.traffic.connections),
            sent: take(&self.traffic.sent),
            received: take(&self.traffic.received),
        }
    }
}

/// Starts a relay before `url` and returns the relay's URL. The relay runs until the process ends.
async fn start_relay(url: String, tls: Option<TlsAcceptor>, traffic: Arc<Traffic>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    tokio::spawn(async move {
        let upstream = url.trim_start_matches("http://").to_owned();
        while let Ok((stream, _)) = listener.accept().await {
            traffic.connections.fetch_add(1, Ordering::SeqCst);
            drop(stream.set_nodelay(true));
            let (tls, upstream, traffic) = (tls.clone(), upstream.clone(), Arc::clone(&traffic));
            tokio::spawn(async move {
                match tls {
                    None => pass(stream, &upstream, &traffic).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            pass(stream, &upstream, &traffic).await;
                        }
                    }
                }
            });
        }
    });
    format!("{scheme}://localhost:{port}")
}

/// Passes bytes on, both ways, until one side closes.
async fn pass(near: impl AsyncRead + AsyncWrite, upstream: &str, traffic: &Traffic) {
    let Ok(far) = TcpStream::connect(upstream).await else {
        return;
    };
    drop(far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
    tokio::select! {
        () = copy_and_count(near_in, far_out, &traffic.sent) => {}
        () = copy_and_count(far_in, near_out, &traffic.received) => {}
    }
}

/// Passes bytes from `from` to `to` and counts them at once, because connections outlive a measurement.
async fn copy_and_count(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::SeqCst);
        if to.write_all(&buffer[..read]).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}
