//! Checks of single values that several tables have.

use phoneproof_domain::country::Country;
use toml::Value;

/// Whether `text` is made of ASCII digits. Rust's parsers also accept signs and exponents, which the policy refuses.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Accepts the code of a country that has phone numbers, such as `GB`. `UK` has none.
pub(super) fn parse_country(code: &str) -> Result<Country, String> {
    Country::parse_with_numbers(code).map_err(|error| error.to_string())
}

/// Takes the text of a value in a list.
pub(super) fn read_text(value: &Value) -> Result<&str, String> {
    let name = value.type_str();
    value
        .as_str()
        .ok_or_else(|| format!("a text in quotes is needed, and not {name}"))
}
