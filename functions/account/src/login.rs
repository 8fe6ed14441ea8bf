//! The rules that say how often a password may be tried.
//!
//! Every attempt counts as a failure before its password is checked. A right password takes the failures back. So
//! parallel guesses cannot slip past the count.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::window::{Quota, Window};
use phoneproof_http::RateLimit;
use strum::EnumCount;

/// The number of failures in a row after which the next attempt still need not wait.
const FREE_FAILURES: u32 = 4;

/// The longest wait between two attempts.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The number of failures in a row after which the password is not checked any more, until it is reset.
///
/// Each kind of attempt in [`Presented`] has this many. Together they reach 100, the most that NIST SP 800-63B-4
/// section 3.2.2 allows.
pub const MAX_FAILURES: u32 = 50;

/// The number of attempts that one address may make in an hour, over all accounts.
pub const ADDRESS_PER_HOUR: u32 = 100;

/// How long failures are remembered after the last attempt.
pub const REMEMBERED: Duration = Duration::from_hours(90 * 24);

/// A rule that limits log-ins.
///
/// `AddressPerHour` counts attempts in windows, as the rules of sends do. The other two count failures in a row, which
/// a right password takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount)]
pub enum LoginRule {
    /// After several failures in a row, the next attempt must wait.
    Wait,
    /// After [`MAX_FAILURES`] failures in a row, only a new password helps.
    Lock,
    /// An address may make [`ADDRESS_PER_HOUR`] attempts in an hour.
    AddressPerHour,
}

impl LoginRule {
    /// Every rule of log-ins, once.
    pub const ALL: [Self; Self::COUNT] = [Self::Wait, Self::Lock, Self::AddressPerHour];

    /// Returns the stable name of the rule: `rule` in problems and logs, and part of the key of a counter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wait => "login-wait",
            Self::Lock => "login-lock",
            Self::AddressPerHour => "login-address-per-hour",
        }
    }
}

/// What an attempt presents.
///
/// The failures of each kind are counted apart. So a person who only knows the number cannot lock out the person who
/// holds the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The password alone, without a success token.
    PasswordOnly,
    /// The password and a success token for the phone.
    WithCode,
}

/// Why a rule refused an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginDenial {
    /// The last failure was too short a time ago.
    Waiting {
        /// When the next attempt is admitted.
        until: Timestamp,
        /// The whole length of the wait, not what is left of it.
        wait: Duration,
    },
    /// The address has made all its attempts of the window.
    AddressExhausted(Quota),
    /// There were too many failures in a row. Only a new password helps.
    Locked,
}

impl LoginDenial {
    /// Returns the rule that refused the attempt.
    #[must_use]
    pub const fn rule(&self) -> LoginRule {
        match self {
            Self::Waiting { .. } => LoginRule::Wait,
            Self::AddressExhausted(_) => LoginRule::AddressPerHour,
            Self::Locked => LoginRule::Lock,
        }
    }

    /// Returns the time from which a new attempt can succeed; `None` when only a reset helps.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { until, .. } => Some(*until),
            Self::AddressExhausted(quota) => Some(quota.window.end()),
            Self::Locked => None,
        }
    }

    /// Returns how many attempts the rule admits in which time; `None` when it admits none until a reset.
    #[must_use]
    pub const fn rate_limit(&self) -> Option<RateLimit> {
        let (quota, window) = match self {
            Self::Waiting { wait, .. } => (1, *wait),
            Self::AddressExhausted(quota) => (quota.limit, quota.window.length),
            Self::Locked => return None,
        };
        Some(RateLimit {
            rule: self.rule().name(),
            quota,
            window,
        })
    }
}

/// Returns the quota of one address, in the window that `now` falls in.
#[must_use]
pub fn make_address_quota(now: Timestamp) -> Quota {
    Quota {
        limit: ADDRESS_PER_HOUR,
        window: Window::containing(now, Duration::from_hours(1), Duration::ZERO),
    }
}

/// The failures of one kind of attempt on one phone, whether it has an account or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// The number of failures in a row.
    pub failures: u32,
    /// When the next attempt is admitted; `None` before the first attempt.
    pub next_at: Option<Timestamp>,
}

impl Attempts {
    /// Counts an attempt that begins `now` as a failure. Returns what to store before its password is checked.
    ///
    /// # Errors
    ///
    /// [`LoginDenial`] when the attempt is not admitted. It is not counted then, so trying too early does not prolong
    /// the wait.
    pub fn begin(self, now: Timestamp) -> Result<Self, LoginDenial> {
        if self.failures >= MAX_FAILURES {
            return Err(LoginDenial::Locked);
        }
        if let Some(until) = self.next_at.filter(|next| now < *next) {
            let wait = wait_after(self.failures);
            return Err(LoginDenial::Waiting { until, wait });
        }
        let failures = self.failures.saturating_add(1);
        Ok(Self {
            failures,
            next_at: Some(now + wait_after(failures)),
        })
    }
}

/// Returns the wait after this many failures in a row: none at first, then a second, which doubles with each failure up
/// to [`LONGEST_WAIT`].
#[must_use]
pub fn wait_after(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE_FAILURES + 1) else {
        return Duration::ZERO;
    };
    let seconds = 1_u64.checked_shl(doublings.min(32)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_unix(1_795_435_200);

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = (1..=16).map(|n| wait_after(n).as_secs()).collect();
        assert_eq!(
            waits,
            [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        );
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn refuses_an_attempt_during_the_wait_and_does_not_count_it() {
        let attempts = Attempts {
            failures: 6,
            next_at: Some(NOON + Duration::from_secs(2)),
        };
        let wait = Duration::from_secs(2);
        let until = NOON + wait;
        assert_eq!(
            attempts.begin(NOON),
            Err(LoginDenial::Waiting { until, wait })
        );
        assert_eq!(attempts.begin(until).map(|a| a.failures), Ok(7));
    }

    #[test]
    fn fifty_failures_in_a_row_lock_the_password() {
        let (mut attempts, mut now, mut tried) = (Attempts::default(), NOON, 0);
        loop {
            match attempts.begin(now) {
                Ok(next) => (attempts, tried) = (next, tried + 1),
                Err(LoginDenial::Waiting { until, .. }) => now = until,
                Err(denial) => {
                    assert_eq!((denial.rule(), denial.retry_at()), (LoginRule::Lock, None));
                    break;
                }
            }
        }
        assert_eq!(tried, MAX_FAILURES);
        // Fifty guesses take a night, even for a guesser who never pauses longer than the rules ask.
        assert!(now.since(NOON) > Duration::from_hours(8));
    }

    proptest! {
        #[test]
        fn a_denial_never_names_a_time_that_has_passed(
            failures in 0_u32..120, wait in 0_u64..2_000, later in 0_u64..2_000,
        ) {
            let attempts = Attempts { failures, next_at: Some(NOON + Duration::from_secs(wait)) };
            let now = NOON + Duration::from_secs(later);
            match attempts.begin(now) {
                Ok(next) => {
                    prop_assert_eq!(next.failures, failures + 1);
                    prop_assert!(next.next_at >= Some(now));
                }
                Err(denial) => prop_assert!(denial.retry_at().is_none_or(|at| at > now)),
            }
        }
    }
}
