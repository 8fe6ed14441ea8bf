//! What is switched on in a run.

use std::time::Duration;

use phoneproof_domain::limits::Limits;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{PursePolicy, PurseSettings};

/// The rules that a service has.
#[derive(Debug, Clone, PartialEq)]
pub struct Defence {
    /// The limits per phone, device and address.
    pub limits: Limits,
    /// The time from midnight UTC to the start of the days and hours; less than a day.
    pub day_starts_at: Duration,
    /// The purses, or `None` for a service without them.
    pub purses: Option<PurseSettings>,
}

impl Defence {
    /// The limits alone, with their defaults.
    #[must_use]
    pub fn limits() -> Self {
        Self {
            limits: Limits::new(Duration::from_mins(1), Limits::default_of),
            day_starts_at: Duration::ZERO,
            purses: None,
        }
    }

    /// The limits and the purses, with their defaults.
    #[must_use]
    pub fn purses() -> Self {
        Self {
            purses: Some(PurseSettings::default()),
            ..Self::limits()
        }
    }

    /// The limits and the purses of a policy.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        Self {
            limits: policy.limits,
            day_starts_at: policy.day_starts_at,
            purses: Some((*policy.purses).clone()),
        }
    }

    /// The same without any limit, cooldowns included.
    #[must_use]
    pub fn without_limits(&self) -> Self {
        Self {
            limits: Limits::new(Duration::ZERO, |_| u32::MAX),
            ..self.clone()
        }
    }

    /// The same without purses.
    #[must_use]
    pub fn without_purses(&self) -> Self {
        Self {
            purses: None,
            ..self.clone()
        }
    }

    /// The same with other numbers of the purses.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut PursePolicy)) -> Self {
        let mut changed = self.clone();
        if let Some(purses) = &mut changed.purses {
            change(&mut purses.policy);
        }
        changed
    }
}
