//! Loopback ports: how the stack opens and serves them, and which requests it answers there.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Listens on `port` of 127.0.0.1 for `what`, or on any free port if it is 0. Returns the URL with the listener.
pub(crate) async fn listen(port: u16, what: &str) -> io::Result<(TcpListener, String)> {
    let explain = |error: io::Error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "; stop the program that has it, or choose another with --port (the stack takes that \
                 port and the next two; 0 takes any free ones)"
            }
            io::ErrorKind::PermissionDenied => "; choose one above 1023 with --port",
            _ => "",
        };
        io::Error::other(format!(
            "port {port} on 127.0.0.1, for {what}: {error}{advice}"
        ))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(explain)?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Serves `router` until `stop`, then finishes the requests under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    drop(served.await);
}

/// Whether the request names a loopback host.
///
/// When a web site points its own name at 127.0.0.1 (DNS rebinding), the browser sends that name.
pub(crate) fn names_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Refuses a query, and says what is accepted. It repeats nothing of the query.
pub(crate) fn refuse_query(title: &str, accepted: &str) -> Response {
    let refusal = json!({ "title": title, "detail": accepted });
    (StatusCode::BAD_REQUEST, Json(refusal)).into_response()
}

/// Whether a program on this machine sent the request, and not a web page. A browser names the page's origin in every
/// `POST`; an AWS SDK never does.
pub(crate) fn is_program(headers: &HeaderMap) -> bool {
    names_loopback(headers) && !headers.contains_key(ORIGIN)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn host(host: &str) -> HeaderMap {
        let host = HeaderValue::from_str(host).expect("a header value");
        HeaderMap::from_iter([(HOST, host)])
    }

    #[test]
    fn accepts_only_names_of_this_machine() {
        for name in ["127.0.0.1", "localhost", "[::1]"] {
            assert!(names_loopback(&host(name)), "{name}");
            assert!(names_loopback(&host(&format!("{name}:3000"))), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:3000",
            "127.0.0.1.evil.example",
            "localhost.evil.example:3000",
            "127.0.0.1@evil.example",
            "localhost:80:evil",
            "::1",
            "0.0.0.0",
        ] {
            assert!(!names_loopback(&host(name)), "{name}");
        }
        assert!(!names_loopback(&HeaderMap::new()));
    }

    #[test]
    fn tells_a_web_page_from_a_program() {
        let mut headers = host("127.0.0.1:3002");
        assert!(is_program(&headers));
        headers.insert(ORIGIN, HeaderValue::from_static("null"));
        assert!(!is_program(&headers));
    }
}
