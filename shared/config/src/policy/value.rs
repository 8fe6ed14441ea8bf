//! Checks of single values that several tables have.

use std::collections::BTreeSet;
use std::fmt::Display;

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::country::is_short_code;
use toml::Value;

use super::faults::Faults;

/// Whether `text` is made of ASCII digits. Rust's parsers also accept signs and exponents, which the policy refuses.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The calling code of the North American Numbering Plan, and how many digits its numbers have with it.
const NANP: (char, usize) = ('1', 11);

/// Accepts a number that has as many digits as its numbering plan wants. Short codes have no plan.
pub(super) fn check_length(number: &str) -> Result<(), &'static str> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let (code, length) = NANP;
    if is_short_code(number) || !digits.starts_with(code) || digits.len() == length {
        return Ok(());
    }
    Err("a number that begins with 1 has 11 digits, as in \"+18005550100\"")
}

/// Accepts the code of a country that has phone numbers, such as `GB`. `UK` has none.
pub(super) fn parse_country(code: &str) -> Result<Country, String> {
    Country::parse_with_numbers(code).map_err(|error| error.to_string())
}

/// Notes a country that the policy does not text. If the list of those was left out, nobody knows.
pub(super) fn check_is_served(
    path: impl Display,
    country: Country,
    served: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    if !served.contains(&country) && !faults.has_left_out("numbers.countries") {
        faults.add(path, "a country of numbers.countries is needed");
    }
}

/// Takes the text of a value in a list.
pub(super) fn read_text(value: &Value) -> Result<&str, String> {
    let text = value.as_str();
    text.ok_or_else(|| describe_type("a text in quotes", value))
}

/// Says that a value of another type is needed.
pub(super) fn describe_type(wanted: &str, found: &Value) -> String {
    let found = match found {
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
        Value::String(_) => "a text",
        Value::Boolean(_) => "`true` or `false`",
        Value::Integer(_) => "a whole number",
        // No whole number of a policy comes near it, and one that TOML cannot hold is read so.
        Value::Float(number) if number.abs() >= 1e15 => "one so far from 0",
        Value::Float(_) => "a number with a decimal point",
        Value::Datetime(_) => "a date",
    };
    format!("{wanted} is needed, and not {found}")
}
