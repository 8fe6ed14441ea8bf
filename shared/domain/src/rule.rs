//! The rules that limit sending.

use std::time::Duration;

use strum::EnumCount;

use crate::subject::SubjectKind;
use crate::window::{DAY, HOUR};

/// A rule that a send must pass.
///
/// To add a rule, add a variant, its place in [`Rule::ALL`] and its row in `Rule::row`. The policy file, the
/// transaction, the refund, the refusal and `explain` follow from the row. No two rules count one subject in windows of
/// one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Rule {
    /// Refuses a phone on the block list.
    BlockedPhone,
    /// Refuses a device on the block list.
    BlockedDevice,
    /// Refuses an address on the block list.
    BlockedAddress,
    /// Refuses a number block, a country or a network on the block list.
    BlockedRange,
    /// Refuses a phone that is locked or was texted less than a cooldown ago. This rule also stores the challenge.
    PhoneCooldown,
    /// Limits the texts per phone and hour.
    PhonePerHour,
    /// Limits the texts per phone and day.
    PhonePerDay,
    /// Limits the texts per device and day.
    DevicePerDay,
    /// Limits the texts per address and hour.
    AddressPerHour,
    /// Limits the texts per business and hour.
    BusinessPerHour,
    /// Limits the texts per business and day.
    BusinessPerDay,
}

/// Everything that is fixed about a rule.
struct Row {
    name: &'static str,
    subject: SubjectKind,
    kind: RuleKind,
    is_refunded: bool,
}

/// How a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// The rule refuses a subject on the block list.
    Block,
    /// The rule refuses a send that falls into a range on the block list.
    BlockRange,
    /// The rule decides on the phone's record.
    Reserve,
    /// The rule counts texts in windows.
    Count {
        /// The length of a window, an hour or a day.
        window: Duration,
        /// The texts that a window admits where `[limits]` of the policy names no number. `None` for a rule that counts
        /// only for the businesses that name one.
        default_limit: Option<u32>,
    },
}

impl Row {
    const fn block(name: &'static str, subject: SubjectKind) -> Self {
        Self {
            name,
            subject,
            kind: RuleKind::Block,
            is_refunded: false,
        }
    }

    const fn count(
        name: &'static str,
        subject: SubjectKind,
        window: Duration,
        default_limit: u32,
    ) -> Self {
        Self::count_up_to(name, subject, window, Some(default_limit))
    }

    const fn count_of_business(name: &'static str, window: Duration) -> Self {
        Self::count_up_to(name, SubjectKind::Business, window, None)
    }

    const fn count_up_to(
        name: &'static str,
        subject: SubjectKind,
        window: Duration,
        default_limit: Option<u32>,
    ) -> Self {
        Self {
            name,
            subject,
            kind: RuleKind::Count {
                window,
                default_limit,
            },
            is_refunded: false,
        }
    }

    const fn with_refund(mut self) -> Self {
        self.is_refunded = true;
        self
    }
}

impl Rule {
    /// Every rule, in the order in which a send is checked.
    pub const ALL: [Self; Self::COUNT] = [
        Self::BlockedPhone,
        Self::BlockedDevice,
        Self::BlockedAddress,
        Self::BlockedRange,
        Self::PhoneCooldown,
        Self::PhonePerHour,
        Self::PhonePerDay,
        Self::DevicePerDay,
        Self::AddressPerHour,
        Self::BusinessPerHour,
        Self::BusinessPerDay,
    ];

    const fn row(self) -> Row {
        use SubjectKind::{Address, Device, NumberBlock, Phone};
        match self {
            Self::BlockedPhone => Row::block("blocked-phone", Phone),
            Self::BlockedDevice => Row::block("blocked-device", Device),
            Self::BlockedAddress => Row::block("blocked-address", Address),
            // A send falls into several ranges. Its number block stands for them until one refuses.
            Self::BlockedRange => Row {
                kind: RuleKind::BlockRange,
                ..Row::block("blocked-range", NumberBlock)
            },
            Self::PhoneCooldown => Row {
                name: "phone-cooldown",
                subject: Phone,
                kind: RuleKind::Reserve,
                is_refunded: false,
            },
            Self::PhonePerHour => Row::count("phone-per-hour", Phone, HOUR, 5).with_refund(),
            Self::PhonePerDay => Row::count("phone-per-day", Phone, DAY, 10).with_refund(),
            Self::DevicePerDay => Row::count("device-per-day", Device, DAY, 10).with_refund(),
            // This is not refunded, so that numbers which the carrier refuses still use up an attacker's quota. A typed
            // code gives its text back.
            Self::AddressPerHour => Row::count("address-per-hour", Address, HOUR, 20),
            Self::BusinessPerHour => Row::count_of_business("business-per-hour", HOUR),
            Self::BusinessPerDay => Row::count_of_business("business-per-day", DAY),
        }
    }

    /// Returns the stable name: `rule` on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the key of its limit in the policy's table `[limits]`: `phone_per_day` of `phone-per-day`.
    #[must_use]
    pub fn limit_key(self) -> String {
        self.name().replace('-', "_")
    }

    /// Returns the kind of subject that the rule is about.
    #[must_use]
    pub const fn subject(self) -> SubjectKind {
        self.row().subject
    }

    /// Returns how the rule decides.
    #[must_use]
    pub const fn kind(self) -> RuleKind {
        self.row().kind
    }

    /// Returns the length of the window in which the rule counts; `None` for a rule that does not count.
    #[must_use]
    pub const fn window(self) -> Option<Duration> {
        match self.row().kind {
            RuleKind::Count { window, .. } => Some(window),
            RuleKind::Block | RuleKind::BlockRange | RuleKind::Reserve => None,
        }
    }

    /// Returns the limit in a policy that names none in `[limits]`. `None` for a rule that does not count, or that
    /// counts only for the businesses that name a limit.
    #[must_use]
    pub const fn default_limit(self) -> Option<u32> {
        match self.row().kind {
            RuleKind::Count { default_limit, .. } => default_limit,
            RuleKind::Block | RuleKind::BlockRange | RuleKind::Reserve => None,
        }
    }

    /// Whether a count is given back when the carrier certainly did not send the text.
    ///
    /// Counts that limit one honest user are given back. Counts that bound an attacker who tries many numbers are not.
    #[must_use]
    pub const fn is_refunded(self) -> bool {
        self.row().is_refunded
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn no_two_rules_share_a_name() {
        let names: HashSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }

    #[test]
    fn only_rules_that_count_are_refunded() {
        for rule in Rule::ALL.into_iter().filter(|rule| rule.is_refunded()) {
            assert!(rule.window().is_some(), "{rule:?}");
        }
    }

    /// A record has one tally of an hour and one of a day, by [`SubjectRecord::tally`]. Two rules in one of them would
    /// count each text twice, and no line would say so.
    ///
    /// [`SubjectRecord::tally`]: crate::subject_record::SubjectRecord::tally
    #[test]
    fn no_two_rules_share_a_tally() {
        const ADVICE: &str = "give it a tally of its own: a member of `Counts` (subject_record.rs) that `SubjectRecord::tally` \
            returns, and its attribute, which `tally_of` returns and `read_counts` reads (aws/src/store/item.rs)";
        let mut taken = HashMap::new();
        for rule in Rule::ALL {
            let Some(window) = rule.window() else {
                continue;
            };
            assert!(
                [HOUR, DAY].contains(&window),
                "{rule:?} counts in windows of {window:?}, and a record has tallies of an hour and of a day: {ADVICE}"
            );
            let other = taken.insert((rule.subject(), window), rule);
            assert!(
                other.is_none(),
                "{rule:?} would count in the tally of {other:?}: {ADVICE}"
            );
        }
    }

    #[test]
    fn the_list_has_the_order_of_the_variants() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place, "{rule:?}");
        }
    }
}
