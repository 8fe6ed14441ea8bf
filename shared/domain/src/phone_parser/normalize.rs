//! What people type and paste around the digits of a number.

use crate::phone::{Phone, PhoneError};
use crate::typed::{self, Typed};

/// The longest text that is read as a phone number, in bytes. A full-width number with separators fits.
const MAX_INPUT_BYTES: usize = 96;

/// A phone number as typed, without what means nothing: an optional `+` and digits.
///
/// It is personal data, so it has no `Debug`.
pub struct TypedNumber(pub(super) String);

impl TypedNumber {
    /// Takes the number out of a typed text.
    ///
    /// # Errors
    ///
    /// [`PhoneError`] says which characters are not accepted.
    pub fn parse(typed_phone: &str) -> Result<Self, PhoneError> {
        normalize(typed_phone).map(Self)
    }

    /// Reads the number without a numbering plan, if it is a plus sign and 5 to 15 digits.
    #[must_use]
    pub fn read_complete(&self) -> Option<Phone> {
        Phone::from_canonical(&self.0)
    }
}

/// Checks every character, and drops `tel:` and whatever else means nothing. What remains is an optional `+` and
/// digits.
///
/// libphonenumber is lenient: it extracts a number from a sentence and maps letters to digits. Text that it would have
/// to guess at is refused first, so that one phone is never counted under two numbers.
fn normalize(typed_phone: &str) -> Result<String, PhoneError> {
    let trimmed = typed::trim(typed_phone);
    if trimmed.is_empty() || trimmed.len() > MAX_INPUT_BYTES {
        return Err(PhoneError::Characters);
    }
    let number = match trimmed.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => trimmed.get(4..).unwrap_or_default(),
        _ => trimmed,
    };
    let (dialled, number) = split_prefix_with_tilde(number);
    let mut plain = String::with_capacity(dialled.len() + number.len());
    plain.push_str(dialled);
    let mut before = None;
    for character in number.chars() {
        match typed::classify(character) {
            Typed::Digit(value) => plain.push(char::from(b'0' + value)),
            Typed::Plus if plain.is_empty() => plain.push('+'),
            // Some lists put a plus sign before numbers that have one.
            Typed::Plus if plain == "+" && before == Some(Typed::Plus) => {}
            // Two lines, or two cells of a table, are two texts. Joined, they could be the number of a stranger.
            Typed::Separator if breaks_line(character) => return Err(PhoneError::Characters),
            Typed::Separator => {}
            Typed::Foreign if begins_extension(character) => {
                return Err(PhoneError::LettersOrExtension);
            }
            Typed::Plus | Typed::Foreign => return Err(PhoneError::Characters),
        }
        before = Some(typed::classify(character));
    }
    if plain.trim_start_matches('+').is_empty() {
        return Err(PhoneError::Characters);
    }
    Ok(plain)
}

/// Takes off a prefix for calls abroad that is written with a tilde, where callers wait for another tone: Russia's and
/// its neighbours', and Ukraine's (libphonenumber's metadata). Returns its digits and the rest.
///
/// A tilde elsewhere may begin an extension, so it is refused.
fn split_prefix_with_tilde(number: &str) -> (&'static str, &str) {
    let written = [("8~10", "810"), ("0~0", "00")];
    let found = written
        .into_iter()
        .find_map(|(written, digits)| Some((digits, number.strip_prefix(written)?)));
    found.unwrap_or(("", number))
}

/// Whether `c` ends a line or a cell of a table.
const fn breaks_line(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `c` is a letter, or a sign that libphonenumber reads as the beginning of an extension or a parameter.
fn begins_extension(c: char) -> bool {
    c.is_alphabetic() || matches!(c, ';' | '#' | ',' | '~' | '＃' | '，' | '；' | '～')
}
