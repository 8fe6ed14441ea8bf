//! The reason of a block, in an operator's words.

/// The most characters of a reason. `blocks` shows it in a column.
const MAX_CHARACTERS: usize = 200;

/// Reads a reason. Terminals show it later, so it may hold nothing that moves the cursor or the order of the text.
pub(crate) fn parse_reason(text: &str) -> Result<String, String> {
    let reason = text.trim();
    let is_fit = reason.chars().all(|c| !c.is_control() && !reorders(c))
        && reason.chars().any(is_visible)
        && reason.chars().count() <= MAX_CHARACTERS;
    is_fit.then(|| reason.to_owned()).ok_or_else(|| {
        format!("words on one line are needed, {MAX_CHARACTERS} characters at most, as in 'pumping, ticket 12'")
    })
}

/// Whether the character breaks the line or changes the direction of the text (Unicode, property `Bidi_Control`).
const fn reorders(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a reader sees the character.
fn is_visible(c: char) -> bool {
    let is_hidden = matches!(
        c,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    );
    !c.is_whitespace() && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_words_on_one_line() {
        for (text, reason) in [
            ("pumping, ticket 12", "pumping, ticket 12"),
            ("  r ", "r"),
            ("攻击 №7 👩\u{200d}💻", "攻击 №7 👩\u{200d}💻"),
        ] {
            assert_eq!(parse_reason(text).as_deref(), Ok(reason));
        }
        assert!(parse_reason(&"ä".repeat(200)).is_ok());
        for text in [
            "",
            " ",
            "\u{a0}\u{3000}",
            "\u{200b}",
            "\u{feff}",
            "\u{2800}",
            "two\nlines",
            "tab\there",
            "\u{1b}[31mred",
            "nul\0",
            "\u{9b}2J",
            "\u{202e}gnipmup",
            "a\u{2028}b",
            "a\u{2066}b",
            &"ä".repeat(201),
        ] {
            assert!(parse_reason(text).is_err(), "{text:?}");
        }
    }
}
