//! The writes of `send`: one transaction that passes every gate, and its refund.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Check, Found, Gate};
use phoneproof_domain::phone_record::{
    Predecessor, REPEATABLE_FOR, REPEATED_FOR, ResendId, Reservation, SendRefusal, Terms,
};
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::{Subject, SubjectIndex};
use phoneproof_domain::window::Quota;
use phoneproof_observe::{Dependency, RequestContext};
use thiserror::Error;
use tokio::time::Instant;

use super::counter::{count_update, counter_key};
use super::item::{
    PK, bytes, instant, make_slot, number, read_phone_record, resent_name, slot_member, slot_name,
    text, wrong_codes_name,
};
use super::ranges::{build_range_check, read_blocked_ranges};
use super::reference::StoredToken;
use super::transaction::{CONDITION_FAILED, transact};
use super::{Store, StoreError};

/// The plan of one send: everything that its transaction holds.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// The index of the phone that is texted, which is the key of its record.
    pub phone_index: SubjectIndex,
    /// The gates that the send has to pass, in the order of the transaction.
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
    /// The token to store with a new challenge; `None` when tokens are not stored, and for a resend.
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
    /// Passes every gate, counts the text and reserves the challenge, or does nothing of this. The facts of the request
    /// name the subject that a rule refused.
    ///
    /// # Errors
    ///
    /// - [`ReserveError::Refused`] holds the refusal to report.
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
        match choose_refusal(plan, &reasons) {
            Some((refusal, subject)) => {
                if let SendRefusal::Denied(_) = refusal {
                    request.facts.denied = Some(subject);
                }
                Err(ReserveError::Refused(refusal))
            }
            None => Err(StoreError::Contradiction("a send").into()),
        }
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

    /// Makes the items of [`Store::refund`]: the release of the slot, then one per gate that is refunded.
    fn refund_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = vec![self.build_release(plan)?];
        for gate in &plan.gates {
            if let Some(quota) = gate.refund() {
                items.push(self.build_uncount(gate, quota)?);
            }
        }
        Ok(items)
    }

    /// Makes the items of [`Store::reserve`]: one per gate in the order of the gates, then the stored token, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotBuilt`] when an item lacks a member, which cannot happen here.
    pub fn reserve_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = Vec::with_capacity(plan.gates.len() + 1);
        for gate in &plan.gates {
            items.push(match &gate.check {
                Check::NotBlocked => self.build_block_check(gate, plan.terms.now)?,
                Check::NotInBlockedRange(ranges) => {
                    build_range_check(&self.tables.blocks, ranges, plan.terms.now)?
                }
                Check::Reserve => self.build_reservation(plan)?,
                Check::Count(quota) => self.build_count(gate, quota)?,
            });
        }
        if let Some(stored) = &plan.stored {
            let put = Put::builder()
                .table_name(&self.tables.challenges)
                .set_item(Some(stored.to_item()))
                .build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(items)
    }

    /// Makes the item that checks that a subject is not blocked.
    fn build_block_check(
        &self,
        gate: &Gate,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        // The comparison with a missing attribute is false, so a block without `expires_at` never ends.
        let check = ConditionCheck::builder()
            .table_name(&self.tables.blocks)
            .key(PK, text(gate.subject.key()))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", instant(now))
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Makes the item that counts a text.
    fn build_count(&self, gate: &Gate, quota: &Quota) -> Result<TransactWriteItem, StoreError> {
        let update = count_update(
            &self.tables.limits,
            gate.rule.name(),
            &gate.subject.index,
            quota,
        )?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Makes the item that gives back a count.
    fn build_uncount(&self, gate: &Gate, quota: &Quota) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.limits)
            .key(
                PK,
                text(counter_key(
                    gate.rule.name(),
                    &gate.subject.index,
                    &quota.window,
                )),
            )
            .update_expression("ADD n :minus_one")
            .condition_expression("n > :zero")
            .expression_attribute_values(":minus_one", number(-1))
            .expression_attribute_values(":zero", number(0))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Makes the item of the phone's record: it checks cooldown, locks and challenge, and writes the challenge.
    ///
    /// Its condition is the decision of [`PhoneRecord::admits_send`].
    ///
    /// [`PhoneRecord::admits_send`]: phoneproof_domain::phone_record::PhoneRecord::admits_send
    fn build_reservation(&self, plan: &SendPlan) -> Result<TransactWriteItem, StoreError> {
        let (terms, reservation) = (&plan.terms, &plan.reservation);
        let slot = slot_name(reservation.slot());
        let mut condition = vec![
            "(attribute_not_exists(last_sent) OR last_sent <= :ready)".to_owned(),
            "(attribute_not_exists(failures) OR failures < :hard)".to_owned(),
            "(attribute_not_exists(#today) OR #today < :soft)".to_owned(),
        ];
        let mut set = "last_sent = :now, expires_at = :kept".to_owned();
        let mut update = Update::builder()
            .table_name(&self.tables.challenges)
            .key(PK, text(plan.phone_index.as_str()))
            .expression_attribute_names("#today", wrong_codes_name(&terms.today))
            .expression_attribute_values(":now", instant(terms.now))
            .expression_attribute_values(":ready", instant(terms.now - terms.cooldown))
            .expression_attribute_values(":hard", number(terms.lockout.hard))
            .expression_attribute_values(":soft", number(terms.lockout.soft))
            .expression_attribute_values(":kept", instant(terms.now + terms.lockout.remembered))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match reservation {
            Reservation::New { .. } => {}
            Reservation::Idempotent { .. } => {
                update = forbid_id(update, plan, &mut condition);
            }
            Reservation::Renewal { of, key, .. } => {
                update = forbid_id(update, plan, &mut condition);
                update = move_guesses(update, of, &mut condition);
                set.push_str(", #old.#left = :zero");
                update = forbid_resend(update, *key, "#old", &mut condition);
            }
            Reservation::Resend { id, key, .. } => {
                condition.push(
                    "#slot.#id = :id AND #slot.#expires > :now AND #slot.#left > :zero \
                     AND attribute_not_exists(#slot.#used)"
                        .to_owned(),
                );
                update = update
                    .expression_attribute_names("#id", slot_member::ID)
                    .expression_attribute_names("#left", slot_member::LEFT)
                    .expression_attribute_values(":id", bytes(id.0))
                    .expression_attribute_values(":zero", number(0));
                update = forbid_resend(update, *key, "#slot", &mut condition);
                if key.is_some() {
                    set.push_str(", #slot.#resent = :now");
                }
            }
        }
        if reservation.is_new() {
            // A send never ends a challenge that is not over, so its slot must be free.
            condition.push(
                "(attribute_not_exists(#slot) OR #slot.#expires <= :over OR #slot.#used <= :once)"
                    .to_owned(),
            );
            set.push_str(", #slot = :slot");
            let resend = reservation.key().map(|key| (key, terms.now));
            let (id, root) = (reservation.id(), &plan.root);
            let challenge = make_slot(id, root, plan.expires_at, plan.attempts, resend);
            update = update
                .expression_attribute_values(":over", instant(terms.now - REPEATED_FOR))
                .expression_attribute_values(":once", instant(terms.now - REPEATABLE_FOR))
                .expression_attribute_values(":slot", challenge);
        }
        update = update
            .expression_attribute_names("#slot", slot)
            .expression_attribute_names("#expires", slot_member::EXPIRES)
            .expression_attribute_names("#used", slot_member::USED);
        let update = update
            .update_expression(format!("SET {set}"))
            .condition_expression(condition.join(" AND "))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Makes the item that releases the slot of a new challenge. A renewal also gives the guesses back to the challenge
    /// before. For a resend, the item checks that the challenge is there, and removes its idempotency key: the next
    /// request under it texts.
    fn build_release(&self, plan: &SendPlan) -> Result<TransactWriteItem, StoreError> {
        let key = text(plan.phone_index.as_str());
        let slot = slot_name(plan.reservation.slot());
        let id = bytes(plan.reservation.id().0);
        if let Reservation::Resend {
            key: Some(resend), ..
        } = plan.reservation
        {
            let update = Update::builder()
                .table_name(&self.tables.challenges)
                .key(PK, key)
                .update_expression("REMOVE #slot.#resent")
                .condition_expression("#slot.#id = :id AND attribute_exists(#slot.#resent)")
                .expression_attribute_names("#slot", slot)
                .expression_attribute_names("#id", slot_member::ID)
                .expression_attribute_names("#resent", resent_name(resend))
                .expression_attribute_values(":id", id)
                .build()?;
            return Ok(TransactWriteItem::builder().update(update).build());
        }
        if let Reservation::Resend { .. } = plan.reservation {
            let check = ConditionCheck::builder()
                .table_name(&self.tables.challenges)
                .key(PK, key)
                .condition_expression("#slot.#id = :id")
                .expression_attribute_names("#slot", slot)
                .expression_attribute_names("#id", slot_member::ID)
                .expression_attribute_values(":id", id)
                .build()?;
            return Ok(TransactWriteItem::builder().condition_check(check).build());
        }
        let mut update = Update::builder()
            .table_name(&self.tables.challenges)
            .key(PK, key)
            .expression_attribute_names("#slot", slot)
            .expression_attribute_names("#id", slot_member::ID)
            .expression_attribute_values(":id", id);
        update = if let Reservation::Renewal { of, .. } = plan.reservation {
            // The guesses return to the challenge whose renewal was not texted, unless somebody guessed meanwhile: a
            // parallel resend gets the token of the renewal.
            update
                .update_expression("REMOVE #slot SET #old.#left = :left")
                .condition_expression(
                    "#slot.#id = :id AND attribute_not_exists(#slot.#by) AND #old.#id = :of",
                )
                .expression_attribute_names("#by", slot_member::BY)
                .expression_attribute_names("#old", slot_name(of.slot))
                .expression_attribute_names("#left", slot_member::LEFT)
                .expression_attribute_values(":left", number(of.attempts_left))
                .expression_attribute_values(":of", bytes(of.id.0))
        } else {
            update
                .update_expression("REMOVE #slot")
                .condition_expression("#slot.#id = :id")
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }
}

/// Adds the condition that no live slot holds the challenge. The slot of an earlier send is not known, so the condition
/// looks at every slot.
fn forbid_id(
    mut update: UpdateBuilder,
    plan: &SendPlan,
    condition: &mut Vec<String>,
) -> UpdateBuilder {
    for index in 0..plan.terms.slots {
        condition.push(format!(
            "(attribute_not_exists(#o{index}) OR #o{index}.#id <> :id OR #o{index}.#expires <= :now)"
        ));
        update = update.expression_attribute_names(format!("#o{index}"), slot_name(index));
    }
    update
        .expression_attribute_names("#id", slot_member::ID)
        .expression_attribute_values(":id", bytes(plan.reservation.id().0))
}

/// Adds the condition that the challenge in `slot` was not resent under this idempotency key.
fn forbid_resend(
    update: UpdateBuilder,
    key: Option<ResendId>,
    slot: &str,
    condition: &mut Vec<String>,
) -> UpdateBuilder {
    let Some(key) = key else {
        return update;
    };
    condition.push(format!("attribute_not_exists({slot}.#resent)"));
    update.expression_attribute_names("#resent", resent_name(key))
}

/// Adds the condition that the challenge before is open and has exactly so many guesses left.
fn move_guesses(
    update: UpdateBuilder,
    of: &Predecessor,
    condition: &mut Vec<String>,
) -> UpdateBuilder {
    condition.push(
        "#old.#id = :of AND #old.#expires > :now AND #old.#left = :left \
         AND attribute_not_exists(#old.#used)"
            .to_owned(),
    );
    update
        .expression_attribute_names("#old", slot_name(of.slot))
        .expression_attribute_names("#left", slot_member::LEFT)
        .expression_attribute_values(":of", bytes(of.id.0))
        .expression_attribute_values(":left", number(of.attempts_left))
        .expression_attribute_values(":zero", number(0))
}

/// Chooses the refusal to report, with the subject that it refuses.
///
/// It is the decision on the phone's record if that is more than a denial, and the most lasting denial otherwise.
fn choose_refusal(
    plan: &SendPlan,
    reasons: &[CancellationReason],
) -> Option<(SendRefusal, Subject)> {
    let failed = plan
        .gates
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED));
    let mut denials = Vec::new();
    for (gate, reason) in failed {
        let found = read_found(gate, reason, &plan.terms);
        match gate.refusal(&found, &plan.reservation, &plan.terms) {
            Some((SendRefusal::Denied(denial), subject)) => denials.push((denial, subject)),
            Some(other) => return Some(other),
            None => denials.push((report_contradiction(&plan.terms), gate.subject.clone())),
        }
    }
    let (denial, subject) = Denial::most_lasting(denials)?;
    Some((SendRefusal::Denied(denial), subject))
}

/// Reads the item that made the check of a gate fail.
fn read_found(gate: &Gate, reason: &CancellationReason, terms: &Terms) -> Found {
    let mut found = Found::default();
    if let Some(item) = reason.item() {
        match &gate.check {
            Check::NotInBlockedRange(ranges) => found.blocked = read_blocked_ranges(item, ranges),
            Check::Reserve => found.record = read_phone_record(item, &terms.today),
            Check::NotBlocked | Check::Count(_) => {}
        }
    }
    found
}

/// Logs that the condition and the decision disagree, because of a fault in DynamoDB or in this code.
///
/// Returns a cooldown as the least misleading reason.
fn report_contradiction(terms: &Terms) -> Denial {
    tracing::error!("the store refused a send that the domain admits");
    Denial::CoolingDown {
        until: terms.now + terms.cooldown,
        cooldown: terms.cooldown,
    }
}
