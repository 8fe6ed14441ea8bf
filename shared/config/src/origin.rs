//! Web origins, written as browsers write them (HTML standard, "Serialization of an origin").

mod host;

use self::host::read_web_host;

/// What an origin looks like. A browser sends the origin of a page, and the service compares it letter by letter.
pub(crate) const ACCEPTED: &str = "origins such as https://app.example.com, http://127.0.0.1:3000 or capacitor://localhost \
    are needed, separated by commas, without path and with international names in their xn-- form";

/// As [`ACCEPTED`], where one origin is needed.
pub(crate) const ACCEPTED_ONE: &str = "an origin such as https://app.example.com or capacitor://localhost is needed, \
    without path and with an international name in its xn-- form";

/// Schemes whose pages have no origin, the origin `null` or that of another page, or that have no pages.
const WITHOUT_ORIGIN: [&str; 9] = [
    "file",
    "ftp",
    "ws",
    "wss",
    "blob",
    "data",
    "about",
    "javascript",
    "view-source",
];

/// Reads an origin, and writes it as browsers do: scheme and host in lower case, addresses in their one spelling,
/// without the scheme's own port.
///
/// Apps in a web view have schemes of their own, such as `capacitor://localhost`. `None` for every other text, such as
/// `*` or `null`, which would name more than one site, and for what no browser would send.
pub(crate) fn parse(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (scheme, authority) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let begins_well = scheme.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    if !begins_well || !scheme.bytes().all(fits) || WITHOUT_ORIGIN.contains(&scheme.as_str()) {
        return None;
    }
    let own_port = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let (host, port) = split_port(authority)?;
    let host = match own_port {
        Some(_) => read_web_host(host)?,
        None => read_app_host(host)?,
    };
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

/// Reads the host of an app's own scheme. Browsers leave it as it is, except for an address in brackets.
fn read_app_host(host: &str) -> Option<String> {
    if host.starts_with('[') {
        return read_web_host(host);
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (!host.is_empty() && host.bytes().all(fits)).then(|| host.to_owned())
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
            ("HTTP://LocalHost:80", "http://localhost"),
            ("http://127.1:80", "http://127.0.0.1"),
            ("http://0x7f.1", "http://127.0.0.1"),
            ("http://0X7F.0.0.1:8100", "http://127.0.0.1:8100"),
            ("http://2130706433", "http://127.0.0.1"),
            ("http://0177.0.0.01", "http://127.0.0.1"),
            ("http://127.0.0.1.", "http://127.0.0.1"),
            ("http://10.1.258", "http://10.1.1.2"),
            ("http://0x", "http://0.0.0.0"),
            ("https://192.168.1.20:08443", "https://192.168.1.20:8443"),
            ("http://[0:0::1]:80", "http://[::1]"),
            ("http://[2001:DB8:0:0:1::0]", "http://[2001:db8:0:0:1::]"),
            ("http://[::FFFF:127.0.0.1]", "http://[::ffff:7f00:1]"),
            ("http://[::127.0.0.1]", "http://[::7f00:1]"),
            ("https://app.example.com.", "https://app.example.com."),
            ("https://1and1.example", "https://1and1.example"),
            ("https://4chan.0xyz", "https://4chan.0xyz"),
            ("capacitor://127.1", "capacitor://127.1"),
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
            "wss://app.example.com",
            "ftp://app.example.com",
            "http://256.1.1.1",
            "http://1.2.3.4.5",
            "http://127.0.0.256",
            "http://127.0.0.08",
            "http://0x100000000",
            "http://4294967296",
            "http://app.1",
            "http://+1.2",
            "http://1.+2",
            "http://0x+1",
            "http://0xfffffffff.1",
            "http://app.example.0x1",
            "http://1..2",
            "http://[::1%25lo]",
            "http://::1",
            "https://xn--.example",
            "1app://x",
            "mailto:a@example.com",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
