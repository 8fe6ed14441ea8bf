//! Instants and spans as operators type them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A span of time as operators type it, of at least a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// The longest span, a hundred years in days. Nobody means more, and instants stay far from the year 10000, after which
/// RFC 3339 has no dates.
const MAX_DAYS: u64 = 36_500;

/// The most subjects that a list shows.
const MAX_COUNT: usize = 1_000_000;

/// Reads a count, from 1 on.
pub(crate) fn parse_count(text: &str) -> Result<usize, String> {
    read_number(text, 1..=MAX_COUNT)
}

/// Reads a whole number of this range, and names the range if it is none.
pub(crate) fn read_number<T: FromStr + PartialOrd + Display>(
    text: &str,
    accepted: RangeInclusive<T>,
) -> Result<T, String> {
    // A number in Rust may have a sign.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let read = text.parse().ok().filter(|_| digits);
    read.filter(|number| accepted.contains(number))
        .ok_or_else(|| {
            let (least, most) = (accepted.start(), accepted.end());
            format!("a whole number from {least} to {most} is needed")
        })
}

/// Reads `90s`, `5m`, `2h` or `7d`.
pub(crate) fn parse_span(text: &str) -> Result<Span, String> {
    parse_span_up_to(text, MAX_DAYS)
}

/// Reads the same, up to a number of days.
pub(crate) fn parse_span_up_to(text: &str, days: u64) -> Result<Span, String> {
    let accepted = || {
        format!(
            "a whole number from 1 on with the unit s, m, h or d is needed, as in 5m; {days}d at most"
        )
    };
    let unit = text.chars().last().ok_or_else(accepted)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(accepted()),
    };
    let count = text.strip_suffix(unit).unwrap_or_default();
    // A number in Rust may have a sign.
    let digits = count.bytes().all(|b| b.is_ascii_digit());
    let count = count.parse::<u64>().ok().filter(|_| digits);
    let span = count.and_then(|count| count.checked_mul(seconds));
    let span = span.filter(|span| (1..=days * 86_400).contains(span));
    span.map(|span| Span(Duration::from_secs(span)))
        .ok_or_else(accepted)
}

/// Reads an instant in RFC 3339, as in `2027-01-31T00:00:00Z`.
pub(crate) fn parse_instant(text: &str) -> Result<Timestamp, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(|instant| Timestamp::from_unix(instant.unix_timestamp()))
        .map_err(|_| "an instant is needed, as in 2027-01-31T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_spans_of_a_number_and_a_unit() {
        let seconds = |text| parse_span(text).map(|span| span.0.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("7d"), Ok(604_800));
        assert_eq!(seconds("36500d"), Ok(3_153_600_000));
        assert_eq!(seconds("3153600000s"), Ok(3_153_600_000));
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "+5m",
            "0h",
            "00s",
            "5 m",
            " 5m",
            "5µ",
            "1.5h",
            "1e3s",
            "٣d",
            "5D",
            "5dd",
            "36501d",
            "3153600001s",
            "876001h",
            "999999999d",
            "4294967296d",
            "18446744073709551615d",
            "99999999999999999999s",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn accepts_instants_that_have_a_date() {
        assert_eq!(
            parse_instant("2027-01-31T00:00:00Z").map(Timestamp::unix),
            Ok(1_801_353_600)
        );
        for text in [
            "",
            "tomorrow",
            "2027-01-31",
            "2027-02-30T00:00:00Z",
            "10000-01-01T00:00:00Z",
        ] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }
}
