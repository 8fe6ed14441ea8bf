//! Which passwords are refused, and which are not.

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
        "root1234567890123",
        "user1234567890123",
        "guest1234567890",
        "login1234567890",
        "administrator123",
        "administrator1234567890",
        "pass word1234567",
        "p-a-s-s-w-o-r-d 123",
        "1234-5678-9012-3456",
        "Summer2025Summer2025",
        "Winter2024Winter2025!",
        "Admin2024!!!!!!",
        "welcome01012025",
        "admin121212121212",
        "adminadmin12345678",
        "Password!Password1",
        "drowssap1234567",
        "пароль123456789",
        "ПАРОЛЬ2025ПАРОЛЬ",
        "йцукенгшщзхъ123",
        "Contraseña12345",
        "密码123456789012345",
        "abc1234567890123",
        "111222333444555",
        "2020202120222023",
        "correcthorsebatterystaple",
        "Correct horse battery staple",
        "1q2w3e4r5t6y7u8i",
        "q1w2e3r4t5y6u7i8",
        "zaq12wsxcde34rfv",
        "companyname12345",
        "CompanyName2025!",
        "exampleexample12",
        "testuser12345678",
        "thisismypassword",
        "my-secret-password-1",
        "00000000000000a",
        "aaaaaaaaaaaaaab",
        "x11111111111111",
        "12345678901234a",
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
        "summer in the mountains",
        "my user is a guest",
        "dragon-monkey-shadow",
        "password 83 of 94 71",
        "in 2025 we moved home",
        "~!#%&*(=x8a?>$;",
        "溪水流过山谷里的旧石桥边一棵树",
        "солнышко над рекой",
    ] {
        assert_eq!(judge(Strength::Alone, text), Ok(()), "{text}");
    }
}

#[test]
fn the_list_has_the_count_order_and_lengths_of_its_readme() {
    assert_eq!(COMMON.lines().count(), 11_611);
    assert!(COMMON.lines().is_sorted());
    assert!(COMMON.lines().all(|word| word.len() >= 8));
    assert!(BASE_WORDS.lines().is_sorted());
    assert!(BASE_WORDS.lines().all(|word| word.to_lowercase() == word));
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
