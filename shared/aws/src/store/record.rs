//! Conditional writes of a record: the parts of one update, which several rules add to.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::purse::Attribute;
use phoneproof_domain::tally::{Begin, PLACES, Tally};
use phoneproof_domain::window::{Quota, Window};

use super::StoreError;
use super::item::{EXPIRES_AT, PK, attribute, instant, number, tally_at, tally_place, text};

/// The conditions and changes of one item.
#[derive(Debug, Clone, Default)]
pub(super) struct RecordWrite {
    conditions: Vec<String>,
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl RecordWrite {
    /// Whether nothing is asked of the item.
    pub(super) fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Adds a condition, which must hold together with the others.
    pub(super) fn require(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Adds an assignment to the SET clause.
    pub(super) fn set(&mut self, assignment: impl Into<String>) {
        self.set.push(assignment.into());
    }

    /// Adds a path to the REMOVE clause.
    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.remove.push(path.into());
    }

    /// Adds a path and a value to the ADD clause.
    pub(super) fn add(&mut self, addition: impl Into<String>) {
        self.add.push(addition.into());
    }

    /// Gives a name its placeholder.
    pub(super) fn name(&mut self, placeholder: impl Into<String>, name: impl Into<String>) {
        self.names.insert(placeholder.into(), name.into());
    }

    /// Gives a value its placeholder.
    pub(super) fn value(&mut self, placeholder: impl Into<String>, value: AttributeValue) {
        self.values.insert(placeholder.into(), value);
    }

    /// Gives the name of an attribute of a purse its placeholder, because some of the names are reserved.
    pub(super) fn purse_name(&mut self, attribute: Attribute) -> String {
        let name = attribute.name();
        let placeholder = ["#", &name].concat();
        if !self.names.contains_key(&placeholder) {
            self.name(placeholder.clone(), name);
        }
        placeholder
    }

    /// Gives a value the next free placeholder.
    pub(super) fn next_value(&mut self, value: AttributeValue) -> String {
        let placeholder = [":v", &self.values.len().to_string()].concat();
        self.value(placeholder.clone(), value);
        placeholder
    }

    /// Requires that the subject is not blocked. What is left of a block that has ended goes with the next write.
    pub(super) fn require_not_blocked(&mut self, now: Timestamp) {
        let until = attribute::BLOCKED_UNTIL;
        self.require(format!(
            "(attribute_not_exists({until}) OR {until} <= :now)"
        ));
        self.value(":now", instant(now));
    }

    /// Removes what is left of a block. Only a write that [requires](Self::require_not_blocked) that the subject is not
    /// blocked may do so: it meets no other block than one that has ended.
    pub(super) fn remove_ended_block(&mut self) {
        self.remove(attribute::BLOCKED_UNTIL);
        self.remove(attribute::BEFORE_BLOCK);
    }

    /// Sets when the record ends.
    pub(super) fn keep_until(&mut self, end: Timestamp) {
        self.set(format!("{EXPIRES_AT} = :kept"));
        self.value(":kept", instant(end));
    }

    /// Requires that fewer than the quota were counted, and removes the counts of all other windows.
    ///
    /// The condition is the decision of `Gate::examine`.
    pub(super) fn limit_tally(&mut self, tally: &str, quota: &Quota, begin: Begin) {
        let (at, own) = (tally_at(tally), Tally::place(&quota.window));
        let here = tally_place(tally, own);
        match begin {
            Begin::Next => {
                self.require(format!(
                    "({at} = :{at} AND {here} < :{tally} OR (attribute_not_exists({at}) OR {at} < :{at}) \
                     AND attribute_not_exists({here}))"
                ));
                self.value([":", &at].concat(), instant(quota.window.start));
                self.value([":", tally].concat(), number(quota.limit));
            }
            Begin::Anew { at: Some(seen) } => {
                self.require(format!("{at} = :{tally}_seen"));
                self.value(format!(":{tally}_seen"), instant(seen));
            }
            Begin::Anew { at: None } => self.require(format!("attribute_not_exists({at})")),
        }
        let others = (0..PLACES).filter(|place| *place != own);
        self.remove
            .extend(others.map(|place| tally_place(tally, place)));
    }

    /// Counts one more in the quota's window, within the quota.
    pub(super) fn count(&mut self, tally: &str, quota: &Quota, begin: Begin) {
        self.limit_tally(tally, quota, begin);
        let (at, here) = (
            tally_at(tally),
            tally_place(tally, Tally::place(&quota.window)),
        );
        match begin {
            Begin::Next => self.add(format!("{here} :one")),
            Begin::Anew { .. } => self.set(format!("{here} = :one")),
        }
        self.value(":one", number(1));
        self.set(format!("{at} = :{at}"));
        self.value(format!(":{at}"), instant(quota.window.start));
    }

    /// Removes the counts of a tally that was bounded before: those of `window`, too.
    pub(super) fn clear(&mut self, tally: &str, window: &Window) {
        self.remove(tally_at(tally));
        self.remove(tally_place(tally, Tally::place(window)));
    }

    /// Gives back one of what was counted in `window`, which must still be the last one.
    pub(super) fn give_back(&mut self, tally: &str, window: &Window) {
        let (at, here) = (tally_at(tally), tally_place(tally, Tally::place(window)));
        self.require(format!("{at} = :{at} AND {here} > :zero"));
        self.add(format!("{here} :minus_one"));
        self.value(format!(":{at}"), instant(window.start));
        self.value(":zero", number(0));
        self.value(":minus_one", number(-1));
    }

    /// Writes the condition expression; `None` without a condition.
    pub(super) fn condition(&self) -> Option<String> {
        Some(self.conditions.join(" AND ")).filter(|text| !text.is_empty())
    }

    /// Writes the update expression.
    fn expression(&self) -> String {
        let clauses = [
            ("SET", &self.set),
            ("ADD", &self.add),
            ("REMOVE", &self.remove),
        ];
        let used = clauses.iter().filter(|(_, parts)| !parts.is_empty());
        let clauses = used.map(|(clause, parts)| format!("{clause} {}", parts.join(", ")));
        clauses.collect::<Vec<_>>().join(" ")
    }

    /// Makes the item of a transaction. When its condition fails, the old item comes back. Without changes, it is a
    /// mere check.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotBuilt`] when a member is missing, which cannot happen here.
    pub(super) fn into_item(self, table: &str, key: &str) -> Result<TransactWriteItem, StoreError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let update = self.expression();
        let condition = self.condition();
        let names = Some(self.names).filter(|names| !names.is_empty());
        let values = Some(self.values).filter(|values| !values.is_empty());
        Ok(if update.is_empty() {
            let check = ConditionCheck::builder()
                .table_name(table)
                .key(PK, text(key))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(old)
                .build()?;
            TransactWriteItem::builder().condition_check(check).build()
        } else {
            let update = Update::builder()
                .table_name(table)
                .key(PK, text(key))
                .update_expression(update)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(old)
                .build()?;
            TransactWriteItem::builder().update(update).build()
        })
    }

    /// Puts the write into a single update. When its condition fails, the old item comes back.
    pub(super) fn fill(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let expression = self.expression();
        let condition = self.condition();
        update
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(Some(self.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(self.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}
