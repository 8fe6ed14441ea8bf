//! Instants and spans as operators type them.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A span of time as operators type it, of at least a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Reads `90s`, `5m`, `2h` or `7d`.
pub(crate) fn parse_span(text: &str) -> Result<Span, String> {
    let accepted = || "a number with the unit s, m, h or d is needed, as in 5m".to_owned();
    let unit = text.chars().last().ok_or_else(accepted)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(accepted()),
    };
    let count: u32 = text
        .strip_suffix(unit)
        .and_then(|count| count.parse().ok())
        .filter(|count| *count > 0)
        .ok_or_else(accepted)?;
    Ok(Span(Duration::from_secs(u64::from(count) * seconds)))
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
        for text in ["", "5", "m", "-5m", "0h", "5 m", "5µ"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
