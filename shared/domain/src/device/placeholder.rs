//! What programs send in place of a device id that they do not have.
//!
//! Each test here is of something that no generator of ids makes, so that no device loses its id.

mod brands;
mod codes;
mod emulators;
mod known;
mod models;
mod patterns;
mod programs;
mod runs;
mod systems;
mod words;

use self::emulators::strip_port;
use self::known::KNOWN;
use self::models::names_model;
use self::patterns::{UUID_LENGTH, is_patterned};
use self::programs::is_printed;
use self::systems::names_system;
use self::words::is_phrase;
use crate::typed::{self, Typed, classify};

/// Numbers that stand for none: minus one, and the least and greatest of 32 and of 64 bits.
const NUMBERS: [&str; 7] = [
    "-1",
    "-2147483648",
    "2147483647",
    "4294967295",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
];

/// Whether `text` is a placeholder: known words, what a program printed, the name of a model, zeros, or a pattern in
/// place of an id.
pub(super) fn names_nobody(text: &str) -> bool {
    let spelled: String = text.chars().map(fold).collect();
    let folded: String = spelled.chars().flat_map(char::to_lowercase).collect();
    let trimmed = folded.trim();
    if NUMBERS.contains(&trimmed) || is_printed(trimmed, spelled.trim()) {
        return true;
    }
    let bare: String = trimmed.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = strip_scheme(&bare);
    let inner = typed::trim(trimmed);
    is_zero(bare)
        || KNOWN.contains(&bare)
        || is_phrase(strip_port(bare))
        || names_model(inner, bare)
        || names_system(inner, bare)
        || is_patterned(&bare.chars().collect::<Vec<_>>())
}

/// Returns the plain form of a character that is written full-width, circled or as a mathematical letter, and of the
/// digits of every script.
///
/// But for the digits, it is what the compatibility decomposition of Unicode (NFKC) makes of these.
fn fold(character: char) -> char {
    if let Typed::Digit(value) = classify(character) {
        return char::from(b'0' + value);
    }
    let place = u32::from(character);
    let letter = |index: u32| match index % 52 {
        upper @ 0..26 => u32::from('A') + upper,
        lower => u32::from('a') + lower - 26,
    };
    let plain = match place {
        0x2010..=0x2015 | 0x2212 => u32::from('-'),
        0x24b6..=0x24e9 => letter(place - 0x24b6),
        0xff01..=0xff5e => place - 0xff01 + 0x21,
        0x1d400..=0x1d6a3 => letter(place - 0x1d400),
        _ => place,
    };
    char::from_u32(plain).unwrap_or(character)
}

/// Drops what says that a UUID follows, as in `urn:uuid:…` and `UUID('…')`.
fn strip_scheme(bare: &str) -> &str {
    let rest = ["urnuuid", "uuid", "guid"]
        .iter()
        .find_map(|scheme| bare.strip_prefix(scheme));
    rest.filter(|rest| rest.len() == UUID_LENGTH)
        .unwrap_or(bare)
}

/// Whether `bare` is nothing or zero in any notation, such as the nil UUID or `0x0`.
fn is_zero(bare: &str) -> bool {
    bare.replace("0x", "0").bytes().all(|b| b == b'0')
}

#[cfg(test)]
mod tests {
    use super::fold;

    /// The compatibility decomposition of each, as Python's `unicodedata` gives it.
    #[test]
    fn other_forms_of_letters_and_digits_have_their_plain_form() {
        for (written, plain) in [
            ("\u{2010}\u{2015}\u{2212}", "---"),
            ("\u{24b6}\u{24cf}\u{24d0}\u{24e9}", "AZaz"),
            ("\u{ff21}\u{ff5e}\u{ff01}", "A~!"),
            ("\u{1d400}\u{1d419}\u{1d41a}\u{1d433}", "AZaz"),
            ("\u{1d434}\u{1d44d}\u{1d44e}\u{1d467}", "AZaz"),
            ("\u{1d670}\u{1d689}\u{1d68a}\u{1d6a3}", "AZaz"),
            ("\u{1d7d8}\u{ff19}\u{663}", "093"),
            ("a\u{24b5}\u{24ea}\u{1d6a4}", "a\u{24b5}\u{24ea}\u{1d6a4}"),
        ] {
            let folded: String = written.chars().map(fold).collect();
            assert_eq!(folded, plain, "{written}");
        }
    }
}
