//! Countries and territories, by their ISO 3166-1 codes.

use std::fmt;

use thiserror::Error;

/// An ISO 3166-1 alpha-2 country or territory code in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Whether libphonenumber knows a numbering plan for this country.
    ///
    /// The answer comes from a list in this crate, because the metadata takes time to decode.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        WITH_NUMBERS.split(' ').any(|code| code == self.as_str())
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

impl fmt::Debug for Country {
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
}
