//! Which passwords may be chosen (NIST SP 800-63B-4 section 3.1.1.2): long ones that nobody else would try
//! first. There are no rules about the kinds of characters.

use std::iter::zip;

use phoneproof_domain::phone::Phone;
use thiserror::Error;

use super::Password;

/// Common passwords, one per line in lower case, sorted; `data/README.md` names source and licence.
const COMMON: &str = include_str!("../../data/common-passwords.txt");

/// Runs that are typed without thinking; each is refused in both directions, from any start on.
const RUNS: [&str; 5] = [
    "012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/// The longest stretch whose mere repetition is refused, in characters.
const SHORT_STRETCH: usize = 4;

/// How strong a password must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// The password is the only factor.
    Alone,
    /// A code is required as a second step.
    WithSecondStep,
}

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordRefusal {
    /// It is too short.
    #[error("The password is too short")]
    TooShort(usize),
    /// It is among the first that anybody would try.
    #[error("The password is too common, or a simple pattern")]
    Common,
    /// It holds the account's own number.
    #[error("The password contains the phone number")]
    PhoneNumber,
}

impl PasswordRefusal {
    /// What would be accepted.
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
    /// The fewest characters.
    #[must_use]
    pub const fn min_characters(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondStep => 8,
        }
    }

    /// Whether `password` may be chosen for the account with this phone.
    ///
    /// # Errors
    ///
    /// [`PasswordRefusal`] says what is wrong with it.
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

/// Whether the digits of `password` hold the last seven of the number: people leave out the country code.
fn contains_number(password: &str, phone: &Phone) -> bool {
    let digits: String = password.chars().filter(char::is_ascii_digit).collect();
    let number = phone.expose();
    let tail = number.get(number.len().saturating_sub(7)..);
    tail.is_some_and(|tail| digits.contains(tail))
}

fn is_common(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    let stretch = shortest_stretch(&characters);
    let repeated: String = characters.iter().take(stretch).collect();
    let is_repetition = stretch < characters.len();
    is_listed(password)
        || (is_repetition && (stretch <= SHORT_STRETCH || is_listed(&repeated)))
        || is_run(&repeated)
}

fn is_listed(word: &str) -> bool {
    // The list is sorted, but 100 kB are searched in microseconds, less than an index would cost to build.
    COMMON.lines().any(|common| common == word)
}

/// The length of the stretch that `characters` repeats; its whole length if it repeats none. The last
/// repetition may be cut off.
fn shortest_stretch(characters: &[char]) -> usize {
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

    fn judged(strength: Strength, text: &str) -> Result<(), PasswordRefusal> {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        let password = Password::parse(text).expect("a password");
        strength.admits(&password, &phone)
    }

    #[test]
    fn the_least_length_depends_on_the_second_step() {
        use Strength::{Alone, WithSecondStep};
        assert_eq!(
            judged(Alone, "green mountain"),
            Err(PasswordRefusal::TooShort(15))
        );
        assert_eq!(judged(Alone, "green mountains"), Ok(()));
        assert_eq!(
            judged(WithSecondStep, "green m"),
            Err(PasswordRefusal::TooShort(8))
        );
        assert_eq!(judged(WithSecondStep, "green mo"), Ok(()));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(
            judged(Strength::WithSecondStep, "山の上の雲"),
            Err(PasswordRefusal::TooShort(8))
        );
        assert_eq!(judged(Strength::WithSecondStep, "山の上の雲が白い"), Ok(()));
    }

    #[test]
    fn what_anybody_would_try_is_refused() {
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
                judged(Strength::WithSecondStep, text),
                Err(PasswordRefusal::Common),
                "{text}"
            );
        }
    }

    #[test]
    fn the_own_number_is_refused_in_every_spelling() {
        for text in [
            "+14152007986 is me",
            "call (415) 200-7986",
            "my 2 0 0 7 9 8 6 phone",
        ] {
            assert_eq!(
                judged(Strength::Alone, text),
                Err(PasswordRefusal::PhoneNumber)
            );
        }
        assert_eq!(judged(Strength::Alone, "call (415) 200-7985"), Ok(()));
    }

    #[test]
    fn no_kind_of_character_is_demanded() {
        for text in [
            "purple horses eat",
            "42 91 05 33 77 18",
            "ausgesprochen lang",
        ] {
            assert_eq!(judged(Strength::Alone, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_list_is_what_its_readme_says() {
        assert_eq!(COMMON.lines().count(), 11_611);
        assert!(COMMON.lines().is_sorted());
        assert!(COMMON.lines().all(|word| word.len() >= 8));
    }

    proptest! {
        #[test]
        fn a_refusal_never_depends_on_case(text in "[a-zA-Z0-9 ]{8,40}") {
            let strength = Strength::WithSecondStep;
            prop_assert_eq!(judged(strength, &text), judged(strength, &text.to_uppercase()));
        }

        #[test]
        fn a_repetition_is_found_however_it_ends(stretch in "[a-z]{1,4}", length in 15_usize..60) {
            let text: String = stretch.chars().cycle().take(length).collect();
            prop_assert_eq!(judged(Strength::Alone, &text), Err(PasswordRefusal::Common));
        }
    }
}
