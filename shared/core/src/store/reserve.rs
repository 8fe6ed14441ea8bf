//! Send: every rule in one transaction, and its refund.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use thiserror::Error;
use tokio::time::Instant;

use super::blocks::block_key;
use super::counter::{count_update, counter_key};
use super::item::{
    PK, bytes, instant, new_slot, number, read_phone_record, slot_member, slot_name, text,
    wrong_codes_name,
};
use super::reference::StoredToken;
use super::transaction::{CONDITION_FAILED, transact};
use super::{Store, StoreError};
use crate::crypto::index::SubjectIndex;
use crate::domain::challenge::{Reservation, SendRefusal, SlotLayout, Terms};
use crate::domain::clock::Timestamp;
use crate::domain::policy::Limits;
use crate::domain::random::Random;
use crate::domain::root::RootId;
use crate::domain::rule::{Check, Denial, Quota, Rule, SubjectKind};

/// Whose limits a send counts against.
#[derive(Debug, Clone)]
pub struct Subjects {
    /// The phone.
    pub phone: SubjectIndex,
    /// The device.
    pub device: SubjectIndex,
    /// The source address.
    pub address: SubjectIndex,
    /// The phone's number block.
    pub number_block: SubjectIndex,
}

impl Subjects {
    fn of(&self, kind: SubjectKind) -> &SubjectIndex {
        match kind {
            SubjectKind::Phone => &self.phone,
            SubjectKind::Device => &self.device,
            SubjectKind::Address => &self.address,
            SubjectKind::NumberBlock => &self.number_block,
        }
    }
}

/// Everything the send transaction needs.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// Whose limits count.
    pub subjects: Subjects,
    /// The limits.
    pub limits: Limits,
    /// When the policy's day begins, after midnight UTC.
    pub day_starts_at: Duration,
    /// The challenge.
    pub reservation: Reservation,
    /// The root that its code comes from.
    pub root: RootId,
    /// When the challenge ends.
    pub expires_at: Timestamp,
    /// Guesses of a new challenge.
    pub attempts: u32,
    /// Now, and when phones are locked.
    pub terms: Terms,
    /// The slots of a phone.
    pub layout: SlotLayout,
    /// The token to store beside a new challenge, in stored mode.
    pub stored: Option<StoredToken>,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveError {
    /// A rule refused, the challenge is over, or the idempotency key was used.
    #[error("refused")]
    Refused(SendRefusal),
    /// The rules could not be checked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Checks and counts every rule and reserves the challenge, all or nothing.
    ///
    /// # Errors
    ///
    /// [`ReserveError::Refused`] with the most lasting refusal, or [`ReserveError::Store`] when the
    /// rules could not be checked.
    pub async fn reserve(
        &self,
        plan: &SendPlan,
        random: &dyn Random,
        deadline: Instant,
    ) -> Result<(), ReserveError> {
        let items = self.reserve_items(plan)?;
        let Err(reasons) = transact(&self.client, items, random, deadline).await? else {
            return Ok(());
        };
        match refusal(plan, &reasons) {
            Some(refusal) => Err(ReserveError::Refused(refusal)),
            None => Err(StoreError::Unavailable.into()),
        }
    }

    /// Gives back what a definitely refused text counted, if the challenge is still there: the
    /// refunded rules, and the slot of a new challenge. The cooldown stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it could not be given back; the quota is then lost, never won.
    pub async fn refund(
        &self,
        plan: &SendPlan,
        random: &dyn Random,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let mut items = vec![self.release_item(plan)?];
        for rule in Rule::ALL.into_iter().filter(|rule| rule.refunded()) {
            if let Check::Count(quota) = check(plan, rule) {
                items.push(self.uncount_item(rule, plan.subjects.of(rule.subject()), &quota)?);
            }
        }
        let done = transact(&self.client, items, random, deadline).await?;
        done.map_err(|_| {
            tracing::warn!("nothing was given back: the challenge is gone");
            StoreError::Unavailable
        })
    }

    /// The transaction of [`Store::reserve`]: one item per rule, in the order of [`Rule::ALL`]; then the stored
    /// token, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when an item cannot be built, which the types rule out.
    pub fn reserve_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = Vec::with_capacity(Rule::ALL.len() + 1);
        for rule in Rule::ALL {
            let subject = plan.subjects.of(rule.subject());
            items.push(match check(plan, rule) {
                Check::NotBlocked => {
                    self.not_blocked_item(rule.subject(), subject, plan.terms.now)?
                }
                Check::Reserve => self.challenge_item(plan)?,
                Check::Count(quota) => self.count_item(rule, subject, &quota)?,
            });
        }
        if let Some(stored) = &plan.stored {
            let put = Put::builder()
                .table_name(&self.tables.challenges)
                .set_item(Some(stored.item()))
                .build()
                .map_err(|_| StoreError::Unavailable)?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(items)
    }

    fn not_blocked_item(
        &self,
        kind: SubjectKind,
        subject: &SubjectIndex,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        // A block without `expires_at` never ends: the comparison with a missing attribute is false.
        let check = ConditionCheck::builder()
            .table_name(&self.tables.blocks)
            .key(PK, text(block_key(kind, subject)))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", instant(now))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn count_item(
        &self,
        rule: Rule,
        subject: &SubjectIndex,
        quota: &Quota,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = count_update(&self.tables.limits, rule.name(), subject, quota)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn uncount_item(
        &self,
        rule: Rule,
        subject: &SubjectIndex,
        quota: &Quota,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.limits)
            .key(PK, text(counter_key(rule.name(), subject, &quota.window)))
            .update_expression("ADD n :minus_one")
            .condition_expression("n > :zero")
            .expression_attribute_values(":minus_one", number(-1))
            .expression_attribute_values(":zero", number(0))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The phone's record: cooldown, locks and the challenge. Says what
    /// [`PhoneRecord::admits_send`] says.
    fn challenge_item(&self, plan: &SendPlan) -> Result<TransactWriteItem, StoreError> {
        let (terms, reservation) = (&plan.terms, &plan.reservation);
        let mut condition = vec![
            "(attribute_not_exists(last_sent) OR last_sent <= :ready)".to_owned(),
            "(attribute_not_exists(failures) OR failures < :hard)".to_owned(),
            "(attribute_not_exists(#today) OR #today < :soft)".to_owned(),
        ];
        let mut set = "last_sent = :now, expires_at = :kept".to_owned();
        let mut update = Update::builder()
            .table_name(&self.tables.challenges)
            .key(PK, text(plan.subjects.phone.as_str()))
            .expression_attribute_names("#today", wrong_codes_name(&terms.today))
            .expression_attribute_values(":now", instant(terms.now))
            .expression_attribute_values(":ready", instant(terms.now - terms.cooldown))
            .expression_attribute_values(":hard", number(terms.lockout.hard))
            .expression_attribute_values(":soft", number(terms.lockout.soft))
            .expression_attribute_values(":kept", instant(terms.now + terms.lockout.remembered))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match reservation {
            Reservation::New { .. } => {}
            Reservation::Idempotent { id, .. } => {
                for index in 0..plan.layout.count {
                    condition.push(format!(
                        "(attribute_not_exists(#own{index}) OR #own{index}.#id <> :id \
                         OR #own{index}.#expires <= :now)"
                    ));
                    update =
                        update.expression_attribute_names(format!("#own{index}"), slot_name(index));
                }
                update = update
                    .expression_attribute_names("#id", slot_member::ID)
                    .expression_attribute_names("#expires", slot_member::EXPIRES)
                    .expression_attribute_values(":id", bytes(id.0));
            }
            Reservation::Resend { id, .. } => {
                condition.push(
                    "#slot.#id = :id AND #slot.#expires > :now AND #slot.#left > :zero \
                     AND attribute_not_exists(#slot.#used)"
                        .to_owned(),
                );
                update = update
                    .expression_attribute_names("#slot", slot_name(reservation.slot()))
                    .expression_attribute_names("#id", slot_member::ID)
                    .expression_attribute_names("#expires", slot_member::EXPIRES)
                    .expression_attribute_names("#left", slot_member::LEFT)
                    .expression_attribute_names("#used", slot_member::USED)
                    .expression_attribute_values(":id", bytes(id.0))
                    .expression_attribute_values(":zero", number(0));
            }
        }
        if let Reservation::New { id, slot } | Reservation::Idempotent { id, slot } = reservation {
            set.push_str(", #slot = :slot");
            update = update
                .expression_attribute_names("#slot", slot_name(*slot))
                .expression_attribute_values(
                    ":slot",
                    new_slot(*id, &plan.root, plan.expires_at, plan.attempts),
                );
        }
        let update = update
            .update_expression(format!("SET {set}"))
            .condition_expression(condition.join(" AND "))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Releases the slot of a new challenge; for a resend, only checks that the challenge is there.
    fn release_item(&self, plan: &SendPlan) -> Result<TransactWriteItem, StoreError> {
        let key = text(plan.subjects.phone.as_str());
        let slot = slot_name(plan.reservation.slot());
        let id = bytes(plan.reservation.id().0);
        if let Reservation::Resend { .. } = plan.reservation {
            let check = ConditionCheck::builder()
                .table_name(&self.tables.challenges)
                .key(PK, key)
                .condition_expression("#slot.#id = :id")
                .expression_attribute_names("#slot", slot)
                .expression_attribute_names("#id", slot_member::ID)
                .expression_attribute_values(":id", id)
                .build()
                .map_err(|_| StoreError::Unavailable)?;
            return Ok(TransactWriteItem::builder().condition_check(check).build());
        }
        let update = Update::builder()
            .table_name(&self.tables.challenges)
            .key(PK, key)
            .update_expression("REMOVE #slot")
            .condition_expression("#slot.#id = :id")
            .expression_attribute_names("#slot", slot)
            .expression_attribute_names("#id", slot_member::ID)
            .expression_attribute_values(":id", id)
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// What `rule` asks of the store for this send.
fn check(plan: &SendPlan, rule: Rule) -> Check {
    rule.check(&plan.limits, plan.day_starts_at, plan.terms.now)
}

/// The refusal to report: an idempotent repeat or a closed challenge before any rule, else the most
/// lasting denial.
fn refusal(plan: &SendPlan, reasons: &[CancellationReason]) -> Option<SendRefusal> {
    let failed = Rule::ALL
        .into_iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED));
    let mut denials = Vec::new();
    for (rule, reason) in failed {
        match check(plan, rule) {
            Check::NotBlocked => denials.push(Denial::Blocked(rule)),
            Check::Count(quota) => denials.push(Denial::Exhausted(rule, quota)),
            Check::Reserve => match record_refusal(plan, reason) {
                SendRefusal::Denied(denial) => denials.push(denial),
                other => return Some(other),
            },
        }
    }
    Denial::most_lasting(denials).map(SendRefusal::Denied)
}

fn record_refusal(plan: &SendPlan, reason: &CancellationReason) -> SendRefusal {
    let record = reason
        .item()
        .map(|item| read_phone_record(item, &plan.terms.today))
        .unwrap_or_default();
    let Err(refusal) = record.admits_send(&plan.reservation, &plan.terms) else {
        // Condition and decision disagree only if the emulator or this code is wrong; the cooldown
        // is then the least misleading answer.
        tracing::error!("the store refused a send that the domain admits");
        return SendRefusal::Denied(Denial::CoolingDown {
            until: plan.terms.now + plan.terms.cooldown,
            cooldown: plan.terms.cooldown,
        });
    };
    refusal
}
