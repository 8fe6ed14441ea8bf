//! Tests of single values: what is accepted and what is refused.

use super::{SMALLEST, faults};

/// Returns the `values` that a file made by `addition` is accepted with.
fn filter_accepted<'v>(values: &[&'v str], addition: impl Fn(&str) -> String) -> Vec<&'v str> {
    let fits = |value: &&str| faults(&addition(value)).is_empty();
    values.iter().copied().filter(fits).collect()
}

/// Puts a key before the first table of the smallest policy.
fn add_on_top(key: &str, value: &str) -> String {
    format!("{key} = {value:?}\n{SMALLEST}")
}

/// Adds a key to the business of the smallest policy.
fn add_to_business(key: &str, value: &str) -> String {
    format!("{SMALLEST}\n{key} = {value:?}")
}

#[test]
fn a_time_of_day_has_two_digits_below_24_and_two_digits_below_60() {
    let refused = [
        "24:00", "30:00", "00:60", "12:99", "1:00", "001:00", "01:0", "01:000", "0100", ":",
        "+1:00", "01:+5", "ab:cd",
    ];
    assert_eq!(
        filter_accepted(&refused, |v| add_on_top("day_starts_at", v)),
        [""; 0]
    );
    let good = ["00:00", "00:59", "09:05", "23:59"];
    assert_eq!(
        filter_accepted(&good, |v| add_on_top("day_starts_at", v)),
        good
    );
}

#[test]
fn a_sender_id_is_3_to_11_letters_digits_and_hyphens_with_a_letter() {
    let in_sms = |v: &str| format!("[sms]\nsender_id = {v:?}\n{SMALLEST}");
    let refused = [
        "",
        "A",
        "1A",
        "ABCDEFGHIJKL",
        "123",
        "1-2",
        "A_1",
        "-AB",
        "A 1",
        "É",
    ];
    assert_eq!(filter_accepted(&refused, in_sms), [""; 0]);
    let good = ["ABC", "1A-", "Example-1", "ABCDEFGHIJK"];
    assert_eq!(filter_accepted(&good, in_sms), good);
}

#[test]
fn a_price_is_above_0_and_below_100_dollars() {
    let in_sms = |v: &str| format!("[sms]\nmax_price_usd = {v:?}\n{SMALLEST}");
    let refused = [
        "0", "-1", "100", "1e9", "NaN", "", "1 USD", "1.", ".5", "0.123456", "0.100000",
    ];
    assert_eq!(filter_accepted(&refused, in_sms), [""; 0]);
    // End User Messaging wants a point, which the service writes.
    let good = ["1", "0.01", "0.12345", "99.99"];
    assert_eq!(filter_accepted(&good, in_sms), good);
}

#[test]
fn an_origin_is_a_host_name() {
    let labels = |count: usize, last: &str| "a.".repeat(count) + last;
    let (longest_label, longer_label) = ("a".repeat(63), "a".repeat(64));
    let (longest, longer) = (labels(126, "a"), labels(126, "aa"));
    assert_eq!(longest.len(), 253);
    let refused = [
        "",
        ".",
        "a..b",
        "a.",
        "-a.com",
        "a-.com",
        "a_b.com",
        "a b",
        "https://a.com",
        "a.com:443",
        "é.com",
        &longer_label,
        &longer,
    ];
    assert_eq!(
        filter_accepted(&refused, |v| add_to_business("origin", v)),
        [""; 0]
    );
    let good = [
        "example.com",
        "localhost",
        "a-b.example",
        "1.example",
        &longest_label,
        &longest,
    ];
    assert_eq!(
        filter_accepted(&good, |v| add_to_business("origin", v)),
        good
    );
}

#[test]
fn an_android_hash_is_11_characters_of_base64() {
    let hashes = [
        "FA9qCX9VSu",
        "FA+9qCX9VSu1",
        "FA_9qCX9VSu",
        "FA-9qCX9VSu",
        "FA+9qCX9VSu",
        "FA/9qCX9VSu",
        "FAA9qCX9VSu",
    ];
    let good = filter_accepted(&hashes, |v| add_to_business("android_hash", v));
    assert_eq!(good, ["FA+9qCX9VSu", "FA/9qCX9VSu", "FAA9qCX9VSu"]);
}

#[test]
fn the_digest_of_a_client_key_has_64_hexadecimal_digits() {
    let (good, short, long) = ("aB".repeat(32), "ab".repeat(31), "ab".repeat(33));
    let (other, signed) = ("ag".repeat(32), "+a".repeat(32));
    let values = [good.as_str(), &short, &long, &other, &signed, "x"];
    assert_eq!(
        filter_accepted(&values, |v| add_to_business("client_key_sha256", v)),
        [good.as_str()]
    );
}

#[test]
fn a_brand_is_not_blank_and_has_no_control_characters() {
    let with_brand = |v: &str| SMALLEST.replace("\"Example\"", &format!("{v:?}"));
    let brands = ["", "  ", "a\nb", "a\tb", "Example", "Größe & Co"];
    assert_eq!(
        filter_accepted(&brands, with_brand),
        ["Example", "Größe & Co"]
    );
}
