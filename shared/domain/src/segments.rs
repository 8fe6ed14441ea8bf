//! Counts the segments that a text needs (3GPP TS 23.038 section 6.2).

/// The encoding that a text is sent in.
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
    /// The encoding that the text needs.
    pub encoding: Encoding,
    /// The length of the text, in septets for GSM-7 and in code units for UCS-2.
    pub units: usize,
    /// The number of messages that the text is billed as; at least one.
    pub count: u32,
}

/// The default alphabet (3GPP TS 23.038 section 6.2.1), without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (section 6.2.1.1). Each character costs two septets: an escape and the character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts the septets of `character` in GSM-7; `None` when the alphabet lacks it.
fn count_septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// Measures `text`: its encoding, its length and the segments that it needs.
///
/// One message carries 160 septets or 70 code units. Each part of a longer text spends 7 septets or 3 code units on its
/// header. No escape sequence or surrogate pair is split over two parts.
#[must_use]
pub fn measure(text: &str) -> Segments {
    let gsm: Option<Vec<usize>> = text.chars().map(count_septets).collect();
    if let Some(widths) = gsm {
        measure_widths(Encoding::Gsm7, &widths, 160, 153)
    } else {
        let widths: Vec<usize> = text.chars().map(char::len_utf16).collect();
        measure_widths(Encoding::Ucs2, &widths, 70, 67)
    }
}

/// Measures a text of characters with these `widths`, where a message alone carries `single` units and a part `part`.
fn measure_widths(encoding: Encoding, widths: &[usize], single: usize, part: usize) -> Segments {
    let units = widths.iter().sum();
    let count = if units <= single {
        1
    } else {
        count_parts(widths, part)
    };
    Segments {
        encoding,
        units,
        count,
    }
}

fn count_parts(widths: &[usize], capacity: usize) -> u32 {
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
    use proptest::prelude::*;

    use super::*;

    fn count(text: &str) -> (Encoding, usize, u32) {
        let s = measure(text);
        (s.encoding, s.units, s.count)
    }

    #[test]
    fn a_text_needs_another_segment_only_beyond_the_capacity_of_the_last() {
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
    fn escape_sequences_and_surrogate_pairs_are_not_split() {
        // 153 septets hold 76 escaped characters, and one septet stays empty.
        assert_eq!(count(&"€".repeat(153)), (Encoding::Gsm7, 306, 3));
        // 67 code units hold 33 surrogate pairs.
        assert_eq!(count(&"😀".repeat(67)), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn the_alphabet_has_127_characters_and_its_extension_10() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn one_character_outside_the_alphabet_changes_the_encoding() {
        assert_eq!(count("naïve").0, Encoding::Ucs2);
        assert_eq!(count("ç").0, Encoding::Ucs2);
    }

    proptest! {
        #[test]
        fn a_longer_text_never_needs_fewer_segments(text in "\\PC{0,400}", more in "\\PC{0,20}") {
            let longer = format!("{text}{more}");
            prop_assert!(measure(&longer).count >= measure(&text).count);
        }
    }
}
