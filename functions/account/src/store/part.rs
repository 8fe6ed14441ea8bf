//! The writes of a transaction, each with what it requires.
//!
//! DynamoDB answers a refused transaction with a list of reasons in the order of its writes. Only this module pairs the
//! two. The use cases ask for a condition by its name, so a write that is moved or added names no wrong refusal.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem};
use phoneproof_aws::store::item::Item;
use phoneproof_aws::store::{CONDITION_FAILED, StoreError, TransactionOutcome};

/// What a write requires of the item that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The success token was not spent.
    TokenUnspent,
    /// The address has attempts to log in left.
    AddressHasRoom,
    /// No other attempt to log in on the phone began since its failures were read.
    AttemptsAsRead,
    /// No account has the id.
    IdFree,
    /// No account has the phone.
    PhoneFree,
    /// The account still has the phone.
    PhoneHeld,
    /// The account is as it was read, and the session that asks has not ended.
    AccountAsRead,
    /// The session has not ended, or still has the token that was presented.
    SessionAlive,
}

/// One write of a transaction, or why it could not be built; and what it requires, if it requires anything.
#[derive(Debug)]
pub(crate) struct TransactionPart {
    condition: Option<Condition>,
    write: Result<TransactWriteItem, StoreError>,
}

impl TransactionPart {
    /// Makes the part of a write that requires `condition`.
    pub(super) const fn new(
        condition: Condition,
        write: Result<TransactWriteItem, StoreError>,
    ) -> Self {
        Self {
            condition: Some(condition),
            write,
        }
    }

    /// Makes the part of an update that requires `condition`.
    pub(super) fn update(condition: Condition, builder: UpdateBuilder) -> Self {
        let update = builder.build();
        let write = update.map(|update| TransactWriteItem::builder().update(update).build());
        Self::new(condition, write.map_err(StoreError::from))
    }

    /// Makes the part that adds an item, and requires that there is none with its key.
    pub(super) fn add(condition: Condition, table: &str, item: Item) -> Self {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        let write = put.map(|put| TransactWriteItem::builder().put(put).build());
        Self::new(condition, write.map_err(StoreError::from))
    }

    /// Makes the part of a deletion that requires `condition`; `None` where it requires nothing.
    pub(super) fn delete(condition: Option<Condition>, delete: Result<Delete, BuildError>) -> Self {
        let write = delete.map(|delete| TransactWriteItem::builder().delete(delete).build());
        Self {
            condition,
            write: write.map_err(StoreError::from),
        }
    }
}

/// Splits parts into what they require and what they write, in the same order.
pub(super) fn split(
    parts: Vec<TransactionPart>,
) -> Result<(Vec<Option<Condition>>, Vec<TransactWriteItem>), StoreError> {
    let pair = |part: TransactionPart| Ok((part.condition, part.write?));
    parts.into_iter().map(pair).collect()
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub(crate) enum WriteOutcome {
    /// All parts were written.
    Written,
    /// None was: these conditions did not hold.
    Unmet(UnmetConditions),
}

/// The conditions of a transaction that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnmetConditions(Vec<Condition>);

impl WriteOutcome {
    /// Pairs what the writes required with the reasons of `DynamoDB`, both in the order of the writes.
    pub(super) fn of(conditions: &[Option<Condition>], done: TransactionOutcome) -> Self {
        let reasons = match done {
            TransactionOutcome::Written => return Self::Written,
            TransactionOutcome::Refused(reasons) => reasons,
        };
        let unmet = |(condition, reason): (&Option<Condition>, &CancellationReason)| {
            condition.filter(|_| reason.code() == Some(CONDITION_FAILED))
        };
        let unmet = conditions.iter().zip(&reasons).filter_map(unmet);
        Self::Unmet(UnmetConditions(unmet.collect()))
    }
}

impl UnmetConditions {
    /// Returns whether this condition did not hold.
    pub(crate) fn names(&self, condition: Condition) -> bool {
        self.0.contains(&condition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a transaction of these parts, in which the conditions of `unmet` do not hold, as `DynamoDB` does.
    fn refuse(parts: Vec<TransactionPart>, unmet: &[Condition]) -> UnmetConditions {
        let (conditions, items) = split(parts).expect("built");
        assert_eq!(items.len(), conditions.len());
        let reason = |condition: &Option<Condition>| {
            let is_unmet = condition.is_some_and(|condition| unmet.contains(&condition));
            let code = if is_unmet { CONDITION_FAILED } else { "None" };
            CancellationReason::builder().code(code).build()
        };
        let reasons = conditions.iter().map(reason).collect();
        find_unmet(&conditions, reasons)
    }

    fn find_unmet(
        conditions: &[Option<Condition>],
        reasons: Vec<CancellationReason>,
    ) -> UnmetConditions {
        match WriteOutcome::of(conditions, TransactionOutcome::Refused(reasons)) {
            WriteOutcome::Unmet(unmet) => unmet,
            WriteOutcome::Written => panic!("it was refused"),
        }
    }

    fn parts() -> Vec<TransactionPart> {
        let add = |condition| TransactionPart::add(condition, "table", Item::new());
        let forgets = Delete::builder()
            .table_name("table")
            .set_key(Some(Item::new()));
        vec![
            add(Condition::TokenUnspent),
            TransactionPart::delete(None, forgets.build()),
            add(Condition::AccountAsRead),
            add(Condition::PhoneFree),
        ]
    }

    #[test]
    fn a_moved_part_names_the_same_refusal() {
        let unmet = [Condition::PhoneFree];
        for turns in 0..4 {
            let mut parts = parts();
            parts.rotate_left(turns);
            let found = refuse(parts, &unmet);
            assert!(found.names(Condition::PhoneFree), "{turns}");
            assert!(!found.names(Condition::TokenUnspent), "{turns}");
            assert!(!found.names(Condition::AccountAsRead), "{turns}");
        }
    }

    #[test]
    fn a_write_that_was_refused_for_another_reason_names_no_condition() {
        let (conditions, _) = split(parts()).expect("built");
        let damaged = CancellationReason::builder()
            .code("ValidationError")
            .build();
        let found = find_unmet(&conditions, vec![damaged]);
        assert_eq!(found, UnmetConditions(Vec::new()));
    }

    #[test]
    fn a_part_that_cannot_be_built_stops_the_transaction() {
        let mut parts = parts();
        parts.push(TransactionPart::delete(None, Delete::builder().build()));
        assert!(matches!(split(parts), Err(StoreError::NotBuilt(_))));
    }
}
