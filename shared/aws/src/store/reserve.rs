//! The writes of `send`: one transaction that passes every gate, and its refund.

use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Check, Found, Gate, Settled};
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal, Terms};
use phoneproof_domain::range::Ranges;
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_domain::tally::{Begin, Tally};
use phoneproof_domain::window::HOUR;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::time::Instant;

use super::item::{Item, PK, attribute, read_phone_record, read_subject_record, read_tally, text};
use super::phone::{release_slot, reserve_slot};
use super::ranges::{build_range_check, read_blocked_ranges};
use super::record::RecordWrite;
use super::reference::StoredToken;
use super::transaction::{CONDITION_FAILED, transact};
use super::{CallFailed, Store, StoreError, within};

/// The plan of one send: everything that its transaction holds.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// The index of the phone that is texted, which is the key of its record.
    pub phone_index: SubjectIndex,
    /// The gates that the send has to pass. Those of one subject stand together in the transaction.
    pub gates: Vec<Gate>,
    /// The challenge that the send is about.
    pub reservation: Reservation,
    /// The root that the code is derived from.
    pub root: RootId,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// The guesses that a new challenge admits.
    pub attempts: u32,
    /// The terms of the decision on the phone's record.
    pub terms: Terms,
    /// How the count of today's wrong codes is met.
    pub wrong: Begin,
    /// When the phone's record ends, if nothing else happens to it.
    pub kept_until: Timestamp,
    /// The token to store with a new challenge; `None` when tokens are not stored, and for a resend.
    pub stored: Option<StoredToken>,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// A rule refused, the challenge is over, or the idempotency key was used.
    #[error("refused")]
    Refused(SendRefusal),
    /// What is stored has moved on. The send is planned again with this.
    #[error("the records have moved on")]
    Again(Box<Moved>),
    /// The rules could not be checked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a refused transaction told about the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The gates, with those that count in another way.
    pub gates: Vec<Gate>,
    /// The day whose wrong codes count, and how.
    pub wrong: (Terms, Begin),
    /// The reservation that the phone's record has room for.
    pub reservation: Reservation,
}

impl SendPlan {
    /// Takes over what a refused transaction told, except for the reservation.
    pub fn take(&mut self, moved: &Moved) {
        self.gates.clone_from(&moved.gates);
        (self.terms, self.wrong) = moved.wrong;
    }

    /// Lists the items of the transaction, each with what has to be said about it when its condition fails.
    fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(8);
        for kind in [
            SubjectKind::Phone,
            SubjectKind::Device,
            SubjectKind::Address,
        ] {
            let gates = self.gates.iter().filter(|gate| gate.subject.kind == kind);
            let gates: Vec<_> = gates.collect();
            if let Some(first) = gates.first() {
                parts.push(Part::Record(&first.subject, gates));
            }
        }
        parts.extend(self.gates.iter().filter_map(|gate| match &gate.check {
            Check::NotInBlockedRange(ranges) => Some(Part::Ranges(gate, ranges)),
            Check::NotBlocked | Check::Reserve | Check::Count(..) => None,
        }));
        parts.extend(self.stored.as_ref().map(Part::Token));
        parts
    }
}

/// An item of the transaction.
enum Part<'p> {
    /// The record of a subject, with its gates.
    Record(&'p Subject, Vec<&'p Gate>),
    /// The copy of the blocked ranges, with its gate.
    Ranges(&'p Gate, &'p Ranges),
    /// The token that is stored.
    Token(&'p StoredToken),
}

/// Returns the name of the tally in which a gate counts.
fn tally_of(window: std::time::Duration) -> &'static str {
    if window <= HOUR {
        attribute::HOUR
    } else {
        attribute::DAY
    }
}

impl Store {
    /// Passes every gate, counts the text and reserves the challenge, or does nothing of this. The facts of the request
    /// name the subject that a rule refused.
    ///
    /// # Errors
    ///
    /// - [`ReserveError::Refused`] holds the refusal to report.
    /// - [`ReserveError::Again`] says what to plan with next. Nothing was written.
    /// - [`ReserveError::Store`] says why the gates could not be checked.
    pub async fn reserve(
        &self,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<(), ReserveError> {
        let began = Instant::now();
        let done = transact(&self.client, || self.reserve_items(plan), request).await;
        request.note_call(Dependency::Store, began);
        let Err(reasons) = done? else {
            return Ok(());
        };
        let verdict = judge(plan, &reasons);
        if let Err((ReserveError::Refused(SendRefusal::Denied(_)), subject)) = &verdict {
            request.facts.denied.clone_from(subject);
        }
        verdict.map_err(|(error, _)| error)
    }

    /// Reads the phone's record of a plan, with one read unit. A send that is certain to be refused by a rule needs it to
    /// find out whether it repeats an earlier one, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn read_record(
        &self,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<PhoneRecord, StoreError> {
        // The read is consistent, because a client may repeat a request right after it.
        let call = self
            .client
            .get_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(plan.phone_index.as_str()))
            .consistent_read(true);
        let began = Instant::now();
        let answer = within(request.deadline, call.send()).await;
        request.note_call(Dependency::Store, began);
        let answer = answer.map_err(|error| CallFailed::from_error("GetItem", error.as_ref()))?;
        let item = answer.item.unwrap_or_default();
        Ok(read_phone_record(&item, &plan.terms.today))
    }

    /// Gives back the counts of a text that was certainly not sent, if its challenge is still there.
    ///
    /// The counts of the rules that are refunded and the slot of a new challenge are given back. The cooldown stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the refund is not known to be written. A refund is never written twice.
    pub async fn refund(
        &self,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let done = transact(&self.client, || self.refund_items(plan), request).await;
        request.note_call(Dependency::Store, began);
        done?.map_err(|_| StoreError::NothingToRefund)
    }

    /// Makes the items of [`Store::refund`]: one per record. The phone's also releases the slot.
    fn refund_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = vec![];
        for part in plan.parts() {
            let Part::Record(subject, gates) = part else {
                continue;
            };
            let mut write = RecordWrite::default();
            for quota in gates.iter().filter_map(|gate| gate.refund()) {
                write.give_back(tally_of(quota.window.length), &quota.window);
            }
            if subject.kind == SubjectKind::Phone {
                release_slot(&mut write, &plan.reservation);
            } else if write.is_empty() {
                continue;
            }
            items.push(self.item_of(subject, write)?);
        }
        Ok(items)
    }

    /// Makes the items of [`Store::reserve`].
    ///
    /// # Errors
    ///
    /// [`StoreError::NotBuilt`] when an item lacks a member, which cannot happen here.
    pub fn reserve_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let parts = plan.parts();
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            items.push(match part {
                Part::Record(subject, gates) => {
                    self.item_of(subject, write_record(plan, subject, &gates))?
                }
                Part::Ranges(_, ranges) => {
                    build_range_check(&self.tables.blocks, ranges, plan.terms.now)?
                }
                Part::Token(stored) => {
                    let put = Put::builder()
                        .table_name(&self.tables.challenges)
                        .set_item(Some(stored.to_item()))
                        .build()?;
                    TransactWriteItem::builder().put(put).build()
                }
            });
        }
        Ok(items)
    }

    fn item_of(
        &self,
        subject: &Subject,
        write: RecordWrite,
    ) -> Result<TransactWriteItem, StoreError> {
        let (table, key) = self.record_of(subject);
        write.into_item(table, &key)
    }

    /// Returns the table and the key of a subject's record.
    pub(super) fn record_of(&self, subject: &Subject) -> (&str, String) {
        match subject.kind {
            SubjectKind::Phone => (&self.tables.challenges, subject.index.as_str().to_owned()),
            _ => (&self.tables.limits, subject.key()),
        }
    }
}

/// Writes the record of a subject: its block, its counts, and the challenge of a phone.
fn write_record(plan: &SendPlan, subject: &Subject, gates: &[&Gate]) -> RecordWrite {
    let mut write = RecordWrite::default();
    write.require_not_blocked(plan.terms.now);
    let mut ends = None;
    for gate in gates {
        if let Check::Count(quota, begin) = &gate.check {
            write.count(tally_of(quota.window.length), quota, *begin);
            ends = ends.max(Some(quota.window.end()));
        }
    }
    if subject.kind == SubjectKind::Phone {
        reserve_slot(&mut write, plan);
        ends = Some(plan.kept_until);
    }
    if let Some(end) = ends {
        write.keep_until(end);
    }
    write
}

type Verdict = Result<(), (ReserveError, Option<Subject>)>;

/// Decides what follows from a transaction that was refused.
///
/// The decision on the phone's record is reported if it is more than a denial. Otherwise the most lasting denial is, with
/// its subject. Without a denial, the send is planned again with what the records hold.
fn judge(plan: &SendPlan, reasons: &[CancellationReason]) -> Verdict {
    let mut moved = Moved {
        gates: plan.gates.clone(),
        wrong: (plan.terms, plan.wrong),
        reservation: plan.reservation,
    };
    let mut denials = Vec::new();
    let parts = plan.parts();
    let failed = parts.iter().zip(reasons);
    for (part, reason) in failed.filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED)) {
        let nothing = Item::new();
        let item = reason.item().unwrap_or(&nothing);
        let (gates, found) = match part {
            Part::Record(subject, gates) => (gates.as_slice(), find_in_record(subject, item, plan)),
            Part::Ranges(gate, ranges) => {
                let blocked = read_blocked_ranges(item, ranges);
                let found = Found {
                    blocked,
                    ..Found::default()
                };
                (std::slice::from_ref(gate), found)
            }
            Part::Token(_) => continue,
        };
        for gate in gates {
            match gate.settle(&found, &plan.reservation, &plan.terms) {
                Settled::Holds => {}
                Settled::Instead(instead) => {
                    let own = moved.gates.iter_mut().find(|own| own == gate);
                    if let Some(own) = own {
                        *own = instead;
                    }
                }
                Settled::Refuses(SendRefusal::Denied(denial), subject) => {
                    denials.push((denial, subject));
                }
                Settled::Refuses(SendRefusal::Instead(fitting), _) => moved.reservation = fitting,
                Settled::Refuses(other, _) => return Err((ReserveError::Refused(other), None)),
            }
        }
        if let Part::Record(
            Subject {
                kind: SubjectKind::Phone,
                ..
            },
            _,
        ) = part
        {
            moved.wrong = meet_wrong_codes(item, plan);
        }
    }
    if let Some((denial, subject)) = Denial::most_lasting(denials) {
        let refusal = SendRefusal::Denied(denial);
        return Err((ReserveError::Refused(refusal), Some(subject)));
    }
    let same = moved.gates == plan.gates
        && moved.wrong == (plan.terms, plan.wrong)
        && moved.reservation == plan.reservation;
    Err(if same {
        let failed = reasons.iter().any(|reason| reason.item().is_some());
        // A record that changed between the condition and its return would say so by another state.
        debug_assert!(failed || !reasons.is_empty());
        (StoreError::Contradiction("a send").into(), None)
    } else {
        (ReserveError::Again(Box::new(moved)), None)
    })
}

/// Reads the record that made the condition of its write fail.
fn find_in_record(subject: &Subject, item: &Item, plan: &SendPlan) -> Found {
    Found {
        record: read_subject_record(item),
        phone: match subject.kind {
            SubjectKind::Phone => read_phone_record(item, &plan.terms.today),
            _ => Default::default(),
        },
        ..Found::default()
    }
}

/// Returns the day whose wrong codes count, and how they are met.
fn meet_wrong_codes(item: &Item, plan: &SendPlan) -> (Terms, Begin) {
    let wrong: Tally = read_tally(item, attribute::WRONG);
    let is_taken = wrong.at.is_none() && wrong.places.is_empty();
    if is_taken || wrong.takes(&plan.terms.today, plan.wrong) {
        return (plan.terms, plan.wrong);
    }
    let (today, begin) = wrong.begin(plan.terms.today);
    (
        Terms {
            today,
            ..plan.terms
        },
        begin,
    )
}
