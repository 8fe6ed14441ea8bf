//! The policy: what an operator decides.
//!
//! [`Policy`] holds checked values only. The reader of a policy file checks every value and reports [`PolicyFaults`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::code::Code;
use crate::country::Country;
use crate::gate::{self, Gate};
use crate::limits::Limits;
use crate::locale::Locale;
use crate::money::MicroUsd;
use crate::phone::{Destination, NumberType, Phone};
use crate::phone_record::{Lockout, SlotLayout, Terms};
use crate::subject::{SubjectIndex, Subjects};
use crate::window::{DAY, Window};

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

/// How texts are sent.
#[derive(Debug, Clone)]
pub struct SmsPolicy {
    /// The delivery class of every text.
    pub sms_type: SmsType,
    /// The sender that phones show, where the country allows one.
    pub sender_id: Option<String>,
    /// The most that one text may cost; `None` leaves it to the carrier's own settings.
    pub max_price: Option<MicroUsd>,
    /// The price of one segment by country, for estimates.
    pub prices: BTreeMap<Country, MicroUsd>,
    /// The most segments a text may need; a longer template is a start-up error.
    pub max_segments: u32,
}

impl SmsPolicy {
    /// Estimates the cost of a text of so many segments: by the price of its country, else the most that one text may
    /// cost. `None` when the policy names neither.
    #[must_use]
    pub fn estimated_cost(&self, country: Option<Country>, segments: u32) -> Option<MicroUsd> {
        let price = country.and_then(|country| self.prices.get(&country));
        match price {
            Some(price) => Some(price.times(segments)),
            None => self.max_price,
        }
    }
}

/// How the carrier ranks a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsType {
    /// Delivered with priority, for codes.
    Transactional,
    /// Delivered by the cheapest route.
    Promotional,
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

    /// Returns everything that a send with these subjects has to pass at `now`, under these limits.
    #[must_use]
    pub fn gates(
        &self,
        subjects: impl Into<Subjects<Option<SubjectIndex>>>,
        limits: &Limits,
        now: Timestamp,
    ) -> Vec<Gate> {
        gate::gates(&subjects.into(), limits, self.day_starts_at, now)
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
    /// Returns the limits of this number: its own count for every rule, and no cooldown.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(Duration::ZERO, |_| self.per_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Rule;

    fn phone(text: &str) -> Phone {
        Phone::from_canonical(text).expect("canonical")
    }

    fn country(text: &str) -> Country {
        Country::parse(text).expect("a country")
    }

    fn sms() -> SmsPolicy {
        let price = MicroUsd::from_dollars(0.006_45).expect("a price");
        SmsPolicy {
            sms_type: SmsType::Transactional,
            sender_id: None,
            max_price: MicroUsd::from_dollars(0.25),
            prices: BTreeMap::from([(country("US"), price)]),
            max_segments: 2,
        }
    }

    fn policy() -> Policy {
        Policy {
            day_starts_at: Duration::ZERO,
            limits: Limits::new(Duration::from_mins(1), Limits::default_of),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
            numbers: NumberPolicy {
                countries: BTreeSet::from(["US", "GB"].map(country)),
                types: BTreeSet::from([NumberType::Mobile]),
            },
            sms: sms(),
            businesses: BTreeMap::new(),
            test_numbers: vec![TestNumber {
                phone: phone("+14155550100"),
                code: Code::parse("123456").expect("a code"),
                until: Timestamp::from_unix(1_798_761_600),
                per_day: 7,
            }],
        }
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
        let own = Limits::new(Duration::ZERO, |_| 7);
        assert_eq!(policy.limits_of(&test, last), own);
        assert_eq!(own.of(Rule::AddressPerHour), 7);
        assert_eq!(policy.limits_of(&test, end), policy.limits);
        assert_eq!(policy.limits_of(&other, last), policy.limits);
        assert!(policy.test_number(&other, last).is_none());
    }

    #[test]
    fn a_text_costs_the_price_of_its_country_per_segment_else_the_highest_price() {
        let mut sms = sms();
        let (priced, other) = (Some(country("US")), Some(country("GB")));
        assert_eq!(
            sms.estimated_cost(priced, 2),
            MicroUsd::from_dollars(0.0129)
        );
        assert_eq!(sms.estimated_cost(other, 2), MicroUsd::from_dollars(0.25));
        assert_eq!(sms.estimated_cost(None, 2), MicroUsd::from_dollars(0.25));
        sms.max_price = None;
        assert_eq!(sms.estimated_cost(other, 2), None);
    }
}
