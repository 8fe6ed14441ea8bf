//! Which passwords are refused, and which are not.

mod effort;

use proptest::prelude::*;

use super::words::{BASE_WORDS, COMMON, NAMES, SHORT_WORDS};
use super::*;

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
        "741852963741852",
        "password12passwor",
        "!@#$%^&*()!@#$%",
        "!@#$%^&*()12345",
        "1234567890!@#$%",
        "1!2@3#4$5%6^7&8*",
        "!1@2#3$4%5^6&7*8",
        "a1b2c3d4e5f6g7h8",
        "family1234567890",
        "Sweetheart12345",
        "volleyball12345",
        "welkom123456789",
        "matkhau12345678",
        "kodeord12345678",
        "abdullah1234567",
        "messi1234567890",
        "москва123456789",
        "Александр123456",
        "привет123456789",
        "любовь123456789",
        "iloveyouforever",
        "galatasaray12345",
        "sifre1234567890",
        "rahasia12345678",
        "krishna12345678",
        "habibi123456789",
        "kochanie1234567",
    ] {
        assert_eq!(
            judge(Strength::WithSecondStep, text),
            Err(PasswordRefusal::Common),
            "{text}"
        );
    }
}

/// Loved numbers of China and words of love, names of people, countries, clubs and services, and doubled digits.
#[test]
fn refuses_what_people_of_many_countries_choose() {
    for text in [
        "112233445566778",
        "aabbccddeeffgghh",
        "password112233445566",
        "998877665544332",
        "5201314520131452",
        "woaini1314520520",
        "woaini520woaini",
        "woaini5201314!!",
        "mima12345678901",
        "wobuaini1314520",
        "baobei520baobei",
        "我爱你5201314",
        "teamomucho12345",
        "teamoteamoteamo",
        "miamor123miamor",
        "euteamo123456789",
        "meuamormeuamor1",
        "ichliebedich123",
        "schatzschatzschatz",
        "jetaimejetaime12",
        "michaelmichael12",
        "jessica123456789",
        "MariaMaria2024!",
        "muhammad1234567",
        "supersecret12345",
        "nopasswordneeded",
        "topsecret123456",
        "manchesterunited",
        "Manchester United 1",
        "realmadrid12345",
        "barcelona123456",
        "galatasaray1905",
        "flamengo1234567",
        "facebook1234567",
        "twitter12345678",
        "linkedin1234567",
        "fortnite1234567",
        "bitcoin12345678",
        "instagram2024!!",
        "minecraftminecraft",
        "myfacebookpassword",
        "china1234567890",
        "brasil123456789",
        "deutschland1234",
        "ilovechina12345",
        "f@ceb00k1234567",
    ] {
        assert_eq!(
            judge(Strength::WithSecondStep, text),
            Err(PasswordRefusal::Common),
            "{text}"
        );
    }
}

/// What people type who are asked for a password and say so. Small words alone make no such phrase.
#[test]
fn refuses_phrases_that_say_what_they_are() {
    for text in [
        "thisisapassword",
        "passwordforadmin",
        "Password for login 1",
        "Example login code1",
    ] {
        assert_eq!(
            judge(Strength::Alone, text),
            Err(PasswordRefusal::Common),
            "{text}"
        );
    }
    for text in ["a guest is for summer", "codes are for the spies"] {
        assert_eq!(judge(Strength::Alone, text), Ok(()), "{text}");
    }
}

/// Each holds a word, a name or a number of the lists.
#[test]
fn accepts_phrases_that_have_more_than_such_a_word() {
    for text in [
        "china teapot on shelf",
        "michael fixed my bike",
        "love and two umbrellas",
        "trains to manchester leave late",
        "bitcoin is not a cabbage",
        "520 grey elephants",
        "super soup for sunday lunch",
        "jessica michael olivia",
        "brasil tem praias lindas",
        "mi amor vive en la montaña",
        "ich liebe kalte suppe",
        "11 cats 22 dogs 34 owls",
        "apples from japan taste sweet",
        "我爱在雨天的山里慢慢地走路看书",
    ] {
        assert_eq!(judge(Strength::Alone, text), Ok(()), "{text}");
    }
}

#[test]
fn refuses_common_passwords_that_are_dressed_up() {
    for text in [
        "Passw0rd!Passw0rd!",
        "Passw0rd!\u{2026}\u{2026}",
        "Passw0rd!2024",
        "P@55w0rd",
        "p@$$w0rd!!",
        "p4ssw0rd1234567",
        "pa55w0rd 1234567",
        "|oveyou1234567",
        "1l0vey0u2024!!",
        "we1come123456789",
        "we|c0me!!!!!!!!",
        "l3tm31n1234567",
        "@dm1n1234567890",
        "adm!n!strator123",
        "7rustno1trustno1",
        "8aseball1234567",
        "f00tba11f00tba11",
        "5ummer2025summer2025",
        "this1smyp@ssw0rd",
        "th1s1smyp4ssw0rd123",
        "c0mpanyname12345",
        "ｐａｓｓｗｏｒｄ１２３４５６７",
        "ＰＡＳＳＷＯＲＤ１２３",
        "ｐassｗord1234567",
        "１２３４５６７８９０１２３４５",
        "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝𝟏𝟐𝟑",
        "ⓟⓐⓢⓢⓦⓞⓡⓓ123",
        "pass\u{200b}word1234567",
        "p\u{ad}assword1234567",
        "\u{feff}password1234567",
        "pass\u{2060}word\u{2060}1234567",
        "pass\u{a0}word\u{3000}1234567",
        "  password1234567  ",
        "p a s s w o r d 1 2 3",
        "p*a*s*s*w*o*r*d*123",
        "p·a·s·s·w·o·r·d·123",
        "pass~word~1234567",
        "pássword1234567",
        "pàsswörd1234567",
        "p\u{301}assword1234567",
        "Pássw0rd!1234567",
        "раssword1234567",
        "pаsswоrd1234567",
        "pαsswοrd1234567",
        "contrasena12345",
        "a\u{200b}a\u{200b}a\u{200b}a\u{200b}a\u{200b}a\u{200b}a\u{200b}a",
        "passwordpasswordpassw",
        "1!1!1!1!1!1!1!1!",
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
        "call ２００７９８６ now",
        "my ٢٠٠٧٩٨٦ is this",
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
        "p@lm tree & 0ri0le",
        "1 love 7 mountains",
        "ｇｒｅｅｎ ｍｏｕｎｔａｉｎｓ",
        "pássaros no céu azul",
        "les élèves sont là",
        "4 horses, 3 sheep",
        "Xk9!mQ2#vL7$wZ4",
        "8f3b1c9e7a5d2064",
        "correct battery horse",
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
    assert!(NAMES.lines().is_sorted());
    assert!(NAMES.lines().all(|name| name.chars().count() >= 4));
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
