//! Send: every rule in one transaction, and its refund.

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
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone_record::{Reservation, SendRefusal, SlotLayout, Terms};
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::window::Quota;
use phoneproof_observe::{Dependency, RequestContext};

/// Everything that the send transaction needs.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// The phone that is texted.
    pub phone: SubjectIndex,
    /// What the send has to pass, in the order of the transaction.
    pub gates: Vec<Gate>,
    /// The challenge that the send is about.
    pub reservation: Reservation,
    /// The root that the code comes from.
    pub root: RootId,
    /// When the challenge ends.
    pub expires_at: Timestamp,
    /// The guesses of a new challenge.
    pub attempts: u32,
    /// The instants and numbers that the decision on the phone's record depends on.
    pub terms: Terms,
    /// The slots of a phone.
    pub layout: SlotLayout,
    /// The token to store beside a new challenge, if tokens are stored.
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
    /// Passes every gate, counts the text and reserves the challenge: all or nothing.
    ///
    /// # Errors
    ///
    /// [`ReserveError::Refused`] with the most lasting refusal, or [`ReserveError::Store`] when the gates could not be
    /// checked.
    pub async fn reserve(
        &self,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<(), ReserveError> {
        let items = self.reserve_items(plan)?;
        let began = Instant::now();
        let done = transact(&self.client, items, request).await;
        request.note_call(Dependency::Store, began);
        let Err(reasons) = done? else {
            return Ok(());
        };
        match refusal(plan, &reasons) {
            Some(refusal) => Err(ReserveError::Refused(refusal)),
            None => Err(StoreError::Contradiction("a send").into()),
        }
    }

    /// Gives back what a text counted that was certainly not sent, if the challenge is still there: the gates that are
    /// refunded, and the slot of a new challenge. The cooldown stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when nothing was given back. The quota is then lost, never won.
    pub async fn refund(
        &self,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<(), StoreError> {
        let mut items = vec![self.release_item(plan)?];
        for gate in &plan.gates {
            if let Some(quota) = gate.refund() {
                items.push(self.uncount_item(gate, quota)?);
            }
        }
        let began = Instant::now();
        let done = transact(&self.client, items, request).await;
        request.note_call(Dependency::Store, began);
        done?.map_err(|_| StoreError::NothingToRefund)
    }

    /// Returns the transaction of [`Store::reserve`]: one item per gate, in their order; then the stored token, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotBuilt`] when an item lacks a member, which the types rule out.
    pub fn reserve_items(&self, plan: &SendPlan) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = Vec::with_capacity(plan.gates.len() + 1);
        for gate in &plan.gates {
            items.push(match &gate.check {
                Check::NotBlocked => self.not_blocked_item(gate, plan.terms.now)?,
                Check::Reserve => self.challenge_item(plan)?,
                Check::Count(quota) => self.count_item(gate, quota)?,
            });
        }
        if let Some(stored) = &plan.stored {
            let put = Put::builder()
                .table_name(&self.tables.challenges)
                .set_item(Some(stored.item()))
                .build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(items)
    }

    fn not_blocked_item(
        &self,
        gate: &Gate,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        // A block without `expires_at` never ends: the comparison with a missing attribute is false.
        let check = ConditionCheck::builder()
            .table_name(&self.tables.blocks)
            .key(PK, text(block_key(gate.rule.subject(), &gate.subject)))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", instant(now))
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn count_item(&self, gate: &Gate, quota: &Quota) -> Result<TransactWriteItem, StoreError> {
        let update = count_update(&self.tables.limits, gate.rule.name(), &gate.subject, quota)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn uncount_item(&self, gate: &Gate, quota: &Quota) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.limits)
            .key(
                PK,
                text(counter_key(gate.rule.name(), &gate.subject, &quota.window)),
            )
            .update_expression("ADD n :minus_one")
            .condition_expression("n > :zero")
            .expression_attribute_values(":minus_one", number(-1))
            .expression_attribute_values(":zero", number(0))
            .build()?;
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
            .key(PK, text(plan.phone.as_str()))
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
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Releases the slot of a new challenge; for a resend, only checks that the challenge is there.
    fn release_item(&self, plan: &SendPlan) -> Result<TransactWriteItem, StoreError> {
        let key = text(plan.phone.as_str());
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
                .build()?;
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
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Chooses the refusal to report: a repeated idempotency key or a closed challenge before any rule, else the most lasting
/// denial.
fn refusal(plan: &SendPlan, reasons: &[CancellationReason]) -> Option<SendRefusal> {
    let failed = plan
        .gates
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED));
    let mut denials = Vec::new();
    for (gate, reason) in failed {
        let record = reason
            .item()
            .map(|item| read_phone_record(item, &plan.terms.today))
            .unwrap_or_default();
        match gate.refusal(&record, &plan.reservation, &plan.terms) {
            Some(SendRefusal::Denied(denial)) => denials.push(denial),
            Some(other) => return Some(other),
            None => denials.push(cooling_down(&plan.terms)),
        }
    }
    Denial::most_lasting(denials).map(SendRefusal::Denied)
}

/// The answer when the condition and the decision disagree, which takes a fault in DynamoDB or in this code. A cooldown
/// is then the least misleading reason.
fn cooling_down(terms: &Terms) -> Denial {
    tracing::error!("the store refused a send that the domain admits");
    Denial::CoolingDown {
        until: terms.now + terms.cooldown,
        cooldown: terms.cooldown,
    }
}
