//! The rules about passwords that a person may choose (NIST SP 800-63B-4 section 3.1.1.2).
//!
//! A password must be long, and it must not be among those that guessers try first. It may consist of any kinds of
//! characters.

mod effort;
mod padding;
mod spelling;
mod words;

use phoneproof_domain::phone::Phone;
use phoneproof_domain::typed::{Typed, classify};
use thiserror::Error;

use self::padding::{Letters, MOST_EXTRAS, Padding, is_run, measure_stretch};
use self::spelling::{is_separator, spell_plainly};
use self::words::{is_lengthened_word, is_phrase};
use super::Password;

/// The longest stretch that may not make up a whole password by repetition, in characters.
const SHORT_STRETCH: usize = 4;

/// How strong a password must be, by what else the account asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// The password alone is enough to log in.
    Alone,
    /// Logging in takes a code as a second step.
    WithSecondStep,
}

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordRefusal {
    /// The password has fewer characters than this number, the fewest that are accepted.
    #[error("The password is too short")]
    TooShort(usize),
    /// The password is common, a run or a repetition, which guessers try first.
    #[error("The password is too common, or a simple pattern")]
    Common,
    /// The password contains the account's own phone number.
    #[error("The password contains the phone number")]
    PhoneNumber,
}

impl PasswordRefusal {
    /// Describes a password that would be accepted.
    #[must_use]
    pub fn describe_accepted(self) -> String {
        match self {
            Self::TooShort(fewest) => format!("at least {fewest} characters"),
            Self::Common => "words that others would not try first, without a pattern".to_owned(),
            Self::PhoneNumber => "a password without the digits of the phone number".to_owned(),
        }
    }
}

impl Strength {
    /// Returns the fewest characters that a password needs. NIST SP 800-63B-4 section 3.1.1.2 sets both numbers.
    #[must_use]
    pub const fn min_characters(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondStep => 8,
        }
    }

    /// Checks whether `password` may be chosen for an account with this phone.
    ///
    /// # Errors
    ///
    /// [`PasswordRefusal`] says what is wrong with the password.
    pub fn admits(self, password: &Password, phone: &Phone) -> Result<(), PasswordRefusal> {
        if password.count_characters() < self.min_characters() {
            return Err(PasswordRefusal::TooShort(self.min_characters()));
        }
        if contains_number(password.expose(), phone) {
            Err(PasswordRefusal::PhoneNumber)
        } else if is_common(&spell_plainly(password.expose())) {
            Err(PasswordRefusal::Common)
        } else {
            Ok(())
        }
    }
}

/// Returns whether the digits of `password` contain the last seven of the number. People leave out the country code,
/// and keyboards have digits of their own.
fn contains_number(password: &str, phone: &Phone) -> bool {
    let digits = password.chars().filter_map(|c| match classify(c) {
        Typed::Digit(value) => Some(char::from(b'0' + value)),
        Typed::Plus | Typed::Separator | Typed::Foreign => None,
    });
    let digits: String = digits.collect();
    let number = phone.expose();
    let tail = number.get(number.len().saturating_sub(7)..);
    tail.is_some_and(|tail| digits.contains(tail))
}

/// Whether guessers try `password` first, as it is, without separators, or backwards.
fn is_common(password: &[char]) -> bool {
    let joined: Vec<char> = password
        .iter()
        .copied()
        .filter(|c| !is_separator(*c))
        .collect();
    let backwards: Vec<char> = joined.iter().rev().copied().collect();
    let mut texts = vec![password.to_vec(), joined.clone(), backwards];
    texts.extend(drop_signs(&joined));
    texts.dedup();
    if texts.iter().any(|text| is_pattern(text)) {
        return true;
    }
    // A repetition may be cut off, so what is repeated counts, too.
    for at in 0..texts.len() {
        let repeated = texts.get(at).and_then(|text| find_repeated(text));
        texts.extend(repeated.map(<[char]>::to_vec));
    }
    is_lengthened_word(&texts) || is_phrase_and_padding(&joined) || is_phrase(&joined)
}

/// Drops the signs between the letters and digits of `text`, as in `p*a*s*s`; `None` if there are more signs than that.
fn drop_signs(text: &[char]) -> Option<Vec<char>> {
    let kept: Vec<char> = text
        .iter()
        .copied()
        .filter(|c| c.is_alphanumeric())
        .collect();
    (kept.len() < text.len() && kept.len() * 2 + 1 >= text.len()).then_some(kept)
}

/// Returns the shortest stretch that `text` repeats, perhaps cut off the last time.
fn find_repeated(text: &[char]) -> Option<&[char]> {
    let stretch = measure_stretch(text);
    text.get(..stretch).filter(|_| stretch < text.len())
}

/// Whether `text` is a run, a short stretch over and over, or little but padding.
fn is_pattern(text: &[char]) -> bool {
    let repeated = find_repeated(text);
    !text.is_empty()
        && (repeated.is_some_and(|stretch| stretch.len() <= SHORT_STRETCH)
            || is_run(repeated.unwrap_or(text))
            || is_padding_alone(text))
}

/// Whether `text` is little but padding: `abc123456789`, `111222333`, `00000000000000a`.
fn is_padding_alone(text: &[char]) -> bool {
    let extras = Padding::of(text).count_extras(0..text.len(), Letters::Counted);
    extras.is_some_and(|extras| extras <= MOST_EXTRAS && extras * 4 < text.len())
}

/// Whether the letters of `text` are words that people lengthen, one after the other, and the rest is little but
/// padding: `my1company2name3`.
fn is_phrase_and_padding(text: &[char]) -> bool {
    let (letters, others): (Vec<char>, Vec<char>) = text.iter().partition(|c| c.is_alphabetic());
    let extras = Padding::of(&others).count_extras(0..others.len(), Letters::Counted);
    extras.is_some_and(|extras| extras <= MOST_EXTRAS) && is_phrase(&letters)
}

#[cfg(test)]
mod tests;
