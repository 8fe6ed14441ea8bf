//! The refund of a text that was certainly not sent: one transaction that gives back what the send counted.

use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use phoneproof_domain::country::Country;
use phoneproof_domain::gate::Check;
use phoneproof_domain::purse::Write;
use phoneproof_domain::subject::Subject;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::time::Instant;

use super::item::tally_of;
use super::phone::release_slot;
use super::purse_item::write_purse;
use super::record::RecordWrite;
use super::send_plan::{PlanPart, SendPlan};
use super::transaction::{CONDITION_FAILED, NOT_FITTING, NOT_VALID, TransactionOutcome, transact};
use super::{Store, StoreError};

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refund {
    /// The counts, and the price if a purse paid it.
    Whole,
    /// The counts alone.
    WithoutPrice(PriceKept),
}

/// Why a purse keeps the price of a text that was not sent. The key of a purse holds a keyed hash at most.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PriceKept {
    /// The purse takes a price back only on its day, and only from the grant that paid.
    #[error("the purse {0} is gone, or at another day or grant")]
    MovedOn(String),
    /// The purse was damaged by hand, so it takes no update.
    #[error("the purse {0} cannot be read: an attribute is of another type")]
    Damaged(String),
}

impl Store {
    /// Gives back the counts of a text that was certainly not sent, if its challenge is still there. On the same day it
    /// also gives the price back to the lane that paid.
    ///
    /// The counts of the rules that are refunded and the slot of a new challenge are given back. The cooldown stays.
    ///
    /// # Errors
    ///
    /// - [`StoreError::NothingToRefund`] when the challenge or a count is gone, and [`StoreError::DamagedRecord`] when
    ///   a record takes no update. Nothing was given back.
    /// - Another [`StoreError`] when the refund is not known to be written. A refund is never written twice.
    pub async fn refund(
        &self,
        plan: &SendPlan,
        country: Option<Country>,
        request: &mut RequestContext,
    ) -> Result<Refund, StoreError> {
        let price = plan.paid.as_ref().zip(country);
        let price = price.map(|(paid, country)| paid.refund(country));
        let records = find_records(plan);
        let began = Instant::now();
        let done = self.write_refund(&records, price.as_ref(), request).await;
        request.note_dependency(Dependency::Store, began);
        done
    }

    async fn write_refund(
        &self,
        records: &[(&Subject, RecordWrite)],
        price: Option<&Write>,
        request: &RequestContext,
    ) -> Result<Refund, StoreError> {
        let build = || self.build_refund(records, price);
        let why = match (transact(&self.client, build, request).await, price) {
            (Ok(TransactionOutcome::Written), _) => return Ok(Refund::Whole),
            (Ok(TransactionOutcome::Refused(reasons)), price) => match explain(records, &reasons) {
                Some(error) => return Err(error),
                // Of the items, the purse alone refused.
                None => find_price_kept(price, &reasons)?,
            },
            // The code names no item. A record takes what its conditions admit, so it was the purse.
            (Err(StoreError::Operation(failed)), Some(price)) if failed.code == NOT_FITTING => {
                PriceKept::Damaged(price.key.to_string())
            }
            (Err(error), _) => return Err(error),
        };
        let build = || self.build_refund(records, None);
        let error = match transact(&self.client, build, request).await {
            Ok(TransactionOutcome::Written) => return Ok(Refund::WithoutPrice(why)),
            Ok(TransactionOutcome::Refused(reasons)) => {
                let error = explain(records, &reasons);
                error.unwrap_or(StoreError::Contradiction("a refund"))
            }
            Err(error) => error,
        };
        // The caller reports the second failure. This is the first one.
        tracing::warn!(error = %why, "a purse took no price back");
        Err(error)
    }

    /// Makes the items of a refund: one per record, and then the purse.
    fn build_refund(
        &self,
        records: &[(&Subject, RecordWrite)],
        price: Option<&Write>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let records = records.iter();
        let items = records.map(|(subject, write)| self.item_of(subject, write.clone()));
        let mut items = items.collect::<Result<Vec<_>, _>>()?;
        if let Some(write) = price {
            let key = write.key.to_string();
            items.push(write_purse(write).into_item(&self.tables.limits, &key)?);
        }
        Ok(items)
    }
}

/// Finds the records that a refund writes. That of the phone also releases the slot.
fn find_records(plan: &SendPlan) -> Vec<(&Subject, RecordWrite)> {
    let mut records = Vec::new();
    for part in plan.parts() {
        let PlanPart::Record(subject, gates) = part else {
            continue;
        };
        let mut write = RecordWrite::default();
        for gate in &gates {
            if let Some(quota) = gate.refund() {
                write.give_back(tally_of(gate.share, quota.window.length), &quota.window);
            }
        }
        if gates.iter().any(|gate| gate.check == Check::Reserve) {
            release_slot(&mut write, plan);
        }
        if !write.is_empty() {
            records.push((subject, write));
        }
    }
    records
}

/// Explains why the records gave nothing back; `None` when none of them refused.
fn explain(
    records: &[(&Subject, RecordWrite)],
    reasons: &[CancellationReason],
) -> Option<StoreError> {
    let refusing = |code| {
        let pairs = records.iter().zip(reasons);
        let refusing = pairs.filter(move |(_, reason)| reason.code() == Some(code));
        refusing.map(|((subject, _), _)| *subject)
    };
    if let Some(subject) = refusing(NOT_VALID).next() {
        return Some(StoreError::DamagedRecord(subject.to_string()));
    }
    let kinds: Vec<_> = refusing(CONDITION_FAILED)
        .map(|subject| subject.kind.name())
        .collect();
    (!kinds.is_empty()).then(|| StoreError::NothingToRefund(kinds.join(" and ")))
}

/// Finds out why the purse did not take `price`. Its reason is the last one.
fn find_price_kept(
    price: Option<&Write>,
    reasons: &[CancellationReason],
) -> Result<PriceKept, StoreError> {
    let key = |price: &Write| price.key.to_string();
    let code = reasons.last().and_then(CancellationReason::code);
    match (price, code) {
        (Some(price), Some(CONDITION_FAILED)) => Ok(PriceKept::MovedOn(key(price))),
        (Some(price), Some(NOT_VALID)) => Ok(PriceKept::Damaged(key(price))),
        _ => Err(StoreError::Contradiction("a refund")),
    }
}
