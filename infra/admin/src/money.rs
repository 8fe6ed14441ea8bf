//! Amounts of money as operators type and read them.

use phoneproof_domain::money::MicroUsd;
use phoneproof_domain::purse::Micros;

/// An amount that an operator typed, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dollars(pub(crate) Micros);

/// The most that an operator can type, in dollars.
const MOST: i64 = 1_000_000;

/// Reads dollars, as in `200` or `12.50`.
pub(crate) fn parse_dollars(text: &str) -> Result<Dollars, String> {
    let accepted = || format!("0 to {MOST} US dollars are needed, as in 200 or 12.50");
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 6 {
        return Err(accepted());
    }
    let whole: i64 = whole.parse().map_err(|_| accepted())?;
    let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| accepted())?;
    let amount = whole.checked_mul(1_000_000).map(|whole| whole + fraction);
    amount
        .filter(|amount| *amount <= MOST * 1_000_000)
        .map(Dollars)
        .ok_or_else(accepted)
}

fn to_usd(amount: Micros) -> MicroUsd {
    MicroUsd::from_micros(u64::try_from(amount).unwrap_or(0))
}

/// Writes an amount, as in `$0.50`.
pub(crate) fn format_usd(amount: Micros) -> String {
    format!("${}", to_usd(amount))
}

/// Returns an amount in US dollars, for JSON.
pub(crate) fn usd(amount: Micros) -> f64 {
    to_usd(amount).dollars()
}

/// Writes an amount, and the texts that it is enough for.
pub(crate) fn format_texts(amount: Micros, price: Micros) -> String {
    let texts = amount / price.max(1);
    let unit = if texts == 1 { "text" } else { "texts" };
    format!("{}, {texts} {unit}", format_usd(amount))
}

/// Writes an amount, and the calls that it is enough for.
pub(crate) fn format_calls(amount: Micros, price: Micros) -> String {
    let calls = amount / price.max(1);
    let unit = if calls == 1 { "call" } else { "calls" };
    format!("{}, {calls} {unit}", format_usd(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_millionth() {
        for (text, micros) in [
            ("200", 200_000_000),
            ("$12.5", 12_500_000),
            ("0", 0),
            ("0.000001", 1),
            ("1000000", 1_000_000_000_000),
        ] {
            assert_eq!(parse_dollars(text), Ok(Dollars(micros)));
        }
        for text in [
            "",
            "-5",
            "+5",
            "1e3",
            ".5",
            "5.",
            "0.0000001",
            "1000000.01",
            "1,5",
            "5 ",
            "٣",
            "99999999999999999999",
            "NaN",
        ] {
            assert!(parse_dollars(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_says_for_how_many_texts_it_is_enough() {
        assert_eq!(format_texts(440_000, 220_000), "$0.44, 2 texts");
        assert_eq!(format_texts(439_999, 220_000), "$0.439999, 1 text");
        assert_eq!(format_texts(-1, 220_000), "$0.00, 0 texts");
    }
}
