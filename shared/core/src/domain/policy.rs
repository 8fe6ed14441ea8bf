//! The policy: what an operator decides.
//!
//! [`Policy`] holds checked values only. The file behind it is read by [`file`], which names every
//! fault with its path.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::challenge::{Lockout, SlotLayout, Terms};
use super::clock::Timestamp;
use super::code::Code;
use super::locale::Locale;
use super::phone::{Country, Destination, NumberType, Phone};
use super::rule::{DAY, Window};

/// The largest business id, in bytes.
const MAX_BUSINESS_BYTES: usize = 64;

/// The id of a business action that asks for verification, as in `password-change`; the audience
/// of its success tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessId(String);

/// The text is no business id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a business id has 1 to {MAX_BUSINESS_BYTES} lower-case letters, digits and hyphens")]
pub struct InvalidBusinessId;

impl BusinessId {
    /// Accepts lower-case letters, digits and hyphens.
    ///
    /// # Errors
    ///
    /// [`InvalidBusinessId`] for anything else, or more than 64 of them.
    pub fn parse(text: &str) -> Result<Self, InvalidBusinessId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=MAX_BUSINESS_BYTES).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidBusinessId)
        }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Everything an operator decides.
#[derive(Debug, Clone)]
pub struct Policy {
    /// When days and hours of the limits begin, after midnight UTC; less than a day.
    pub day_starts_at: Duration,
    /// The limits of sending.
    pub limits: Limits,
    /// When wrong codes lock a phone.
    pub lockout: Lockout,
    /// Where texts may go.
    pub numbers: NumberPolicy,
    /// How texts are sent.
    pub sms: SmsPolicy,
    /// The businesses by id.
    pub businesses: BTreeMap<BusinessId, Business>,
    /// Numbers for app reviewers and end-to-end tests.
    pub test_numbers: Vec<TestNumber>,
}

/// The limits of the send rules; each is at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Least time between two texts to one phone.
    pub cooldown: Duration,
    /// Texts per phone and hour.
    pub phone_per_hour: u32,
    /// Texts per phone and day.
    pub phone_per_day: u32,
    /// Texts per device and day.
    pub device_per_day: u32,
    /// Texts per address and hour.
    pub address_per_hour: u32,
    /// Texts per block of ten thousand numbers and hour.
    pub number_block_per_hour: u32,
}

/// Where texts may go.
#[derive(Debug, Clone)]
pub struct NumberPolicy {
    /// Countries whose numbers are texted.
    pub countries: BTreeSet<Country>,
    /// Types of number that are texted.
    pub types: BTreeSet<NumberType>,
}

/// Why a destination is not texted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationRefusal {
    /// The country is not on the list, or the number belongs to none.
    Country,
    /// The type is not on the list.
    NumberType,
}

impl DestinationRefusal {
    /// The `rule` of the refusal.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::NumberType => "number-type",
        }
    }
}

impl NumberPolicy {
    /// Whether `destination` may be texted.
    ///
    /// # Errors
    ///
    /// [`DestinationRefusal`] when it may not.
    pub fn admits(&self, destination: &Destination) -> Result<(), DestinationRefusal> {
        match destination.country {
            Some(country) if self.countries.contains(&country) => {}
            _ => return Err(DestinationRefusal::Country),
        }
        if self.types.contains(&destination.number_type) {
            Ok(())
        } else {
            Err(DestinationRefusal::NumberType)
        }
    }
}

/// An amount in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Accepts more than 0 and less than 100 dollars; what rounds to 0 is not more than that.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked first"
        )]
        let micros = |dollars: f64| (dollars * 1e6).round() as u64;
        (dollars > 0.0 && dollars < 100.0)
            .then(|| Self(micros(dollars)))
            .filter(|rounded| rounded.0 > 0)
    }

    /// The amount in dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "amounts stay far below 2^53 millionths"
        )]
        let micros = self.0 as f64;
        micros / 1e6
    }

    /// The amount for `count` of them.
    #[must_use]
    pub const fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count as u64))
    }
}

/// How texts are sent.
#[derive(Debug, Clone)]
pub struct SmsPolicy {
    /// `Transactional` or `Promotional`, the SNS attribute `AWS.SNS.SMS.SMSType`.
    pub sms_type: SmsType,
    /// Shown as the sender where the country allows it.
    pub sender_id: Option<String>,
    /// The most one text may cost in US dollars, as SNS reads it; `None` leaves it to the account.
    pub max_price_usd: Option<String>,
    /// What one segment costs by country, for estimates.
    pub prices: BTreeMap<Country, MicroUsd>,
    /// The most segments a text may need; a longer template is a start-up error.
    pub max_segments: u32,
}

impl SmsPolicy {
    /// What a text of so many segments is estimated to cost: by the price of its country, else at
    /// most what SNS may spend on it; `None` when the policy says neither.
    #[must_use]
    pub fn estimated_cost(&self, country: Option<Country>, segments: u32) -> Option<MicroUsd> {
        let price = country.and_then(|country| self.prices.get(&country));
        match price {
            Some(price) => Some(price.times(segments)),
            None => MicroUsd::from_dollars(self.max_price_usd.as_ref()?.parse().ok()?),
        }
    }
}

/// The delivery class of SNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsType {
    /// Delivered with priority.
    Transactional,
    /// Cheapest route.
    Promotional,
}

impl SmsType {
    /// The value of `AWS.SNS.SMS.SMSType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Promotional => "Promotional",
        }
    }
}

/// One business action.
#[derive(Debug, Clone)]
pub struct Business {
    /// Who sends the text, the `{brand}` of templates.
    pub brand: String,
    /// Digits of the code.
    pub code_length: u8,
    /// How long the code works.
    pub code_lifetime: Duration,
    /// Guesses per challenge.
    pub attempts: u32,
    /// How long the success token is valid.
    pub success_lifetime: Duration,
    /// Texts by locale.
    pub templates: BTreeMap<Locale, String>,
    /// The locale of a request without one, or with one that has no template.
    pub default_locale: Locale,
    /// The web origin's host for the autofill line (`@example.com #123456`).
    pub origin: Option<String>,
    /// The app hash for Android's SMS Retriever.
    pub android_hash: Option<String>,
    /// SHA-256 of the client key that callers must present; `None` lets anyone ask.
    pub client_key_sha256: Option<[u8; 32]>,
}

/// A number that is never texted and whose code is fixed.
#[derive(Clone)]
pub struct TestNumber {
    /// The number.
    pub phone: Phone,
    /// Its code; as long as the code length of every business.
    pub code: Code,
    /// When it stops being a test number.
    pub until: Timestamp,
    /// Challenges per day, in place of the limits of sending.
    pub per_day: u32,
}

impl fmt::Debug for TestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestNumber")
            .field("until", &self.until)
            .field("per_day", &self.per_day)
            .finish_non_exhaustive()
    }
}

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as in `business.login.code_length`.
    pub path: String,
    /// What is wrong and what is accepted.
    pub reason: String,
}

/// One line, whatever the file holds: names in quotes may have line breaks in them.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self
            .path
            .chars()
            .chain(": ".chars())
            .chain(self.reason.chars())
        {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

/// Everything that is wrong with a policy file; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct PolicyFaults(pub Vec<Fault>);

impl Policy {
    /// Reads a policy from TOML.
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] with every fault, each with its path.
    pub fn from_toml(text: &str) -> Result<Self, PolicyFaults> {
        file::read(text)
    }

    /// Replaces the sender id and the highest price, where the deployment sets them.
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] when a value is not accepted.
    pub fn with_sms(
        mut self,
        sender_id: Option<String>,
        max_price_usd: Option<String>,
    ) -> Result<Self, PolicyFaults> {
        self.sms.sender_id = sender_id.or(self.sms.sender_id);
        self.sms.max_price_usd = max_price_usd.or(self.sms.max_price_usd);
        file::check_overrides(&self.sms)?;
        Ok(self)
    }

    /// What a decision about a phone's record depends on at `now`, under these limits.
    #[must_use]
    pub fn terms(&self, now: Timestamp, limits: &Limits) -> Terms {
        Terms {
            now,
            today: Window::containing(now, DAY, self.day_starts_at),
            cooldown: limits.cooldown,
            lockout: self.lockout,
        }
    }

    /// The limits that `phone` is under at `now`: a test number has its own.
    #[must_use]
    pub fn limits_of(&self, phone: &Phone, now: Timestamp) -> Limits {
        self.test_number(phone, now)
            .map_or(self.limits, TestNumber::limits)
    }

    /// The slots of a phone under this policy.
    #[must_use]
    pub fn slots(&self) -> SlotLayout {
        let longest = self.businesses.values().map(|b| b.code_lifetime).max();
        SlotLayout::new(self.limits.cooldown, longest.unwrap_or_default())
    }

    /// The test number that `phone` is at `now`, if any.
    #[must_use]
    pub fn test_number(&self, phone: &Phone, now: Timestamp) -> Option<&TestNumber> {
        self.test_numbers
            .iter()
            .find(|test| test.phone == *phone && now < test.until)
    }
}

impl TestNumber {
    /// The limits of this number: its own, and no cooldown.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits {
            cooldown: Duration::ZERO,
            phone_per_hour: self.per_day,
            phone_per_day: self.per_day,
            device_per_day: self.per_day,
            address_per_hour: self.per_day,
            number_block_per_hour: self.per_day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let text = r#"
            [numbers]
            countries = ["US", "GB"]
            [sms]
            max_price_usd = "0.25"
            price_usd = { US = 0.00645 }
            [business.login]
            brand = "Example"
            default_locale = "en"
            templates.en = "{code}"
            [[test_number]]
            phone = "+14155550100"
            code = "123456"
            until = "2027-01-01T00:00:00Z"
            per_day = 7
        "#;
        Policy::from_toml(text).expect("valid")
    }

    fn phone(text: &str) -> Phone {
        Phone::from_canonical(text).expect("canonical")
    }

    fn country(text: &str) -> Country {
        Country::parse(text).expect("a country")
    }

    #[test]
    fn a_business_id_has_1_to_64_lower_case_letters_digits_and_hyphens() {
        for id in ["a", "7", "-", "password-change-2", &"x".repeat(64)] {
            let parsed = BusinessId::parse(id).map(|id| id.as_str().to_owned());
            assert_eq!(parsed, Ok(id.to_owned()));
        }
        for id in ["", "A", "a_b", "a b", "a.b", "é", &"x".repeat(65)] {
            assert_eq!(BusinessId::parse(id), Err(InvalidBusinessId), "{id}");
        }
    }

    #[test]
    fn a_test_number_has_its_own_limits_until_it_ends() {
        let (policy, test, other) = (policy(), phone("+14155550100"), phone("+14155550101"));
        let end = policy.test_numbers.first().expect("a test number").until;
        let last = end - Duration::from_secs(1);
        let own = Limits {
            cooldown: Duration::ZERO,
            phone_per_hour: 7,
            phone_per_day: 7,
            device_per_day: 7,
            address_per_hour: 7,
            number_block_per_hour: 7,
        };
        assert_eq!(policy.limits_of(&test, last), own);
        assert_eq!(policy.limits_of(&test, end), policy.limits);
        assert_eq!(policy.limits_of(&other, last), policy.limits);
        assert!(policy.test_number(&other, last).is_none());
    }

    #[test]
    fn an_amount_is_above_0_and_below_100_dollars_and_keeps_its_millionths() {
        for dollars in [0.0, -0.5, 100.0, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(MicroUsd::from_dollars(dollars), None, "{dollars}");
        }
        for dollars in [0.000_001, 0.006_45, 1.0, 99.999_999] {
            let amount = MicroUsd::from_dollars(dollars).expect("in range");
            assert!((amount.dollars() - dollars).abs() < 1e-9, "{dollars}");
        }
        assert_eq!(MicroUsd::from_dollars(0.006_45), Some(MicroUsd(6_450)));
        assert_eq!(MicroUsd(6_450).times(3), MicroUsd(19_350));
    }

    #[test]
    fn a_text_costs_its_countrys_price_per_segment_else_at_most_what_sns_may_spend() {
        let mut sms = policy().sms;
        let (priced, other) = (Some(country("US")), Some(country("GB")));
        assert_eq!(sms.estimated_cost(priced, 2), Some(MicroUsd(12_900)));
        assert_eq!(sms.estimated_cost(other, 2), Some(MicroUsd(250_000)));
        assert_eq!(sms.estimated_cost(None, 2), Some(MicroUsd(250_000)));
        sms.max_price_usd = None;
        assert_eq!(sms.estimated_cost(other, 2), None);
    }
}
