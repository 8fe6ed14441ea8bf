//! What programs print in place of a value: the names of variables, the text of functions, errors, and the names of
//! programs and hosts. Each is the same on every device that runs the program.

use std::net::{IpAddr, SocketAddr};

use super::runs::holds_id;

/// The beginnings of functions, promises and objects that a program printed in place of their value, in lower case.
const PRINTED: [&str; 51] = [
    "[object ",
    "instance of ",
    "function(",
    "async function",
    "async (",
    "async ()",
    "() =>",
    "()=>",
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
    "<_io.",
    "<_thread.",
    "closure:",
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
    "() ->",
    "map(0)",
    "standalonecoroutine{",
    "deferredcoroutine{",
];

/// The beginnings of messages that say why there is no id, in lower case.
const MESSAGES: [&str; 17] = [
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
    "missing required",
    "missing permission",
    "missing parameter",
    "missing argument",
];

/// Programs that say their name and version to servers, in lower case.
const AGENTS: [&str; 25] = [
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
    "headlesschrome",
];

/// More of them, whose names are words that people may give to devices. They count with a version only.
const PRODUCTS: &str = "\
    python-requests python-urllib aiohttp httpx ruby php guzzlehttp apache-httpclient unityplayer ktor retrofit restsharp \
    postman opera opr edg edge edga edgios version mobile gecko electron samsungbrowser ucbrowser crios fxios expo hermes \
    flutter react-native deno bun faraday dio";

/// The words in the names of apps that send their version to servers.
const APP_WORDS: [&str; 5] = ["app", "client", "sdk", "http", "bot"];

/// The names of a computer for itself.
const OWN_HOSTS: [&str; 4] = [
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "host.docker.internal",
];

/// How unfilled variables begin and end, and how Go prints a faulty format.
const UNFILLED: [(&str, char); 8] = [
    ("${", '}'),
    ("{{", '}'),
    ("#{", '}'),
    ("%{", '}'),
    ("@{", '}'),
    ("$(", ')'),
    ("<%", '%'),
    ("%!", '('),
];

/// Whether a program sent a text in place of an id. `text` is that text in lower case, and `spelled` is the text as it
/// was sent.
pub(super) fn is_printed(text: &str, spelled: &str) -> bool {
    let unquote = |text: &str| text.trim_matches(['"', '\'', '`', ' ']).to_owned();
    let (quoted, spelled) = (&*unquote(text), &*unquote(spelled));
    let begins = |starts: &[&str]| starts.iter().any(|start| quoted.starts_with(start));
    is_unfilled(text)
        || begins(&PRINTED)
        || begins(&MESSAGES)
        || quoted.contains("[native code]")
        || is_declaration(quoted)
        || is_error(quoted, spelled)
        || is_host(quoted)
        // Random characters name a device, whatever an app puts before them.
        || ((is_code(quoted) || quoted.starts_with("{\"_") || is_user_agent(quoted)) && !holds_id(quoted))
}

/// Whether `text` is a function or a class with its name, as in `function getId() {` and `class com.example.Id`.
fn is_declaration(text: &str) -> bool {
    let mut words = text.splitn(2, ' ');
    let (word, rest) = (words.next(), words.next().unwrap_or_default());
    match word {
        Some("function") => rest.contains('('),
        Some("class") => rest.contains('{') || (rest.contains('.') && !rest.contains(' ')),
        Some("closure") => rest.contains(['(', '{', '@', '#']) || rest.starts_with("object"),
        _ => false,
    }
}

/// Whether a character may stand in the name of a function, of its parameters and of their types.
fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.')
}

/// Whether `text` is the call of a function, or a function with an arrow.
///
/// Random ids in signs, such as base85, may have both somewhere.
fn is_code(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$'))
            && name.chars().all(is_name_character)
    };
    let call = text.split_once("()").is_some_and(|(name, rest)| {
        let is_rest = |c| is_name_character(c) || matches!(c, '(' | ')' | '?' | '!' | ';' | ' ');
        is_name(name.strip_prefix("await ").unwrap_or(name)) && rest.chars().all(is_rest)
    });
    let arrow = |sign, may_be_name: bool| {
        text.split_once(sign).is_some_and(|(before, _)| {
            let before = before.trim_end();
            let before = before.strip_prefix("async ").unwrap_or(before);
            let within = before.strip_prefix('(').and_then(|b| b.strip_suffix(')'));
            let is_parameter = |c| is_name_character(c) || matches!(c, ',' | ':' | '<' | '>' | ' ');
            within.is_some_and(|within| within.chars().all(is_parameter))
                || (may_be_name && is_name(before))
        })
    };
    call || arrow("=>", true) || arrow("->", false)
}

/// Whether `text` is an error, with or without its message, such as `Error: timeout` and `PlatformException(…)`.
///
/// Digits behind a hyphen make an id of an app's own, as in `error-7`.
fn is_error(text: &str, spelled: &str) -> bool {
    const ENDS: [&str; 2] = ["error", "exception"];
    let end = text.find([':', '(', ' ']).unwrap_or(text.len());
    let (kind, message) = text.split_at_checked(end).unwrap_or_default();
    // Words such as `terror` end like it, and have no capital within.
    let is_kind = |spelled: &str| spelled.ends_with("Error") || spelled.ends_with("Exception");
    let is_word_of = |message: &str| ENDS.contains(&message);
    if text
        .split_once(' ')
        .is_some_and(|(first, last)| is_word_of(last) && first.chars().all(char::is_alphanumeric))
    {
        return true;
    }
    let is_told = message.starts_with([':', '('])
        || ENDS.contains(&kind)
        || kind.contains(['.', '_'])
        || spelled.get(..end).is_some_and(is_kind);
    let is_word = kind
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    is_word && is_told && ENDS.iter().any(|end| kind.ends_with(end))
}

/// Whether `text` holds the name of a program and its version, such as `okhttp/4.12`. Every installation of one version
/// sends the same.
fn is_user_agent(text: &str) -> bool {
    AGENTS.contains(&text)
        || text.split([' ', ';', '(']).any(|word| {
            let Some((product, version)) = word.split_once('/') else {
                return false;
            };
            let is_known =
                AGENTS.contains(&product) || PRODUCTS.split(' ').any(|known| known == product);
            let is_app = APP_WORDS.iter().any(|word| product.contains(word));
            // `room/1.2` is a place. Two dots make a version.
            let fewest_dots = match (is_known, is_app) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            let is_name = product.starts_with(|c: char| c.is_alphabetic())
                && product
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+'));
            let version = version
                .split([':', '/', ')', ','])
                .next()
                .unwrap_or_default();
            is_name && is_version(version, fewest_dots)
        })
}

/// Whether `text` is a version with so many dots at least: numbers and dots, with a word and its number behind them, as
/// in `2.0-beta1` and `15e148`.
fn is_version(text: &str, fewest_dots: usize) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let numbers = text.strip_suffix(rest).unwrap_or_default();
    let word = rest.trim_start_matches(['-', '+', '_']);
    let number = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    numbers.starts_with(|c: char| c.is_ascii_digit())
        && numbers.matches('.').count() >= fewest_dots
        && number.chars().all(|c| c.is_ascii_digit() || c == '.')
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

/// Whether `text` is a variable, or a verb of a format, that was printed in place of its value.
fn is_unfilled(text: &str) -> bool {
    let is_verb = text.len() <= 5
        && text.starts_with('%')
        && text.ends_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    let is_inner = |inner: &str| {
        let mut inner = inner.trim_matches(['{', '=', '-', ' ']).chars();
        inner.next().is_none_or(|c| c.is_alphabetic() || c == '_')
            && inner.all(|c| {
                is_name_character(c) || matches!(c, ' ' | '-' | '?' | '|' | ':' | '\'' | '"')
            })
    };
    let is_variable = |(start, end): &(&str, char)| {
        let rest = text.strip_prefix(start);
        let inner = rest.and_then(|rest| rest.split_once(*end));
        inner.is_some_and(|(inner, _)| is_inner(inner))
    };
    is_verb || UNFILLED.iter().any(is_variable)
}
