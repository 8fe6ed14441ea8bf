//! The reasons for which a rule refuses a send.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::purse::{PursePolicy, PurseRefusal, PurseRule};
use crate::rule::Rule;
use crate::subject::SubjectKind;
use crate::window::Quota;

/// Why a rule refuses a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The subject of the rule is on the block list.
    Blocked(Rule),
    /// The phone was texted less than the cooldown ago.
    CoolingDown {
        /// When the cooldown ends.
        until: Timestamp,
        /// The length of the cooldown.
        cooldown: Duration,
    },
    /// The quota of the rule is used up.
    Exhausted(Rule, Quota),
    /// No purse that is open to the caller can pay for the text.
    Unpaid(PurseRefusal),
    /// Too many wrong codes were tried for this phone.
    Locked {
        /// When the lock ends; `None` if only an operator can end it.
        until: Option<Timestamp>,
    },
}

/// The rule name of a [`Denial::Locked`], on the wire and in request lines.
pub const PHONE_LOCK: &str = "phone-lock";

impl Denial {
    /// Returns the name of the rule that refuses.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Blocked(rule) | Self::Exhausted(rule, _) => rule.name(),
            Self::CoolingDown { .. } => Rule::PhoneCooldown.name(),
            Self::Unpaid(refusal) => refusal.rule.name(),
            Self::Locked { .. } => PHONE_LOCK,
        }
    }

    /// Returns the rule whose gate refuses; `None` for a purse, which is not a gate. A lock is found by the gate of the
    /// cooldown, which reads the phone's record.
    #[must_use]
    pub const fn gate(&self) -> Option<Rule> {
        match self {
            Self::Blocked(rule) | Self::Exhausted(rule, _) => Some(*rule),
            Self::CoolingDown { .. } | Self::Locked { .. } => Some(Rule::PhoneCooldown),
            Self::Unpaid(_) => None,
        }
    }

    /// Whether a caller that the operator vouches for may pass this denial. Only the lane for such callers lets them.
    ///
    /// Blocks, locks, cooldowns, counts and the money stop hold for everybody.
    #[must_use]
    pub const fn yields_to_attestation(&self, purses: &PursePolicy) -> bool {
        match self {
            Self::Blocked(_)
            | Self::CoolingDown { .. }
            | Self::Exhausted(..)
            | Self::Locked { .. } => false,
            Self::Unpaid(refusal) => {
                purses.attested.is_some() && matches!(refusal.rule, PurseRule::Country)
            }
        }
    }

    /// Whether the allowance of a phone may let a text pass this denial of a subject of this kind
    /// ([`Found::find_allowance`]). It gets around the phone's cooldown and counts, but never around a block or a lock.
    ///
    /// [`Found::find_allowance`]: crate::gate::Found::find_allowance
    #[must_use]
    pub const fn yields_to_allowance(&self, subject: SubjectKind) -> bool {
        matches!(subject, SubjectKind::Phone)
            && matches!(self, Self::CoolingDown { .. } | Self::Exhausted(..))
    }

    /// Returns the instant from which another try can succeed; `None` when only an operator can help.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Blocked(_) => None,
            Self::CoolingDown { until, .. } => Some(*until),
            Self::Exhausted(_, quota) => Some(quota.window.end()),
            Self::Unpaid(refusal) => Some(refusal.retry_at),
            Self::Locked { until } => *until,
        }
    }

    /// Chooses the denial to report when several rules refuse, so that `Retry-After` is never too early. Each denial
    /// comes with what belongs to it.
    ///
    /// A denial without an end wins over any other. Otherwise the denial that ends last wins. Of two that end at the
    /// same time, the first wins.
    #[must_use]
    pub fn find_most_lasting<T>(denials: impl IntoIterator<Item = (Self, T)>) -> Option<(Self, T)> {
        denials
            .into_iter()
            .reduce(|kept, next| match (kept.0.retry_at(), next.0.retry_at()) {
                (None, _) => kept,
                (_, None) => next,
                (Some(a), Some(b)) => {
                    if b > a {
                        next
                    } else {
                        kept
                    }
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{HOUR, Window};

    #[test]
    fn reports_the_denial_with_the_longest_wait() {
        let quota = |start| Quota {
            limit: 1,
            window: Window {
                start: Timestamp::from_unix(start),
                length: HOUR,
            },
        };
        let short = Denial::CoolingDown {
            until: Timestamp::from_unix(60),
            cooldown: HOUR,
        };
        let long = Denial::Exhausted(Rule::PhonePerHour, quota(0));
        let endless = Denial::Blocked(Rule::BlockedDevice);
        let choose = |denials: &[Denial]| {
            let numbered = denials.iter().copied().zip(0..);
            Denial::find_most_lasting(numbered)
        };
        assert_eq!(choose(&[short, long]), Some((long, 1)));
        assert_eq!(choose(&[long, endless, short]), Some((endless, 1)));
        assert_eq!(choose(&[]), None);
        // The order of the list is the order of the transaction.
        let other = Denial::Exhausted(Rule::AddressPerHour, quota(0));
        assert_eq!(choose(&[long, other]), Some((long, 0)));
    }
}
