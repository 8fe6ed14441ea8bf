//! How languages count minutes, from one to ten (CLDR 47, plural rules of cardinal numbers).

/// Languages with one form for every number.
const UNCOUNTED: &str = "bm bo dz hnj id ig ii ja jbo jv kde kea km ko lkt lo ms my nqo osa sah ses sg su th to \
    tpi vi wo yo yue zh";

/// Languages whose words for `minute` follow from the number alone: after one, and after every other number.
const WORDS: [(&str, &str, &str); 13] = [
    ("ca", "minut", "minuts"),
    ("da", "minut", "minutter"),
    ("de", "Minute", "Minuten"),
    ("en", "minute", "minutes"),
    ("es", "minuto", "minutos"),
    ("fr", "minute", "minutes"),
    ("gl", "minuto", "minutos"),
    ("it", "minuto", "minuti"),
    ("nb", "minutt", "minutter"),
    ("nl", "minuut", "minuten"),
    ("nn", "minutt", "minutt"),
    ("pt", "minuto", "minutos"),
    ("sv", "minut", "minuter"),
];

/// Returns the place of the form that `language` uses for `number`, which is one to ten.
///
/// The forms are in CLDR's order: zero, one, two, few, many, other. Forms that no such number uses are left out.
pub(crate) fn choose_form(language: &str, number: u64) -> usize {
    let forms: [usize; 10] = match language {
        _ if UNCOUNTED.split(' ').any(|uncounted| uncounted == language) => [0; 10],
        // one, few, many or other
        "be" | "bs" | "cs" | "hr" | "pl" | "ru" | "sk" | "sr" | "uk" => {
            [0, 1, 1, 1, 2, 2, 2, 2, 2, 2]
        }
        // one, two, few, other
        "dsb" | "hsb" | "sl" => [0, 1, 2, 2, 3, 3, 3, 3, 3, 3],
        // one, two, few or other
        "ar" | "gd" | "he" | "iu" | "mt" | "naq" | "sat" | "se" | "sma" | "smi" | "smj" | "smn"
        | "sms" => [0, 1, 2, 2, 2, 2, 2, 2, 2, 2],
        // one, two, few, many
        "ga" => [0, 1, 2, 2, 2, 2, 3, 3, 3, 3],
        // one, two, few, many, other
        "cy" => [0, 1, 2, 4, 4, 3, 4, 4, 4, 4],
        // one, two, few, other
        "br" => [0, 1, 2, 2, 3, 3, 3, 3, 2, 3],
        // one, few, other
        "lt" => [0, 1, 1, 1, 1, 1, 1, 1, 1, 2],
        // zero, one, other
        "lv" => [1, 2, 2, 2, 2, 2, 2, 2, 2, 0],
        // one, other
        "ceb" | "fil" => [0, 0, 0, 1, 0, 1, 0, 0, 1, 0],
        _ => [0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    };
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let form = forms.get(place.saturating_sub(1)).or(forms.last());
    form.copied().unwrap_or_default()
}

/// Returns how many forms a template in `language` has to give.
pub(crate) fn count_forms(language: &str) -> usize {
    let last = (1..=10).map(|number| choose_form(language, number)).max();
    last.unwrap_or_default() + 1
}

/// Splits the word for minutes from the beginning of `text`, and returns its forms and what follows it.
///
/// So `{minutes} minutes` reads well after one, too. `None` when the text begins with another word.
pub(crate) fn split_minutes<'t>(language: &str, text: &'t str) -> Option<([String; 2], &'t str)> {
    let (_, one, other) = WORDS.iter().find(|(known, ..)| *known == language)?;
    let space = text.len() - text.trim_start_matches([' ', '\u{a0}']).len();
    let (space, word) = text.split_at_checked(space)?;
    let rest = word.strip_prefix(other)?;
    let ends = !rest.chars().next().is_some_and(char::is_alphanumeric);
    ends.then(|| ([one, other].map(|form| format!("{space}{form}")), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_counts_in_its_own_forms() {
        let forms = |language| {
            (1..=10)
                .map(|n| choose_form(language, n))
                .collect::<Vec<_>>()
        };
        assert_eq!(forms("en"), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(forms("zh"), [0; 10]);
        assert_eq!(forms("ru")[..5], [0, 1, 1, 1, 2]);
        assert_eq!(forms("ga"), [0, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        assert_eq!(forms("br"), [0, 1, 2, 2, 3, 3, 3, 3, 2, 3]);
        assert_eq!(forms("lt"), [0, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
        assert_eq!(forms("lv"), [1, 2, 2, 2, 2, 2, 2, 2, 2, 0]);
        assert_eq!(forms("fil"), [0, 0, 0, 1, 0, 1, 0, 0, 1, 0]);
        for (language, count) in [
            ("en", 2),
            ("ja", 1),
            ("pl", 3),
            ("ar", 3),
            ("sl", 4),
            ("cy", 5),
        ] {
            assert_eq!(count_forms(language), count, "{language}");
        }
    }

    #[test]
    fn the_word_for_minutes_is_found_as_a_whole_word() {
        let forms = [" minute", " minutes"].map(str::to_owned);
        assert_eq!(split_minutes("en", " minutes."), Some((forms, ".")));
        assert_eq!(split_minutes("en", " minutest"), None);
        assert_eq!(split_minutes("en", " min"), None);
        assert_eq!(split_minutes("zh", " 分钟"), None);
    }
}
