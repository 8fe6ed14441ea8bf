//! Canonical phone numbers, and what the policy decides about them.

use serde::Deserialize;
use thiserror::Error;

use crate::country::{Country, WithoutNumbers};

/// The use of a number, as libphonenumber classifies it. Policy files write it in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberType {
    /// A number of a land line, at a fixed place.
    FixedLine,
    /// A number of a mobile phone.
    Mobile,
    /// A number in a region whose land-line and mobile numbers look alike, as in the US.
    FixedLineOrMobile,
    /// A number that is free for the caller.
    TollFree,
    /// A number whose caller pays extra.
    PremiumRate,
    /// A number whose caller pays a part of the cost.
    SharedCost,
    /// A number for voice over IP.
    Voip,
    /// A number that follows one person from phone to phone.
    PersonalNumber,
    /// A number of a pager.
    Pager,
    /// A universal access number, which one company uses everywhere.
    Uan,
    /// A number that gives access to voice mail.
    Voicemail,
    /// A valid number of no known type.
    Unknown,
    /// No numbering plan has the number. Policies cannot list this type.
    #[serde(skip)]
    Unassigned,
}

/// A phone number in canonical E.164 form: `+`, then 5 to 15 digits.
///
/// Every accepted spelling of a number gives the same value. A number is personal data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("Phone(…)")]
pub struct Phone(String);

impl Phone {
    /// Restores a number that [`PhoneParser`](crate::phone_parser::PhoneParser) made, as a sealed token holds it.
    ///
    /// Returns `None` when the text does not have the shape of E.164.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let shaped = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        shaped.then(|| Self(text.to_owned()))
    }

    /// Returns the number in clear. It goes into texts and success tokens, never into logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the number without its last four digits.
    ///
    /// Numbers that share it form a block of ten thousand, which SMS pumping walks through in order.
    #[must_use]
    pub fn number_block(&self) -> &str {
        let end = self.0.len().saturating_sub(4);
        self.0.get(..end).unwrap_or_default()
    }

    /// Returns the number with everything but its last two digits hidden, as in `+•••••••••23`.
    #[must_use]
    pub fn mask(&self) -> String {
        let shown = self.0.len().saturating_sub(2);
        let hidden = "•".repeat(shown.saturating_sub(1));
        format!("+{hidden}{}", self.0.get(shown..).unwrap_or_default())
    }
}

/// A phone number, and the facts that the policy decides on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The number in E.164 form.
    pub phone: Phone,
    /// The country that the number belongs to; `None` for numbers without one, such as those of satellite networks.
    pub country: Option<Country>,
    /// The use of the number.
    pub number_type: NumberType,
}

impl Destination {
    /// Makes the destination of a number that no numbering plan has.
    #[must_use]
    pub const fn from_unassigned(phone: Phone) -> Self {
        Self {
            phone,
            country: None,
            number_type: NumberType::Unassigned,
        }
    }
}

/// Why a text was not accepted as a phone number. No variant holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PhoneError {
    /// The text is empty, too long, or holds characters that no phone number has.
    #[error("only digits, separators and a leading + or tel: are accepted")]
    Characters,
    /// The text holds letters or an extension. Vanity numbers and extensions cannot be texted reliably.
    #[error("letters and extensions are not accepted")]
    LettersOrExtension,
    /// The number is in national form or begins with a prefix for calls abroad, and the request names no region.
    #[error("a number without a leading + and country code needs `region`")]
    MissingRegion,
    /// `region` is not a country with phone numbers.
    #[error("the region is not known: {0}")]
    UnknownRegion(WithoutNumbers),
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
    fn the_mask_and_debug_hide_the_number() {
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        assert_eq!(phone.mask(), "+•••••••••86");
        assert!(!format!("{phone:?}").contains("415"));
        assert_eq!(phone.number_block(), "+1415200");
    }
}
