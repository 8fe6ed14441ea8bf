//! One business of the policy.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::action::ActionKind;
use crate::country::Country;
use crate::limits::Limits;
use crate::locale::Locale;
use crate::rule::Rule;
use crate::typed::is_invisible;

/// One business action that asks for verification.
#[derive(Debug, Clone)]
pub struct Business {
    /// The name of the sender, which templates write as `{brand}`.
    pub brand: String,
    /// The number of digits of a code.
    pub code_length: u8,
    /// How long a code works.
    pub code_lifetime: Duration,
    /// The guesses that a challenge admits.
    pub attempts: u32,
    /// How long a success token is valid.
    pub success_lifetime: Duration,
    /// The templates of texts, by locale.
    pub templates: BTreeMap<Locale, String>,
    /// The ids under which the templates are registered, by country and by locale.
    pub registered: BTreeMap<Country, BTreeMap<Locale, String>>,
    /// The locale for requests that name none, or name one without a template.
    pub default_locale: Locale,
    /// The words that templates show as `{action}`, by the kind of the action and by locale. They are empty when no
    /// template shows the action.
    pub action_labels: BTreeMap<ActionKind, BTreeMap<Locale, String>>,
    /// The host of the web origin in the autofill line (`@example.com #123456`).
    pub origin: Option<String>,
    /// The app hashes of Android's SMS Retriever, 11 characters of base64 each: one per signing key of an app.
    pub android_hashes: Vec<String>,
    /// The SHA-256 of the client key that callers must present; `None` admits every caller.
    pub client_key_sha256: Option<[u8; 32]>,
    /// The texts that the business may send in an hour; `None` sets no limit.
    pub texts_per_hour: Option<u32>,
    /// The texts that the business may send in a day; `None` sets no limit.
    pub texts_per_day: Option<u32>,
}

impl Business {
    /// Adds the limits of this business to `limits`.
    #[must_use]
    pub fn limit(&self, limits: Limits) -> Limits {
        limits
            .with(Rule::BusinessPerHour, self.texts_per_hour)
            .with(Rule::BusinessPerDay, self.texts_per_day)
    }

    /// Lists the locales in which a text of this business can be written where only these are `allowed`: all that have
    /// a template where `allowed` is empty.
    pub fn list_locales_among<'b>(
        &'b self,
        allowed: &'b [Locale],
    ) -> impl Iterator<Item = &'b Locale> {
        let fits = |locale: &&Locale| allowed.is_empty() || allowed.contains(locale);
        self.templates.keys().filter(fits)
    }

    /// Whether the text in this locale begins with the signature of its sender, as in 【Example】.
    #[must_use]
    pub fn is_signed_in(&self, locale: &Locale) -> bool {
        let Some(source) = self.templates.get(locale) else {
            return false;
        };
        let text = source.replace("{brand}", &self.brand);
        let signature = text
            .strip_prefix('【')
            .and_then(|rest| rest.split_once('】'));
        let is_seen = |character: char| !character.is_whitespace() && !is_invisible(character);
        signature
            .is_some_and(|(name, _)| name.contains(is_seen) && !name.contains(['{', '【', '\n']))
    }
}
