//! What the policy says of the texts to one country, and what AWS demands there.

use crate::channel::Channel;
use crate::country::Country;
use crate::locale::Locale;
use crate::outgoing::Origination;
use crate::phone_parser::find_calling_code;

/// The country whose texts have ids (DLT) of the sender and of the words.
pub const INDIA: &str = "IN";

/// The country whose texts begin with the sender's signature, as in 【Example】.
pub const CHINA: &str = "CN";

/// The countries that take texts from a registered number only, and the country whose numbers reach them (AWS's guides
/// of SNS and of toll-free numbers, 2026: US numbers reach four of its territories).
const FROM_NUMBERS_ALONE: [(&str, &str); 6] = [
    ("AS", "US"),
    ("CA", "CA"),
    ("GU", "US"),
    ("PR", "US"),
    ("US", "US"),
    ("VI", "US"),
];

/// The countries for which AWS has a form to register a sender id (its list of registration forms, 2026).
const WITH_REGISTERED_SENDER_IDS: &str =
    "AE AU BY CN EG FI GB ID IE IN JO KE KW KZ LK PH QA RU SA SG TH TR VN ZM";

/// The countries that Notify's basic tier does not serve (AWS's list of its countries, 2026). Its advanced tier has
/// them. But the texts of its templates begin with no signature, which carriers in China demand, so none is texted
/// there.
const WITHOUT_NOTIFY: &str = "CN";

/// What the policy says of the texts to one country. What it does not say, it says for all countries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountryRule {
    /// Who sends the texts; `None` is the sender id for all countries, where a sender id is possible.
    pub origination: Option<Origination>,
    /// The operator's id in the register of India.
    pub entity_id: Option<String>,
    /// The locales in which texts may be written, the preferred one first; empty admits every locale.
    pub locales: Vec<Locale>,
    /// The channels that a text takes, in order; empty are those for all countries.
    pub channels: Vec<Channel>,
}

/// Whether AWS sends no text with a sender id to this country (its list of countries, 2026).
#[must_use]
pub fn has_no_sender_ids(country: Country) -> bool {
    country.as_str() == CHINA || owner_of_numbers(country).is_some()
}

/// Returns the country whose registered numbers text this one; `None` where texts need no number.
#[must_use]
pub fn owner_of_numbers(country: Country) -> Option<&'static str> {
    let mut rows = FROM_NUMBERS_ALONE.into_iter();
    let row = rows.find(|(code, _)| *code == country.as_str());
    row.map(|(_, owner)| owner)
}

/// The longest short code. AWS's list has three to eight digits.
const LONGEST_SHORT_CODE: usize = 8;

/// Whether `number` is written as a short code: a few digits without a plus sign.
#[must_use]
pub fn is_short_code(number: &str) -> bool {
    !number.starts_with('+') && number.len() <= LONGEST_SHORT_CODE
}

/// Whether texts to `country` can come from `number`, as far as its first digits say: it is of the country, or of the
/// one whose registered numbers text it. A short code can be of any country. China has no numbers.
#[must_use]
pub fn can_text_from(number: &str, country: Country) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let owner = owner_of_numbers(country).and_then(|owner| Country::parse(owner).ok());
    let has_code =
        || find_calling_code(owner.unwrap_or(country)).is_none_or(|code| digits.starts_with(&code));
    country.as_str() != CHINA && (is_short_code(number) || has_code())
}

/// Whether `id` can be a sender id (a *header*) in the register of India: 3 to 6 letters.
#[must_use]
pub fn is_header_of_india(id: &str) -> bool {
    (3..=6).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether sender ids are registered in this country, all or those that phones shall show as such.
#[must_use]
pub fn registers_sender_ids(country: Country) -> bool {
    is_listed(WITH_REGISTERED_SENDER_IDS, country)
}

/// Whether `channel` serves this country at all, with texts or with calls.
#[must_use]
pub fn is_served_by(country: Country, channel: Channel) -> bool {
    match channel {
        Channel::Notify | Channel::NotifyVoice => !is_listed(WITHOUT_NOTIFY, country),
        // A numbering plan is all that the first two need. What the hook serves is the operator's matter.
        Channel::Sns | Channel::EndUserMessaging | Channel::Hook => true,
    }
}

fn is_listed(list: &str, country: Country) -> bool {
    list.split(' ').any(|code| code == country.as_str())
}
