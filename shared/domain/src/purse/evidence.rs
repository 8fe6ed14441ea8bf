//! What a phone's record says about who was verified there.

use super::policy::PursePolicy;
use crate::clock::Timestamp;
use crate::subject::SubjectIndex;

/// The evidence of a phone that was verified.
///
/// The texts that it is owed are counted apart for the device that was verified and for all other places. So nobody
/// else uses up the share of the owner's device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// When the phone stops being known.
    pub until: Timestamp,
    /// When the first of its codes was typed in, since it became known.
    pub since: Timestamp,
    /// The device that typed the last code.
    pub device: SubjectIndex,
    /// The network that its text was asked from, if it is known.
    pub network: Option<SubjectIndex>,
    /// The texts of the lane known at that device since then.
    pub owed_here: u32,
    /// The texts out of the phone's allowance in that network since then.
    pub owed_near: u32,
    /// The texts of the lanes known and moved in other places since then.
    pub owed_elsewhere: u32,
}

/// Who asks for a text, as far as a phone's evidence is about that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The keyed hash of the device.
    pub device: SubjectIndex,
    /// The keyed hash of the network.
    pub network: SubjectIndex,
}

/// What the write of the phone's record has to check and count, besides the cooldown and the locks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Claim {
    /// The lane does not depend on the phone.
    #[default]
    Nothing,
    /// The phone is known, the device is the one that was verified, and fewer than `texts` texts are owed there.
    /// The write counts one more.
    Here {
        /// The texts that are allowed.
        texts: u32,
    },
    /// The phone is known, the network is the one that was verified in, and fewer than `texts` texts are owed there.
    /// The write counts one more.
    Near {
        /// The texts that are allowed.
        texts: u32,
    },
    /// The phone is known, and fewer than `texts` texts are owed elsewhere. The write counts one more.
    Elsewhere {
        /// The texts that are allowed.
        texts: u32,
    },
}

impl Evidence {
    /// Returns the evidence after a right code.
    #[must_use]
    pub fn from_code(device: SubjectIndex, now: Timestamp, policy: &PursePolicy) -> Self {
        Self {
            until: now + policy.known_for,
            since: now,
            device,
            network: None,
            owed_here: 0,
            owed_near: 0,
            owed_elsewhere: 0,
        }
    }

    /// Adds the network that the text of the code was asked from.
    #[must_use]
    pub fn with_network(self, network: Option<SubjectIndex>) -> Self {
        Self { network, ..self }
    }

    /// Keeps since when the phone is known, if it was `before` this code.
    #[must_use]
    pub fn continue_from(self, before: Option<&Self>, now: Timestamp) -> Self {
        let known = before.filter(|before| before.holds(now));
        Self {
            since: known.map_or(self.since, |before| before.since),
            ..self
        }
    }

    /// Whether the phone has been known for so long that lanes of known phones pay for its texts.
    ///
    /// Otherwise an attacker who verifies own numbers could use those lanes at once.
    #[must_use]
    pub fn is_seasoned(&self, now: Timestamp, policy: &PursePolicy) -> bool {
        self.since + policy.known_after <= now
    }

    /// Whether the phone is known at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until > now
    }

    /// Whether this evidence bears `claim` by `caller`. The store repeats it as a condition.
    #[must_use]
    pub fn bears(&self, claim: Claim, caller: &Caller, now: Timestamp) -> bool {
        match claim {
            Claim::Nothing => true,
            Claim::Here { texts } => {
                self.holds(now) && self.device == caller.device && self.owed_here < texts
            }
            Claim::Near { texts } => {
                self.holds(now)
                    && self.network.as_ref() == Some(&caller.network)
                    && self.owed_near < texts
            }
            Claim::Elsewhere { texts } => self.holds(now) && self.owed_elsewhere < texts,
        }
    }

    /// Counts the text of `claim`.
    pub const fn count(&mut self, claim: Claim) {
        let count = match claim {
            Claim::Nothing => return,
            Claim::Here { .. } => &mut self.owed_here,
            Claim::Near { .. } => &mut self.owed_near,
            Claim::Elsewhere { .. } => &mut self.owed_elsewhere,
        };
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> SubjectIndex {
        SubjectIndex::from_text(text.to_owned())
    }

    fn at(device: &str) -> Caller {
        Caller {
            device: index(device),
            network: index("network"),
        }
    }

    #[test]
    fn strangers_do_not_use_up_what_the_owner_has_at_his_device() {
        let now = Timestamp::from_unix(1_000);
        let (own, other) = (at("own"), at("other"));
        let mut evidence = Evidence::from_code(own.device.clone(), now, &PursePolicy::default());
        let (here, elsewhere) = (Claim::Here { texts: 3 }, Claim::Elsewhere { texts: 1 });
        assert!(!evidence.bears(here, &other, now));
        assert!(evidence.bears(elsewhere, &other, now));
        evidence.count(elsewhere);
        assert!(!evidence.bears(elsewhere, &other, now));
        for _ in 0..3 {
            assert!(evidence.bears(here, &own, now));
            evidence.count(here);
        }
        assert!(!evidence.bears(here, &own, now));
    }

    #[test]
    fn a_phone_is_known_for_90_days_after_its_code() {
        let now = Timestamp::from_unix(1_000);
        let policy = PursePolicy::default();
        let evidence = Evidence::from_code(index("own"), now, &policy);
        let end = now + policy.known_for;
        let claim = Claim::Here { texts: 3 };
        assert!(evidence.bears(claim, &at("own"), end - std::time::Duration::from_secs(1)));
        assert!(!evidence.bears(claim, &at("own"), end));
        assert!(!evidence.bears(Claim::Elsewhere { texts: 3 }, &at("own"), end));
    }

    #[test]
    fn lanes_pay_for_a_phone_a_week_after_its_first_code() {
        let (now, policy) = (Timestamp::from_unix(1_000), PursePolicy::default());
        let code = |at| Evidence::from_code(index("own"), at, &policy);
        let second = std::time::Duration::from_secs(1);
        let week = now + policy.known_after;
        let first = code(now);
        assert!(!first.is_seasoned(week - second, &policy));
        assert!(first.is_seasoned(week, &policy));
        let next = code(week).continue_from(Some(&first), week);
        assert_eq!((next.since, next.until), (now, week + policy.known_for));
        // Evidence that has ended does not count.
        let later = first.until;
        assert_eq!(code(later).continue_from(Some(&first), later).since, later);
        assert_eq!(code(now).continue_from(None, now).since, now);
    }

    #[test]
    fn the_network_of_the_owner_has_a_reserve_of_its_own() {
        let now = Timestamp::from_unix(1_000);
        let evidence = Evidence::from_code(index("own"), now, &PursePolicy::default());
        let near = Claim::Near { texts: 1 };
        assert!(
            !evidence.bears(near, &at("other"), now),
            "no network is known"
        );
        let mut evidence = evidence.with_network(Some(index("network")));
        assert!(evidence.bears(near, &at("other"), now));
        evidence.count(near);
        assert!(!evidence.bears(near, &at("other"), now));
        assert!(evidence.bears(Claim::Here { texts: 1 }, &at("own"), now));
    }
}
