//! Hosts of web pages, read and written as browsers do (URL standard, "Host parsing" and "Host serializing").

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name and the longest label that the DNS has, in bytes.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Reads the host of a web page, and writes it in lower case, or as the one spelling of an address.
pub(super) fn read_web_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return Some(write_ipv6(address.parse().ok()?));
    }
    let host = host.to_ascii_lowercase();
    // A dot at the end names the root of the DNS. It belongs to the origin of a name, and not to an address.
    let name = host.strip_suffix('.').unwrap_or(&host);
    if ends_in_number(name) {
        return read_ipv4(name).map(|address| address.to_string());
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len()) && label.bytes().all(fits) && label != "xn--"
    };
    let is_name = name.len() <= MAX_NAME_BYTES && name.split('.').all(is_label);
    is_name.then_some(host)
}

/// Writes an address in brackets. Browsers write no part of it as an address of IPv4.
fn write_ipv6(address: Ipv6Addr) -> String {
    if address.to_ipv4_mapped().is_none() {
        return format!("[{address}]");
    }
    let [.., high, low] = address.segments();
    format!("[::ffff:{high:x}:{low:x}]")
}

/// Whether browsers read a host as an address of IPv4: its last label is a number.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_decimal = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last.strip_prefix("0x");
    is_decimal || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reads a part of an address: hexadecimal behind `0x`, octal behind `0`, or decimal.
fn read_number(part: &str) -> Option<u32> {
    let (digits, radix) = match (part.strip_prefix("0x"), part.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (part, 10),
    };
    match digits {
        "" => (!part.is_empty()).then_some(0),
        // The standard library would take a sign, too.
        _ if digits.starts_with('+') => None,
        _ => u32::from_str_radix(digits, radix).ok(),
    }
}

/// Reads an address of one to four parts. The last part fills what the others leave, as in `127.1`.
fn read_ipv4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = name.split('.').map(read_number).collect::<Option<_>>()?;
    let (last, others) = parts.split_last()?;
    let bytes_left = 4_u32.checked_sub(u32::try_from(others.len()).ok()?)?;
    let fits = u64::from(*last) < 1_u64 << (8 * bytes_left);
    if bytes_left == 0 || !fits || others.iter().any(|part| *part > 255) {
        return None;
    }
    let address = (0_u32..)
        .zip(others)
        .fold(*last, |address, (at, part)| address | part << (24 - 8 * at));
    Some(Ipv4Addr::from_bits(address))
}
