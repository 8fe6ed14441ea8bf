//! Countries, ranges of numbers and test numbers.

use super::*;

#[test]
fn the_fault_of_a_mistaken_country_names_the_one_that_was_meant() {
    let text = SMALLEST.replace("\"US\"", "\"UK\"");
    let found = faults(&text);
    assert!(found[0].ends_with("perhaps `GB` is meant"), "{found:?}");
}

#[test]
fn a_range_of_numbers_must_be_one_that_the_policy_texts() {
    let with = |range: &str| format!("{SMALLEST}\n[[numbers.range]]\n{range}\n");
    let good = with("prefix = \"+1436\"\ndigits = 11\ncountry = \"US\"\ntype = \"mobile\"");
    let policy = from_toml(&good).expect("valid");
    let range = policy.numbers.ranges.first().expect("a range");
    assert_eq!((range.prefix.as_str(), range.digits), ("1436", 11));
    assert_eq!(range.number_type, NumberType::Mobile);
    // A prefix of another country would pass the list of countries.
    for (prefix, place) in [
        ("+53", 0),
        ("+14a6", 0),
        ("+1", 0),
        ("+143612345678901", 0),
        ("+44", 0),
        ("+1436", 1),
        ("+14", 1),
        ("+14365", 1),
    ] {
        let one =
            format!("prefix = \"{prefix}\"\ndigits = 11\ncountry = \"US\"\ntype = \"mobile\"");
        let text = if place == 0 {
            with(&one)
        } else {
            format!("{good}[[numbers.range]]\n{one}\n")
        };
        let found = faults(&text);
        let at = format!("numbers.range[{place}].prefix: ");
        assert!(
            found.len() == 1 && found[0].starts_with(&at),
            "{prefix}: {found:?}"
        );
    }
    let bad = with("prefix = \"1436\"\ndigits = 3\ncountry = \"DE\"\ntype = \"voip\"");
    let paths: Vec<_> = faults(&bad)
        .iter()
        .filter_map(|fault| Some(fault.split_once(": ")?.0.to_owned()))
        .collect();
    let fields = ["prefix", "digits", "country", "type"];
    assert_eq!(
        paths,
        fields.map(|field| format!("numbers.range[0].{field}"))
    );
    let empty = faults(&with("type = \"unassigned\""));
    assert_eq!(empty.len(), 4, "{empty:?}");
}

#[test]
fn a_range_has_a_length_that_its_numbers_can_have() {
    let policy = |prefix: &str, digits: u32, country: &str| {
        let text = SMALLEST.replace("[\"US\"]", "[\"US\", \"DE\", \"SG\", \"HK\"]");
        let text = text.replace("US = 0.01", "US = 0.01\nDE = 0.1\nSG = 0.1\nHK = 0.1");
        format!(
            "{text}\n[[numbers.range]]\nprefix = \"{prefix}\"\ndigits = {digits}\ncountry = \"{country}\"\ntype = \"mobile\"\n"
        )
    };
    for (prefix, digits, country, fault) in [
        (
            "+1436",
            12,
            "US",
            "digits: a number that begins with +1 has 11",
        ),
        (
            "+1436",
            10,
            "US",
            "digits: a number that begins with +1 has 11",
        ),
        ("+1136", 11, "US", "prefix: behind +1, area codes"),
        ("+14361", 11, "US", "prefix: behind +1, area codes"),
        (
            "+653",
            8,
            "SG",
            "digits: a number of SG has 10 or 12 or 13 digits with its +65, and not 8",
        ),
        ("+8527", 15, "HK", "digits: a number of HK has "),
        ("+4915", 16, "DE", "digits: 16 is not within 5 to 15"),
        ("+1436", 16, "US", "digits: 16 is not within 5 to 15"),
        ("+4915", 4, "DE", "digits: 4 is not within 5 to 15"),
        ("+4915123456", 9, "DE", "digits: 9 is not within 10 to 15"),
    ] {
        let found = faults(&policy(prefix, digits, country));
        let fault = format!("numbers.range[0].{fault}");
        assert!(
            found.len() == 1 && found[0].starts_with(&fault),
            "{prefix} {digits}: {found:?}"
        );
    }
    for (prefix, digits, country) in [("+653", 10, "SG"), ("+8527", 11, "HK"), ("+1436", 11, "US")]
    {
        let text = policy(prefix, digits, country);
        assert!(from_toml(&text).is_ok(), "{prefix}: {:?}", faults(&text));
    }
    // Two lengths behind one prefix share no number.
    let german = policy("+4915", 13, "DE");
    let longer = german.replace("digits = 13", "digits = 12");
    let longer = longer.split("\n[[").last().expect("a range");
    let both = format!("{german}\n[[{longer}");
    assert!(from_toml(&both).is_ok(), "{:?}", faults(&both));
}

#[test]
fn a_test_number_has_a_code_for_every_length_and_one_entry() {
    let with = |code: &str| {
        format!(
            "{SMALLEST}\n[business.pay]\nbrand = \"B\"\ndefault_locale = \"en\"\ncode_length = 8\n\
             templates.en = \"{{code}}\"\n[[test_number]]\nphone = \"+447700900123\"\ncode = {code}\n\
             until = \"2099-01-01T00:00:00Z\"\n"
        )
    };
    let policy = from_toml(&with("[\"123456\", \"12345678\"]")).expect("valid");
    let number = policy.test_numbers.first().expect("a test number");
    assert_eq!(number.code(6).map(Code::expose), Some("123456"));
    assert_eq!(number.code(8).map(Code::expose), Some("12345678"));
    for (code, reason) in [
        ("\"123456\"", "a code of 8 digits is needed"),
        ("[\"123456\", \"12345678\", \"1234567\"]", "no business"),
        ("[\"123456\", \"12345678\", \"654321\"]", "the same length"),
    ] {
        let found = faults(&with(code));
        assert!(found.len() == 1 && found[0].contains(reason), "{found:?}");
    }
    let number = "[[test_number]]\nphone = \"+1415\"\n";
    let twice = with("[\"123456\", \"12345678\"]");
    let twice = format!(
        "{twice}{}",
        twice
            .split("[[")
            .last()
            .map(|n| format!("[[{n}"))
            .unwrap_or_default()
    );
    assert_eq!(
        faults(&twice),
        ["test_number[1].phone: another entry has this number"]
    );
    assert!(!faults(&format!("{SMALLEST}{number}")).is_empty());
}
