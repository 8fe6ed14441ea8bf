//! The target for phone numbers.

use std::sync::LazyLock;

use phoneproof_domain::country::Country;
use phoneproof_domain::phone::{Destination, Phone};
use phoneproof_domain::phone_parser::PhoneParser;

use crate::{CANARY, Outcome, Target, assert_silent, bytes_of};

/// Reads the first line as a region, which may be empty, and the rest as a phone number.
pub(crate) const PHONE: Target = Target {
    name: "phone",
    run,
    seeds: || {
        bytes_of([
            "\n+14152007986",
            "\n +1 (415) 200-7986 ",
            "\ntel:+1-415-200-7986",
            "GB\n0014152007986",
            "AU\n0011 65 9234 5678",
            "\n(+44) 7911 123456",
            "\n\u{202a}+14152007986\u{202c}",
            "US\n(415) 200-7986",
            "CN\n138 0013 8000",
            "GB\n07911 123456",
            "IT\n06 6982 1234",
            "AR\n011 15 2345-6789",
            "MX\n044 55 1234 5678",
            "BR\n0 15 11 96123-4567",
            "\n+870 773 123 456",
            "\n+٨٦١٣٨٠٠١٣٨٠٠٠",
            "\n＋１（４１５）２００－７９８６",
            "\n+1 800 CaNaRy",
            "\n+14152007986 ext. 5",
        ])
    },
    words: &[
        "+",
        "＋",
        "00",
        "011",
        "0",
        "1",
        "5",
        "９",
        "٣",
        "३",
        "²",
        "Ⅷ",
        "½",
        " ",
        "-",
        "(",
        ")",
        "/",
        ".",
        "~",
        "*",
        "#",
        ",",
        ";",
        "x",
        "ext.",
        "tel:",
        ";ext=5",
        ";phone-context=+1",
        "\u{a0}",
        "\u{ad}",
        "\u{200b}",
        "\u{2011}",
        "\u{202e}",
        "\u{feff}",
        "\u{3000}",
        "\t",
        "\0",
        "US",
        "DE",
        "ZZ",
        "001",
        "\u{301}",
    ],
};

/// The parser for all inputs. A function's requests share one parser, too.
static PARSER: LazyLock<PhoneParser> = LazyLock::new(PhoneParser::new);

fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let (region, number) = text.split_once('\n').unwrap_or(("", text));
    let region = Country::parse(region).ok();
    match PARSER.parse(number, region) {
        Ok(destination) => {
            check(&destination, number);
            Outcome::Accepted
        }
        Err(error) => {
            assert_silent(&format!("{error} {error:?}"));
            Outcome::Refused
        }
    }
}

fn check(destination: &Destination, typed: &str) {
    let Destination { phone, country, .. } = destination;
    let text = phone.expose();
    assert!(!typed.contains(CANARY), "a phone number has no letters");
    let digits = text
        .strip_prefix('+')
        .expect("E.164 begins with a plus sign");
    assert!((5..=15).contains(&digits.len()), "{text}");
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
    // The canonical form is complete, so the region that comes with it changes nothing.
    for region in [
        None,
        Country::parse("US").ok(),
        Country::parse("IT").ok(),
        *country,
    ] {
        assert_eq!(
            PARSER.parse(text, region).as_ref(),
            Ok(destination),
            "{text}"
        );
    }
    assert_eq!(Phone::from_canonical(text).as_ref(), Some(phone));
    assert!(country.is_none_or(|country| country.has_numbers()));
    check_hidden(phone);
}

/// Checks that the mask shows two digits and `Debug` shows none.
fn check_hidden(phone: &Phone) {
    let text = phone.expose();
    let masked = phone.mask();
    assert_eq!(masked.chars().count(), text.len());
    assert_eq!(masked.chars().filter(char::is_ascii_digit).count(), 2);
    assert!(!format!("{phone:?}").chars().any(|c| c.is_ascii_digit()));
    assert_eq!(phone.number_block(), &text[..text.len() - 4]);
}
