//! The plain spelling of a password: what remains when nothing in it is dressed up.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::super::MAX_CHARACTERS;

/// The most characters of a plain spelling. A sign of Unicode can stand for eighteen letters.
const MOST: usize = 2 * MAX_CHARACTERS;

/// Returns `text` in lower case and in plain characters: full-width, circled and mathematical letters as themselves,
/// Latin letters without accents, and nothing that nobody sees.
pub(super) fn spell_plainly(text: &str) -> Vec<char> {
    let letters = text.nfkd().flat_map(char::to_lowercase);
    let mut after_latin = false;
    let kept = letters.filter(|c| {
        let is_mark = is_combining_mark(*c);
        if !is_mark {
            after_latin = c.is_ascii_alphabetic();
        }
        !(is_invisible(*c) || is_mark && after_latin)
    });
    kept.nfc().take(MOST).collect()
}

/// Whether nobody sees `character`.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether people write `character` between words, or between groups of digits.
pub(super) fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '_' | '.' | ',' | '/' | ':' | ';' | '+' | '\u{b7}' | '\u{2010}'
                ..='\u{2015}' | '\u{2022}' | '\u{2212}' | '\u{3001}' | '\u{3002}' | '\u{30fb}'
        )
}

/// Returns one character for all those that people write for each other: digits and signs for letters that look like
/// them, and letters of other alphabets.
///
/// `l` is among those of `i`, because `1` stands for both.
pub(super) const fn look(character: char) -> char {
    match character {
        '@' | '4' | 'а' | 'α' => 'a',
        '8' | 'в' | 'β' => 'b',
        '(' | '<' | 'с' => 'c',
        'ԁ' => 'd',
        '3' | '€' | 'е' | 'ε' => 'e',
        '9' | '6' | 'ɡ' => 'g',
        'һ' => 'h',
        '1' | '!' | '|' | 'l' | 'ł' | 'ı' | '¡' | 'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'η' => 'n',
        '0' | 'ø' | 'о' | 'ο' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        '5' | '$' | '§' | 'ѕ' => 's',
        '7' | '+' | 'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' | '×' => 'x',
        'у' | 'γ' => 'y',
        '2' => 'z',
        other => other,
    }
}
