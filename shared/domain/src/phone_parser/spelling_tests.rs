//! One number in many spellings.

use super::tests::parse;
use super::*;
use crate::typed::is_around;
use crate::typed::specimen::SPECIMEN;

#[test]
fn every_spelling_of_a_number_gives_one_canonical_form() {
    for (text, region) in &SPECIMEN.spellings {
        let destination = parse(text, region.as_deref()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(destination.phone.expose(), "+14152007986", "{text}");
        assert_eq!(destination.country, Country::parse("US").ok(), "{text}");
    }
}

/// The pages leave these out, too. They leave out no letter and no digit, so none may be here.
#[test]
fn what_may_stand_around_a_number_is_what_the_file_says_that_the_pages_read() {
    let around = SPECIMEN.around();
    for character in (0..=0x0010_ffff).filter_map(char::from_u32) {
        assert_eq!(
            is_around(character),
            around.contains(&character),
            "{character:?}"
        );
    }
    for character in around {
        let text = format!("{character}+14152007986");
        assert!(parse(&text, None).is_ok(), "{text}");
    }
}

#[test]
fn what_stands_in_a_number_or_belongs_to_a_longer_one_is_not_taken_off() {
    for text in [
        "+1 415 200 7986;5",
        "+1 415, 200 7986",
        "+1 415 200 7986;ext=5",
        "+1 415 200 7986#",
        "*+14152007986",
        "#31#+14152007986",
        "+1+4152007986",
        "+ +14152007986",
        "call +14152007986",
        "+14152007986 or",
        "\0+14152007986",
        "\";\"",
        "+1415\n2007986",
        "+1 415 200\r\n7986",
        "+1415\t2007986",
        "+1415\u{2028}2007986",
        "+1415\u{2029}2007986",
        "+1415\u{b}2007986",
        "+1415\u{c}2007986",
        "+1415\u{85}2007986",
        "+14152007986\n+14152007987",
        "51234\n51234",
    ] {
        let refused = parse(text, None);
        assert!(
            matches!(
                refused,
                Err(PhoneError::Characters | PhoneError::LettersOrExtension)
            ),
            "{text}: {refused:?}"
        );
    }
}

#[test]
fn a_number_in_national_form_needs_a_region() {
    assert_eq!(parse("138 0013 8000", None), Err(PhoneError::MissingRegion));
    let destination = parse("138 0013 8000", Some("CN")).expect("a Chinese mobile number");
    assert_eq!(destination.phone.expose(), "+8613800138000");
    assert_eq!(destination.number_type, NumberType::Mobile);
    assert_eq!(
        parse("07911 123456", Some("GB"))
            .expect("mobile")
            .phone
            .expose(),
        "+447911123456"
    );
}

/// Google's library reads each of these so. `00` is the prefix of many countries, but not of all.
#[test]
fn a_number_dialled_abroad_is_read_by_the_prefixes_of_its_region() {
    for (text, region, number) in [
        ("0011 65 9234 5678", "AU", "+6592345678"),
        ("0011 1 415 200 9001", "AU", "+14152009001"),
        ("0011 44 7911 123456", "AU", "+447911123456"),
        ("001 65 9345 6782", "HK", "+6593456782"),
        ("001 65 9345 6782", "TH", "+6593456782"),
        ("011 44 7911 123456", "US", "+447911123456"),
        ("010 1 415 200 7986", "JP", "+14152007986"),
        ("8~10 1 415 200 7986", "RU", "+14152007986"),
        ("0~0 1 415 200 7986", "UA", "+14152007986"),
        ("810 1 415 200 7986", "RU", "+14152007986"),
        ("0017183831111", "BD", "+17183831111"),
        ("0014152007986", "GB", "+14152007986"),
    ] {
        let read = parse(text, Some(region)).map(|read| read.phone.expose().to_owned());
        assert_eq!(read.unwrap_or_default(), number, "{text} in {region}");
    }
}

#[test]
fn a_number_without_a_plan_is_read_where_the_policy_may_know_it() {
    for (text, region, number) in [
        ("+44 7700 900123", None, "+447700900123"),
        ("07700 900123", Some("GB"), "+447700900123"),
        ("(436) 200-7986", Some("US"), "+14362007986"),
        ("+999 1234 5678", None, "+99912345678"),
    ] {
        let country = region.and_then(|region| Country::parse(region).ok());
        let read = PhoneParser::new().parse_any(text, country).expect(text);
        assert_eq!(read.phone.expose(), number);
        assert_eq!(
            (read.country, read.number_type),
            (None, NumberType::Unassigned)
        );
        assert_eq!(parse(text, region), Err(PhoneError::NotAssigned));
    }
    let known = PhoneParser::new().parse_any("+14152007986", None);
    assert_eq!(known, parse("+14152007986", None));
}

#[test]
fn the_leading_zero_of_italian_numbers_stays() {
    let with_zero = parse("+39 06 6982 1234", None).expect("a Rome number");
    assert_eq!(with_zero.phone.expose(), "+390669821234");
}
