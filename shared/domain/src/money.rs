//! Amounts of money, as integers.

use std::fmt;

/// An amount in millionths of a US dollar, above 0 and below 100 dollars when it was read as dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Accepts more than 0 and less than 100 dollars, after they are rounded to millionths.
    ///
    /// Returns `None` for any other amount.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked below"
        )]
        let amount = Self(micros as u64);
        (1.0..100e6).contains(&micros).then_some(amount)
    }

    /// Makes an amount of millionths of a US dollar, such as a sum of amounts. It may be 0.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the amount in millionths of a US dollar.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Returns the amount in US dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "amounts stay far below 2^53 millionths"
        )]
        let micros = self.0 as f64;
        micros / 1e6
    }

    /// Returns the amount multiplied by `count`. It saturates instead of overflowing.
    #[must_use]
    pub const fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count as u64))
    }
}

/// Writes dollars with two decimals, or with as many as the amount needs, as in `0.50` or `0.00645`.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let digits = format!("{fraction:06}");
        let needed = digits.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{}", digits.get(..needed).unwrap_or_default())
    }
}

/// What a text is estimated to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The cost of all segments of the text.
    pub amount: MicroUsd,
    /// Whether the amount is the most that the text may cost, because the policy has no price for its country.
    pub is_upper_bound: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_above_0_and_below_100_dollars_and_keeps_its_millionths() {
        for dollars in [
            0.0,
            0.000_000_4,
            -0.5,
            99.999_999_9,
            100.0,
            1e9,
            f64::NAN,
            f64::INFINITY,
        ] {
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
    fn an_amount_is_written_with_two_decimals_or_as_many_as_it_needs() {
        let write = |micros| MicroUsd(micros).to_string();
        assert_eq!(write(500_000), "0.50");
        assert_eq!(write(6_450), "0.00645");
        assert_eq!(write(0), "0.00");
        assert_eq!(write(1), "0.000001");
        assert_eq!(write(12_000_000), "12.00");
        assert_eq!(write(99_999_999), "99.999999");
    }
}
