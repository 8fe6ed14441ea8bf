//! The rules about passwords that a person may choose (NIST SP 800-63B-4 section 3.1.1.2).
//!
//! A password must be long, and it must not be among those that guessers try first. It may consist of any kinds of
//! characters.

use std::iter::zip;

use phoneproof_domain::phone::Phone;
use thiserror::Error;

use super::Password;

/// Common passwords in lower case, sorted, one per line. `functions/account/data/README.md` names source and licence.
const COMMON: &str = include_str!("../../data/common-passwords.txt");

/// Common passwords of 4 to 7 letters, sorted, one per line. People lengthen them, as in `admin1234567890`.
const SHORT_WORDS: &str = include_str!("../../data/common-words.txt");

/// The shortest part of a run, or of one repeated character, that lengthens a word without making it harder to guess.
const SHORTEST_PADDING: usize = 3;

/// The most characters, none of them a letter, that a lengthened word may have besides padding, as in `password123!`.
const MOST_EXTRAS: usize = 2;

/// Runs that people type as passwords. Any part of a run is refused, forwards and backwards.
const RUNS: [&str; 5] = [
    "012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
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
    pub fn accepted(self) -> String {
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

fn is_common(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    let stretch = measure_stretch(&characters);
    let repeated: String = characters.iter().take(stretch).collect();
    let is_repetition = stretch < characters.len();
    is_listed(password)
        || (is_repetition && (stretch <= SHORT_STRETCH || is_listed(&repeated)))
        || is_run(&repeated)
        || is_lengthened_word(password)
}

/// Whether `password` is one common word, with nothing around it but padding: `password1234567`, `1111admin!`.
fn is_lengthened_word(password: &str) -> bool {
    let plain: String = password.chars().map(undo_substitution).collect();
    let words = || COMMON.lines().chain(SHORT_WORDS.lines());
    // Substitutions keep the number of characters, but the two texts may differ in bytes.
    let same_places = plain.len() == password.len();
    let texts = [Some(password), same_places.then_some(plain.as_str())];
    texts.into_iter().flatten().any(|text| {
        words().any(|word| {
            text.match_indices(word).any(|(at, _)| {
                let before = password.get(..at).unwrap_or_default();
                let after = password.get(at + word.len()..).unwrap_or_default();
                let extras = count_extras(before).zip(count_extras(after));
                extras.is_some_and(|(before, after)| before + after <= MOST_EXTRAS)
            })
        })
    })
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

/// Counts the characters of `text` that are no padding; `None` when one of them is a letter.
fn count_extras(text: &str) -> Option<usize> {
    let characters: Vec<char> = text.chars().collect();
    let mut rest = characters.as_slice();
    let mut extras = 0;
    while let Some(first) = rest.first() {
        let padding = measure_padding(rest);
        if padding == 0 && first.is_alphabetic() {
            return None;
        }
        extras += usize::from(padding == 0);
        rest = rest.get(padding.max(1)..).unwrap_or_default();
    }
    Some(extras)
}

/// Measures the padding at the beginning of `text`: a part of a run or one repeated character; 0 if there is none.
fn measure_padding(text: &[char]) -> usize {
    let fits = |length: &usize| {
        let part: String = text.iter().take(*length).collect();
        let first = part.chars().next();
        is_run(&part) || part.chars().all(|c| Some(c) == first)
    };
    let lengths = (SHORTEST_PADDING..=text.len()).take_while(fits);
    lengths.last().unwrap_or_default()
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(strength: Strength, text: &str) -> Result<(), PasswordRefusal> {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        let password = Password::parse(text).expect("a password");
        strength.admits(&password, &phone)
    }

    #[test]
    fn asks_for_fewer_characters_with_a_second_step() {
        use Strength::{Alone, WithSecondStep};
        assert_eq!(
            judge(Alone, "green mountain"),
            Err(PasswordRefusal::TooShort(15))
        );
        assert_eq!(judge(Alone, "green mountains"), Ok(()));
        assert_eq!(
            judge(WithSecondStep, "green m"),
            Err(PasswordRefusal::TooShort(8))
        );
        assert_eq!(judge(WithSecondStep, "green mo"), Ok(()));
    }

    #[test]
    fn counts_length_in_characters_not_bytes() {
        assert_eq!(
            judge(Strength::WithSecondStep, "山の上の雲"),
            Err(PasswordRefusal::TooShort(8))
        );
        assert_eq!(judge(Strength::WithSecondStep, "山の上の雲が白い"), Ok(()));
    }

    #[test]
    fn refuses_common_passwords_runs_and_repetitions() {
        for text in [
            "password",
            "Trustno1",
            "QWERTYUIOP",
            "11111111",
            "passwordpassword",
            "Password1Password1",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "1234123412341234",
            "123456789012345",
            "098765432109876",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "1qaz2wsx3edc4rfv",
            "password1234567",
            "Password123456789",
            "admin1234567890",
            "P@ssw0rd1234567",
            "123456789password",
            "111111welcome111111",
            "Letmein!!!!!!!!!",
            "dragon1234567890!!",
            "iloveyou987654321",
        ] {
            assert_eq!(
                judge(Strength::WithSecondStep, text),
                Err(PasswordRefusal::Common),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_the_accounts_own_number_in_every_spelling() {
        for text in [
            "+14152007986 is me",
            "call (415) 200-7986",
            "my 2 0 0 7 9 8 6 phone",
        ] {
            assert_eq!(
                judge(Strength::Alone, text),
                Err(PasswordRefusal::PhoneNumber)
            );
        }
        assert_eq!(judge(Strength::Alone, "call (415) 200-7985"), Ok(()));
    }

    #[test]
    fn accepts_any_kinds_of_characters() {
        for text in [
            "purple horses eat",
            "password of my cat",
            "dragon and monkey",
            "love4mountains 81",
            "42 91 05 33 77 18",
            "ausgesprochen lang",
        ] {
            assert_eq!(judge(Strength::Alone, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_list_has_the_count_order_and_lengths_of_its_readme() {
        assert_eq!(COMMON.lines().count(), 11_611);
        assert!(COMMON.lines().is_sorted());
        assert!(COMMON.lines().all(|word| word.len() >= 8));
        assert_eq!(SHORT_WORDS.lines().count(), 1_000);
        assert!(SHORT_WORDS.lines().is_sorted());
        assert!(
            SHORT_WORDS
                .lines()
                .all(|word| (4..=7).contains(&word.len()))
        );
    }

    proptest! {
        #[test]
        fn a_refusal_does_not_depend_on_case(text in "[a-zA-Z0-9 ]{8,40}") {
            let strength = Strength::WithSecondStep;
            prop_assert_eq!(judge(strength, &text), judge(strength, &text.to_uppercase()));
        }

        #[test]
        fn refuses_a_repetition_that_is_cut_off_anywhere(
            stretch in "[a-z]{1,4}", length in 15_usize..60,
        ) {
            let text: String = stretch.chars().cycle().take(length).collect();
            prop_assert_eq!(judge(Strength::Alone, &text), Err(PasswordRefusal::Common));
        }
    }
}
