//! Gates: the list of checks that one send has to pass.
//!
//! The list is computed once per send. The store writes one transaction item and reads one cancellation reason per gate.
//! A refund gives back what the gates counted, for the rules that are refunded. `phoneproof-admin explain` prints the
//! same list.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::denial::Denial;
use crate::limits::Limits;
use crate::phone_record::{PhoneRecord, Reservation, SendRefusal, Terms};
use crate::rule::{Rule, RuleKind};
use crate::subject::{SubjectIndex, Subjects};
use crate::window::{Quota, Window};

/// One rule, with its subject and its numbers filled in for one send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The rule behind the gate.
    pub rule: Rule,
    /// The subject of this send that the rule is about.
    pub subject: SubjectIndex,
    /// The condition that the store checks.
    pub check: Check,
}

/// What a gate asks of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The subject has no entry on the block list, or one that has ended.
    NotBlocked,
    /// The phone is neither locked nor cooling down. The write reserves the challenge.
    Reserve,
    /// Fewer texts than the quota were counted in its window. The write counts one more.
    Count(Quota),
}

/// Returns the gates of a send at `now`, in the order of [`Rule::ALL`].
///
/// `offset` is the time from midnight UTC to the start of the policy's day. A rule about an unknown subject, or that counts
/// nothing under these limits, has no gate.
#[must_use]
pub fn gates(
    subjects: &Subjects<Option<SubjectIndex>>,
    limits: &Limits,
    offset: Duration,
    now: Timestamp,
) -> Vec<Gate> {
    let gate = |rule: Rule| {
        let check = match rule.kind() {
            RuleKind::Block => Check::NotBlocked,
            RuleKind::Reserve => Check::Reserve,
            RuleKind::Count { window, .. } => Check::Count(Quota {
                limit: limits.get(rule)?,
                window: Window::containing(now, window, offset),
            }),
        };
        Some(Gate {
            rule,
            subject: subjects.get(rule.subject())?.clone(),
            check,
        })
    };
    Rule::ALL.into_iter().filter_map(gate).collect()
}

impl Gate {
    /// Returns the quota to give back when the carrier certainly did not send the text.
    #[must_use]
    pub fn refund(&self) -> Option<&Quota> {
        match &self.check {
            Check::Count(quota) if self.rule.is_refunded() => Some(quota),
            Check::Count(_) | Check::NotBlocked | Check::Reserve => None,
        }
    }

    /// Explains why this gate refuses `reservation`, given that its check failed on `record`.
    ///
    /// Only [`Check::Reserve`] reads the record. `None` means that the record admits the reservation after all.
    #[must_use]
    pub fn refusal(
        &self,
        record: &PhoneRecord,
        reservation: &Reservation,
        terms: &Terms,
    ) -> Option<SendRefusal> {
        match self.check {
            Check::NotBlocked => Some(SendRefusal::Denied(Denial::Blocked(self.rule))),
            Check::Count(quota) => Some(SendRefusal::Denied(Denial::Exhausted(self.rule, quota))),
            Check::Reserve => record.admits_send(reservation, terms).err(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{DAY, HOUR};

    fn index(text: &str) -> SubjectIndex {
        SubjectIndex::from_text(text.to_owned())
    }

    fn subjects() -> Subjects {
        Subjects {
            phone_index: index("phone"),
            number_block_index: index("block"),
            device_index: index("device"),
            address_index: index("address"),
        }
    }

    fn list(subjects: impl Into<Subjects<Option<SubjectIndex>>>) -> Vec<Gate> {
        let place = |rule: Rule| u32::try_from(rule as usize).expect("few rules");
        let limits = Limits::new(HOUR, place);
        gates(
            &subjects.into(),
            &limits,
            Duration::ZERO,
            Timestamp::from_unix(90_000),
        )
    }

    #[test]
    fn a_send_passes_every_rule_in_order_with_its_own_subject_and_limit() {
        let gates = list(subjects());
        assert!(gates.iter().map(|gate| gate.rule).eq(Rule::ALL));
        let subjects = gates.iter().map(|gate| gate.subject.as_str());
        assert!(subjects.eq([
            "phone", "device", "address", "phone", "phone", "phone", "device", "address", "block"
        ]));
        let quota = |limit, length, start| {
            let start = Timestamp::from_unix(start);
            Check::Count(Quota {
                limit,
                window: Window { start, length },
            })
        };
        let checks = gates.iter().map(|gate| gate.check);
        assert!(checks.eq([
            Check::NotBlocked,
            Check::NotBlocked,
            Check::NotBlocked,
            Check::Reserve,
            quota(4, HOUR, 90_000),
            quota(5, DAY, 86_400),
            quota(6, DAY, 86_400),
            quota(7, HOUR, 90_000),
            quota(8, HOUR, 90_000),
        ]));
    }

    #[test]
    fn a_rule_about_an_unknown_subject_gets_no_gate() {
        let partial = Subjects {
            phone_index: index("phone"),
            number_block_index: index("block"),
            device_index: None,
            address_index: None,
        };
        let rules: Vec<_> = list(partial).into_iter().map(|gate| gate.rule).collect();
        assert_eq!(
            rules,
            [
                Rule::BlockedPhone,
                Rule::PhoneCooldown,
                Rule::PhonePerHour,
                Rule::PhonePerDay,
                Rule::NumberBlockPerHour
            ]
        );
    }

    #[test]
    fn refunds_the_limits_of_one_user_and_not_the_bounds_on_an_attacker() {
        let gates = list(subjects());
        let refunded = gates.iter().filter(|gate| gate.refund().is_some());
        assert!(refunded.map(|gate| gate.rule).eq([
            Rule::PhonePerHour,
            Rule::PhonePerDay,
            Rule::DevicePerDay
        ]));
    }
}
