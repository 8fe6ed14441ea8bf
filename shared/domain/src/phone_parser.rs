//! Reads phone numbers as people type them.

mod normalize;
mod plans;
#[cfg(test)]
mod spelling_tests;

use std::sync::OnceLock;

use rlibphonenumber::{
    NumberLengthType, ParseError, PhoneNumberFormat, PhoneNumberType, PhoneNumberUtil, Region,
};

use crate::country::{Country, WithoutNumbers};
use crate::phone::{Destination, NumberType, Phone, PhoneError};

pub use self::normalize::TypedNumber;

/// Turns what people type into canonical numbers, by libphonenumber's metadata.
///
/// The metadata holds one numbering plan per country. The parser decodes the plans of the served countries at first
/// use, or in [`PhoneParser::warm_up`] during start-up. It decodes the other plans when a number needs one of them.
#[derive(Default, derive_more::Debug)]
#[debug("PhoneParser")]
pub struct PhoneParser {
    countries: Vec<Country>,
    served: OnceLock<Option<PhoneNumberUtil>>,
    all: OnceLock<Option<PhoneNumberUtil>>,
}

/// Why one set of plans did not read a number.
enum Unread {
    /// The set lacks the plan of the region or of the calling code. A larger set may have it.
    NoPlan(PhoneError),
    /// The number is at fault, so no set of plans reads it.
    Fault(PhoneError),
}

impl PhoneParser {
    /// Makes a parser that decodes all plans at first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a parser that decodes the plans of `countries` first.
    ///
    /// It accepts the same numbers as a parser from [`PhoneParser::new`].
    #[must_use]
    pub fn serving(countries: impl IntoIterator<Item = Country>) -> Self {
        Self {
            countries: countries.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Decodes the plans of the served countries now instead of at the first number.
    pub fn warm_up(&self) {
        self.load_served();
    }

    /// Returns the plans of the served countries, or all plans if the parser names no countries.
    fn load_served(&self) -> Option<&PhoneNumberUtil> {
        if self.countries.is_empty() {
            return self.load_all();
        }
        let served = self
            .served
            .get_or_init(|| plans::decode_for(&self.countries));
        served.as_ref()
    }

    fn load_all(&self) -> Option<&PhoneNumberUtil> {
        self.all.get_or_init(plans::decode_all).as_ref()
    }

    /// Reads `typed_phone` as a phone number of a numbering plan.
    ///
    /// Accepted are E.164 and its usual spellings on one line: separators, invisible characters, digits of every
    /// script, `tel:`, and a plus sign in brackets. When `region` names the country, a number is accepted as people
    /// dial it there. That is the national form, or the prefix for calls abroad, such as `00` in Germany and `0011` in
    /// Australia. Letters, extensions and `tel:` parameters are refused.
    ///
    /// # Errors
    ///
    /// [`PhoneError`] says what is wrong.
    pub fn parse(
        &self,
        typed_phone: &str,
        region: Option<Country>,
    ) -> Result<Destination, PhoneError> {
        let destination = self.parse_any(typed_phone, region)?;
        match destination.number_type {
            NumberType::Unassigned => Err(PhoneError::NotAssigned),
            _ => Ok(destination),
        }
    }

    /// Reads `typed_phone` like [`parse`](Self::parse), but also numbers that no numbering plan has.
    ///
    /// Such a number has the type [`NumberType::Unassigned`] and no country. The policy may know it, as a test number
    /// or by a range that is newer than the metadata.
    ///
    /// # Errors
    ///
    /// [`PhoneError`] says why the text cannot be the number of a phone.
    pub fn parse_any(
        &self,
        typed_phone: &str,
        region: Option<Country>,
    ) -> Result<Destination, PhoneError> {
        self.read(&TypedNumber::parse(typed_phone)?, region)
    }

    /// Reads `number` like [`parse_any`](Self::parse_any), for a caller that needs the typed number, too.
    ///
    /// # Errors
    ///
    /// [`PhoneError`] says why it cannot be the number of a phone.
    pub fn read(
        &self,
        number: &TypedNumber,
        region: Option<Country>,
    ) -> Result<Destination, PhoneError> {
        let served = self.load_served().ok_or(PhoneError::NotAssigned)?;
        let read = match read(served, number, region) {
            Err(Unread::NoPlan(_)) => {
                // Numbers of other countries are read, too, so that the refusal can name the policy as its reason.
                let all = self.load_all().ok_or(PhoneError::NotAssigned)?;
                read(all, number, region)
            }
            read => read,
        };
        read.or_else(|(Unread::Fault(error) | Unread::NoPlan(error))| {
            // A complete number needs no plan. Without one, it is what it says.
            let complete = number.read_complete().map(Destination::from_unassigned);
            complete
                .filter(|_| error == PhoneError::NotAssigned)
                .ok_or(error)
        })
    }
}

impl PhoneParser {
    /// Whether the plan of the number's calling code has numbers of this length. The number itself may be unassigned.
    #[must_use]
    pub fn has_length(&self, phone: &Phone) -> bool {
        let judge = |library: &PhoneNumberUtil| {
            let number = library.parse(phone.expose(), None).ok()?;
            // Numbers that are dialled within one town only are shorter, and cannot be texted.
            let length = library.is_possible_number_with_reason(&number);
            Some(length == Ok(NumberLengthType::IsPossible))
        };
        let served = self.load_served().and_then(judge);
        served
            .or_else(|| self.load_all().and_then(judge))
            .unwrap_or(false)
    }
}

/// Returns the calling code with which the numbers of a country begin, such as `44`; `None` for a country without
/// numbers.
#[must_use]
pub fn find_calling_code(country: Country) -> Option<String> {
    plans::find_calling_code(country).map(|code| code.to_string())
}

/// Reads a typed number by the plans of `library`.
fn read(
    library: &PhoneNumberUtil,
    TypedNumber(number): &TypedNumber,
    region: Option<Country>,
) -> Result<Destination, Unread> {
    let region = match region {
        None => None,
        Some(country) => {
            let unknown = PhoneError::UnknownRegion(WithoutNumbers {
                meant: country.find_meant(),
            });
            Some(find_region(library, country).ok_or(Unread::NoPlan(unknown))?)
        }
    };
    if region.is_none() && !number.starts_with('+') {
        return Err(Unread::Fault(PhoneError::MissingRegion));
    }
    let parsed = library.parse(number, region).map_err(|error| match error {
        ParseError::InvalidCountryCode => Unread::NoPlan(PhoneError::NotAssigned),
        ParseError::NotANumber(_)
        | ParseError::TooShortAfterIdd
        | ParseError::TooShortNsn
        | ParseError::TooLongNsn => Unread::Fault(PhoneError::NotAssigned),
    })?;
    let e164 = library.format(&parsed, PhoneNumberFormat::E164);
    let phone = Phone::from_canonical(&e164).filter(|_| parsed.extension.is_none());
    let phone = phone.ok_or(Unread::Fault(PhoneError::NotAssigned))?;
    if !library.is_valid_number(&parsed) {
        return Ok(Destination::from_unassigned(phone));
    }
    let country = library.get_region_for_number(&parsed);
    Ok(Destination {
        phone,
        country: country.and_then(|region| Country::parse(region.as_region_str().as_str()).ok()),
        number_type: library.get_number_type(&parsed).into(),
    })
}

/// Finds the region of `country`, if `library` has a plan for it.
fn find_region(library: &PhoneNumberUtil, country: Country) -> Option<Region> {
    let region = Region::from_code(country.as_str()).ok()?;
    library.get_country_code_for_region(region).map(|_| region)
}

impl From<PhoneNumberType> for NumberType {
    fn from(kind: PhoneNumberType) -> Self {
        match kind {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::PersonalNumber,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    /// Reads with a parser that serves two countries and with one that serves all, and checks that they agree.
    pub(super) fn parse(text: &str, region: Option<&str>) -> Result<Destination, PhoneError> {
        static WHOLE: LazyLock<PhoneParser> = LazyLock::new(PhoneParser::new);
        static PART: LazyLock<PhoneParser> = LazyLock::new(|| {
            PhoneParser::serving(["US", "DE"].map(|c| Country::parse(c).expect("a country code")))
        });
        let region = region.map(|r| Country::parse(r).expect("a country code"));
        let read = WHOLE.parse(text, region);
        assert_eq!(PART.parse(text, region), read, "{text:?}");
        read
    }

    #[test]
    fn refuses_letters_extensions_and_unassigned_numbers() {
        for (text, region, error) in [
            ("", None, PhoneError::Characters),
            ("   ", None, PhoneError::Characters),
            ("+", None, PhoneError::Characters),
            ("1+4152007986", None, PhoneError::Characters),
            ("0014152007986", None, PhoneError::MissingRegion),
            ("001 65 9345 6782", None, PhoneError::MissingRegion),
            ("+14152007986~5", None, PhoneError::LettersOrExtension),
            ("+1415200\u{0}7986", None, PhoneError::Characters),
            ("+1*4152007986", None, PhoneError::Characters),
            ("+1 800 FLOWERS", None, PhoneError::LettersOrExtension),
            ("+14152007986 ext. 5", None, PhoneError::LettersOrExtension),
            ("+14152007986x5", None, PhoneError::LettersOrExtension),
            ("+14152007986;ext=5", None, PhoneError::LettersOrExtension),
            (
                "tel:4152007986;phone-context=+1",
                None,
                PhoneError::LettersOrExtension,
            ),
            ("+14152007986,5", None, PhoneError::LettersOrExtension),
            (
                "4152007986",
                Some("ZZ"),
                PhoneError::UnknownRegion(WithoutNumbers { meant: None }),
            ),
            (
                "07911123456",
                Some("UK"),
                PhoneError::UnknownRegion(WithoutNumbers {
                    meant: Country::parse("GB").ok(),
                }),
            ),
            ("+1 415 200", None, PhoneError::NotAssigned),
            ("+1 555 200 7986", None, PhoneError::NotAssigned),
            ("+999 1234 5678", None, PhoneError::NotAssigned),
        ] {
            assert_eq!(parse(text, region), Err(error), "{text:?}");
        }
        assert_eq!(
            parse(&"1".repeat(97), Some("US")),
            Err(PhoneError::Characters)
        );
    }

    #[test]
    fn reads_96_bytes_and_refuses_97() {
        let spaced = |length: usize| format!("+1{}4152007986", " ".repeat(length - 12));
        assert!(parse(&spaced(96), None).is_ok());
        assert_eq!(parse(&spaced(97), None), Err(PhoneError::Characters));
    }

    #[test]
    fn warming_up_decodes_only_the_plans_of_the_served_countries() {
        let parser = PhoneParser::serving(Country::parse("DE"));
        assert!(parser.served.get().is_none());
        parser.warm_up();
        assert!(matches!(parser.served.get(), Some(Some(_))));
        assert!(parser.all.get().is_none());
    }

    #[test]
    fn recognizes_the_types_of_number_that_cost_money() {
        for (text, number_type) in [
            ("+1 900 234 5678", NumberType::PremiumRate),
            ("+44 909 879 0000", NumberType::PremiumRate),
            ("+1 800 234 5678", NumberType::TollFree),
            ("+44 76 4050 0123", NumberType::Pager),
        ] {
            assert_eq!(
                parse(text, None).expect(text).number_type,
                number_type,
                "{text}"
            );
        }
    }

    #[test]
    fn satellite_numbers_have_no_country() {
        assert_eq!(
            parse("+870 773 123 456", None).expect("Inmarsat").country,
            None
        );
    }

    #[test]
    fn the_list_of_countries_with_numbers_matches_the_metadata() {
        let library = PhoneNumberUtil::new().expect("metadata");
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        let known: Vec<_> = codes
            .filter(|code| {
                find_region(&library, Country::parse(code).expect("two letters")).is_some()
            })
            .collect();
        assert_eq!(crate::country::WITH_NUMBERS, known.join(" "));
        assert!(Country::parse("gb").is_ok_and(|country| country.has_numbers()));
        assert!(Country::parse("uk").is_ok_and(|country| !country.has_numbers()));
    }

    proptest! {
        #[test]
        fn reads_its_own_output_and_never_panics(text in "\\PC{0,40}") {
            if let Ok(first) = parse(&text, Some("US")) {
                let again = parse(first.phone.expose(), None).expect("canonical parses");
                prop_assert_eq!(again.phone, first.phone);
            }
        }

        /// The regions include some that the partial parser decodes first and some that it does not.
        #[test]
        fn the_plans_of_some_countries_read_what_all_plans_read(
            prefix in prop_oneof![Just(""), Just("+"), Just("00"), Just("011"), Just("0"), Just("+1"), Just("+49"), Just("01149"), Just("0011"), Just("001"), Just("010")],
            digits in "[0-9]{3,14}",
            region in prop_oneof![Just(None), Just(Some("US")), Just(Some("DE")), Just(Some("GB")), Just(Some("CA")), Just(Some("AU")), Just(Some("HK")), Just(Some("JP"))],
        ) {
            let _ = parse(&format!("{prefix}{digits}"), region);
        }

        #[test]
        fn ignores_separators(
            subscriber in 200_0000_u32..999_9999,
            separators in proptest::collection::vec(prop_oneof![Just(""), Just(" "), Just("-"), Just(".")], 10),
        ) {
            let plain = format!("415{subscriber}");
            let spaced: String = plain.chars().zip(separators).flat_map(|(c, s)| [c.to_string(), s.to_owned()]).collect();
            prop_assert_eq!(parse(&format!("+1{plain}"), None), parse(&format!("+1 {spaced}"), None));
        }
    }
}
