//! Checks `[numbers]` and `[[test_number]]`.

use std::collections::{BTreeMap, BTreeSet};

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone::{NumberType, Phone};
use phoneproof_domain::phone_parser::{PhoneParser, find_calling_code};
use phoneproof_domain::policy::{
    Business, NumberPolicy, NumberRange, TestNumber, has_low_part_behind_1,
};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as ValueError;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::faults::Faults;
use super::table::{NumbersTable, RangeTable, TestNumberTable};
use super::value::{NANP, NANP_DIGITS, are_digits, check_is_served, parse_country};

/// Accepts the name of a type of number.
fn parse_type(name: &str) -> Result<NumberType, String> {
    NumberType::deserialize(name.into_deserializer()).map_err(|error: ValueError| error.to_string())
}

pub(super) fn check_numbers(table: &NumbersTable, faults: &mut Faults) -> NumberPolicy {
    if table.countries.is_empty() {
        faults.add("numbers.countries", "at least one country is needed");
    }
    if table.types.is_empty() {
        faults.add("numbers.types", "at least one type is needed");
    }
    let (mut countries, mut types) = (BTreeSet::new(), BTreeSet::new());
    for (index, name) in table.countries.iter().enumerate() {
        let country = name.as_deref().map(parse_country);
        let at = format_args!("numbers.countries[{index}]");
        countries.extend(country.and_then(|country| faults.check(at, country)));
    }
    for (index, name) in table.types.iter().enumerate() {
        let number_type = name.as_deref().map(parse_type);
        let at = format_args!("numbers.types[{index}]");
        types.extend(number_type.and_then(|number_type| faults.check(at, number_type)));
    }
    let mut numbers = NumberPolicy {
        countries,
        types,
        ranges: Vec::new(),
    };
    for (index, range) in table.range.iter().enumerate() {
        let mut before = table.range.iter().take(index);
        if before.any(|known| overlap(known, range)) {
            let at = format!("numbers.range[{index}].prefix");
            faults.add(at, "another range has numbers of this one");
        }
        let range = check_range(index, range, &numbers, faults);
        numbers.ranges.extend(range);
    }
    numbers
}

/// Whether a number can be of both ranges. One that was left out is empty, and is like no other.
fn overlap(one: &RangeTable, other: &RangeTable) -> bool {
    let (a, b) = (one.prefix.as_str(), other.prefix.as_str());
    let are_read = !a.is_empty() && !b.is_empty();
    are_read && one.digits == other.digits && (a.starts_with(b) || b.starts_with(a))
}

/// Checks the digits of a range in the North American Numbering Plan. A number of another length reaches nobody, or
/// somebody else: carriers drop digits that are too many.
fn check_nanp(prefix: &str, digits: u32) -> (Option<&'static str>, Option<String>) {
    if !prefix.starts_with(NANP) {
        return (None, None);
    }
    let low = "behind +1, area codes and exchanges begin with 2 to 9";
    let length = format!("a number that begins with +1 has {NANP_DIGITS} digits, and not {digits}");
    (
        has_low_part_behind_1(prefix).then_some(low),
        (digits != u32::from(NANP_DIGITS)).then_some(length),
    )
}

/// Checks the digits of a range by the lengths that the country's numbers have. A number of another length is never
/// read as one, so the range would match nothing.
fn check_length(prefix: &str, digits: u32, country: Country) -> Option<String> {
    let code = find_calling_code(country).filter(|code| prefix.starts_with(code))?;
    let parser = PhoneParser::serving([country]);
    let has_length = |digits: &u32| {
        let rest = usize::try_from(*digits).ok()?.checked_sub(prefix.len())?;
        let number = Phone::from_canonical(&format!("+{prefix}{}", "2".repeat(rest)))?;
        Some(parser.has_length(&number))
    };
    let accepted: Vec<u32> = (5..=15)
        .filter(|digits| has_length(digits) == Some(true))
        .collect();
    if accepted.is_empty() || accepted.contains(&digits) {
        return None;
    }
    let accepted: Vec<String> = accepted.iter().map(u32::to_string).collect();
    let accepted = accepted.join(" or ");
    Some(format!(
        "a number of {country} has {accepted} digits with its +{code}, and not {digits}"
    ))
}

/// Checks a range of numbers. A range whose numbers the policy would refuse, or that nobody can have, is a fault.
fn check_range(
    index: usize,
    table: &RangeTable,
    numbers: &NumberPolicy,
    faults: &mut Faults,
) -> Option<NumberRange> {
    let at = |field: &str| format!("numbers.range[{index}].{field}");
    let prefix = table.prefix.strip_prefix('+');
    let prefix = prefix
        .filter(|digits| (2..15).contains(&digits.len()) && are_digits(digits))
        .ok_or("the first digits in E.164 are needed, as in \"+1436\"");
    let prefix = faults.check(at("prefix"), prefix);
    let least = prefix.map_or(5, |prefix| u32::try_from(prefix.len()).unwrap_or(5).max(5));
    let (low, length) = prefix.map_or((None, None), |prefix| check_nanp(prefix, table.digits));
    if let Some(fault) = low {
        faults.add(at("prefix"), fault);
    }
    let country = faults.check(at("country"), parse_country(&table.country));
    // A number out of range has its own fault, and may stand here as another one.
    if (least..=15).contains(&table.digits) {
        let length = length.or_else(|| check_length(prefix?, table.digits, country?));
        if let Some(fault) = length {
            faults.add(at("digits"), fault);
        }
    } else {
        faults.check_range(at("digits"), table.digits, least..=15);
    }
    let number_type = faults.check(at("type"), parse_type(&table.r#type));
    if let Some(country) = country {
        check_is_served(at("country"), country, &numbers.countries, faults);
    }
    if let (Some(prefix), Some(country)) = (prefix, country)
        && let Some(code) = find_calling_code(country)
        && !prefix.starts_with(&code)
    {
        let fault = format!("the numbers of {country} begin with +{code}");
        faults.add(at("prefix"), fault);
    }
    if number_type.is_some_and(|number_type| !numbers.types.contains(&number_type)) {
        let fault = "a type of numbers.types is needed";
        faults.add_beside(at("type"), "numbers.types", fault);
    }
    Some(NumberRange {
        prefix: prefix?.to_owned(),
        digits: usize::try_from(table.digits).ok()?,
        country: country?,
        number_type: number_type?,
    })
}

/// Checks each `[[test_number]]`. No two may be the same phone.
pub(super) fn check_test_numbers(
    tables: Vec<TestNumberTable>,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) -> Vec<TestNumber> {
    let mut numbers = Vec::new();
    let mut phones = BTreeSet::new();
    for (index, table) in tables.into_iter().enumerate() {
        // One that was left out is empty.
        if !table.phone.is_empty() && !phones.insert(table.phone.clone()) {
            faults.add(
                format_args!("test_number[{index}].phone"),
                "another entry has this number",
            );
        }
        numbers.extend(check_test_number(index, table, businesses, faults));
    }
    numbers
}

fn check_test_number(
    index: usize,
    table: TestNumberTable,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) -> Option<TestNumber> {
    let at = |field: &str| format!("test_number[{index}].{field}");
    let phone = Phone::from_canonical(&table.phone)
        .ok_or("a number in E.164 is needed, as in \"+14155550100\"");
    let phone = faults.check(at("phone"), phone);
    let codes = check_codes(&at("code"), &table.code.into_vec(), businesses, faults);
    let until = OffsetDateTime::parse(&table.until, &Rfc3339)
        .map_err(|_| "an end is needed, as in \"2027-01-31T00:00:00Z\"");
    let until = faults.check(at("until"), until);
    let per_day = faults.check_range(at("per_day"), table.per_day, 1..=10_000);
    Some(TestNumber {
        phone: phone?,
        codes,
        until: Timestamp::from_unix(until?.unix_timestamp()),
        per_day,
    })
}

/// Checks the codes of a test number: one for each length that the codes of the businesses have.
fn check_codes(
    path: &str,
    texts: &[String],
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) -> Vec<Code> {
    let is_accepted = |name: &str| !faults.is_doubtful(format_args!("business.{name}.code_length"));
    let accepted: Vec<_> = businesses
        .iter()
        .filter(|(name, _)| is_accepted(name))
        .collect();
    let lengths_known = accepted.len();
    let lengths = accepted.into_iter();
    let mut lengths: BTreeMap<usize, bool> = lengths
        .map(|(_, business)| (usize::from(business.code_length), false))
        .collect();
    // A length that is not accepted was replaced, and that of a business that was left out is unknown.
    let are_known =
        lengths_known == businesses.len() && !faults.has_left_out_of_businesses("code_length");
    let codes: Vec<Code> = texts
        .iter()
        .filter_map(|text| faults.check(path, Code::parse(text)))
        .collect();
    for code in &codes {
        match lengths.get_mut(&code.expose().len()) {
            Some(has_code) if !*has_code => *has_code = true,
            Some(_) => faults.add(path, "two codes have the same length"),
            None if !are_known => {}
            None => faults.add(path, "a code has the code_length of no business"),
        }
    }
    for (length, _) in lengths.iter().filter(|(_, has_code)| !**has_code) {
        faults.add(
            path,
            format_args!(
                "a code of {length} digits is needed, as in [\"{}\"]",
                "0".repeat(*length)
            ),
        );
    }
    codes
}
