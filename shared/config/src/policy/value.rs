//! Checks of single values that several tables have.

use std::collections::BTreeSet;
use std::fmt::Display;

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::country::is_short_code;

use super::faults::Faults;

/// Whether `text` is made of ASCII digits. Rust's parsers also accept signs and exponents, which the policy refuses.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The calling code of the North American Numbering Plan.
pub(super) const NANP: char = '1';
/// How many digits a number of that plan has with it.
pub(super) const NANP_DIGITS: u8 = 11;

/// Accepts a number that has as many digits as its numbering plan wants. Short codes have no plan.
pub(super) fn check_length(number: &str) -> Result<(), &'static str> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let has_length = digits.len() == usize::from(NANP_DIGITS);
    if is_short_code(number) || !digits.starts_with(NANP) || has_length {
        return Ok(());
    }
    Err("a number that begins with 1 has 11 digits, as in \"+18005550100\"")
}

/// Accepts the code of a country that has phone numbers, such as `GB`. `UK` has none.
pub(super) fn parse_country(code: &str) -> Result<Country, String> {
    Country::parse_with_numbers(code).map_err(|error| error.to_string())
}

/// Notes a country that the policy does not text.
pub(super) fn check_is_served(
    path: impl Display,
    country: Country,
    served: &BTreeSet<Country>,
    faults: &mut Faults,
) {
    if !served.contains(&country) {
        let fault = "a country of numbers.countries is needed";
        faults.add_beside(path, "numbers.countries", fault);
    }
}
