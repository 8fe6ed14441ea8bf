//! Checks of single values that several tables have.

use std::collections::BTreeSet;
use std::fmt::Display;

use phoneproof_domain::country::Country;

use super::faults::Faults;

/// Whether `text` is made of ASCII digits. Rust's parsers also accept signs and exponents, which the policy refuses.
pub(super) fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
