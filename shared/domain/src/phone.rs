//! Phone numbers.

use std::fmt;

use serde::Deserialize;
use thiserror::Error;

use crate::country::Country;

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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn mask_and_debug_hide_the_number() {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        assert_eq!(phone.masked(), "+•••••••••86");
        assert!(!format!("{phone:?}").contains("415"));
        assert_eq!(phone.block(), "+1415200");
    }
}
