//! What follows from a transaction of a send that was refused: a refusal, or another plan.

use std::collections::HashMap;
use std::mem;

use aws_sdk_dynamodb::types::CancellationReason;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Allowance, Found, Gate, Verdict};
use phoneproof_domain::phone_record::{PhoneRecord, SendRefusal, Share, Terms};
use phoneproof_domain::purse::{Claim, Evidence};
use phoneproof_domain::subject::{Subject, SubjectKind};

use super::StoreError;
use super::item::{Item, attribute, read_phone_record, read_subject_record, read_tally};
use super::purse_item::read_purse;
use super::ranges::read_blocked_ranges;
use super::reserve_error::{Denied, ReserveError};
use super::send_plan::{KnownEvidence, Moved, PlanPart, SendPlan};
use super::transaction::{CONDITION_FAILED, NOT_VALID};

/// Decides what follows from a transaction that was refused.
///
/// The decision on the phone's record is reported if it is more than a denial. Otherwise the most lasting denial is.
/// Without a denial, the send is planned again with what the records hold.
pub(super) fn judge(plan: &SendPlan, reasons: &[CancellationReason]) -> ReserveError {
    let mut judgement = Judgement::new(plan);
    let parts = plan.parts();
    let refused = parts
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| matches!(reason.code(), Some(CONDITION_FAILED | NOT_VALID)));
    for (part, reason) in refused {
        let nothing = Item::new();
        let item = reason.item().unwrap_or(&nothing);
        match part {
            PlanPart::Record(subject, gates) => {
                let found = find_in_record(subject, item, plan);
                if let Some(refusal) = judgement.ask_gates(gates, &found) {
                    return ReserveError::Refused(refusal);
                }
                if subject.kind == SubjectKind::Phone {
                    judgement.meet_phone(item, &found);
                }
            }
            PlanPart::Ranges(gate, ranges) => {
                let blocked = read_blocked_ranges(item, ranges);
                let found = Found {
                    blocked,
                    ..Found::default()
                };
                if let Some(refusal) = judgement.ask_gates(std::slice::from_ref(gate), &found) {
                    return ReserveError::Refused(refusal);
                }
            }
            PlanPart::Purse(write) => {
                judgement.moved.is_unpaid = true;
                // An item that the update does not fit was not returned. It is read again, and named.
                if reason.code() == Some(CONDITION_FAILED) {
                    let purses = &mut judgement.moved.purses;
                    purses.insert(write.key.clone(), read_purse(item));
                }
            }
            PlanPart::Attestation(_) => judgement.is_attestation_used = true,
            PlanPart::Token(_) => {}
        }
    }
    judgement.conclude()
}

/// What a refused transaction told so far.
pub(super) struct Judgement<'p> {
    plan: &'p SendPlan,
    pub(super) moved: Moved,
    /// The refusals by the limits of the phone, which its allowance may get around.
    of_phone: Vec<(Denial, Subject)>,
    denials: Vec<(Denial, Subject)>,
    is_attestation_used: bool,
    has_moved: bool,
}

impl<'p> Judgement<'p> {
    pub(super) fn new(plan: &'p SendPlan) -> Self {
        Self {
            plan,
            moved: Moved {
                gates: plan.gates.clone(),
                wrong: (plan.terms, plan.wrong),
                reservation: plan.reservation,
                allowance: None,
                lifted: None,
                ended_evidence: plan.ended_evidence,
                evidence: KnownEvidence::Unread,
                purses: HashMap::new(),
                is_unpaid: false,
            },
            of_phone: vec![],
            denials: vec![],
            is_attestation_used: false,
            has_moved: false,
        }
    }

    /// Asks the gates of one item. Returns a refusal that is more than a denial.
    fn ask_gates(&mut self, gates: &[&Gate], found: &Found) -> Option<SendRefusal> {
        let plan = self.plan;
        for gate in gates {
            match gate.examine(found, &plan.reservation, &plan.terms) {
                Verdict::Holds => {}
                Verdict::Instead(instead) => {
                    self.has_moved = true;
                    if let Some(own) = self.moved.gates.iter_mut().find(|own| own == gate) {
                        *own = instead;
                    }
                }
                Verdict::Refuses(SendRefusal::Denied(denial), subject) => {
                    let denials = if denial.yields_to_allowance(subject.kind) {
                        &mut self.of_phone
                    } else {
                        &mut self.denials
                    };
                    denials.push((denial, subject));
                }
                Verdict::Refuses(SendRefusal::Instead(fitting), _) => {
                    self.has_moved = true;
                    self.moved.reservation = fitting;
                }
                Verdict::Refuses(other, _) => return Some(other),
            }
        }
        None
    }

    /// Takes over what the phone's record says besides its gates: the day of the wrong codes, and the evidence.
    fn meet_phone(&mut self, item: &Item, found: &Found) {
        let plan = self.plan;
        let wrong = read_tally(item, attribute::WRONG);
        if !wrong.takes(&plan.terms.today, plan.wrong) {
            let (today, begin) = wrong.begin(plan.terms.today);
            self.moved.wrong = (
                Terms {
                    today,
                    ..plan.terms
                },
                begin,
            );
            self.has_moved = true;
        }
        let evidence = found.phone.evidence.clone();
        let ended = evidence.as_ref().map(|evidence| evidence.until);
        let ended = ended.filter(|until| *until <= plan.terms.now);
        if ended != plan.ended_evidence {
            self.moved.ended_evidence = ended;
            self.has_moved = true;
        }
        let own = plan.caller.as_ref();
        let bears = |claim| {
            let both = evidence.as_ref().zip(own);
            both.is_some_and(|(evidence, own)| evidence.bears(claim, &own.caller, plan.terms.now))
        };
        if plan.claim() != Claim::Nothing && !bears(plan.claim()) {
            // Another send took the last text that was claimed.
            self.moved.is_unpaid = true;
        }
        if plan.share() == Share::Common
            && !self.of_phone.is_empty()
            && let Some(own) = own
        {
            let (reservation, terms) = (&plan.reservation, &plan.terms);
            let (gates, caller) = (&self.moved.gates, &own.caller);
            let allowance = found.find_allowance(gates, caller, own.allowance, reservation, terms);
            if let Some(allowance) = allowance {
                self.take_allowance(allowance, evidence.as_ref());
            }
        }
        self.moved.evidence = KnownEvidence::Read(evidence);
    }

    /// Plans to take the text out of the phone's allowance.
    fn take_allowance(&mut self, allowance: Allowance, evidence: Option<&Evidence>) {
        self.moved.reservation = allowance.reservation;
        let lifted = Denial::find_most_lasting(mem::take(&mut self.of_phone));
        self.moved.lifted = lifted.map(|(denial, subject)| Denied {
            denial,
            subject,
            evidence: evidence.cloned(),
        });
        self.has_moved = true;
        self.moved.allowance = Some(allowance.claim);
        self.moved.gates = allowance.gates;
    }

    /// Returns the error of the transaction.
    pub(super) fn conclude(mut self) -> ReserveError {
        self.denials.append(&mut self.of_phone);
        if let Some((denial, subject)) = Denial::find_most_lasting(self.denials) {
            let evidence = match self.moved.evidence {
                KnownEvidence::Read(evidence) if subject.kind == SubjectKind::Phone => evidence,
                KnownEvidence::Read(_) | KnownEvidence::Unread => None,
            };
            return ReserveError::Denied(Box::new(Denied {
                denial,
                subject,
                evidence,
            }));
        }
        if self.is_attestation_used {
            return ReserveError::AttestationUsed;
        }
        if self.has_moved || self.moved.is_unpaid {
            ReserveError::Again(Box::new(self.moved))
        } else {
            StoreError::Contradiction("a send").into()
        }
    }
}

/// Reads the record that made the condition of its write fail.
fn find_in_record(subject: &Subject, item: &Item, plan: &SendPlan) -> Found {
    Found {
        record: read_subject_record(item),
        phone: match subject.kind {
            SubjectKind::Phone => read_phone_record(item, &plan.terms.today),
            _ => PhoneRecord::default(),
        },
        ..Found::default()
    }
}
