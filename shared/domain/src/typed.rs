//! Digits as people type and paste them. Phone numbers, codes and recovery codes are read by this one table.
//!
//! `shared/web/src/text.ts` has the same table, so that the component submits what the service reads.
//! `specimen/typed.json` lists it for the tests of both.

/// What one character of a typed number or code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// A decimal digit of any script, as its value.
    Digit(u8),
    /// A plus sign of any width.
    Plus,
    /// A space, a dash, a bracket or an invisible character. It is ignored.
    Separator,
    /// Anything else. A number or a code that holds it is not read.
    Foreign,
}

/// The zeros of Unicode 17's decimal digits (general category `Nd`). The nine digits after each zero follow it.
const ZEROS: [u32; 77] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50,
    0x11da0, 0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
    0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Says what `character` means in a typed number or code.
#[must_use]
pub fn classify(character: char) -> Typed {
    match character {
        '+' | '\u{ff0b}' | '\u{fe62}' => Typed::Plus,
        _ if is_separator(character) => Typed::Separator,
        _ => digit_value(character).map_or(Typed::Foreign, Typed::Digit),
    }
}

/// Drops what nobody sees: white space and invisible characters. Copied texts without spaces have them, such as
/// addresses.
#[must_use]
pub fn drop_unseen(text: &str) -> String {
    let is_seen = |c: &char| !c.is_whitespace() && !is_invisible(*c);
    text.chars().filter(is_seen).collect()
}

/// Takes off what stands around a number or a code and means nothing there: separators, and the signs of `is_around`.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c| classify(c) == Typed::Separator || is_around(c))
}

/// Whether people and programs write `c` around a number or a code: marks of the sentence, quotes, brackets of lists
/// and of program text, and the pictures that stand before numbers. Google's library leaves out the same around a
/// number.
pub(crate) const fn is_around(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '<' | '>' | '{' | '}' | '|' | ':' | ';' | ',' | '!' | '?' | '=' | '\u{a1}' | '\u{ab}' | '\u{b4}'
            | '\u{bb}' | '\u{bf}' | '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{2039}' | '\u{203a}' | '\u{2190}'..='\u{21ff}'
            | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{3001}' | '\u{3002}'
            | '\u{3008}'..='\u{3011}' | '\u{ff01}' | '\u{ff0c}' | '\u{ff1a}'..='\u{ff1b}' | '\u{ff1f}'
            | '\u{1f000}'..='\u{1faff}'
    )
}

fn digit_value(character: char) -> Option<u8> {
    let place = u32::from(character);
    let after = ZEROS.partition_point(|zero| *zero <= place);
    let zero = ZEROS.get(after.checked_sub(1)?)?;
    u8::try_from(place - zero).ok().filter(|value| *value < 10)
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || is_punctuation(character) || is_invisible(character)
}

/// Whether people write `character` between digits: dashes, dots, slashes and brackets.
const fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '-' | '.' | '/' | '(' | ')' | '[' | ']' | '\u{b7}' | '\u{2022}' | '\u{2010}'..='\u{2015}'
            | '\u{2043}' | '\u{2053}' | '\u{2212}' | '\u{2219}' | '\u{223c}' | '\u{22c5}' | '\u{30fb}'
            | '\u{30fc}' | '\u{fe58}' | '\u{fe63}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}'
            | '\u{ff3b}' | '\u{ff3d}' | '\u{ff65}'
    )
}

/// Whether `character` is invisible: Unicode's `Default_Ignorable_Code_Point` and its format characters (`Cf`).
///
/// Address books, messengers and right-to-left text put them around numbers, so a copied number has them.
pub(crate) const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
pub(crate) mod specimen;

#[cfg(test)]
mod tests {
    use super::specimen::SPECIMEN;
    use super::*;

    /// A page that reads text by another table would refuse what the service accepts, or submit another code.
    #[test]
    fn every_character_means_what_the_shared_file_says() {
        let (plus, separators) = (SPECIMEN.plus(), SPECIMEN.separators());
        let zeros = SPECIMEN.zeros();
        assert!(zeros.iter().map(|zero| u32::from(*zero)).eq(ZEROS));
        for character in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let expected = if plus.contains(&character) {
                Typed::Plus
            } else if separators.contains(&character) {
                Typed::Separator
            } else {
                digit_value(character).map_or(Typed::Foreign, Typed::Digit)
            };
            assert_eq!(classify(character), expected, "{character:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_dropped_and_nothing_else() {
        let copied = " \u{feff}ann\u{200b}@\u{ad}example\u{2060}.com\n";
        assert_eq!(drop_unseen(copied), "ann@example.com");
        assert_eq!(drop_unseen("a+b-c (d)"), "a+b-c(d)");
    }

    #[test]
    fn reads_every_decimal_digit_and_no_other_number() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for value in 0..10 {
                let digit = char::from_u32(zero + u32::from(value)).expect("a character");
                assert_eq!(classify(digit), Typed::Digit(value), "{digit:?}");
            }
        }
        for number in ['²', '½', 'Ⅷ', '①', '一', '\u{9f0}'] {
            assert_eq!(classify(number), Typed::Foreign, "{number}");
        }
    }

    #[test]
    fn skips_what_nobody_sees_and_every_kind_of_space() {
        let spaces = (0..=0x3000)
            .filter_map(char::from_u32)
            .filter(|c| c.is_whitespace());
        let invisible =
            "\u{ad}\u{200b}\u{200e}\u{200f}\u{202a}\u{202c}\u{202e}\u{2066}\u{2069}\u{feff}";
        for character in spaces.chain(invisible.chars()) {
            assert_eq!(classify(character), Typed::Separator, "{character:?}");
        }
        for foreign in [
            '\0', '\u{7f}', 'x', '*', '#', ',', ';', '~', '_', '&', '\u{301}',
        ] {
            assert_eq!(classify(foreign), Typed::Foreign, "{foreign:?}");
        }
    }
}
