//! Phone numbers.

mod plans;

use std::fmt;
use std::sync::OnceLock;

use rlibphonenumber::{ParseError, PhoneNumberFormat, PhoneNumberType, PhoneNumberUtil, Region};
use serde::Deserialize;
use thiserror::Error;

/// The longest phone input that is looked at, in bytes: a full-width number with separators fits.
const MAX_INPUT_BYTES: usize = 96;

/// An ISO 3166-1 alpha-2 country or territory code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The countries and territories that have numbers in libphonenumber's metadata; a test compares them.
const WITH_NUMBERS: &str = "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN \
    BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE \
    DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM \
    GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE \
    KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH \
    MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ \
    OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW \
    TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// The text is no country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a country is an ISO 3166-1 alpha-2 code such as `US`")]
pub struct InvalidCountry;

impl Country {
    /// Accepts two ASCII letters, in either case.
    ///
    /// # Errors
    ///
    /// [`InvalidCountry`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidCountry> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCountry),
        }
    }

    /// Whether numbers can be assigned there at all. Answered without libphonenumber's metadata, which takes time
    /// to load.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        WITH_NUMBERS.split(' ').any(|code| code == self.as_str())
    }

    /// The code, as in `US`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a number is used for, as libphonenumber classifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberType {
    /// A land line.
    FixedLine,
    /// A mobile number.
    Mobile,
    /// A region where the two cannot be told apart, as in the US.
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// The caller pays extra.
    PremiumRate,
    /// The caller pays a part.
    SharedCost,
    /// Voice over IP.
    Voip,
    /// Follows a person.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company-wide number.
    Uan,
    /// Voice mail access.
    Voicemail,
    /// Valid, of no known type.
    Unknown,
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

/// A phone number in canonical E.164 form: `+`, then at most 15 digits.
///
/// Every accepted spelling of a number gives the same value. It is personal data: `Debug` shows
/// the mask only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Restores a number that [`PhoneParser`] made, from a sealed token.
    ///
    /// `None` when the text does not have the shape of E.164.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let shaped = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        shaped.then(|| Self(text.to_owned()))
    }

    /// The number in clear, for delivery and for the success token; never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The number without its last four digits: the block that pumping walks through.
    #[must_use]
    pub fn block(&self) -> &str {
        let end = self.0.len().saturating_sub(4);
        self.0.get(..end).unwrap_or_default()
    }

    /// The number with everything but its last two digits hidden, as in `+•••••••••23`.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = self.0.len().saturating_sub(2);
        let hidden = "•".repeat(shown.saturating_sub(1));
        format!("+{hidden}{}", self.0.get(shown..).unwrap_or_default())
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// A phone number with what the policy decides on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The canonical number.
    pub phone: Phone,
    /// Where it is assigned; `None` for numbers of no country, such as satellite networks.
    pub country: Option<Country>,
    /// What it is used for.
    pub number_type: NumberType,
}

/// Why a text was not accepted as a phone number. No variant holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// Empty, too long, or with characters that no phone number has.
    #[error("only digits, separators and a leading + or tel: are accepted")]
    Characters,
    /// Letters: vanity numbers and extensions cannot be texted reliably.
    #[error("letters and extensions are not accepted")]
    LettersOrExtension,
    /// National form without a region.
    #[error("a number without country code needs `region`")]
    MissingRegion,
    /// `region` is not a country that has phone numbers.
    #[error("the region is not known")]
    UnknownRegion,
    /// The numbering plan has no such number.
    #[error("no such number exists in the numbering plan")]
    NotAssigned,
}

/// Turns what people type into canonical numbers, by libphonenumber's metadata.
///
/// The plans of the countries that are served are decoded at first use, or by [`PhoneParser::warm_up`]
/// during start-up; all others when a number asks for one of them.
#[derive(Default)]
pub struct PhoneParser {
    countries: Vec<Country>,
    served: OnceLock<Option<PhoneNumberUtil>>,
    all: OnceLock<Option<PhoneNumberUtil>>,
}

impl fmt::Debug for PhoneParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneParser")
    }
}

/// Why a library did not read a number.
enum Unread {
    /// It has no plan of the region or of the calling code; another library may.
    NoPlan(PhoneError),
    /// No library reads it.
    Fault(PhoneError),
}

impl PhoneParser {
    /// A parser that has loaded nothing yet, and loads all plans at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A parser that has loaded nothing yet, and first loads the plans of `countries`. It accepts the same
    /// numbers as any other.
    #[must_use]
    pub fn serving(countries: impl IntoIterator<Item = Country>) -> Self {
        Self {
            countries: countries.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Loads the plans of the countries served now instead of at the first number.
    pub fn warm_up(&self) {
        self.served();
    }

    /// The library with the plans of the countries served; all of them if none are named.
    fn served(&self) -> Option<&PhoneNumberUtil> {
        if self.countries.is_empty() {
            return self.all();
        }
        let served = self.served.get_or_init(|| plans::of(&self.countries));
        served.as_ref()
    }

    fn all(&self) -> Option<&PhoneNumberUtil> {
        self.all.get_or_init(plans::all).as_ref()
    }

    /// Reads `text` as a phone number.
    ///
    /// Accepted: E.164 and its usual spellings (separators, full-width and other Unicode digits,
    /// `tel:`, a leading `00`), and national form when `region` names the country. Refused:
    /// letters, extensions and `tel:` parameters.
    ///
    /// # Errors
    ///
    /// [`PhoneError`] says what is wrong.
    pub fn parse(&self, text: &str, region: Option<Country>) -> Result<Destination, PhoneError> {
        let number = spelled(text)?;
        let served = self.served().ok_or(PhoneError::NotAssigned)?;
        match read(served, &number, region) {
            Ok(destination) => Ok(destination),
            Err(Unread::Fault(error)) => Err(error),
            Err(Unread::NoPlan(_)) => {
                let all = self.all().ok_or(PhoneError::NotAssigned)?;
                read(all, &number, region)
                    .map_err(|(Unread::Fault(error) | Unread::NoPlan(error))| error)
            }
        }
    }
}

/// Reads a number by the plans of `library`.
fn read(
    library: &PhoneNumberUtil,
    number: &str,
    region: Option<Country>,
) -> Result<Destination, Unread> {
    let region = match region {
        None => None,
        Some(country) => {
            Some(known_region(library, country).ok_or(Unread::NoPlan(PhoneError::UnknownRegion))?)
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
    let is_valid = library.is_valid_number(&parsed) && parsed.extension.is_none();
    let phone = Phone::from_canonical(&e164).filter(|_| is_valid);
    let country = library.get_region_for_number(&parsed);
    Ok(Destination {
        phone: phone.ok_or(Unread::Fault(PhoneError::NotAssigned))?,
        country: country.and_then(|region| Country::parse(region.as_region_str().as_str()).ok()),
        number_type: library.get_number_type(&parsed).into(),
    })
}

fn known_region(library: &PhoneNumberUtil, country: Country) -> Option<Region> {
    let region = Region::from_code(country.as_str()).ok()?;
    library.get_country_code_for_region(region).map(|_| region)
}

/// Drops `tel:` and normalises a leading plus or `00`, after checking every character.
///
/// libphonenumber itself is lenient: it extracts a number from a sentence and maps letters to
/// digits. One spelling out of many must not reach one phone under two keys, so what it would
/// guess at is refused first.
fn spelled(text: &str) -> Result<String, PhoneError> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > MAX_INPUT_BYTES {
        return Err(PhoneError::Characters);
    }
    let number = match trimmed.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => trimmed.get(4..).unwrap_or_default(),
        _ => trimmed,
    };
    if number
        .chars()
        .any(|c| c.is_alphabetic() || matches!(c, ';' | '#' | ',' | '＃'))
    {
        return Err(PhoneError::LettersOrExtension);
    }
    let rest = number.trim_start().trim_start_matches(['+', '＋']);
    let plus_signs = number.trim_start().chars().count() - rest.chars().count();
    if plus_signs > 1 || !rest.chars().all(|c| c.is_numeric() || is_separator(c)) {
        return Err(PhoneError::Characters);
    }
    if plus_signs == 1 {
        return Ok(format!("+{rest}"));
    }
    // No national number begins with 00: it is the international prefix ITU-T E.164 recommends.
    Ok(match rest.strip_prefix("00") {
        Some(international) => format!("+{international}"),
        None => rest.to_owned(),
    })
}

/// The punctuation that libphonenumber drops between digits.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | '\u{a0}' | '\u{ad}' | '\u{200b}'
            | '\u{2060}' | '\u{3000}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}'
            | '\u{ff0d}'..='\u{ff0f}' | '\u{ff08}' | '\u{ff09}' | '\u{ff3b}' | '\u{ff3d}'
            | '\u{2053}' | '\u{223c}' | '\u{ff5e}'
    )
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use proptest::prelude::*;

    /// Reads with a parser that serves two countries and with one that serves all: they must agree.
    fn parse(text: &str, region: Option<&str>) -> Result<Destination, PhoneError> {
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
    fn every_spelling_gives_one_canonical_number() {
        let spellings = [
            ("+14152007986", None),
            (" +1 415 200 7986 ", None),
            ("+1-415-200-7986", None),
            ("+1 (415) 200-7986", None),
            ("+1.415.200.7986", None),
            ("tel:+1-415-200-7986", None),
            ("TEL:+14152007986", None),
            ("0014152007986", None),
            ("＋１４１５２００７９８６", None),
            ("+١٤١٥٢٠٠٧٩٨٦", None),
            ("+1\u{a0}415\u{2011}200\u{2011}7986", None),
            ("4152007986", Some("US")),
            ("(415) 200-7986", Some("us")),
            ("1 415 200 7986", Some("US")),
            ("0014152007986", Some("GB")),
            ("+14152007986", Some("CN")),
        ];
        for (text, region) in spellings {
            let destination = parse(text, region).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(destination.phone.expose(), "+14152007986", "{text}");
            assert_eq!(destination.country, Country::parse("US").ok(), "{text}");
        }
    }

    #[test]
    fn national_form_needs_its_region() {
        assert_eq!(parse("138 0013 8000", None), Err(PhoneError::MissingRegion));
        let destination = parse("138 0013 8000", Some("CN")).expect("a Chinese mobile number");
        assert_eq!(destination.phone.expose(), "+8613800138000");
        assert_eq!(destination.number_type, NumberType::Mobile);
        assert_eq!(
            parse("07911 123456", Some("GB"))
                .expect("mobile")
                .phone
                .expose(),
            "+447911123456"
        );
    }

    #[test]
    fn the_leading_zero_of_italian_numbers_stays() {
        let with_zero = parse("+39 06 6982 1234", None).expect("a Rome number");
        assert_eq!(with_zero.phone.expose(), "+390669821234");
    }

    #[test]
    fn refuses_on_purpose() {
        for (text, region, error) in [
            ("", None, PhoneError::Characters),
            ("   ", None, PhoneError::Characters),
            ("++14152007986", None, PhoneError::Characters),
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
            ("4152007986", Some("ZZ"), PhoneError::UnknownRegion),
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
    fn a_country_is_two_ascii_letters() {
        let code = |text| Country::parse(text).map(|country| country.to_string());
        assert_eq!(code("US"), Ok("US".to_owned()));
        assert_eq!(code("us"), Ok("US".to_owned()));
        for text in ["", "U", "USA", "U1", "1S", "11", "é"] {
            assert_eq!(code(text), Err(InvalidCountry), "{text}");
        }
    }

    #[test]
    fn a_canonical_number_is_a_plus_and_5_to_15_digits() {
        for text in ["+12345", "+123456789012345"] {
            let phone = Phone::from_canonical(text).expect(text);
            assert_eq!(phone.expose(), text);
        }
        for text in [
            "",
            "+",
            "12345",
            "+1234",
            "+1234567890123456",
            "+1234a",
            "+ 12345",
            "++12345",
        ] {
            assert_eq!(Phone::from_canonical(text), None, "{text}");
        }
    }

    #[test]
    fn text_of_96_bytes_is_looked_at_and_no_longer_one() {
        let spaced = |length: usize| format!("+1{}4152007986", " ".repeat(length - 12));
        assert!(parse(&spaced(96), None).is_ok());
        assert_eq!(parse(&spaced(97), None), Err(PhoneError::Characters));
    }

    #[test]
    fn warming_up_loads_the_metadata() {
        let parser = PhoneParser::serving(Country::parse("DE"));
        assert!(parser.served.get().is_none());
        parser.warm_up();
        assert!(matches!(parser.served.get(), Some(Some(_))));
        assert!(parser.all.get().is_none());
    }

    #[test]
    fn knows_types_that_cost_money() {
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
    fn countries_with_numbers_are_those_of_the_metadata() {
        let library = PhoneNumberUtil::new().expect("metadata");
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        let known: Vec<_> = codes
            .filter(|code| {
                known_region(&library, Country::parse(code).expect("two letters")).is_some()
            })
            .collect();
        assert_eq!(WITH_NUMBERS, known.join(" "));
        assert!(Country::parse("gb").is_ok_and(|country| country.has_numbers()));
        assert!(Country::parse("uk").is_ok_and(|country| !country.has_numbers()));
    }

    #[test]
    fn mask_and_debug_hide_the_number() {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        assert_eq!(phone.masked(), "+•••••••••86");
        assert!(!format!("{phone:?}").contains("415"));
        assert_eq!(phone.block(), "+1415200");
    }

    proptest! {
        #[test]
        fn never_panics_and_is_idempotent(text in "\\PC{0,40}") {
            if let Ok(first) = parse(&text, Some("US")) {
                let again = parse(first.phone.expose(), None).expect("canonical parses");
                prop_assert_eq!(again.phone, first.phone);
            }
        }

        /// Every spelling that leads anywhere, in regions that the partial parser has plans of and has not.
        #[test]
        fn a_part_of_the_plans_reads_what_all_read(
            prefix in prop_oneof![Just(""), Just("+"), Just("00"), Just("011"), Just("0"), Just("+1"), Just("+49"), Just("01149")],
            digits in "[0-9]{3,14}",
            region in prop_oneof![Just(None), Just(Some("US")), Just(Some("DE")), Just(Some("GB")), Just(Some("CA"))],
        ) {
            let _ = parse(&format!("{prefix}{digits}"), region);
        }

        #[test]
        fn separators_do_not_matter(
            subscriber in 200_0000_u32..999_9999,
            separators in proptest::collection::vec(prop_oneof![Just(""), Just(" "), Just("-"), Just(".")], 10),
        ) {
            let plain = format!("415{subscriber}");
            let spaced: String = plain.chars().zip(separators).flat_map(|(c, s)| [c.to_string(), s.to_owned()]).collect();
            prop_assert_eq!(parse(&format!("+1{plain}"), None), parse(&format!("+1 {spaced}"), None));
        }
    }
}
