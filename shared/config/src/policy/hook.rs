//! Checks `[hook]`: the send hook.

use std::net::IpAddr;

use http::Uri;
use phoneproof_domain::hook::{HookPolicy, Reach};

use super::faults::Faults;
use super::table::HookTable;
use super::value::are_digits;

/// The longest URL that is accepted.
const MAX_URL: usize = 2_000;

/// Checks the section. It is `None` when the URL is not accepted. No fault shows the URL, which may hold a key.
pub(super) fn read_hook(table: HookTable, faults: &mut Faults) -> Option<HookPolicy> {
    let reach = faults.check("hook.url", read_reach(&table))?;
    Some(HookPolicy {
        url: table.url,
        reach,
    })
}

/// Reads the hook that a deployment sets in place of the policy's, which is `of_policy`.
///
/// # Errors
///
/// Says what is accepted.
pub fn replace_hook(
    of_policy: Option<&HookPolicy>,
    url: String,
) -> Result<HookPolicy, &'static str> {
    let allow_private = of_policy.is_some_and(|hook| hook.reach != Reach::Public);
    let reach = read_reach(&HookTable {
        url: url.clone(),
        allow_private,
    })?;
    Ok(HookPolicy { url, reach })
}

/// Says which addresses the URL may lead to. A name is judged again whenever it is resolved.
fn read_reach(table: &HookTable) -> Result<Reach, &'static str> {
    const ACCEPTED: &str = "an https URL is needed, as in https://hooks.example.com/send, or http to this machine with \
                            allow_private = true";
    const PRIVATE: &str = "a public address is needed, or allow_private = true";
    let uri: Uri = table.url.parse().map_err(|_| ACCEPTED)?;
    let authority = uri.authority().ok_or(ACCEPTED)?;
    // Nobody would send a user name of the URL, and a fragment never leaves a client.
    if table.url.len() > MAX_URL || authority.as_str().contains('@') || table.url.contains('#') {
        return Err(ACCEPTED);
    }
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    if !table.url.is_ascii() || !is_encoded(path) {
        return Err(ACCEPTED);
    }
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host).unwrap_or_default();
    if !port.is_empty() && !is_port(port) {
        return Err(ACCEPTED);
    }
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if literal.is_none() && !is_name(host) {
        return Err(ACCEPTED);
    }
    let is_loopback =
        literal.map_or_else(|| is_local(host), |address| Reach::Loopback.admits(address));
    match uri.scheme_str() {
        Some("https") if table.allow_private => Ok(Reach::Any),
        Some("https") if is_loopback => Err(PRIVATE),
        Some("https") => match literal {
            Some(address) if !Reach::Public.admits(address) => Err(PRIVATE),
            _ => Ok(Reach::Public),
        },
        Some("http") if is_loopback && table.allow_private => Ok(Reach::Loopback),
        _ => Err(ACCEPTED),
    }
}

/// Whether a path with its query is written as URLs are (RFC 3986): with its characters, and two hexadecimal digits
/// after each `%`.
fn is_encoded(path: &str) -> bool {
    let is_of_urls =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte);
    let mut encoded = path.split('%').skip(1);
    let is_byte = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    path.bytes().all(is_of_urls) && encoded.all(is_byte)
}

/// Whether `port` is a colon and a port.
fn is_port(port: &str) -> bool {
    let digits = port.strip_prefix(':').filter(|digits| are_digits(digits));
    let port = digits.and_then(|digits| digits.parse::<u16>().ok());
    port.is_some_and(|port| port > 0)
}

/// Whether `host` names this machine (RFC 6761, 6.3).
fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

/// Whether `host` can be a name of the domain name system: labels of 1 to 63 letters, digits and hyphens, 253 in all.
/// No label begins or ends with a hyphen. A last label that is a number is not a name: systems read it as a part of an
/// address.
fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let accepted = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(accepted)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253 && host.split('.').all(is_label) && !is_number(last)
}

/// Whether `label` is a number to those who resolve names: decimal or octal digits, or `0x` and any hexadecimal ones.
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    let is_hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits(label) || hexadecimal.is_some_and(is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::policy::from_environment;
    use crate::tests_support::Given;

    fn reach(url: &str, allow_private: bool) -> Option<Reach> {
        let url = url.to_owned();
        read_reach(&HookTable { url, allow_private }).ok()
    }

    #[test]
    fn takes_https_and_plain_http_to_this_machine() {
        for url in [
            "https://hooks.example.com",
            "https://hooks.example.com/send?key=k",
            "https://hooks.example.com:8443/send",
            "https://1.1.1.1/send",
            "https://[2606:4700:4700::1111]/send",
            "https://hooks.example.com./send",
            "https://a_b.xn--bcher-kva.example/",
            "https://h.example/%C3%A9?k=%20",
            "https://h.example/@team/hook?k=!$&'()*+,;=:@/?",
            "https://0x7g.example/",
            "https://hooks.0xample/",
            &format!("https://{}.com/", "a".repeat(63)),
        ] {
            assert_eq!(reach(url, false), Some(Reach::Public), "{url}");
            assert_eq!(reach(url, true), Some(Reach::Any), "{url}");
        }
        for url in [
            "http://127.0.0.1:4820/",
            "http://[::1]:4820/",
            "http://localhost/send",
        ] {
            assert_eq!(reach(url, true), Some(Reach::Loopback), "{url}");
            assert_eq!(reach(url, false), None, "{url}");
        }
    }

    #[test]
    fn takes_no_private_address_unless_it_is_allowed() {
        for url in [
            "https://127.0.0.1/",
            "https://127.0.0.1:8443/send",
            "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://localhost/",
            "https://LOCALHOST:8443/",
            "https://localhost./",
            "https://hooks.localhost/",
        ] {
            assert_eq!(reach(url, false), None, "{url}");
            assert_eq!(reach(url, true), Some(Reach::Any), "{url}");
        }
    }

    #[test]
    fn takes_nothing_else() {
        let start = "https://hooks.example.com/";
        let longest = format!("{start}{}", "x".repeat(MAX_URL - start.len()));
        assert_eq!(reach(&longest, false), Some(Reach::Public));
        let long = format!("{longest}x");
        let long_label = format!("https://{}.com/", "a".repeat(64));
        let letters = format!("https://{}/", "a".repeat(300));
        let long_name = format!("https://{}com/", "abcdefg.".repeat(32));
        for url in [
            "",
            "hooks.example.com",
            "//hooks.example.com",
            "/send",
            "ftp://hooks.example.com",
            "file:///etc/passwd",
            "http://hooks.example.com",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://[::ffff:127.0.0.1]/",
            "https://",
            "https:///send",
            "https://user:password@hooks.example.com/",
            "https://hooks.example.com/#send",
            "https://hooks.example.com/a b",
            "https://hooks.example.com:port/",
            "https://[fe80::1%25lo]/",
            "https://[fe80::1%lo]/",
            "https://[::1",
            "https://[hooks.example.com]/",
            "https://hooks..example.com/",
            "https://.example.com/",
            "https://./",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0xa000001/",
            "https://0X7F000001/",
            "https://127.0.0.0x1/",
            "https://127.0.0.0x1./",
            "https://0177.0.0.01/",
            "https://hooks.example.0x/",
            "https://h.example/a|b",
            "https://h.example/{a}",
            "https://h.example/?a=[1]",
            "https://h.example:+443/",
            "https://h.example:/",
            "https://h.example:65536/",
            "https://h.example:0/",
            "https://h.example/\u{e9}",
            "https://h.example/?k=\u{e9}",
            "https://h.example/%zz",
            "https://h.example/%4",
            "https://h.example/?k=%",
            "https://-h.example/",
            "https://h-.example/",
            "https://h.-example/",
            &long,
            &long_label,
            &letters,
            &long_name,
        ] {
            assert_eq!(reach(url, false), None, "{url}");
            assert_eq!(reach(url, true), None, "{url}");
        }
    }

    #[test]
    fn a_deployment_replaces_the_url_and_is_told_where_a_wrong_one_stands() {
        let read = |url| {
            let given = Given(HashMap::from([("SEND_HOOK_URL", url)]));
            from_environment(&given).map(|policy| policy.hook)
        };
        let hook = read("https://hooks.example.com/stage").expect("accepted");
        assert_eq!(hook.expect("a hook").url, "https://hooks.example.com/stage");
        let fault = read("http://hooks.example.com/stage").expect_err("refused");
        assert!(fault.to_string().contains("hook.url: "), "{fault}");
        let policy = HookPolicy {
            url: "https://hooks.example.com/".to_owned(),
            reach: Reach::Any,
        };
        let url = || "https://10.0.0.1/".to_owned();
        assert!(replace_hook(Some(&policy), url()).is_ok());
        assert!(replace_hook(None, url()).is_err());
    }
}
