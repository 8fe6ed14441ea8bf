//! Why the purses do not pay for a text.

use strum::EnumCount;

use super::empty::EmptyPurse;
use crate::clock::Timestamp;

/// The purse that refuses a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum PurseRule {
    /// No lane of the country that is open to the caller can pay.
    Country,
    /// The number block cannot pay.
    NumberBlock,
    /// The country has spent what it may in a day.
    MoneyPerDay,
    /// The purse of the country's calls cannot pay.
    Calls,
    /// The country's calls have cost what they may in a day.
    CallMoneyPerDay,
}

impl PurseRule {
    /// Every rule, in the order in which policies and tests list them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Country,
        Self::NumberBlock,
        Self::MoneyPerDay,
        Self::Calls,
        Self::CallMoneyPerDay,
    ];

    /// Finds the rule of a stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Returns the stable name, which is `rule` on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Country => "country-purse",
            Self::NumberBlock => "number-block-purse",
            Self::MoneyPerDay => "money-per-day",
            Self::Calls => "call-purse",
            Self::CallMoneyPerDay => "call-money-per-day",
        }
    }
}

/// Why the purses refuse a send.
///
/// Rule and time depend on the caller's network and on the number block, never on whether the phone is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseRefusal {
    /// The purse that cannot pay.
    pub rule: PurseRule,
    /// When it can pay again, if nobody else asks.
    pub retry_at: Timestamp,
    /// The purse that was empty; `None` for a stop of money, and for a phone's allowance that is used up. No answer shows
    /// it.
    pub empty: Option<EmptyPurse>,
}
