//! Words that people pad to make passwords, and where they occur in a text.

use std::collections::HashMap;
use std::iter::zip;

use super::effort::count;
use super::padding::{Letters, MOST_EXTRAS, Padding};
use super::spelling::look;

/// Common passwords in lower case, sorted, one per line. `functions/account/data/README.md` names source and licence.
pub(super) const COMMON: &str = include_str!("../../../data/common-passwords.txt");

/// Common passwords of 4 to 7 letters, sorted, one per line. People lengthen them, as in `admin1234567890`.
pub(super) const SHORT_WORDS: &str = include_str!("../../../data/common-words.txt");

/// Words that people lengthen in other languages and for other purposes, sorted, one per line.
pub(super) const BASE_WORDS: &str = include_str!("../../../data/base-words.txt");

/// First names, in lower case, sorted, one per line. They count alone and repeated, but not as words of a phrase: three
/// names after each other are hard to guess.
pub(super) const NAMES: &str = include_str!("../../../data/names.txt");

/// How many characters of a word its places in texts are looked up by.
const BEGINNING: usize = 4;

/// The first characters of a word, as they look. A shorter word is filled up with NUL.
type Beginning = [char; BEGINNING];

/// Whether one of `texts` is one common word, perhaps several times, with nothing else but padding: `password1234567`,
/// `1111admin!`, `summer2024summer2025`.
pub(super) fn is_lengthened_word(texts: &[Vec<char>]) -> bool {
    let texts: Vec<PaddedText<'_>> = texts.iter().map(|text| PaddedText::of(text)).collect();
    let mut places: HashMap<Beginning, Vec<(usize, usize)>> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        for at in 0..text.looks.len() {
            let rest = text.looks.get(at..).unwrap_or_default();
            for length in 1..=BEGINNING.min(rest.len()) {
                let beginning = begin(rest.iter().take(length).copied());
                places.entry(beginning).or_default().push((index, at));
            }
        }
    }
    let lists = [COMMON, SHORT_WORDS, BASE_WORDS, NAMES].into_iter();
    let mut words = lists.flat_map(str::lines);
    words.any(|word| {
        count(1);
        let places = places.get(&begin(word.chars().map(look)));
        places.is_some_and(|places| {
            let mut texts = texts.iter().enumerate();
            let at = |index| {
                let own = places.iter().filter(move |place| place.0 == index);
                own.map(|place| place.1)
            };
            texts.any(|(index, text)| text.consists_of(word, at(index)))
        })
    })
}

fn begin(looks: impl Iterator<Item = char>) -> Beginning {
    let mut beginning = ['\0'; BEGINNING];
    for (place, character) in zip(&mut beginning, looks) {
        *place = character;
    }
    beginning
}

/// A part of a password with what it looks like, and with its padding.
struct PaddedText<'t> {
    looks: Vec<char>,
    padding: Padding<'t>,
}

impl<'t> PaddedText<'t> {
    fn of(text: &'t [char]) -> Self {
        Self {
            looks: text.iter().copied().map(look).collect(),
            padding: Padding::of(text),
        }
    }

    /// Whether the text has `word` at some of `places`, which are in order, and little but padding around it.
    fn consists_of(&self, word: &str, places: impl Iterator<Item = usize>) -> bool {
        let (mut end, mut extras) = (0, 0);
        for at in places {
            let length = self.match_at(at, word);
            if at < end || length == 0 {
                continue;
            }
            match self.padding.count_extras(end..at, Letters::Refused) {
                Some(more) if extras + more <= MOST_EXTRAS => extras += more,
                _ => return false,
            }
            end = at + length;
        }
        let rest = || {
            self.padding
                .count_extras(end..self.looks.len(), Letters::Refused)
        };
        end > 0 && rest().is_some_and(|rest| extras + rest <= MOST_EXTRAS)
    }

    /// Returns the length of `word` in characters, if it stands at `at`, and 0 if it does not.
    fn match_at(&self, at: usize, word: &str) -> usize {
        let rest = self.looks.get(at..).unwrap_or_default();
        let same = zip(rest, word.chars()).take_while(|(own, c)| **own == look(*c));
        let same = same.count();
        count(1 + same);
        if same == word.chars().count() {
            same
        } else {
            0
        }
    }
}

/// Sorts [`BASE_WORDS`] by what their first character looks like, so that few of them are compared at each place of a
/// text.
fn sort_by_first_look() -> HashMap<char, Vec<&'static str>> {
    let mut sorted: HashMap<char, Vec<&'static str>> = HashMap::new();
    for word in BASE_WORDS.lines() {
        count(1);
        let first = word.chars().next().map(look).unwrap_or_default();
        sorted.entry(first).or_default().push(word);
    }
    sorted
}

/// Whether `text` consists of words of [`BASE_WORDS`], one after the other, with little but padding between and around
/// them: `companyname12345`, `th1sismyp@ssword`.
pub(super) fn is_phrase(text: &[char]) -> bool {
    let own = PaddedText::of(text);
    let words = sort_by_first_look();
    // For each place, the fewest characters that are neither word nor padding before it: without a word, and with one.
    let mut fewest = vec![[usize::MAX; 2]; text.len() + 1];
    if let Some(first) = fewest.first_mut() {
        *first = [0, usize::MAX];
    }
    for (at, character) in text.iter().enumerate() {
        let extras = fewest.get(at).copied().unwrap_or([usize::MAX; 2]);
        if extras.iter().all(|extras| *extras > MOST_EXTRAS) {
            continue;
        }
        let mut lower = |length: usize, to: [usize; 2]| {
            for (place, extras) in zip(fewest.get_mut(at + length).into_iter().flatten(), to) {
                *place = (*place).min(extras);
            }
        };
        let one_more = extras.map(|extras| extras.saturating_add(1));
        if !character.is_alphabetic() {
            lower(1, one_more);
        }
        for length in own.padding.list_at(at) {
            count(1);
            lower(length, extras);
        }
        let with_word = extras.iter().copied().min().unwrap_or(usize::MAX);
        let first = own.looks.get(at).copied().unwrap_or_default();
        for word in words.get(&first).into_iter().flatten() {
            match own.match_at(at, word) {
                0 => {}
                length => lower(length, [usize::MAX, with_word]),
            }
        }
    }
    let last = fewest.last();
    last.is_some_and(|[_, with_word]| *with_word <= MOST_EXTRAS)
}
