//! Checks `[numbers]` and `[[test_number]]`.

use std::collections::BTreeMap;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::policy::{Business, BusinessId, NumberPolicy, TestNumber};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::faults::Faults;
use super::table::{NumbersTable, TestNumberTable};

/// Accepts the code of a country that has phone numbers, such as `GB`. `UK` has none.
pub(super) fn parse_country(code: &str) -> Result<Country, &'static str> {
    Country::parse(code)
        .ok()
        .filter(Country::has_numbers)
        .ok_or("the ISO 3166-1 code of a country with phone numbers is needed, as in `US`")
}

pub(super) fn check_numbers(table: NumbersTable, faults: &mut Faults) -> NumberPolicy {
    if table.countries.is_empty() {
        faults.add("numbers.countries", "at least one country is needed");
    }
    if table.types.is_empty() {
        faults.add("numbers.types", "at least one type is needed");
    }
    let countries = table
        .countries
        .iter()
        .enumerate()
        .filter_map(|(i, code)| {
            faults.check(format_args!("numbers.countries[{i}]"), parse_country(code))
        })
        .collect();
    NumberPolicy {
        countries,
        types: table.types,
    }
}

pub(super) fn check_test_number(
    index: usize,
    table: &TestNumberTable,
    businesses: &BTreeMap<BusinessId, Business>,
    faults: &mut Faults,
) -> Option<TestNumber> {
    let at = |field: &str| format!("test_number[{index}].{field}");
    let phone = Phone::from_canonical(&table.phone)
        .ok_or("a number in E.164 is needed, as in \"+14155550100\"");
    let phone = faults.check(at("phone"), phone);
    let code = faults.check(at("code"), Code::parse(&table.code));
    let lengths_match = |code: &Code| {
        businesses
            .values()
            .all(|b| usize::from(b.code_length) == code.expose().len())
    };
    if code.as_ref().is_some_and(|code| !lengths_match(code)) {
        faults.add(
            at("code"),
            "as many digits as the code_length of every business are needed",
        );
    }
    let until = OffsetDateTime::parse(&table.until, &Rfc3339)
        .map_err(|_| "an end is needed, as in \"2027-01-31T00:00:00Z\"");
    let until = faults.check(at("until"), until);
    let per_day = faults.check_range(at("per_day"), table.per_day, 1..=10_000);
    Some(TestNumber {
        phone: phone?,
        code: code?,
        until: Timestamp::from_unix(until?.unix_timestamp()),
        per_day,
    })
}
