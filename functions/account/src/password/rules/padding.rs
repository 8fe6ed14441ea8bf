//! Padding: what lengthens a word without making it harder to guess.

use std::iter::zip;
use std::ops::Range;

use super::SHORT_STRETCH;
use super::effort::count;

/// The shortest part of a run, or of one repeated character, that is padding.
const SHORTEST_PADDING: usize = 3;

/// The length of a year.
const YEAR: usize = 4;

/// The most characters, none of them a letter, that a lengthened word may have besides padding, as in `password123!`.
pub(super) const MOST_EXTRAS: usize = 2;

/// Runs that people type as passwords. Any part of a run is refused, forwards and backwards.
const RUNS: [&str; 23] = [
    "012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "001122334455667788990011223344556677889900112233445566778899",
    "000111222333444555666777888999000111222333444555666777888999",
    "aabbccddeeffgghhiijjkkllmmnnooppqqrrssttuuvvwwxxyyzz",
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
    "a1b2c3d4e5f6g7h8i9j0",
    "!@#$%^&*()!@#$%^&*()",
    "1!2@3#4$5%6^7&8*9(0)",
    "!1@2#3$4%5^6&7*8(9)0",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъфывапролджэячсмитьбю",
];

/// How a letter counts that is not part of padding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// It counts as one more character.
    Counted,
    /// A sign that the text is more than padding.
    Refused,
}

/// Where padding begins in a text, and how long it is. Each place is measured once.
pub(super) struct Padding<'t> {
    text: &'t [char],
    places: Vec<Place>,
}

/// The padding that begins at one place.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The length of a part of a run, or of one repeated character.
    run: usize,
    /// For each group of two characters or more, how far it repeats itself, if it has no letters.
    groups: [usize; SHORT_STRETCH - 1],
    is_year: bool,
}

impl Place {
    /// The lengths of padding among the first `room` characters from here: for each kind, the least and the greatest.
    fn list(&self, room: usize) -> impl Iterator<Item = (usize, usize)> {
        let groups = zip(2.., self.groups).map(|(group, length)| (2 * group, length));
        let year = (YEAR, if self.is_year { YEAR } else { 0 });
        [(SHORTEST_PADDING, self.run), year]
            .into_iter()
            .chain(groups)
            .map(move |(least, greatest)| (least, greatest.min(room)))
            .filter(|(least, greatest)| least <= greatest)
    }
}

impl<'t> Padding<'t> {
    pub(super) fn of(text: &'t [char]) -> Self {
        let mut places = vec![Place::default(); text.len()];
        let runs: Vec<Vec<char>> = RUNS.iter().map(|run| run.chars().collect()).collect();
        let (mut same, mut free, mut alike) = (0, 0, [0; SHORT_STRETCH - 1]);
        for (at, place) in places.iter_mut().enumerate().rev() {
            let rest = text.get(at..).unwrap_or_default();
            let first = rest.first();
            let repeats = |after: usize| rest.get(after).is_some_and(|c| Some(c) == first);
            same = if repeats(1) { same + 1 } else { 1 };
            free = if first.is_some_and(|c| c.is_alphabetic()) {
                0
            } else {
                free + 1
            };
            for (group, alike) in zip(2.., &mut alike) {
                *alike = if repeats(group) { *alike + 1 } else { 0 };
            }
            *place = Place {
                run: measure_run(rest, &runs).max(same),
                groups: std::array::from_fn(|at| {
                    let alike = alike.get(at).copied().unwrap_or_default();
                    free.min(alike + at + 2)
                }),
                is_year: is_year(rest),
            };
        }
        Self { text, places }
    }

    /// Lists the lengths of padding that begins at `at`.
    pub(super) fn list_at(&self, at: usize) -> impl Iterator<Item = usize> {
        let place = self.places.get(at).copied().unwrap_or_default();
        let kinds: Vec<_> = place.list(self.text.len() - at).collect();
        kinds
            .into_iter()
            .flat_map(|(least, greatest)| least..=greatest)
    }

    /// Counts the characters of a part of the text that are not padding; `None` when one of them is a letter that is
    /// refused.
    pub(super) fn count_extras(&self, part: Range<usize>, letters: Letters) -> Option<usize> {
        let (mut at, mut extras) = (part.start, 0);
        while at < part.end {
            count(1);
            let longest = self
                .places
                .get(at)?
                .list(part.end - at)
                .map(|kind| kind.1)
                .max();
            let is_letter = self.text.get(at)?.is_alphabetic();
            if longest.is_none() && letters == Letters::Refused && is_letter {
                return None;
            }
            extras += usize::from(longest.is_none());
            at += longest.unwrap_or(1);
        }
        Some(extras)
    }
}

/// Measures the longest beginning of `text` that is a part of a run, forwards or backwards.
fn measure_run(text: &[char], runs: &[Vec<char>]) -> usize {
    let lengths = runs.iter().flat_map(|run| {
        let starts = run
            .iter()
            .enumerate()
            .filter(|(_, c)| Some(*c) == text.first());
        starts.map(|(at, _)| {
            let forwards = zip(text, run.iter().skip(at)).take_while(|(a, b)| a == b);
            let backwards = zip(text, run.iter().take(at + 1).rev()).take_while(|(a, b)| a == b);
            let length = forwards.count().max(backwards.count());
            count(2 * length);
            length
        })
    });
    lengths.max().unwrap_or_default()
}

/// Whether all of `text` is a part of a run.
pub(super) fn is_run(text: &[char]) -> bool {
    let runs: Vec<Vec<char>> = RUNS.iter().map(|run| run.chars().collect()).collect();
    measure_run(text, &runs) == text.len()
}

/// Whether `text` begins with a year of the last or of this century.
fn is_year(text: &[char]) -> bool {
    matches!(
        text,
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] if a.is_ascii_digit() && b.is_ascii_digit()
    )
}

/// Measures the shortest stretch that `text` repeats; the whole length if it repeats none.
///
/// The last repetition may be cut off, also where it is the second one. Fewer characters than [`SHORTEST_PADDING`] are
/// chance.
pub(super) fn measure_stretch(text: &[char]) -> usize {
    let repeats = |length: &usize| {
        let pairs = zip(text, text.iter().skip(*length));
        let same = pairs.take_while(|(a, b)| a == b).count();
        count(1 + same);
        same + length == text.len()
    };
    let whole = text.len();
    let longest = whole.saturating_sub(SHORTEST_PADDING).max(whole / 2);
    (1..=longest).find(repeats).unwrap_or(whole)
}
