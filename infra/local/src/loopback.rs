//! Who may talk to a loopback port.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether the request names a loopback host.
///
/// A web site that points its own name at 127.0.0.1 (DNS rebinding) sends that name.
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

/// Whether a program on this machine sent the request, rather than a web page: a browser names the
/// page's origin in every `POST`, an AWS SDK never does.
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
    fn only_loopback_names_are_loopback() {
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
    fn a_page_is_no_program() {
        let mut headers = host("127.0.0.1:3002");
        assert!(is_program(&headers));
        headers.insert(ORIGIN, HeaderValue::from_static("null"));
        assert!(!is_program(&headers));
    }
}
