//! AWS End User Messaging: what its channels are told by the policy.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::country::Country;
use crate::locale::Locale;
use crate::outgoing::Origination;

/// The channel `end-user-messaging` of a policy, which calls `SendTextMessage`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndUserMessagingPolicy {
    /// Who sends the texts: a pool, a number or a sender id, by name or ARN. `None` leaves it to the policy of texts.
    pub origination_identity: Option<String>,
    /// Who sends the texts to single countries, in place of that one.
    pub identities: BTreeMap<Country, String>,
    /// The Protect configuration whose rules hold; `None` leaves it to the account.
    pub protect_configuration_id: Option<String>,
    /// The configuration set, which says where the events of texts go.
    pub configuration_set: Option<String>,
}

impl EndUserMessagingPolicy {
    /// Returns who sends the texts to this country, if this table says so.
    #[must_use]
    pub fn identity(&self, country: Option<Country>) -> Option<&str> {
        let own = country.and_then(|country| self.identities.get(&country));
        own.or(self.origination_identity.as_ref())
            .map(String::as_str)
    }

    /// Returns who sends a text to this country that has this sender by the policy of texts; `None` leaves it to the
    /// account.
    #[must_use]
    pub fn sender<'p>(
        &'p self,
        country: Option<Country>,
        origination: &'p Origination,
    ) -> Option<&'p str> {
        let by_texts = match origination {
            Origination::Unnamed => None,
            Origination::SenderId(identity) | Origination::Number(identity) => Some(identity),
        };
        self.identity(country)
            .or_else(|| by_texts.map(String::as_str))
    }
}

/// AWS End User Messaging Notify in a policy: the channel `notify`, which calls `SendNotifyTextMessage`, and the
/// channel `notify-voice`, which calls `SendNotifyVoiceMessage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyPolicy {
    /// The id or ARN of the Notify configuration. `None` only in a file whose deployment sets it.
    pub configuration_id: Option<String>,
    /// The ids of the templates of AWS that take a code, by locale. Where there is none, the configuration's default
    /// counts.
    pub templates: BTreeMap<Locale, String>,
    /// The id of the template of AWS that speaks the code in a call; `None` where nobody is called.
    pub voice_template_id: Option<String>,
    /// The configuration set, which says where the events of texts and calls go.
    pub configuration_set: Option<String>,
}

impl NotifyPolicy {
    /// Returns the template for texts in `locale`, or in the first locale of its lookup chain that has one.
    #[must_use]
    pub fn template(&self, locale: &Locale) -> Option<&str> {
        let mut chain = locale.lookup_chain();
        chain.find_map(|locale| self.templates.get(&locale).map(String::as_str))
    }
}

/// Whether what sends texts is written as a number, and not as a sender id, a pool or an ARN.
#[must_use]
pub fn is_number(identity: &str) -> bool {
    let digits = identity.strip_prefix('+').unwrap_or(identity);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` has only ASCII letters, digits and characters of `punctuation`, as the ids of AWS do.
#[must_use]
pub fn is_written_with(text: &str, punctuation: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

/// The shortest and the longest time to live that AWS accepts, in seconds.
const TIME_TO_LIVE: (i32, i32) = (5, 259_200);

/// Returns for how many seconds AWS may try to deliver a text or a call: as long as its code works, so that no dead
/// code arrives.
#[must_use]
pub fn time_to_live(asked_at: Timestamp, expires_at: Timestamp) -> i32 {
    let left = expires_at.unix().saturating_sub(asked_at.unix());
    let (shortest, longest) = TIME_TO_LIVE;
    i32::try_from(left).map_or(longest, |left| left.clamp(shortest, longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_lives_as_long_as_its_code() {
        let at = Timestamp::from_unix;
        let asked = 1_795_435_200;
        for (left, lives) in [(300, 300), (30, 30), (4, 5), (0, 5), (700_000, 259_200)] {
            assert_eq!(time_to_live(at(asked), at(asked + left)), lives, "{left}");
        }
        assert_eq!(time_to_live(at(asked + 9), at(asked)), 5, "over already");
    }

    #[test]
    fn a_country_can_have_an_identity_of_its_own() {
        let country = |code| Country::parse(code).ok();
        let mut policy = EndUserMessagingPolicy::default();
        assert_eq!(policy.identity(country("DE")), None);
        policy.origination_identity = Some("pool-all".to_owned());
        policy.identities = country("US")
            .map(|us| (us, "pool-us".to_owned()))
            .into_iter()
            .collect();
        assert_eq!(policy.identity(country("US")), Some("pool-us"));
        assert_eq!(policy.identity(country("DE")), Some("pool-all"));
        assert_eq!(policy.identity(None), Some("pool-all"));
    }

    #[test]
    fn a_template_serves_every_locale_that_falls_back_to_its_own() {
        let locale = |tag| Locale::parse(tag).expect("a locale");
        let policy = NotifyPolicy {
            configuration_id: None,
            templates: BTreeMap::from([(locale("en"), "english".to_owned())]),
            voice_template_id: None,
            configuration_set: None,
        };
        assert_eq!(policy.template(&locale("en-GB")), Some("english"));
        assert_eq!(policy.template(&locale("zh")), None);
    }
}
