//! Countries and territories, by their ISO 3166-1 codes.

use std::fmt;

use thiserror::Error;

/// An ISO 3166-1 alpha-2 country or territory code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, derive_more::Debug)]
#[debug("{}", self.as_str())]
pub struct Country([u8; 2]);

/// The countries and territories that have numbers in libphonenumber's metadata. A test compares the two.
pub(crate) const WITH_NUMBERS: &str = "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN \
    BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE \
    DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM \
    GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE \
    KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH \
    MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ \
    OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW \
    TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Countries whose territories have codes of their own. A policy that lists such a country leaves them out.
const TERRITORIES: [(&str, &str); 10] = [
    ("AU", "CC CX NF"),
    ("CN", "HK MO"),
    ("DK", "FO GL"),
    ("FI", "AX"),
    ("FR", "BL GF GP MF MQ NC PF PM RE WF YT"),
    ("GB", "AC AI BM FK GG GI IM IO JE KY MS SH TA TC VG"),
    ("NL", "AW BQ CW SX"),
    ("NO", "SJ"),
    ("NZ", "CK NU TK"),
    ("US", "AS GU MP PR VI"),
];

/// Codes that people write for a country, and the code of ISO 3166-1.
const MISTAKEN: [(&str, &str); 6] = [
    ("EL", "GR"),
    ("EN", "GB"),
    ("JA", "JP"),
    ("KO", "KR"),
    ("UK", "GB"),
    ("ZH", "CN"),
];

/// Reports a text that is not the code of a country with phone numbers, and the country that people mean by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the ISO 3166-1 code of a country with phone numbers is needed, as in `US`{}", Hint(*.meant))]
pub struct WithoutNumbers {
    /// The country that people mean by the code, if the code itself names no country.
    pub meant: Option<Country>,
}

/// Writes which country was perhaps meant: `; perhaps `GB` is meant`, or nothing.
struct Hint(Option<Country>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(meant) => write!(f, "; perhaps `{meant}` is meant"),
            None => Ok(()),
        }
    }
}

/// Reports a text that is not a country code.
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

    /// Accepts the code of a country that has phone numbers, such as `GB`. `UK` has none.
    ///
    /// # Errors
    ///
    /// [`WithoutNumbers`] for anything else.
    pub fn parse_with_numbers(text: &str) -> Result<Self, WithoutNumbers> {
        match Self::parse(text) {
            Ok(country) if country.has_numbers() => Ok(country),
            Ok(country) => Err(WithoutNumbers {
                meant: country.find_meant(),
            }),
            Err(InvalidCountry) => Err(WithoutNumbers { meant: None }),
        }
    }

    /// Whether libphonenumber knows a numbering plan for this country.
    ///
    /// The answer comes from a list in this crate, because the metadata takes time to decode.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        // A start looks for each country of the price list, so this must be fast. No space follows the last code.
        let (codes, last) = WITH_NUMBERS.as_bytes().as_chunks();
        let found = codes.binary_search_by(|[a, b, _]| [*a, *b].cmp(&self.0));
        found.is_ok() || last == self.0
    }

    /// Returns the territories of this country that have codes of their own, such as Puerto Rico of the US.
    pub fn list_territories(&self) -> impl Iterator<Item = Country> {
        let own = TERRITORIES.iter().find(|(code, _)| *code == self.as_str());
        let codes = own.map_or("", |(_, codes)| codes).split_whitespace();
        codes.filter_map(|code| Country::parse(code).ok())
    }

    /// Returns the country that people mean by this code, if the code itself names no country.
    #[must_use]
    pub fn find_meant(&self) -> Option<Country> {
        let known = MISTAKEN.iter().find(|(code, _)| *code == self.as_str())?;
        Country::parse(known.1).ok()
    }

    /// Returns the code in upper case, as in `US`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_two_ascii_letters_and_nothing_else() {
        let code = |text| Country::parse(text).map(|country| country.to_string());
        assert_eq!(code("US"), Ok("US".to_owned()));
        assert_eq!(code("us"), Ok("US".to_owned()));
        for text in ["", "U", "USA", "U1", "1S", "11", "é"] {
            assert_eq!(code(text), Err(InvalidCountry), "{text}");
        }
    }

    #[test]
    fn every_code_of_the_list_is_found_and_no_other() {
        let codes: Vec<_> = WITH_NUMBERS.split(' ').collect();
        assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 2));
        for (a, b) in ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| (a, b))) {
            let code = format!("{a}{b}");
            let country = Country::parse(&code).expect("two letters");
            let is_listed = codes.contains(&code.as_str());
            assert_eq!(country.has_numbers(), is_listed, "{code}");
        }
    }

    #[test]
    fn a_code_that_people_mistake_is_refused_with_the_right_one() {
        assert_eq!(
            Country::parse_with_numbers("uk").map_err(|error| error.to_string()),
            Err("the ISO 3166-1 code of a country with phone numbers is needed, as in `US`; perhaps `GB` is meant".to_owned())
        );
        let other = Country::parse_with_numbers("USA").map_err(|error| error.to_string());
        assert!(other.is_err_and(|text| text.ends_with("as in `US`")));
        assert_eq!(Country::parse_with_numbers("gb"), Ok(Country(*b"GB")));
    }

    #[test]
    fn territories_and_meant_countries_have_numbers() {
        for (code, territories) in TERRITORIES {
            let country = Country::parse(code).expect("a code");
            assert!(country.has_numbers());
            let names: Vec<String> = country.list_territories().map(|t| t.to_string()).collect();
            assert_eq!(names.join(" "), territories);
            assert!(
                country.list_territories().all(|t| t.has_numbers()),
                "{code}"
            );
        }
        for (code, meant) in MISTAKEN {
            let mistaken = Country::parse(code).expect("two letters");
            assert!(!mistaken.has_numbers(), "{code}");
            let meant = Country::parse(meant).expect("a code");
            assert!(meant.has_numbers() && mistaken.find_meant() == Some(meant));
        }
    }
}
