//! Locales: the languages of texts.

use std::fmt;

use thiserror::Error;

/// The longest locale that is accepted, in bytes. RFC 5646 section 4.4.1 recommends room for 35.
const MAX_LOCALE_BYTES: usize = 35;

/// A BCP 47 language tag in lower case, as in `en` or `zh-hans-cn`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// [`InvalidLocale`] when the text is longer than 35 bytes, does not begin with a letter, or is not made of groups
    /// of one to eight ASCII letters and digits between hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidLocale> {
        let tag = text.replace('_', "-").to_ascii_lowercase();
        let subtag =
            |s: &str| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let starts_well = tag.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if tag.len() <= MAX_LOCALE_BYTES && starts_well && tag.split('-').all(subtag) {
            Ok(Self(tag))
        } else {
            Err(InvalidLocale)
        }
    }

    /// Returns the tag in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns this tag and its ever shorter prefixes: `zh-hans-cn`, `zh-hans`, `zh`.
    ///
    /// This is the order in which RFC 4647 section 3.4 looks up a locale.
    pub fn lookup_chain(&self) -> impl Iterator<Item = Locale> {
        std::iter::successors(Some(self.0.as_str()), |tag| {
            tag.rsplit_once('-').map(|(shorter, _)| shorter)
        })
        .map(|tag| Locale(tag.to_owned()))
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

    #[test]
    fn the_lookup_chain_drops_subtags_from_the_end() {
        let chain: Vec<_> = Locale::parse("zh-Hans-CN")
            .expect("valid")
            .lookup_chain()
            .map(|l| l.to_string())
            .collect();
        assert_eq!(chain, ["zh-hans-cn", "zh-hans", "zh"]);
    }
}
