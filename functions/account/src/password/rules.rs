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
