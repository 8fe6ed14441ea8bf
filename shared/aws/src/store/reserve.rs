//! The writes of `send`: one transaction that passes every gate, and its refund.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_domain::attestation::AttestationDigest;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone_record::{PhoneRecord, SendRefusal};
use phoneproof_domain::purse::Write;
use phoneproof_domain::subject::{Subject, SubjectKind};
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{EXPIRES_AT, PK, instant, read_phone_record, tally_of};
use super::judgement::{Judgement, judge};
use super::phone::{release_slot, reserve_slot};
use super::purse_item::write_purse;
use super::ranges::build_range_check;
use super::record::RecordWrite;
use super::reserve_error::ReserveError;
use super::send_plan::{Part, SendPlan};
use super::transaction::{CONDITION_FAILED, transact};
use super::{Store, StoreError, get_item};

/// How long a used attestation is remembered. It lives for two minutes at most, by a clock that is ten seconds ahead at
/// most.
const ATTESTATION_KEPT: Duration = Duration::from_mins(5);

/// The error code of a request that an item does not fit.
const NOT_FITTING: &str = "ValidationException";

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
        request.note_dependency(Dependency::Store, began);
        let reasons = match done {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reasons)) => reasons,
            // A purse that the update does not fit. It is read, and named.
            Err(StoreError::Operation(failed))
                if failed.code == NOT_FITTING && plan.paid.is_some() =>
            {
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
        request.note_dependency(Dependency::Store, began);
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
