//! The proxy that the operator trusts to say where a request comes from, such as a CloudFront distribution.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use phoneproof_crypto::digest::has_sha256;

/// The header in which the proxy shows its secret.
pub(crate) const PROXY_SECRET: HeaderName = HeaderName::from_static("x-proxy-secret");

/// The header of CloudFront with address and port of the viewer.
pub(crate) const CLOUDFRONT_VIEWER_ADDRESS: &str = "cloudfront-viewer-address";

/// A proxy that shows a secret, and names the address of the client in one header.
///
/// Without the secret its headers are worth nothing: anybody can send them.
#[derive(Clone, derive_more::Debug)]
#[debug("TrustedProxy {{ address: {address:?}, .. }}")]
pub struct TrustedProxy {
    secrets: Vec<[u8; 32]>,
    address: HeaderName,
}

impl TrustedProxy {
    /// Makes the proxy that shows a secret with one of these SHA-256 digests, and names the client in the header
    /// `address`.
    #[must_use]
    pub const fn new(secrets: Vec<[u8; 32]>, address: HeaderName) -> Self {
        Self { secrets, address }
    }

    /// Returns the address of the client: the one that the proxy names if it shows its secret, otherwise `seen`.
    ///
    /// A proxy that shows its secret and names no address is set up wrongly. Then no address is known, because `seen`
    /// is the proxy's own.
    #[must_use]
    pub fn find_source(&self, headers: &HeaderMap, seen: Option<IpAddr>) -> Option<IpAddr> {
        let Some(secret) = find_only_value(headers, &PROXY_SECRET) else {
            return seen;
        };
        // Every digest is compared, in constant time.
        let shown = self.secrets.iter().fold(false, |shown, digest| {
            shown | has_sha256(secret.as_bytes(), digest)
        });
        if shown {
            read_address(&self.address, find_only_value(headers, &self.address)?)
        } else {
            seen
        }
    }
}

/// Returns the value of a header that is there once.
fn find_only_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// Reads one address. CloudFront writes a port after it, and no brackets around IPv6.
fn read_address(header: &HeaderName, text: &str) -> Option<IpAddr> {
    if header != CLOUDFRONT_VIEWER_ADDRESS {
        return text.parse().ok();
    }
    let (address, port) = text.rsplit_once(':')?;
    let _: u16 = port.parse().ok()?;
    let bare = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(address).parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use phoneproof_crypto::digest::sha256;

    use super::*;

    const SEEN: &str = "192.0.2.1";

    fn find(address: &'static str, headers: &[(&'static str, &str)]) -> Option<String> {
        let secrets = vec![sha256(b"new-secret"), sha256(b"old-secret")];
        let proxy = TrustedProxy::new(secrets, HeaderName::from_static(address));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a value");
            map.append(HeaderName::from_static(name), value);
        }
        let found = proxy.find_source(&map, SEEN.parse().ok());
        found.map(|ip| ip.to_string())
    }

    #[test]
    fn reads_the_address_of_cloudfront_with_its_port() {
        for (text, address) in [
            ("198.51.100.10:46532", Some("198.51.100.10")),
            ("2001:db8::7:46532", Some("2001:db8::7")),
            ("2001:db8:0:1:2:3:4:5:80", Some("2001:db8:0:1:2:3:4:5")),
            ("[2001:db8::7]:46532", Some("2001:db8::7")),
            ("198.51.100.10", None),
            ("198.51.100.10:", None),
            ("198.51.100.10:99999", None),
            ("198.51.100.10:1,203.0.113.9:2", None),
            ("unknown:1", None),
            ("", None),
        ] {
            let secret = ("x-proxy-secret", "new-secret");
            let found = find(
                CLOUDFRONT_VIEWER_ADDRESS,
                &[secret, (CLOUDFRONT_VIEWER_ADDRESS, text)],
            );
            assert_eq!(found.as_deref(), address, "{text}");
        }
    }

    #[test]
    fn another_header_holds_the_address_alone() {
        let secret = ("x-proxy-secret", "old-secret");
        let find = |text| find("true-client-ip", &[secret, ("true-client-ip", text)]);
        assert_eq!(find("2001:db8::7:443").as_deref(), Some("2001:db8::7:443"));
        assert_eq!(find("198.51.100.10:443"), None);
        assert_eq!(find("198.51.100.10").as_deref(), Some("198.51.100.10"));
    }

    #[test]
    fn without_the_secret_no_header_counts() {
        let address = (CLOUDFRONT_VIEWER_ADDRESS, "198.51.100.10:1");
        for headers in [
            &[address][..],
            &[address, ("x-proxy-secret", "")],
            &[address, ("x-proxy-secret", "other")],
            &[address, ("x-proxy-secret", "new-secret,new-secret")],
            &[
                address,
                ("x-proxy-secret", "new-secret"),
                ("x-proxy-secret", "new-secret"),
            ],
        ] {
            assert_eq!(
                find(CLOUDFRONT_VIEWER_ADDRESS, headers).as_deref(),
                Some(SEEN),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_proxy_must_name_exactly_one_address() {
        let (secret, address) = (
            ("x-proxy-secret", "new-secret"),
            (CLOUDFRONT_VIEWER_ADDRESS, "198.51.100.10:1"),
        );
        assert_eq!(find(CLOUDFRONT_VIEWER_ADDRESS, &[secret]), None);
        assert_eq!(
            find(CLOUDFRONT_VIEWER_ADDRESS, &[secret, address, address]),
            None
        );
        assert_eq!(find("true-client-ip", &[secret, address]), None);
    }

    #[test]
    fn debug_shows_no_digest() {
        let proxy = TrustedProxy::new(vec![[7; 32]], HeaderName::from_static("true-client-ip"));
        assert_eq!(
            format!("{proxy:?}"),
            "TrustedProxy { address: \"true-client-ip\", .. }"
        );
    }
}
