//! Web origins, written as browsers write them (HTML standard, "Serialization of an origin").

use std::net::Ipv6Addr;

/// What an origin looks like. A browser sends the origin of a page, and the service compares it letter by letter.
pub(crate) const ACCEPTED: &str = "origins such as https://app.example.com or capacitor://localhost are needed, separated \
    by commas, without path and with international names in their xn-- form";

/// As [`ACCEPTED`], where one origin is needed.
pub(crate) const ACCEPTED_ONE: &str = "an origin such as https://app.example.com or capacitor://localhost is needed, \
    without path and with an international name in its xn-- form";

/// Reads an origin, and writes it as browsers do: scheme and host in lower case, without the scheme's own port.
///
/// Apps in a web view have schemes of their own, such as `capacitor://localhost`. `None` for every other text, such as
/// `*` or `null`, which would name more than one site.
pub(crate) fn parse(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (scheme, authority) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let begins_well = scheme.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    // Pages from files have the origin `null`.
    if !begins_well || !scheme.bytes().all(fits) || scheme == "file" {
        return None;
    }
    let own_port = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let (host, port) = split_port(authority)?;
    let host = read_host(host, own_port.is_some())?;
    Some(match port.filter(|port| Some(*port) != own_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Splits a port off. The address of a host in IPv6 stands in brackets, because it has colons of its own.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let at = authority.rfind(':').filter(|_| !authority.ends_with(']'));
    let Some((host, port)) =
        at.and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?)))
    else {
        return Some((authority, None));
    };
    let is_number = port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|port| *port > 0 && is_number)?;
    Some((host, Some(port)))
}

/// Reads a host. Browsers write those of web pages in lower case, and leave those of other schemes as they are.
fn read_host(host: &str, is_web: bool) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(fits) {
        return None;
    }
    let has_empty_label = host.split('.').rev().skip(1).any(str::is_empty);
    if is_web && (has_empty_label || host == ".") {
        return None;
    }
    Some(if is_web {
        host.to_ascii_lowercase()
    } else {
        host.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_an_origin_as_browsers_do() {
        for (text, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("https://app.example.com/", "https://app.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:8100", "http://localhost:8100"),
            ("https://localhost:08443", "https://localhost:8443"),
            ("http://[0:0::1]:3000", "http://[::1]:3000"),
            ("http://[::1]", "http://[::1]"),
            (
                "https://xn--bcher-kva.example",
                "https://xn--bcher-kva.example",
            ),
            ("capacitor://localhost", "capacitor://localhost"),
            ("Ionic://localhost", "ionic://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("app://-", "app://-"),
            (
                "chrome-extension://abcdefghijklmnop",
                "chrome-extension://abcdefghijklmnop",
            ),
        ] {
            assert_eq!(parse(text).as_deref(), Some(origin), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_origin() {
        for text in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://app.example.com/path",
            "https://app.example.com//",
            "https://user@app.example.com",
            "https://app.example.com:",
            "https://app.example.com:0",
            "https://app.example.com:99999",
            "https://app.example.com:+443",
            "https://bücher.example",
            "https://a b.example",
            "https://a..example",
            "https://[::1",
            "file://host",
            "1app://x",
            "mailto:a@example.com",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
