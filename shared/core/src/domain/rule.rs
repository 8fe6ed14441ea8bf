//! The rules that a send must pass, in the order in which they stand in the transaction.

use std::time::Duration;

use super::clock::Timestamp;
use super::policy::Limits;

/// A rule of the send transaction.
///
/// Each rule contributes exactly one transaction item, and [`Rule::ALL`] is their order, so the
/// index of a cancellation reason names the rule that refused. A new limit is a new variant: its
/// name, subject, check and refund below, and its entry in [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The phone is on the block list.
    BlockedPhone,
    /// The device is on the block list.
    BlockedDevice,
    /// The address is on the block list.
    BlockedAddress,
    /// One text per phone and cooldown; also what stores the challenge.
    PhoneCooldown,
    /// Texts per phone and hour.
    PhonePerHour,
    /// Texts per phone and day.
    PhonePerDay,
    /// Texts per device and day.
    DevicePerDay,
    /// Texts per address and hour.
    AddressPerHour,
    /// Texts per block of ten thousand numbers and hour, against sequential-number pumping.
    NumberBlockPerHour,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// The phone number.
    Phone,
    /// The device id.
    Device,
    /// The source address.
    Address,
    /// The phone number without its last four digits.
    NumberBlock,
}

impl SubjectKind {
    /// The prefix of the subject in keys and in key derivation.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Device => "device",
            Self::Address => "ip",
            Self::NumberBlock => "block",
        }
    }
}

/// What a rule asks of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The subject has no entry on the block list, or one that has ended.
    NotBlocked,
    /// The phone is neither locked nor cooling down; reserves the challenge.
    Reserve,
    /// Fewer than the quota's texts were counted in its window; counts one more.
    Count(Quota),
}

/// How many texts one subject may cause in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Texts per window.
    pub limit: u32,
    /// The window that counts now.
    pub window: Window,
}

/// A fixed stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it began.
    pub start: Timestamp,
    /// How long it lasts.
    pub length: Duration,
}

impl Window {
    /// The window of `length` that contains `now`, when windows are aligned to `offset` after
    /// midnight UTC. `length` is at least a second.
    #[must_use]
    pub fn containing(now: Timestamp, length: Duration, offset: Duration) -> Self {
        let length_seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
        let shifted = (now - offset).unix();
        let start = Timestamp::from_unix(shifted - shifted.rem_euclid(length_seconds)) + offset;
        Self { start, length }
    }

    /// When the next window begins.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.length
    }
}

const HOUR: Duration = Duration::from_hours(1);
/// The length of the windows of daily rules and of the soft lock.
pub const DAY: Duration = Duration::from_hours(24);

impl Rule {
    /// Every rule, in transaction order.
    pub const ALL: [Self; 9] = [
        Self::BlockedPhone,
        Self::BlockedDevice,
        Self::BlockedAddress,
        Self::PhoneCooldown,
        Self::PhonePerHour,
        Self::PhonePerDay,
        Self::DevicePerDay,
        Self::AddressPerHour,
        Self::NumberBlockPerHour,
    ];

    /// The stable name: `rule` on the wire, part of the key in `Limits`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BlockedPhone => "blocked-phone",
            Self::BlockedDevice => "blocked-device",
            Self::BlockedAddress => "blocked-address",
            Self::PhoneCooldown => "phone-cooldown",
            Self::PhonePerHour => "phone-per-hour",
            Self::PhonePerDay => "phone-per-day",
            Self::DevicePerDay => "device-per-day",
            Self::AddressPerHour => "address-per-hour",
            Self::NumberBlockPerHour => "number-block-per-hour",
        }
    }

    /// What the rule looks at.
    #[must_use]
    pub const fn subject(self) -> SubjectKind {
        match self {
            Self::BlockedPhone | Self::PhoneCooldown | Self::PhonePerHour | Self::PhonePerDay => {
                SubjectKind::Phone
            }
            Self::BlockedDevice | Self::DevicePerDay => SubjectKind::Device,
            Self::BlockedAddress | Self::AddressPerHour => SubjectKind::Address,
            Self::NumberBlockPerHour => SubjectKind::NumberBlock,
        }
    }

    /// What the rule asks of the store at `now`; `offset` is the policy's start of day.
    #[must_use]
    pub fn check(self, limits: &Limits, offset: Duration, now: Timestamp) -> Check {
        let count = |limit, length| {
            Check::Count(Quota {
                limit,
                window: Window::containing(now, length, offset),
            })
        };
        match self {
            Self::BlockedPhone | Self::BlockedDevice | Self::BlockedAddress => Check::NotBlocked,
            Self::PhoneCooldown => Check::Reserve,
            Self::PhonePerHour => count(limits.phone_per_hour, HOUR),
            Self::PhonePerDay => count(limits.phone_per_day, DAY),
            Self::DevicePerDay => count(limits.device_per_day, DAY),
            Self::AddressPerHour => count(limits.address_per_hour, HOUR),
            Self::NumberBlockPerHour => count(limits.number_block_per_hour, HOUR),
        }
    }

    /// The rule with the length of its window, if it counts texts of a phone.
    #[must_use]
    pub const fn counts_phone(self) -> Option<(Self, Duration)> {
        match self {
            Self::PhonePerHour => Some((self, HOUR)),
            Self::PhonePerDay => Some((self, DAY)),
            Self::BlockedPhone
            | Self::BlockedDevice
            | Self::BlockedAddress
            | Self::PhoneCooldown
            | Self::DevicePerDay
            | Self::AddressPerHour
            | Self::NumberBlockPerHour => None,
        }
    }

    /// Whether the carrier's definite refusal gives the count back.
    ///
    /// What limits one honest user is given back. What bounds an attacker who tries many numbers
    /// is not: refused numbers must still exhaust the address and the number block.
    #[must_use]
    pub const fn refunded(self) -> bool {
        match self {
            Self::PhonePerHour | Self::PhonePerDay | Self::DevicePerDay => true,
            Self::BlockedPhone
            | Self::BlockedDevice
            | Self::BlockedAddress
            | Self::PhoneCooldown
            | Self::AddressPerHour
            | Self::NumberBlockPerHour => false,
        }
    }
}

/// Why a rule refused a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The subject of the rule is on the block list.
    Blocked(Rule),
    /// The phone was texted less than the cooldown ago.
    CoolingDown {
        /// When the cooldown is over.
        until: Timestamp,
        /// The cooldown.
        cooldown: Duration,
    },
    /// The quota of the rule is used up.
    Exhausted(Rule, Quota),
    /// Too many wrong codes for this phone; `None` until an operator unlocks it.
    Locked {
        /// When the lock ends by itself.
        until: Option<Timestamp>,
    },
}

/// The `rule` of a [`Denial::Locked`].
pub const PHONE_LOCK: &str = "phone-lock";

impl Denial {
    /// The name of the rule.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Blocked(rule) | Self::Exhausted(rule, _) => rule.name(),
            Self::CoolingDown { .. } => Rule::PhoneCooldown.name(),
            Self::Locked { .. } => PHONE_LOCK,
        }
    }

    /// When trying again can succeed; `None` when only an operator can help.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Blocked(_) => None,
            Self::CoolingDown { until, .. } => Some(*until),
            Self::Exhausted(_, quota) => Some(quota.window.end()),
            Self::Locked { until } => *until,
        }
    }

    /// The denial to report when several rules refused: one without an end before any other, then
    /// the one that ends last, so that `Retry-After` is never too early.
    #[must_use]
    pub fn most_lasting(denials: impl IntoIterator<Item = Self>) -> Option<Self> {
        denials
            .into_iter()
            .reduce(|kept, next| match (kept.retry_at(), next.retry_at()) {
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
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct() {
        let names: HashSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }

    #[test]
    fn what_counts_a_phones_texts_does_so_in_the_window_that_is_named() {
        let limits = Limits {
            cooldown: HOUR,
            phone_per_hour: 1,
            phone_per_day: 1,
            device_per_day: 1,
            address_per_hour: 1,
            number_block_per_hour: 1,
        };
        for rule in Rule::ALL {
            let check = rule.check(&limits, Duration::ZERO, Timestamp::from_unix(0));
            let counted = match check {
                Check::Count(quota) if rule.subject() == SubjectKind::Phone => {
                    Some((rule, quota.window.length))
                }
                Check::Count(_) | Check::NotBlocked | Check::Reserve => None,
            };
            assert_eq!(rule.counts_phone(), counted, "{rule:?}");
        }
    }

    #[test]
    fn windows_follow_the_start_of_the_day() {
        let now = Timestamp::from_unix(1_795_435_200); // 2026-11-23T12:00:00Z
        let offset = Duration::from_hours(16); // midnight in Shanghai
        let day = Window::containing(now, DAY, offset);
        assert_eq!(day.start.to_string(), "2026-11-22T16:00:00Z");
        assert_eq!(day.end().to_string(), "2026-11-23T16:00:00Z");
    }

    #[test]
    fn the_longest_wait_is_reported() {
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
        assert_eq!(Denial::most_lasting([short, long]), Some(long));
        assert_eq!(Denial::most_lasting([long, endless, short]), Some(endless));
        assert_eq!(Denial::most_lasting([]), None);
        // Of two that end together, the first in the transaction.
        let other = Denial::Exhausted(Rule::AddressPerHour, quota(0));
        assert_eq!(Denial::most_lasting([long, other]), Some(long));
    }

    proptest! {
        #[test]
        fn a_window_contains_its_instant_and_windows_do_not_overlap(
            now in 0_i64..4_000_000_000, length in prop_oneof![Just(3_600_u64), Just(86_400)], offset in 0_u64..86_400,
        ) {
            let (length, offset) = (Duration::from_secs(length), Duration::from_secs(offset));
            let window = Window::containing(Timestamp::from_unix(now), length, offset);
            prop_assert!(window.start.unix() <= now && now < window.end().unix());
            let next = Window::containing(window.end(), length, offset);
            prop_assert_eq!(next.start, window.end());
        }
    }
}
