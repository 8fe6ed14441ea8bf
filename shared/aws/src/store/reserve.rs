//! The write of `send`: one transaction that passes every gate.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_domain::attestation::AttestationDigest;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::subject::{Subject, SubjectKind};
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{EXPIRES_AT, PK, instant, read_phone_record, tally_of};
use super::judgement::{Judgement, judge};
use super::phone::reserve_slot;
use super::purse_item::write_purse;
use super::ranges::build_range_check;
use super::record::RecordWrite;
use super::reserve_error::ReserveError;
use super::send_plan::{PlanPart, SendPlan};
use super::transaction::{NOT_FITTING, TransactionOutcome, transact};
use super::{Store, StoreError, get_item};

/// How long a used attestation is remembered. It lives for two minutes at most, by a clock that is ten seconds ahead at
/// most.
const ATTESTATION_KEPT: Duration = Duration::from_mins(5);

impl Store {
    /// Passes every gate, counts the text and reserves the challenge, or changes nothing.
    ///
    /// # Errors
    ///
    /// - [`ReserveError::Denied`] and [`ReserveError::Refused`] hold the refusal to report.
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
            Ok(TransactionOutcome::Written) => return Ok(()),
            Ok(TransactionOutcome::Refused(reasons)) => reasons,
            // A purse that the update does not fit. It is read, and named.
            Err(StoreError::Operation(failed))
                if failed.code == NOT_FITTING && plan.paid.is_some() =>
            {
                let mut judgement = Judgement::new(plan);
                judgement.moved.is_unpaid = true;
                return Err(judgement.conclude());
            }
            Err(error) => return Err(error.into()),
        };
        Err(judge(plan, &reasons))
    }

    /// Reads the phone's record of a plan, with one read unit. A send that is certain to be refused by a rule needs it
    /// to find out whether it repeats an earlier one, and writes nothing.
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
                PlanPart::Record(subject, gates) => {
                    self.item_of(subject, write_record(plan, &gates))?
                }
                PlanPart::Ranges(_, ranges) => {
                    build_range_check(&self.tables.blocks, ranges, plan.terms.now)?
                }
                PlanPart::Purse(write) => {
                    write_purse(write).into_item(&self.tables.limits, &write.key.to_string())?
                }
                PlanPart::Attestation(digest) => self.use_up(digest, plan.terms.now)?,
                PlanPart::Token(stored) => {
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

    /// Makes the item of a transaction that writes the record of `subject`.
    pub(super) fn item_of(
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

/// Writes the record of a subject. Each condition is that of one of its gates.
fn write_record(plan: &SendPlan, gates: &[&Gate]) -> RecordWrite {
    let mut write = RecordWrite::default();
    let (mut counts_until, mut challenge_until) = (None, None);
    let mut is_not_blocked = false;
    for gate in gates {
        match &gate.check {
            Check::NotBlocked => {
                write.require_not_blocked(plan.terms.now);
                is_not_blocked = true;
            }
            Check::Count(quota, begin) => {
                let tally = tally_of(gate.share, quota.window.length);
                write.count(tally, quota, *begin);
                counts_until = counts_until.max(Some(quota.window.end()));
            }
            Check::Reserve => {
                reserve_slot(&mut write, plan);
                challenge_until = Some(plan.kept_until);
            }
            // The ranges of a send have an item of their own.
            Check::NotInBlockedRange(_) => {}
        }
    }
    if let Some(end) = challenge_until.or(counts_until) {
        write.keep_until(end);
        if is_not_blocked {
            write.remove_ended_block();
        }
    }
    write
}
