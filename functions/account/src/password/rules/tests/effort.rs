//! No password makes its check long.

use proptest::prelude::*;

use super::super::effort::measure;
use super::*;
use crate::password::MAX_CHARACTERS;

/// The most steps of one check. Looking up each common word takes 14,280 of them.
const MOST_STEPS: usize = 200_000;

fn count_steps(text: &str) -> usize {
    measure(|| {
        let _ = judge(Strength::WithSecondStep, text);
    })
}

/// Repeats `stretch` until the longest password is full.
fn fill(stretch: &str, characters: usize) -> String {
    stretch.chars().cycle().take(characters).collect()
}

#[test]
fn no_password_keeps_a_processor_busy() {
    let pairs: Vec<String> = (0..100).map(|n| format!("{n:02}")).collect();
    let pairs = pairs.concat();
    let squares: String = (1..100).map(|n: u32| (n * n).to_string()).collect();
    let leaps: String = (0..128_u32)
        .filter_map(|n| char::from_digit(n * n * 7 % 10, 10))
        .collect();
    for stretch in [
        "password",
        "passpassword",
        "testtester",
        "passwordpassphrase",
        "adminadministrator",
        "superuser",
        "secretsecuresecurity",
        "ismyisthis",
        "thisis",
        "michael",
        "facebook",
        "5201314",
        "woaini1314520",
        "manchesterunited",
        "samsungsteam",
        "sss",
        "112233",
        "a",
        "ab",
        "1",
        "12",
        "121",
        "1!",
        "p@ssw0rd",
        "!!!!!!!!1",
        "iloveyou",
        "qwertyuiop",
        "1qaz2wsx",
        "abcdefgh",
        "zyx",
        "2024",
        "19992000",
        "пароль",
        "йцукен",
        "\u{fdfa}",
        "İ",
        "e\u{301}",
        "l1i!|",
        &pairs,
        &squares,
        &leaps,
    ] {
        for ending in ["", "x", "xx", "?x?", "~~~q"] {
            let room = MAX_CHARACTERS - ending.len();
            let text = fill(stretch, room) + ending;
            if Password::parse(&text).is_err() {
                continue;
            }
            let steps = count_steps(&text);
            assert!(steps <= MOST_STEPS, "{steps}: {text}");
        }
    }
}

proptest! {
    #[test]
    fn no_phrase_keeps_a_processor_busy(
        words in proptest::collection::vec(proptest::sample::select(BASE_WORDS.lines().collect::<Vec<_>>()), 1..60),
        ending in "[a-z0-9!]{0,6}",
    ) {
        let text: String = words.concat().chars().take(120).chain(ending.chars()).collect();
        let steps = count_steps(&text);
        prop_assert!(steps <= MOST_STEPS, "{}: {}", steps, text);
    }
}
