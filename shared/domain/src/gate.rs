//! Gates: the list of checks that one send has to pass.
//!
//! The list is computed once per send. The store writes one transaction item per subject, and its cancellation reason
//! belongs to all gates of that subject. A refund gives back what the gates counted, for the rules that are refunded.
//! `phoneproof-admin explain` prints the same list.

mod allowance;
#[cfg(test)]
mod examine_tests;

use std::time::Duration;

pub use self::allowance::Allowance;
use crate::challenge::Payment;
use crate::clock::Timestamp;
use crate::denial::Denial;
use crate::limits::Limits;
use crate::phone_record::{PhoneRecord, Reservation, SendRefusal, Share, Terms};
use crate::purse::Payer;
use crate::range::{BlockedRanges, Ranges};
use crate::rule::{Rule, RuleKind};
use crate::subject::{Subject, SubjectIndex, Subjects};
use crate::subject_record::SubjectRecord;
use crate::tally::Begin;
use crate::window::{Quota, Window};

/// One rule, with its subject and its numbers filled in for one send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The rule behind the gate.
    pub rule: Rule,
    /// The subject of this send that the rule is about; for ranges, the first of them.
    pub subject: Subject,
    /// What the send uses up. Only a phone has more than one share.
    pub share: Share,
    /// The condition that the store checks.
    pub check: Check,
}

/// What a gate asks of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The subject has no entry on the block list, or one that has ended.
    NotBlocked,
    /// No range of the send has an entry on the block list, or only entries that have ended.
    NotInBlockedRange(Ranges),
    /// The phone is neither locked nor cooling down. The write reserves the challenge.
    Reserve,
    /// Fewer texts than the quota were counted in its window. The write counts one more.
    Count(Quota, Begin),
}

/// What the store holds where a check failed.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The record of the subject, for [`Check::NotBlocked`] and [`Check::Count`].
    pub record: SubjectRecord,
    /// The phone's record, for [`Check::Reserve`].
    pub phone: PhoneRecord,
    /// The ranges on the block list, for [`Check::NotInBlockedRange`].
    pub blocked: BlockedRanges,
}

/// What a gate says about what the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The check holds. The gate refuses nothing.
    Holds,
    /// The record has moved on. This gate takes the place of the one that was asked.
    Instead(Gate),
    /// The gate refuses the send, because of this subject.
    Refuses(SendRefusal, Subject),
}

/// Returns the gates of a send at `now`, in the order of [`Rule::ALL`].
///
/// `offset` is the time from midnight UTC to the start of the policy's day. A rule about an unknown subject, or that
/// counts nothing under these limits, has no gate.
#[must_use]
pub fn make_gates(
    subjects: &Subjects<Option<SubjectIndex>>,
    limits: &Limits,
    offset: Duration,
    now: Timestamp,
) -> Vec<Gate> {
    let gate = |rule: Rule| {
        let subject = |index: &SubjectIndex| Subject::new(rule.subject(), index.clone());
        let check = match rule.kind() {
            RuleKind::Block => Check::NotBlocked,
            RuleKind::BlockRange => {
                let ranges = Ranges::of(subjects)?;
                return Some(Gate {
                    rule,
                    subject: ranges.members.first()?.clone(),
                    share: Share::Common,
                    check: Check::NotInBlockedRange(ranges),
                });
            }
            RuleKind::Reserve => Check::Reserve,
            RuleKind::Count { window, .. } => {
                let quota = Quota {
                    limit: limits.get(rule)?,
                    window: Window::containing(now, window, offset),
                };
                Check::Count(quota, Begin::Next)
            }
        };
        Some(Gate {
            rule,
            subject: subjects.get(rule.subject()).map(subject)?,
            share: Share::Common,
            check,
        })
    };
    Rule::ALL.into_iter().filter_map(gate).collect()
}

impl Gate {
    /// Returns the same gate for another share of its subject. How the share counts is not known yet.
    #[must_use]
    pub fn with_share(&self, share: Share) -> Self {
        let check = match &self.check {
            Check::Count(quota, _) => Check::Count(*quota, Begin::Next),
            other => other.clone(),
        };
        Self {
            share,
            check,
            ..self.clone()
        }
    }

    /// Returns the quota to give back when the carrier certainly did not send the text.
    #[must_use]
    pub fn refund(&self) -> Option<&Quota> {
        self.quota().filter(|_| self.rule.is_refunded())
    }

    /// Returns the quota in which the gate counts; `None` for a gate that counts nothing.
    #[must_use]
    pub const fn quota(&self) -> Option<&Quota> {
        match &self.check {
            Check::Count(quota, _) => Some(quota),
            Check::NotBlocked | Check::NotInBlockedRange(_) | Check::Reserve => None,
        }
    }

    /// Lists the subjects that the gate can refuse: several for ranges, else its own.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        match &self.check {
            Check::NotInBlockedRange(ranges) => &ranges.members,
            Check::NotBlocked | Check::Count(..) | Check::Reserve => {
                std::slice::from_ref(&self.subject)
            }
        }
    }

    /// Decides on `reservation`, given what was `found` in the store.
    #[must_use]
    pub fn examine(&self, found: &Found, reservation: &Reservation, terms: &Terms) -> Verdict {
        let own = |refusal| Verdict::Refuses(refusal, self.subject.clone());
        let blocked = SendRefusal::Denied(Denial::Blocked(self.rule));
        match &self.check {
            Check::NotBlocked if found.record.is_blocked(terms.now) => own(blocked),
            Check::NotBlocked => Verdict::Holds,
            Check::NotInBlockedRange(ranges) => {
                let range = ranges.find_blocked(&found.blocked, terms.now);
                range.map_or(Verdict::Holds, |range| {
                    Verdict::Refuses(blocked, range.clone())
                })
            }
            Check::Count(asked, begin) => {
                let tally = found.record.tally(self.share, asked.window.length);
                let (window, fitting) = tally.begin(asked.window);
                let quota = Quota { window, ..*asked };
                if tally.count_in(&window) >= quota.limit {
                    return own(SendRefusal::Denied(Denial::Exhausted(self.rule, quota)));
                }
                if tally.takes(&asked.window, *begin) {
                    return Verdict::Holds;
                }
                Verdict::Instead(Self {
                    check: Check::Count(quota, fitting),
                    ..self.clone()
                })
            }
            Check::Reserve => {
                let phone = &found.phone;
                match phone.admits_send_from(self.share, reservation, terms) {
                    Ok(()) => Verdict::Holds,
                    Err(refusal) => own(refusal),
                }
            }
        }
    }
}

/// Makes the payment of a text that `payer` pays and that has passed `gates`. `None` without a count of its address.
///
/// A challenge token has room for one count. So [`Rule::AddressPerHour`] is the only rule whose text is given back for a
/// typed code.
#[must_use]
pub fn make_payment(payer: Payer, gates: &[Gate]) -> Option<Payment> {
    let mut gates = gates.iter();
    let gate = gates.find(|gate| gate.rule == Rule::AddressPerHour)?;
    Some(Payment {
        payer,
        address: gate.subject.index.clone(),
        hour: gate.quota()?.window.start,
    })
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
            country_index: Some(index("US")),
            device_index: index("device"),
            address_index: index("address"),
            network_indexes: vec![index("wide"), index("narrow")],
            business_index: Some(index("login")),
        }
    }

    fn list(subjects: impl Into<Subjects<Option<SubjectIndex>>>) -> Vec<Gate> {
        let place = |rule: Rule| u32::try_from(rule as usize).expect("few rules");
        let limits = Limits::new(HOUR, place)
            .with(Rule::BusinessPerHour, Some(9))
            .with(Rule::BusinessPerDay, Some(10));
        make_gates(
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
        let subjects = gates.iter().map(|gate| gate.subject.index.as_str());
        assert!(subjects.eq([
            "phone", "device", "address", "block", "phone", "phone", "phone", "device", "address",
            "login", "login",
        ]));
        let quota = |limit, length, start| {
            let start = Timestamp::from_unix(start);
            let window = Window { start, length };
            Check::Count(Quota { limit, window }, Begin::Next)
        };
        let Check::NotInBlockedRange(ranges) = &gates[3].check else {
            panic!("{:?}", gates[3]);
        };
        let names = ranges.members.iter().map(Subject::to_string);
        assert!(names.eq([
            "number-block#block",
            "country#US",
            "network#wide",
            "network#narrow",
        ]));
        let checks = gates.iter().map(|gate| &gate.check);
        assert!(checks.eq(&[
            Check::NotBlocked,
            Check::NotBlocked,
            Check::NotBlocked,
            Check::NotInBlockedRange(ranges.clone()),
            Check::Reserve,
            quota(5, HOUR, 90_000),
            quota(6, DAY, 86_400),
            quota(7, DAY, 86_400),
            quota(8, HOUR, 90_000),
            quota(9, HOUR, 90_000),
            quota(10, DAY, 86_400),
        ]));
    }

    #[test]
    fn a_rule_about_an_unknown_subject_gets_no_gate() {
        let nobody: Subjects<Option<SubjectIndex>> = Subjects {
            phone_index: None,
            number_block_index: None,
            country_index: None,
            device_index: None,
            address_index: None,
            network_indexes: Vec::new(),
            business_index: None,
        };
        let rules =
            |partial| -> Vec<_> { list(partial).iter().map(|gate: &Gate| gate.rule).collect() };
        assert_eq!(rules(nobody.clone()), []);
        let caller = Subjects {
            address_index: Some(index("address")),
            network_indexes: vec![index("wide")],
            ..nobody.clone()
        };
        assert_eq!(
            rules(caller),
            [
                Rule::BlockedAddress,
                Rule::BlockedRange,
                Rule::AddressPerHour
            ]
        );
        let phone = Subjects {
            phone_index: Some(index("phone")),
            number_block_index: Some(index("block")),
            ..nobody
        };
        assert_eq!(
            rules(phone),
            [
                Rule::BlockedPhone,
                Rule::BlockedRange,
                Rule::PhoneCooldown,
                Rule::PhonePerHour,
                Rule::PhonePerDay
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
