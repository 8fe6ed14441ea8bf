//! How many segments a text needs (3GPP TS 23.038 section 6.2).

/// The encoding a text travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The seven-bit default alphabet with its extension table.
    Gsm7,
    /// Two bytes per UTF-16 code unit.
    Ucs2,
}

/// The size of a text on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// Its encoding.
    pub encoding: Encoding,
    /// Its length: septets in GSM-7, code units in UCS-2.
    pub units: usize,
    /// How many messages it is billed as.
    pub count: u32,
}

/// The default alphabet (3GPP TS 23.038 section 6.2.1), without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (section 6.2.1.1): an escape and a character, two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of `character` in GSM-7, if it has any.
fn septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// The size of `text`.
///
/// A message carries 160 septets or 70 code units; in a longer text each part spends 7 septets or 3
/// code units on its header, and no escape sequence or surrogate pair is split over two parts.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let gsm: Option<Vec<usize>> = text.chars().map(septets).collect();
    if let Some(widths) = gsm {
        sized(Encoding::Gsm7, &widths, 160, 153)
    } else {
        let widths: Vec<usize> = text.chars().map(char::len_utf16).collect();
        sized(Encoding::Ucs2, &widths, 70, 67)
    }
}

fn sized(encoding: Encoding, widths: &[usize], single: usize, part: usize) -> Segments {
    let units = widths.iter().sum();
    let count = if units <= single {
        1
    } else {
        parts(widths, part)
    };
    Segments {
        encoding,
        units,
        count,
    }
}

fn parts(widths: &[usize], capacity: usize) -> u32 {
    let (mut count, mut used) = (1, 0);
    for width in widths {
        if used + width > capacity {
            count += 1;
            used = 0;
        }
        used += width;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(text: &str) -> (Encoding, usize, u32) {
        let s = segments(text);
        (s.encoding, s.units, s.count)
    }

    #[test]
    fn boundaries() {
        use Encoding::{Gsm7, Ucs2};
        assert_eq!(count(""), (Gsm7, 0, 1));
        assert_eq!(count(&"a".repeat(160)), (Gsm7, 160, 1));
        assert_eq!(count(&"a".repeat(161)), (Gsm7, 161, 2));
        assert_eq!(count(&"a".repeat(306)), (Gsm7, 306, 2));
        assert_eq!(count(&"a".repeat(307)), (Gsm7, 307, 3));
        assert_eq!(count(&"€".repeat(80)), (Gsm7, 160, 1));
        assert_eq!(count(&"验".repeat(70)), (Ucs2, 70, 1));
        assert_eq!(count(&"验".repeat(71)), (Ucs2, 71, 2));
        assert_eq!(count(&"😀".repeat(35)), (Ucs2, 70, 1));
    }

    #[test]
    fn pairs_are_not_split() {
        // 153 septets hold 76 escaped characters and one septet stays empty.
        assert_eq!(count(&"€".repeat(153)), (Encoding::Gsm7, 306, 3));
        // 67 code units hold 33 surrogate pairs.
        assert_eq!(count(&"😀".repeat(67)), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn the_alphabet_has_its_127_characters() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn one_foreign_character_changes_the_encoding() {
        assert_eq!(count("naïve").0, Encoding::Ucs2);
        assert_eq!(count("ç").0, Encoding::Ucs2);
    }

    proptest! {
        #[test]
        fn a_longer_text_never_needs_fewer_segments(text in "\\PC{0,400}", more in "\\PC{0,20}") {
            let longer = format!("{text}{more}");
            prop_assert!(segments(&longer).count >= segments(&text).count);
        }
    }
}
