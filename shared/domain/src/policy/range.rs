//! Ranges of numbers that are newer than the metadata.

use crate::country::Country;
use crate::phone::{NumberType, Phone};

/// A range of numbers that the operator knows and the metadata of this build does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRange {
    /// The digits that every number of the range begins with, from the calling code on.
    pub prefix: String,
    /// The number of digits of a whole number, with the calling code.
    pub digits: usize,
    /// The country of the range.
    pub country: Country,
    /// The use of its numbers.
    pub number_type: NumberType,
}

impl NumberRange {
    /// Makes a hundred numbers of the range, spread over it.
    pub fn list_samples(&self) -> impl Iterator<Item = String> {
        let rest = self.digits.saturating_sub(self.prefix.len());
        (0..100_u32).map(move |start| {
            let tail: String = format!("{start:02}2345678901234")
                .chars()
                .take(rest)
                .collect();
            format!("+{}{tail}", self.prefix)
        })
    }

    /// Whether `phone` is a number of the range. One that nobody can have behind `+1` is not.
    pub(super) fn contains(&self, phone: &Phone) -> bool {
        let digits = phone.expose().trim_start_matches('+');
        digits.len() == self.digits
            && digits.starts_with(&self.prefix)
            && !has_low_part_behind_1(digits)
    }
}

/// Whether digits that begin with the calling code 1 have an area code or an exchange that begins with 0 or 1. `digits`
/// may be the first ones of a number.
///
/// The calling code is that of the North American Numbering Plan. All its numbers have an area code of three digits, an
/// exchange of three and four more. Area codes and exchanges begin with 2 to 9.
#[must_use]
pub fn has_low_part_behind_1(digits: &str) -> bool {
    let begins_low = |at: usize| {
        digits
            .get(at..)
            .is_some_and(|rest| rest.starts_with(['0', '1']))
    };
    digits.starts_with('1') && (begins_low(1) || begins_low(4))
}
