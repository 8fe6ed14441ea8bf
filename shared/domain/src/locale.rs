//! Locales: the languages of texts.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

/// The longest locale that is accepted, in bytes. RFC 5646 section 4.4.1 recommends room for 35.
const MAX_LOCALE_BYTES: usize = 35;

/// Languages and scripts that have another name today (IANA language subtag registry), and names that systems use.
const RENAMED: [(&str, &str); 11] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("mo", "ro"),
    ("tl", "fil"),
    ("sh", "sr-latn"),
    ("cmn", "zh"),
    // The names of .NET before 4.
    ("zh-chs", "zh-hans"),
    ("zh-cht", "zh-hant"),
    ("no", "nb"),
];

/// Scripts of Chinese, with the regions that write each (CLDR likely subtags).
const CHINESE: [(&str, &[&str]); 2] =
    [("hant", &["tw", "hk", "mo"]), ("hans", &["cn", "sg", "my"])];

/// A BCP 47 language tag in lower case, as in `en` or `zh-hans-cn`. A language has its present name: `iw` is `he`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, derive_more::Debug)]
#[debug("{_0}")]
pub struct Locale(String);

/// Reports a text that is not a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a locale is a BCP 47 language tag such as `en` or `zh-CN`")]
pub struct InvalidLocale;

impl Locale {
    /// Accepts `text` as a language tag. `_` counts as `-`, and case does not matter.
    ///
    /// # Errors
    ///
    /// [`InvalidLocale`] when the text is longer than 35 bytes or does not begin with a letter. It must consist of
    /// groups of one to eight ASCII letters and digits between hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidLocale> {
        let tag = text.replace('_', "-").to_ascii_lowercase();
        let subtag =
            |s: &str| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let starts_well = tag.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if tag.len() <= MAX_LOCALE_BYTES && starts_well && tag.split('-').all(subtag) {
            Ok(Self(rename(tag)))
        } else {
            Err(InvalidLocale)
        }
    }

    /// Reads what can be read of the locale that a program names, as a hint. `None` when that is nothing.
    ///
    /// Programs send names of Java (`zh_TW_#Hant`), of POSIX (`sr_RS.UTF-8@latin`) and lists of languages
    /// (`en-US,en;q=0.9`). Read are the language, the script and the region of the first name.
    #[must_use]
    pub fn read_hint(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        Self::parse(text).ok().or_else(|| guess(text))
    }

    /// Returns the tag in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the locales to look up for this one, in order: `zh-hans-cn`, `zh-hans`, `zh`.
    ///
    /// They are this tag and its ever shorter prefixes (RFC 4647 section 3.4). For Chinese, the texts in the same
    /// script come before the bare language: `zh-tw`, `zh-hant`, `zh-hk`, `zh-mo`, `zh`.
    pub fn lookup_chain(&self) -> impl Iterator<Item = Locale> {
        let mut chain = list_prefixes(&self.0);
        if let Some(bare) = chain.pop() {
            let relatives = find_relatives(&self.0);
            // A tag that is a bare language comes first itself.
            let at = if chain.is_empty() {
                0
            } else {
                chain.len() + relatives.len()
            };
            chain.extend(relatives);
            chain.insert(at, bare);
        }
        let mut seen = BTreeSet::new();
        chain.retain(|tag| seen.insert(tag.clone()));
        chain.into_iter().map(Locale)
    }
}

/// Lists `tag` and its ever shorter prefixes.
fn list_prefixes(tag: &str) -> Vec<String> {
    let tags = std::iter::successors(Some(tag), |tag| {
        tag.rsplit_once('-').map(|(shorter, _)| shorter)
    });
    tags.map(str::to_owned).collect()
}

/// Lists the locales that write Chinese in the script of `tag`. Empty for every other language.
fn find_relatives(tag: &str) -> Vec<String> {
    let mut subtags = tag.split('-');
    if subtags.next() != Some("zh") {
        return Vec::new();
    }
    let rest: Vec<&str> = subtags.collect();
    let names_script = |script: &str| rest.contains(&script);
    let [traditional, simplified] = CHINESE;
    let is_written_there = rest.iter().any(|subtag| traditional.1.contains(subtag));
    let is_traditional =
        names_script(traditional.0) || (is_written_there && !names_script(simplified.0));
    let (script, regions) = if is_traditional {
        traditional
    } else {
        simplified
    };
    let with_script = rest.iter().filter(|subtag| subtag.len() == 2);
    let with_script = with_script.map(|region| format!("zh-{script}-{region}"));
    let in_regions = regions.iter().map(|region| format!("zh-{region}"));
    with_script
        .chain([format!("zh-{script}")])
        .chain(in_regions)
        .collect()
}

/// Gives the language of a lower-case tag its present name.
fn rename(tag: String) -> String {
    let renamed = RENAMED.iter().find_map(|(from, to)| {
        let rest = tag.strip_prefix(from)?;
        (rest.is_empty() || rest.starts_with('-')).then(|| format!("{to}{rest}"))
    });
    renamed
        .filter(|tag| tag.len() <= MAX_LOCALE_BYTES)
        .unwrap_or(tag)
}

/// Takes language, script and region out of the first name in `text`.
fn guess(text: &str) -> Option<Locale> {
    let first = text.split([',', ';', ' ']).next()?.to_ascii_lowercase();
    let mut subtags = first.split(|c: char| !c.is_ascii_alphanumeric());
    let is_word = |s: &&str| s.bytes().all(|b| b.is_ascii_alphabetic());
    let language = subtags
        .next()
        .filter(|s| (2..=3).contains(&s.len()) && is_word(s))?;
    let (mut script, mut region) = (None, None);
    // A group of one letter begins an extension.
    for subtag in subtags.take_while(|s| s.len() != 1 || !is_word(s)) {
        match subtag {
            "latin" => script = Some("latn"),
            "cyrillic" => script = Some("cyrl"),
            _ if subtag.len() == 4 && is_word(&subtag) => script = script.or(Some(subtag)),
            _ if subtag.len() == 2 && is_word(&subtag) => region = region.or(Some(subtag)),
            _ => {}
        }
    }
    let parts = [Some(language), script, region];
    let tag: Vec<&str> = parts.into_iter().flatten().collect();
    Locale::parse(&tag.join("-")).ok()
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_case_and_reads_an_underscore_as_a_hyphen() {
        assert_eq!(Locale::parse("zh_CN"), Locale::parse("ZH-cn"));
    }

    #[test]
    fn refuses_a_text_that_is_not_a_language_tag() {
        for text in [
            "",
            "-",
            "en-",
            "1en",
            "en us",
            "en\n",
            "../en",
            "toolongsubtag",
            "é",
        ] {
            assert_eq!(Locale::parse(text), Err(InvalidLocale), "{text}");
        }
    }

    fn chain(tag: &str) -> Vec<String> {
        let locale = Locale::parse(tag).expect("valid");
        locale.lookup_chain().map(|l| l.to_string()).collect()
    }

    #[test]
    fn the_lookup_chain_drops_subtags_from_the_end() {
        assert_eq!(chain("sr-Latn-RS"), ["sr-latn-rs", "sr-latn", "sr"]);
        assert_eq!(chain("en"), ["en"]);
    }

    #[test]
    fn chinese_is_looked_up_in_its_script() {
        let simplified = ["zh-hans-cn", "zh-hans", "zh-cn", "zh-sg", "zh-my", "zh"];
        assert_eq!(chain("zh-Hans-CN"), simplified);
        let traditional = ["zh-tw", "zh-hant-tw", "zh-hant", "zh-hk", "zh-mo", "zh"];
        assert_eq!(chain("zh-TW"), traditional);
        assert_eq!(chain("zh")[..2], ["zh", "zh-hans"]);
        assert_eq!(chain("zh-hans-hk")[..2], ["zh-hans-hk", "zh-hans"]);
    }

    #[test]
    fn a_language_has_its_present_name() {
        for (old, new) in [
            ("iw-IL", "he-il"),
            ("in", "id"),
            ("zh-CHT", "zh-hant"),
            ("inh", "inh"),
        ] {
            assert_eq!(
                Locale::parse(old).map(|l| l.to_string()).as_deref(),
                Ok(new)
            );
        }
    }

    #[test]
    fn a_hint_is_read_as_far_as_it_can_be_read() {
        for (text, read) in [
            ("zh_CN_#Hans", Some("zh-hans-cn")),
            ("zh_TW_#Hant", Some("zh-hant-tw")),
            ("en-US@posix", Some("en-us")),
            ("en_US.UTF-8", Some("en-us")),
            ("sr_RS.UTF-8@latin", Some("sr-latn-rs")),
            ("zh-Hant-TW,en", Some("zh-hant-tw")),
            ("zh-yue-Hant-TW,en", Some("zh-hant-tw")),
            ("ca@valencia", Some("ca")),
            ("sr@cyrillic", Some("sr-cyrl")),
            ("english_US.UTF-8", None),
            ("de-42-AT,en", Some("de-at")),
            ("en-US,en;q=0.9", Some("en-us")),
            (
                "de-DE-u-co-phonebk-x-private-use-that-is-long",
                Some("de-de"),
            ),
            (" fr\n", Some("fr")),
            ("\u{200e}iw", Some("he")),
            ("en us", Some("en")),
            ("C", Some("c")),
            ("", None),
            ("*", None),
            ("中文", None),
            ("\u{0}../", None),
        ] {
            let hint = Locale::read_hint(text).map(|locale| locale.to_string());
            assert_eq!(hint.as_deref(), read, "{text:?}");
        }
    }
}
