//! The rules about passwords that a person may choose (NIST SP 800-63B-4 section 3.1.1.2).
//!
//! A password must be long, and it must not be among those that guessers try first. It may consist of any kinds of
//! characters.

use std::collections::HashSet;
use std::iter::zip;
use std::ops::Range;

use phoneproof_domain::phone::Phone;
use thiserror::Error;

use super::Password;

/// Common passwords in lower case, sorted, one per line. `functions/account/data/README.md` names source and licence.
const COMMON: &str = include_str!("../../data/common-passwords.txt");

/// Common passwords of 4 to 7 letters, sorted, one per line. People lengthen them, as in `admin1234567890`.
const SHORT_WORDS: &str = include_str!("../../data/common-words.txt");

/// Words that people lengthen in other languages and for other purposes, sorted, one per line.
const BASE_WORDS: &str = include_str!("../../data/base-words.txt");

/// The shortest part of a run, or of one repeated character, that lengthens a word without making it harder to guess.
const SHORTEST_PADDING: usize = 3;

/// The most characters, none of them a letter, that a lengthened word may have besides padding, as in `password123!`.
const MOST_EXTRAS: usize = 2;

/// Runs that people type as passwords. Any part of a run is refused, forwards and backwards.
const RUNS: [&str; 16] = [
    "012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1qazxsw23edcvfr45tgbnhy67ujmki89olp0",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7ki8lo9p0",
    "zaq12wsxcde34rfvbgt56yhnmju78ik",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qawsedrftgyhujikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i0j",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];

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
        if password.characters() < self.min_characters() {
            return Err(PasswordRefusal::TooShort(self.min_characters()));
        }
        let folded = password.expose().to_lowercase();
        if contains_number(&folded, phone) {
            Err(PasswordRefusal::PhoneNumber)
        } else if is_common(&folded) {
            Err(PasswordRefusal::Common)
        } else {
            Ok(())
        }
    }
}

/// Returns whether the digits of `password` contain the last seven of the number. People leave out the country code.
fn contains_number(password: &str, phone: &Phone) -> bool {
    let digits: String = password.chars().filter(char::is_ascii_digit).collect();
    let number = phone.expose();
    let tail = number.get(number.len().saturating_sub(7)..);
    tail.is_some_and(|tail| digits.contains(tail))
}

/// Whether guessers try `password` first, as it is, without separators, or backwards.
fn is_common(password: &str) -> bool {
    let joined: String = password.chars().filter(|c| !is_separator(*c)).collect();
    let backwards: String = joined.chars().rev().collect();
    is_listed_or_pattern(password)
        || is_listed_or_pattern(&joined)
        || is_lengthened_word(&[password, &joined, &backwards])
        || is_phrase_of_base_words(&joined)
}

/// Whether people write `character` between words, or between groups of digits.
const fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '-' | '_' | '.' | ',' | '/' | ':' | '+')
}

fn is_listed_or_pattern(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let stretch = measure_stretch(&characters);
    let repeated: String = characters.iter().take(stretch).collect();
    let is_repetition = stretch < characters.len();
    !text.is_empty()
        && (is_listed(text)
            || (is_repetition && (stretch <= SHORT_STRETCH || is_listed(&repeated)))
            || is_run(&repeated)
            || is_padding_alone(&characters))
}

/// Whether `text` is little but padding: `abc123456789`, `111222333`, `00000000000000a`.
fn is_padding_alone(text: &[char]) -> bool {
    let extras = count_extras(text, Letters::Counted);
    extras.is_some_and(|extras| extras <= MOST_EXTRAS && extras * 4 < text.len())
}

/// Whether the letters of `text` are words that people lengthen, one after the other, with little but padding around
/// them: `companyname12345`, `thisismypassword`.
fn is_phrase_of_base_words(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    let others: Vec<char> = text.chars().filter(|c| !c.is_alphabetic()).collect();
    let extras = count_extras(&others, Letters::Counted);
    !letters.is_empty() && extras.is_some_and(|extras| extras <= MOST_EXTRAS) && is_phrase(&letters)
}

/// Whether `letters` are words of [`BASE_WORDS`], one after the other.
fn is_phrase(letters: &str) -> bool {
    let rest = |word: &str| letters.strip_prefix(word);
    letters.is_empty() || BASE_WORDS.lines().filter_map(rest).any(is_phrase)
}

/// Whether one of `texts` is one common word, perhaps several times, with nothing else but padding: `password1234567`,
/// `1111admin!`, `summer2024summer2025`.
fn is_lengthened_word(texts: &[&str]) -> bool {
    // The substitutions are among ASCII characters, so the places of the two spellings are the same.
    let mut spellings: Vec<(String, &str)> = Vec::new();
    for text in texts {
        spellings.push(((*text).to_owned(), text));
        spellings.push((text.chars().map(undo_substitution).collect(), text));
    }
    let pairs: HashSet<[u8; 2]> = spellings
        .iter()
        .flat_map(|(text, _)| list_pairs(text))
        .collect();
    let lists = [COMMON, SHORT_WORDS, BASE_WORDS].into_iter();
    let mut words = lists.flat_map(str::lines);
    words.any(|word| {
        list_pairs(word).all(|pair| pairs.contains(&pair))
            && spellings
                .iter()
                .any(|(spelled, text)| consists_of(text, spelled, word))
    })
}

/// Lists the pairs of neighbouring bytes. A text cannot have a word if it lacks one of the word's pairs, which is faster
/// to find out.
fn list_pairs(text: &str) -> impl Iterator<Item = [u8; 2]> {
    text.as_bytes().array_windows().copied()
}

/// Whether `text`, spelled as in `spelled`, has `word` and little but padding around it.
fn consists_of(text: &str, spelled: &str, word: &str) -> bool {
    let (mut end, mut extras) = (0, Some(0));
    for (at, found) in spelled.match_indices(word) {
        let before = count_extras_in(text, end..at);
        extras = extras.zip(before).map(|(a, b)| a + b);
        end = at + found.len();
    }
    let rest = count_extras_in(text, end..text.len());
    end > 0 && extras.zip(rest).is_some_and(|(a, b)| a + b <= MOST_EXTRAS)
}

/// Returns the letter that people mean by a digit or sign that looks like it.
const fn undo_substitution(character: char) -> char {
    match character {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Counts the characters of a part of `text` that are not padding; `None` when one of them is a letter.
fn count_extras_in(text: &str, part: Range<usize>) -> Option<usize> {
    let part: Vec<char> = text.get(part)?.chars().collect();
    count_extras(&part, Letters::Refused)
}

/// What a letter is that belongs to no padding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// It counts as one more character.
    Counted,
    /// A sign that the text is more than padding.
    Refused,
}

/// Counts the characters of `text` that are not padding; `None` when one of them is a letter that is refused.
fn count_extras(text: &[char], letters: Letters) -> Option<usize> {
    let (mut rest, mut extras) = (text, 0);
    while let Some(first) = rest.first() {
        let padding = measure_padding(rest);
        if padding == 0 && letters == Letters::Refused && first.is_alphabetic() {
            return None;
        }
        extras += usize::from(padding == 0);
        rest = rest.get(padding.max(1)..).unwrap_or_default();
    }
    Some(extras)
}

/// Measures the padding at the beginning of `text`; 0 if there is none. Padding is a part of a run, one repeated
/// character, a repeated group of digits or signs, or a year.
fn measure_padding(text: &[char]) -> usize {
    let fits = |length: &usize| {
        let part: String = text.iter().take(*length).collect();
        let first = part.chars().next();
        is_run(&part) || part.chars().all(|c| Some(c) == first)
    };
    let lengths = (SHORTEST_PADDING..=text.len()).take_while(fits);
    let run = lengths.last().unwrap_or_default();
    let groups = (2..=SHORT_STRETCH).map(|group| measure_groups(text, group));
    let year = if is_year(text) { 4 } else { 0 };
    groups.fold(run.max(year), usize::max)
}

/// Measures how far `text` repeats its first `group` characters, if no letter is among them; 0 if it does not.
fn measure_groups(text: &[char], group: usize) -> usize {
    let repeats = |at: &usize| {
        let here = text.get(*at);
        here.is_some_and(|c| !c.is_alphabetic()) && (*at < group || here == text.get(at - group))
    };
    let length = (0..text.len()).take_while(repeats).count();
    if length < group * 2 { 0 } else { length }
}

/// Whether `text` begins with a year of the last or of this century.
fn is_year(text: &[char]) -> bool {
    matches!(
        text,
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit()
    )
}

fn is_listed(word: &str) -> bool {
    // A linear search of 100 kB takes microseconds, less than building an index would.
    COMMON.lines().any(|common| common == word)
}

/// Measures the shortest stretch that `characters` repeats; the whole length if it repeats none.
///
/// The last repetition may be cut off.
fn measure_stretch(characters: &[char]) -> usize {
    let repeats = |length: &usize| {
        let later = characters.iter().skip(*length);
        zip(characters, later).all(|(a, b)| a == b)
    };
    let whole = characters.len();
    (1..=whole / 2).find(repeats).unwrap_or(whole)
}

fn is_run(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    RUNS.iter()
        .any(|run| run.contains(text) || run.contains(&backwards))
}

#[cfg(test)]
mod tests;
