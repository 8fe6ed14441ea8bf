//! The URL of an issuer.

use super::ConfigError;

const ACCEPTED: &str = "an absolute http(s) URL of 200 bytes at most is needed, such as https://example.com/sms, without \
    user, query, fragment or trailing slash; its path may have letters, digits and -._~ between its slashes";

/// The most bytes of an issuer. Every token holds it.
const MAX_BYTES: usize = 200;

/// Accepts `text`, the value of `variable`, as the URL of an issuer.
///
/// Relying parties compare it letter by letter and append paths to it, so it is taken in one way of writing only.
///
/// # Errors
///
/// [`ConfigError::Invalid`] says what is accepted.
pub fn check_issuer(variable: &'static str, text: String) -> Result<String, ConfigError> {
    let fits = text.len() <= MAX_BYTES && is_issuer(&text);
    fits.then_some(text).ok_or(ConfigError::Invalid {
        variable,
        accepted: ACCEPTED,
    })
}

fn is_issuer(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else {
        return false;
    };
    let Some(authority) = url.authority() else {
        return false;
    };
    let port = authority.as_str().strip_prefix(authority.host());
    let has_good_port = match port {
        Some("") => true,
        Some(_) => authority.port_u16().is_some_and(|port| port > 0),
        // A user stands before the host.
        None => false,
    };
    let path = url.path();
    matches!(url.scheme_str(), Some("http" | "https"))
        && !authority.host().is_empty()
        && has_good_port
        && url.query().is_none()
        // The parser drops a fragment.
        && !text.contains('#')
        && !text.ends_with('/')
        && (path == "/" || path.split('/').skip(1).all(is_segment))
}

/// Whether every proxy and client writes the segment of a path in the same way (RFC 3986 section 2.3).
fn is_segment(segment: &str) -> bool {
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_url_with_or_without_a_path() {
        for text in [
            "https://verify.example.com",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://localhost:3000/base",
            "https://api.example.com/sms/v1.2/a-b_c~d",
        ] {
            assert!(is_issuer(text), "{text}");
        }
    }

    #[test]
    fn refuses_every_other_way_of_writing() {
        for text in [
            "",
            "verify.example.com",
            "/base",
            "https://",
            "https:///base",
            "ftp://verify.example.com",
            "https://verify.example.com/",
            "https://verify.example.com/base/",
            "https://verify.example.com//base",
            "https://verify.example.com/a//b",
            "https://verify.example.com/a/../b",
            "https://verify.example.com/.",
            "https://verify.example.com/a%20b",
            "https://verify.example.com/{a}",
            "https://verify.example.com/*",
            "https://verify.example.com/ä",
            "https://verify.example.com/a b",
            "https://verify.example.com?x=1",
            "https://verify.example.com/base?x=1",
            "https://verify.example.com#x",
            "https://verify.example.com/base#x",
            "https://user@verify.example.com",
            "https://user:word@verify.example.com/base",
            "https://verify.example.com:",
            "https://verify.example.com:0",
            "https://verify.example.com:99999",
            "https://verify.example.com:x",
        ] {
            assert!(!is_issuer(text), "{text}");
        }
        let long = format!("https://verify.example.com/{}", "a".repeat(200));
        let error = check_issuer("ISSUER", long).expect_err("too long");
        assert!(error.to_string().starts_with("ISSUER: "));
    }
}
