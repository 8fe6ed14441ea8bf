//! The policy: everything that an operator decides.
//!
//! [`Policy`] holds checked values only. `phoneproof_config` reads the policy file, checks every value and reports
//! [`PolicyFaults`].

mod business;
pub mod country;
mod faults;
mod range;
mod sms;
mod voice;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use self::business::Business;
pub use self::country::CountryRule;
pub use self::faults::{Fault, PolicyFaults};
pub use self::range::{NumberRange, has_low_part_behind_1};
pub use self::sms::{SmsPolicy, SmsType};
pub use self::voice::VoicePolicy;

use crate::attestation::AttestationPolicy;
use crate::business_id::BusinessId;
use crate::challenge::SlotIndex;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::country::Country;
use crate::end_user_messaging::{EndUserMessagingPolicy, NotifyPolicy};
use crate::gate::{self, Gate};
use crate::hook::HookPolicy;
use crate::limits::Limits;
use crate::locale::Locale;
use crate::outgoing::{Registration, SentAs};
use crate::phone::{Destination, NumberType, Phone, PhoneError};
use crate::phone_record::{Lockout, SlotLayout, Terms};
use crate::purse::PurseSettings;
use crate::subject::{SubjectIndex, SubjectKind, Subjects};
use crate::window::{DAY, Window};

/// Everything that an operator decides.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The time from midnight UTC to the start of the days and hours of the limits; less than a day.
    pub day_starts_at: Duration,
    /// How often a subject may be texted.
    pub limits: Limits,
    /// When wrong codes lock a phone.
    pub lockout: Lockout,
    /// The most slots that a phone's record may have. No policy file names it: it is a limit of the store.
    pub most_slots: SlotIndex,
    /// The numbers that may be texted.
    pub numbers: NumberPolicy,
    /// The delivery and the prices of texts.
    pub sms: SmsPolicy,
    /// Who pays for a text until its code is typed in. On the heap, because it is much of a policy, which moves.
    pub purses: Box<PurseSettings>,
    /// The businesses, by id. A policy file names at least one.
    pub businesses: BTreeMap<BusinessId, Business>,
    /// The numbers for app reviewers and end-to-end tests.
    pub test_numbers: Vec<TestNumber>,
    /// Who may vouch for callers; `None` takes no attestation.
    pub attestation: Option<AttestationPolicy>,
    /// AWS End User Messaging; `None` where no text takes it.
    pub end_user_messaging: Option<EndUserMessagingPolicy>,
    /// AWS End User Messaging Notify; `None` where no text takes it.
    pub notify: Option<NotifyPolicy>,
    /// The send hook; `None` where no text takes it.
    pub hook: Option<HookPolicy>,
    /// Calls; `None` where nobody is called.
    pub voice: Option<VoicePolicy>,
}

/// The numbers that may be texted.
#[derive(Debug, Clone)]
pub struct NumberPolicy {
    /// The countries whose numbers are texted.
    pub countries: BTreeSet<Country>,
    /// The types of number that are texted.
    pub types: BTreeSet<NumberType>,
    /// Ranges of numbers that are newer than the metadata of this build.
    pub ranges: Vec<NumberRange>,
}

/// Why the policy does not text a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationRefusal {
    /// The country of the number is not in the policy, or the number has none.
    Country,
    /// The type of the number is not in the policy.
    NumberType,
    /// The number is a test number of the policy whose time is over.
    TestNumberEnded,
    /// The policy has no calls to the country of the number.
    Calls,
}

impl DestinationRefusal {
    /// Returns the rule name of the refusal, on the wire and in request lines.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::NumberType => "number-type",
            Self::TestNumberEnded => "test-number-ended",
            Self::Calls => "calls",
        }
    }
}

impl NumberPolicy {
    /// Fills in country and type of a number that no numbering plan has, if a range of the policy has it.
    ///
    /// Every other destination stays as it is.
    ///
    /// # Errors
    ///
    /// [`PhoneError::NotAssigned`] if neither a numbering plan nor a range has the number.
    pub fn classify(&self, destination: Destination) -> Result<Destination, PhoneError> {
        if destination.number_type != NumberType::Unassigned {
            return Ok(destination);
        }
        let known = self
            .ranges
            .iter()
            .find(|range| range.contains(&destination.phone));
        match known {
            None => Err(PhoneError::NotAssigned),
            Some(range) => Ok(Destination {
                country: Some(range.country),
                number_type: range.number_type,
                ..destination
            }),
        }
    }

    /// Decides whether `destination` may be texted.
    ///
    /// # Errors
    ///
    /// [`DestinationRefusal`] says why it may not.
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

/// A number that is never texted, and whose code is fixed.
#[derive(Clone, derive_more::Debug)]
#[debug("TestNumber {{ until: {until:?}, per_day: {per_day:?}, .. }}")]
pub struct TestNumber {
    /// The number in E.164 form.
    pub phone: Phone,
    /// The fixed codes: one for every code length of the businesses.
    pub codes: Vec<Code>,
    /// When the number stops being a test number. From then on it gets no code, until the policy renews or drops it.
    /// A suite that relies on a number that is never texted must not text a stranger instead.
    pub until: Timestamp,
    /// The limit of every rule that counts texts to a phone, in place of the limits of the policy.
    pub per_day: u32,
}

impl Policy {
    /// Returns the terms of a decision about a phone's record at `now`, under these limits.
    #[must_use]
    pub fn make_terms(&self, now: Timestamp, limits: &Limits) -> Terms {
        Terms {
            now,
            today: Window::containing(now, DAY, self.day_starts_at),
            cooldown: limits.cooldown,
            lockout: self.lockout,
            slots: self.plan_slots_under(limits).count,
        }
    }

    /// Returns what a text of `business` in `locale` to this country is sent as.
    #[must_use]
    pub fn find_sent_as<'p>(
        &'p self,
        country: Option<Country>,
        business: &'p Business,
        locale: &Locale,
    ) -> SentAs<'p> {
        let registered = country.and_then(|country| business.registered.get(&country));
        let template_id = registered.and_then(|by_locale| by_locale.get(locale));
        let ids = self.sms.entity_id(country).zip(template_id);
        SentAs {
            origination: self.sms.origination(country),
            registration: ids.map(|(entity_id, template_id)| Registration {
                entity_id,
                template_id,
            }),
        }
    }

    /// Lists the gates that a send with these subjects has to pass at `now`, under these limits.
    #[must_use]
    pub fn make_gates(
        &self,
        subjects: impl Into<Subjects<Option<SubjectIndex>>>,
        limits: &Limits,
        now: Timestamp,
    ) -> Vec<Gate> {
        gate::make_gates(&subjects.into(), limits, self.day_starts_at, now)
    }

    /// Returns the limits of `phone` at `now`. A test number has its own.
    #[must_use]
    pub fn find_limits(&self, phone: &Phone, now: Timestamp) -> Limits {
        let test = self.test_number(phone, now).ok().flatten();
        test.map_or(self.limits, TestNumber::limits)
    }

    /// Returns the slots of a phone's record under this policy.
    #[must_use]
    pub fn slots(&self) -> SlotLayout {
        self.plan_slots_under(&self.limits)
    }

    /// Returns the slots of a phone's record under these limits, which a test number has of its own.
    #[must_use]
    pub fn plan_slots_under(&self, limits: &Limits) -> SlotLayout {
        let longest = self.businesses.values().map(|b| b.code_lifetime).max();
        SlotLayout::new(
            limits.cooldown,
            longest.unwrap_or_default(),
            self.most_slots,
        )
    }

    /// Returns the test number that `phone` is at `now`; `None` for any other number.
    ///
    /// # Errors
    ///
    /// [`DestinationRefusal::TestNumberEnded`] for a test number whose time is over.
    pub fn test_number(
        &self,
        phone: &Phone,
        now: Timestamp,
    ) -> Result<Option<&TestNumber>, DestinationRefusal> {
        let listed = self.test_numbers.iter().find(|test| test.phone == *phone);
        match listed {
            Some(test) if test.until <= now => Err(DestinationRefusal::TestNumberEnded),
            listed => Ok(listed),
        }
    }
}

impl TestNumber {
    /// Returns the fixed code for a business whose codes have `length` digits; `None` when there is none.
    #[must_use]
    pub fn code(&self, length: u8) -> Option<&Code> {
        let fits = |code: &&Code| code.expose().len() == usize::from(length);
        self.codes.iter().find(fits)
    }

    /// Returns the limits of this number: its own count for the rules about phones, and no cooldown.
    ///
    /// Its sends count for nothing that other numbers share: no device, no address and no block of numbers.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::new(Duration::ZERO, |_| self.per_day)
            .of_rules(|rule| rule.subject() == SubjectKind::Phone)
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

    fn policy() -> Policy {
        Policy {
            day_starts_at: Duration::ZERO,
            limits: Limits::new(Duration::from_mins(1), Limits::default_of),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
            most_slots: 40,
            numbers: NumberPolicy {
                countries: BTreeSet::from(["US", "GB"].map(country)),
                types: BTreeSet::from([NumberType::Mobile]),
                ranges: vec![NumberRange {
                    prefix: "1436".to_owned(),
                    digits: 11,
                    country: country("US"),
                    number_type: NumberType::Mobile,
                }],
            },
            sms: SmsPolicy::sample(),
            purses: Box::default(),
            businesses: BTreeMap::new(),
            test_numbers: vec![TestNumber {
                phone: phone("+14155550100"),
                codes: ["123456", "12345678"]
                    .map(|code| Code::parse(code).expect("a code"))
                    .to_vec(),
                until: Timestamp::from_unix(1_798_761_600),
                per_day: 7,
            }],
            attestation: None,
            end_user_messaging: None,
            notify: None,
            hook: None,
            voice: None,
        }
    }

    #[test]
    fn a_test_number_has_its_own_limits_until_it_ends() {
        let (policy, test, other) = (policy(), phone("+14155550100"), phone("+14155550101"));
        let end = policy.test_numbers.first().expect("a test number").until;
        let last = end - Duration::from_secs(1);
        let own = policy.find_limits(&test, last);
        assert_eq!(own.cooldown, Duration::ZERO);
        assert_eq!(own.get(Rule::PhonePerHour), Some(7));
        assert_eq!(own.get(Rule::PhonePerDay), Some(7));
        assert_eq!(own.get(Rule::AddressPerHour), None, "others share it");
        assert_eq!(policy.find_limits(&test, end), policy.limits);
        assert_eq!(policy.find_limits(&other, last), policy.limits);
        assert!(matches!(policy.test_number(&test, last), Ok(Some(_))));
        let ended = policy.test_number(&test, end).err();
        assert_eq!(ended, Some(DestinationRefusal::TestNumberEnded));
        assert!(matches!(policy.test_number(&other, end), Ok(None)));
    }

    #[test]
    fn a_test_number_has_a_code_of_each_length() {
        let policy = policy();
        let test = policy.test_numbers.first().expect("a test number");
        let code = |length| test.code(length).map(Code::expose);
        assert_eq!(code(6), Some("123456"));
        assert_eq!(code(8), Some("12345678"));
        assert_eq!(code(7), None);
    }

    #[test]
    fn a_range_admits_numbers_that_no_plan_has() {
        let numbers = policy().numbers;
        let judge = |number: &str| {
            let destination = numbers.classify(Destination::from_unassigned(phone(number)));
            destination.map(|destination| numbers.admits(&destination))
        };
        assert_eq!(judge("+14362007986"), Ok(Ok(())));
        for other in [
            "+1436200798",
            "+143620079860",
            "+14372007986",
            "+14361001234",
            "+14360001234",
        ] {
            assert_eq!(judge(other), Err(PhoneError::NotAssigned), "{other}");
        }
        let known = Destination {
            phone: phone("+14362007986"),
            country: None,
            number_type: NumberType::PremiumRate,
        };
        assert_eq!(numbers.classify(known.clone()), Ok(known));
    }
}
