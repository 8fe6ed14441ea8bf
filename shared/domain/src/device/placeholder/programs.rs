//! What programs print in place of a value: variables that nobody filled in, functions that nobody called, errors, and names
//! of programs and hosts. Each is the same on every device that runs the program.

use std::net::{IpAddr, SocketAddr};

/// How the text of a function, of a promise or of an object begins that a program sent in place of its value, in lower case.
const PRINTED: [&str; 53] = [
    "[object ",
    "instance of ",
    "function ",
    "function(",
    "async function",
    "async (",
    "async ()",
    "() =>",
    "()=>",
    "class ",
    "promise {",
    "promise{",
    "promise <",
    "promise<",
    "promise(",
    "symbol(",
    "[function",
    "[asyncfunction",
    "[class ",
    "[getter",
    "<function ",
    "<bound method",
    "<coroutine ",
    "<generator ",
    "<class ",
    "<built-in ",
    "<module ",
    "<property ",
    "<_",
    "closure:",
    "closure ",
    "future<",
    "future(",
    "task<",
    "system.threading.",
    "system.func",
    "system.string",
    "java.lang.",
    "kotlin.",
    "lambda$",
    "#<",
    "process.env",
    "import.meta",
    "os.environ",
    "buildconfig.",
    "<future ",
    "<task ",
    "<html",
    "<!doctype",
    "{\"_",
    "map(0)",
    "standalonecoroutine{",
    "deferredcoroutine{",
];

/// How messages begin that say why there is no id, in lower case.
const MESSAGES: [&str; 14] = [
    "failed to ",
    "could not ",
    "couldn't ",
    "couldn\u{2019}t ",
    "cannot ",
    "can't ",
    "can\u{2019}t ",
    "unable to ",
    "permission ",
    "access denied",
    "not allowed",
    "no permission",
    "not implemented",
    "missing ",
];

/// Programs that say their name and version to servers, in lower case.
const AGENTS: [&str; 24] = [
    "mozilla",
    "applewebkit",
    "chrome",
    "safari",
    "firefox",
    "okhttp",
    "dart",
    "dalvik",
    "cfnetwork",
    "darwin",
    "curl",
    "wget",
    "axios",
    "node",
    "node-fetch",
    "undici",
    "python",
    "java",
    "ktor-client",
    "alamofire",
    "postmanruntime",
    "insomnia",
    "reactnative",
    "go-http-client",
];

/// The names of a computer for itself.
const OWN_HOSTS: [&str; 4] = [
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "host.docker.internal",
];

/// How variables begin that nobody filled in, and the faults of a format in Go.
const UNFILLED: [&str; 8] = ["${", "{{", "#{", "%{", "@{", "$(", "<%", "%!"];

/// Whether a program sent `text`, in lower case, in place of an id.
pub(super) fn is_printed(text: &str) -> bool {
    let quoted = text.trim_matches(['"', '\'', '`', ' ']);
    let begins = |starts: &[&str]| starts.iter().any(|start| quoted.starts_with(start));
    is_unfilled(text)
        || begins(&PRINTED)
        || begins(&MESSAGES)
        || ["[native code]", "()", "=>", "->"]
            .iter()
            .any(|sign| quoted.contains(sign))
        || is_error(quoted)
        || is_user_agent(quoted)
        || is_host(quoted)
}

/// Whether `text` is an error, with or without its message, such as `Error: timeout` and `PlatformException(…)`.
///
/// Digits behind a hyphen make an id of an app's own, as in `error-7`.
fn is_error(text: &str) -> bool {
    let kind = text.split([':', '(', ' ']).next().unwrap_or_default();
    let is_word = kind
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    is_word && ["error", "exception"].iter().any(|end| kind.ends_with(end))
}

/// Whether `text` holds the name of a program and its version, such as `okhttp/4.12`. Every installation of one version
/// sends the same.
fn is_user_agent(text: &str) -> bool {
    AGENTS.contains(&text)
        || text.split([' ', ';', '(']).any(|word| {
            let Some((product, version)) = word.split_once('/') else {
                return false;
            };
            // Base64 has slashes and no dots.
            let is_version =
                version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.');
            !product.is_empty() && (is_version || AGENTS.contains(&product))
        })
}

/// Whether `text` is an address that many devices share, or a computer's name for itself, with or without a port.
///
/// All devices behind a router have its address of IPv4, and each router gives the private ones anew.
fn is_host(text: &str) -> bool {
    let place = text.split_once("://").map_or(text, |(_, place)| place);
    let place = place.trim_end_matches('/');
    let name = place.split_once(':').map_or(place, |(name, _)| name);
    let address = place.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(place.parse::<SocketAddr>().ok()?.ip()));
    let is_shared = address.is_some_and(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some()
        }
    });
    is_shared || OWN_HOSTS.contains(&name)
}

/// Whether nobody filled in the variable or the verb of a format that `text` is.
fn is_unfilled(text: &str) -> bool {
    let is_verb = text.len() <= 5
        && text.starts_with('%')
        && text.ends_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    is_verb || UNFILLED.iter().any(|start| text.starts_with(start))
}
