//! The writes of `send`: one transaction that passes every gate, and its refund.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_domain::attestation::AttestationDigest;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal, Share, Terms};
use phoneproof_domain::purse::{
    Called, Caller, Claim, Lane, Plan, Proof, PurseItem, PurseKey, Write,
};
use phoneproof_domain::range::Ranges;
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_domain::tally::Begin;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::time::Instant;

use super::item::{EXPIRES_AT, PK, instant, read_phone_record, tally_of};
use super::judgement::{Judgement, judge};
use super::phone::{release_slot, reserve_slot};
use super::purses::write_purse;
use super::ranges::build_range_check;
use super::record::RecordWrite;
use super::reference::StoredToken;
use super::transaction::{CONDITION_FAILED, transact};
use super::{Store, StoreError, get_item};

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
    /// When the evidence on the phone's record has ended, if it has. It then leaves the record.
    pub ended_evidence: Option<Timestamp>,
    /// Who asks, for the phone's reserve; `None` for a test number, which has none.
    pub caller: Option<PhoneCaller>,
    /// Who pays, and how; `None` for a test number.
    pub paid: Option<Plan>,
    /// The attestation of the caller. When the lane of vouched-for callers pays, it is used up.
    pub attestation: Option<AttestationDigest>,
    /// When the phone's record ends, if nothing else happens to it.
    pub kept_until: Timestamp,
    /// The token to store with a new challenge; `None` when tokens are not stored, and for a resend.
    pub stored: Option<StoredToken>,
}

/// Who asks for a text, and how many the phone's reserve has for a caller that it was verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneCaller {
    /// The device and the network.
    pub caller: Caller,
    /// The texts of the reserve between two typed codes.
    pub reserve: u32,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// A rule refused, the challenge is over, or the idempotency key was used.
    ///
    /// With a denial by the phone's record comes the evidence on it: those whom it names have a reserve of their own.
    #[error("refused")]
    Refused(SendRefusal, Option<Box<Proof>>),
    /// What is stored has moved on. The send is planned again with this.
    #[error("the records have moved on")]
    Again(Box<Moved>),
    /// The attestation that should pay was used for a text before.
    #[error("the attestation was used before")]
    AttestationUsed,
    /// The rules could not be checked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known about the evidence on a phone's record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The record was not read.
    #[default]
    Unread,
    /// The record has this evidence, or none.
    Read(Option<Proof>),
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
    /// What the text takes out of the phone's reserve, because the limits of the phone refuse it.
    pub reserved: Option<Claim>,
    /// When the evidence on the phone's record has ended, if it has.
    pub ended_evidence: Option<Timestamp>,
    /// The phone's evidence, as far as the phone's record came back.
    pub proof: Evidence,
    /// The purses that came back, because they refused.
    pub purses: HashMap<PurseKey, PurseItem>,
    /// Whether somebody else has to pay.
    pub is_unpaid: bool,
}

impl SendPlan {
    /// Takes over what a refused transaction told, except for the reservation and for who pays.
    pub fn take(&mut self, moved: &Moved) {
        self.gates.clone_from(&moved.gates);
        (self.terms, self.wrong) = moved.wrong;
        self.ended_evidence = moved.ended_evidence;
    }

    /// Returns the device or else the network of the caller, if the phone with this evidence was verified there. The phone
    /// has a reserve for such a caller.
    #[must_use]
    pub fn place_of(&self, proof: &Proof) -> Option<&SubjectIndex> {
        let caller = &self.caller.as_ref()?.caller;
        if !proof.holds(self.terms.now) {
            return None;
        }
        if proof.device == caller.device {
            return Some(&caller.device);
        }
        let network = Some(&caller.network);
        network.filter(|own| proof.network.as_ref() == Some(own))
    }

    /// Returns the share of the phone that the text uses up.
    pub(super) fn share(&self) -> Share {
        let mut gates = self.gates.iter();
        let own = gates.find(|gate| gate.check == Check::Reserve);
        own.map(|gate| gate.share).unwrap_or_default()
    }

    /// Returns what the text claims of the phone's evidence.
    pub(super) fn claim(&self) -> Claim {
        self.paid.as_ref().map_or(Claim::Nothing, |paid| paid.claim)
    }

    /// Returns the call that the plan pays for.
    pub(super) fn called(&self) -> Option<Called> {
        self.paid.as_ref()?.called
    }

    /// Lists the items of the transaction, each with what has to be said about it when its condition fails.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(8);
        let mut of_ranges = None;
        for gate in &self.gates {
            if let Check::NotInBlockedRange(ranges) = &gate.check {
                of_ranges = Some(Part::Ranges(gate, ranges));
                continue;
            }
            let own = parts.iter_mut().find_map(|part| match part {
                Part::Record(subject, gates) if **subject == gate.subject => Some(gates),
                _ => None,
            });
            match own {
                Some(gates) => gates.push(gate),
                None => parts.push(Part::Record(&gate.subject, vec![gate])),
            }
        }
        parts.extend(of_ranges);
        let writes = self.paid.iter().flat_map(|paid| &paid.writes);
        parts.extend(writes.map(Part::Purse));
        let vouched = self.paid.as_ref();
        let vouched = vouched.filter(|paid| paid.payer.lane == Lane::Attested);
        parts.extend(vouched.and(self.attestation).map(Part::Attestation));
        parts.extend(self.stored.as_ref().map(Part::Token));
        parts
    }
}

/// How long a used attestation is remembered. It lives for two minutes at most, by a clock that is ten seconds ahead at
/// most.
const ATTESTATION_KEPT: Duration = Duration::from_mins(5);

/// The error code of a request that an item does not fit.
const NOT_FITTING: &str = "ValidationException";

/// An item of the transaction.
pub(super) enum Part<'p> {
    /// The record of a subject, with its gates.
    Record(&'p Subject, Vec<&'p Gate>),
    /// The copy of the blocked ranges, with its gate.
    Ranges(&'p Gate, &'p Ranges),
    /// The purse of a country, number block, network or day.
    Purse(&'p Write),
    /// The attestation that is used up.
    Attestation(AttestationDigest),
    /// The token that is stored.
    Token(&'p StoredToken),
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
        let reasons = match done {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reasons)) => reasons,
            // A purse that the update does not fit. It is read, and named.
            Err(StoreError::Call(failed)) if failed.code == NOT_FITTING && plan.paid.is_some() => {
                let mut judgement = Judgement::new(plan);
                judgement.moved.is_unpaid = true;
                return Err(judgement.conclude().0);
            }
            Err(error) => return Err(error.into()),
        };
        let (error, subject) = judge(plan, &reasons);
        if let ReserveError::Refused(SendRefusal::Denied(_), _) = error {
            request.facts.denied = subject;
        }
        Err(error)
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
        let (table, key) = (&self.tables.challenges, plan.phone_index.as_str());
        let item = get_item(&self.client, table, key.to_owned(), request).await?;
        let item = item.unwrap_or_default();
        Ok(read_phone_record(&item, &plan.terms.today))
    }

    /// Gives back the counts of a text that was certainly not sent, if its challenge is still there. On the same day it
    /// also gives the price back to the lane that paid.
    ///
    /// The counts of the rules that are refunded and the slot of a new challenge are given back. The cooldown stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the refund is not known to be written. A refund is never written twice.
    pub async fn refund(
        &self,
        plan: &SendPlan,
        country: Option<Country>,
        request: &mut RequestContext,
    ) -> Result<(), StoreError> {
        let price = plan.paid.as_ref().zip(country);
        let price = price.map(|(paid, country)| paid.refund(country));
        let began = Instant::now();
        let build = |price: Option<&Write>| {
            let mut items = self.refund_items(plan)?;
            if let Some(write) = price {
                let item = write_purse(write);
                items.push(item.into_item(&self.tables.limits, &write.key.to_string())?);
            }
            Ok(items)
        };
        let mut done = transact(&self.client, || build(price.as_ref()), request).await;
        // On another day the purse takes nothing back. The rest is given back without it.
        if let (Ok(Err(reasons)), Some(_)) = (&done, &price)
            && let Some((last, others)) = reasons.split_last()
            && last.code() == Some(CONDITION_FAILED)
            && others
                .iter()
                .all(|other| other.code() != Some(CONDITION_FAILED))
        {
            done = transact(&self.client, || build(None), request).await;
        }
        request.note_call(Dependency::Store, began);
        done?.map_err(|_| StoreError::NothingToRefund)
    }

    /// Makes the items of [`Store::refund`] without the price: one per record. The phone's also releases the slot.
    fn refund_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = vec![];
        for part in plan.parts() {
            let Part::Record(subject, gates) = part else {
                continue;
            };
            let mut write = RecordWrite::default();
            for gate in gates {
                if let Some(quota) = gate.refund() {
                    let tally = tally_of(gate.share, quota.window.length);
                    write.give_back(tally, &quota.window);
                }
            }
            if subject.kind == SubjectKind::Phone {
                release_slot(&mut write, plan);
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
                Part::Purse(write) => {
                    write_purse(write).into_item(&self.tables.limits, &write.key.to_string())?
                }
                Part::Attestation(digest) => self.use_up(digest, plan.terms.now)?,
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

    /// Makes the item that remembers a used attestation for longer than it can live.
    fn use_up(
        &self,
        AttestationDigest(digest): AttestationDigest,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut write = RecordWrite::default();
        write.require(format!("attribute_not_exists({PK})"));
        write.set(format!("{EXPIRES_AT} = :kept"));
        write.value(":kept", instant(now + ATTESTATION_KEPT));
        let key = format!("attestation#{}", base64url(digest));
        write.into_item(&self.tables.limits, &key)
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
            let tally = tally_of(gate.share, quota.window.length);
            write.count(tally, quota, *begin);
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
