//! How often a password may be tried.
//!
//! Every attempt is counted as a failure before the password is looked at, and taken back when it was right:
//! parallel guesses cannot slip past the count.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::window::{Quota, Window};
use phoneproof_http::RateLimit;

/// Failures in a row that make nobody wait.
const FREE_FAILURES: u32 = 4;

/// The longest wait between two attempts.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Failures in a row, of either kind of attempt, after which the password is not looked at any more, until it is
/// reset. NIST SP 800-63B-4 section 3.2.2 allows at most 100, which is what both kinds have together.
pub const MAX_FAILURES: u32 = 50;

/// Attempts that one address may make in an hour, over all accounts.
pub const ADDRESS_PER_HOUR: u32 = 100;

/// How long failures are remembered after the last attempt.
pub const REMEMBERED: Duration = Duration::from_hours(90 * 24);

/// A rule of log-ins. `AddressPerHour` counts as the rules of sends do, one item per window. The other two remember
/// failures, which a right password takes back; no rule of sends does that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRule {
    /// The wait after failures in a row.
    Wait,
    /// The end of waits.
    Lock,
    /// Attempts per address and hour.
    AddressPerHour,
}

impl LoginRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Wait, Self::Lock, Self::AddressPerHour];

    /// The stable name: `rule` on the wire and in logs, part of the key of a counter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wait => "login-wait",
            Self::Lock => "login-lock",
            Self::AddressPerHour => "login-address-per-hour",
        }
    }
}

/// What an attempt brings besides the password. Each kind has failures of its own, so that whoever knows a number
/// cannot lock out the one who has the phone in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    PasswordOnly,
    /// A success token for the phone.
    WithCode,
}

/// Why a rule refused an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginDenial {
    /// The account must wait.
    Waiting {
        /// When the next attempt is looked at.
        until: Timestamp,
        /// The whole wait.
        wait: Duration,
    },
    /// The address has made all its attempts.
    AddressExhausted(Quota),
    /// Too many failures in a row: only a new password helps.
    Locked,
}

impl LoginDenial {
    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> LoginRule {
        match self {
            Self::Waiting { .. } => LoginRule::Wait,
            Self::AddressExhausted(_) => LoginRule::AddressPerHour,
            Self::Locked => LoginRule::Lock,
        }
    }

    /// When trying again can succeed; `None` when only a reset helps.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { until, .. } => Some(*until),
            Self::AddressExhausted(quota) => Some(quota.window.end()),
            Self::Locked => None,
        }
    }

    /// How many attempts the rule admits in which time, if more will be admitted.
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

/// The attempts of one address that count now.
#[must_use]
pub fn address_quota(now: Timestamp) -> Quota {
    Quota {
        limit: ADDRESS_PER_HOUR,
        window: Window::containing(now, Duration::from_hours(1), Duration::ZERO),
    }
}

/// What is remembered of the attempts on one phone, whether it has an account or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Failures in a row.
    pub failures: u32,
    /// When the next attempt is looked at.
    pub next_at: Option<Timestamp>,
}

impl Attempts {
    /// What to remember before the attempt that begins `now` is looked at.
    ///
    /// # Errors
    ///
    /// [`LoginDenial`] when it must not be looked at; nothing is remembered of it then, so impatience costs
    /// nothing.
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

/// The wait after so many failures in a row: none at first, then a second, doubled with each.
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
    fn waits_grow_and_end_at_a_quarter_of_an_hour() {
        let waits: Vec<_> = (1..=16).map(|n| wait_after(n).as_secs()).collect();
        assert_eq!(
            waits,
            [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
        );
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn an_attempt_during_the_wait_is_refused_and_changes_nothing() {
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
    fn fifty_failures_in_a_row_close_the_password() {
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
        // A night of patience for fifty guesses.
        assert!(now.since(NOON) > Duration::from_hours(8));
    }

    proptest! {
        #[test]
        fn no_denial_says_a_time_that_has_passed(
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
