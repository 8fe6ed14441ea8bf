//! Countries, ranges of numbers and test numbers.

use super::*;

#[test]
fn the_fault_of_a_mistaken_country_names_the_one_that_was_meant() {
    let text = SMALLEST.replace("\"US\"", "\"UK\"");
    let found = faults(&text);
    assert!(found[0].ends_with("did you mean `GB`?"), "{found:?}");
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
    let longer = with("prefix = \"+1436\"\ndigits = 12\ncountry = \"US\"\ntype = \"mobile\"");
    let longer = longer.strip_prefix(SMALLEST).expect("a range");
    assert!(
        from_toml(&format!("{good}{longer}")).is_ok(),
        "of another length"
    );
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
fn a_test_number_has_a_code_for_every_length_and_one_entry() {
    let with = |code: &str| {
        format!(
            "{SMALLEST}\n[business.pay]\nbrand = \"B\"\ndefault_locale = \"en\"\ncode_length = 8\n\
             templates.en = \"{{code}}\"\n[[test_number]]\nphone = \"+447700900123\"\ncode = {code}\n\
             until = \"2027-01-01T00:00:00Z\"\n"
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
