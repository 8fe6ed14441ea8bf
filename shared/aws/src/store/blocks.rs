//! The block list, which operators read and write.
//!
//! The entries of the list say who was blocked and why. What a send checks is the end of the block on the record of a
//! phone, device or address, and the copies of the ranges. A record that is blocked stays until its block has ended.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::Subject;
use thiserror::Error;

use super::item::{EXPIRES_AT, Item, PK, instant, read_number, text};
use super::{OperationFailed, Store};

const REASON: &str = "reason";
const LABEL: &str = "label";
const CREATED_AT: &str = "created_at";
const REMOVED: &str = "removed";

/// Why a change of the block list was not made, or not everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockListError {
    /// A call failed. Making the change again completes it.
    #[error(transparent)]
    Operation(#[from] OperationFailed),
    /// Other operators changed the list at the same time. Making the change again completes it.
    #[error("other operators kept changing the block list")]
    Contended,
}

/// An entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The subject that is blocked.
    pub subject: Subject,
    /// The subject in clear, for one that names no person: a country or a network.
    pub label: Option<String>,
    /// The reason, in the operator's words.
    pub reason: String,
    /// When the entry was made; `None` when the item does not say.
    pub created_at: Option<Timestamp>,
    /// When the entry ends; `None` when only an operator ends it.
    pub expires_at: Option<Timestamp>,
    /// Whether an operator is taking the entry off the list. It is no longer in force, whatever the clocks say.
    pub is_removed: bool,
}

impl Block {
    /// Reads an entry; `None` when the item is not one.
    pub(super) fn read(item: &Item) -> Option<Self> {
        let read_text = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self {
            subject: Subject::parse(&read_text(PK)?)?,
            label: read_text(LABEL),
            reason: read_text(REASON).unwrap_or_default(),
            created_at: read_number(item, CREATED_AT).map(Timestamp::from_unix),
            expires_at: read_number(item, EXPIRES_AT).map(Timestamp::from_unix),
            is_removed: item.contains_key(REMOVED),
        })
    }

    pub(super) fn to_item(&self) -> Item {
        let mut item = Item::from([
            (PK.to_owned(), text(self.subject.key())),
            (REASON.to_owned(), text(&self.reason)),
        ]);
        let label = self
            .label
            .as_ref()
            .map(|label| (LABEL.to_owned(), text(label)));
        let times = [(CREATED_AT, self.created_at), (EXPIRES_AT, self.expires_at)];
        let times = times
            .into_iter()
            .filter_map(|(name, at)| Some((name.to_owned(), instant(at?))));
        let removed = self.is_removed;
        let removed = removed.then(|| (REMOVED.to_owned(), AttributeValue::Bool(true)));
        item.extend(label.into_iter().chain(times).chain(removed));
        item
    }

    /// Whether the entry is in force at `now`. DynamoDB may delete entries days after their end.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        !self.is_removed && self.expires_at.is_none_or(|ends| now < ends)
    }
}

impl Store {
    /// Writes an entry, which acts on the next send. It replaces an earlier one of its subject. A range acts once
    /// [`Store::spread_ranges`] is done.
    ///
    /// # Errors
    ///
    /// [`BlockListError`] when a call fails, or others keep writing to the record. Calling again completes the work.
    pub async fn block(
        &self,
        block: &Block,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), BlockListError> {
        if !block.subject.kind.is_range() {
            return self.block_record(block, now, random).await;
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.blocks)
            .set_item(Some(block.to_item()));
        let put = put.send().await;
        put.map_err(|error| OperationFailed::new("PutItem", &error))?;
        Ok(())
    }

    /// Takes subjects off the list. Returns the entries that there were.
    ///
    /// The record of a phone, device or address is written with its entry. The entry of a range is marked first, then
    /// the range leaves the copies, and then the entry goes. So an entry stays on the list for as long as it may act.
    /// The mark, and not an end of the entry, tells other operators that it is no longer in force: their clocks may
    /// be behind.
    ///
    /// # Errors
    ///
    /// [`BlockListError`] when a call fails, or others change the list at the same time. Calling again completes the
    /// work.
    pub async fn unblock(
        &self,
        subjects: &[Subject],
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Vec<Block>, BlockListError> {
        let mut found = Vec::new();
        for subject in subjects {
            found.extend(self.find_block(subject).await?);
        }
        let mut ranges = Vec::new();
        for Block { subject, .. } in &found {
            if subject.kind.is_range() {
                self.mark_removed(subject, now).await?;
                ranges.push(subject);
            } else {
                self.unblock_record(subject, now, random).await?;
            }
        }
        if !ranges.is_empty() {
            self.spread_ranges(random).await?;
        }
        for range in ranges {
            self.delete_range(range).await?;
        }
        Ok(found)
    }

    /// Marks the entry of a range, unless somebody else has deleted it.
    async fn mark_removed(&self, subject: &Subject, now: Timestamp) -> Result<(), BlockListError> {
        let marked = self
            .client
            .update_item()
            .table_name(&self.tables.blocks)
            .key(PK, text(subject.key()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET #removed = :yes, #ends = :now")
            .expression_attribute_names("#removed", REMOVED)
            .expression_attribute_names("#ends", EXPIRES_AT)
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":now", instant(now))
            .send()
            .await;
        let Err(error) = marked else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(OperationFailed::new("UpdateItem", &error).into()),
        }
    }

    /// Deletes the entry of a range. It has to be marked still: otherwise somebody has blocked the range anew.
    async fn delete_range(&self, subject: &Subject) -> Result<(), BlockListError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.blocks)
            .key(PK, text(subject.key()))
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(#removed)")
            .expression_attribute_names("#removed", REMOVED)
            .send()
            .await;
        let Err(error) = deleted else {
            return Ok(());
        };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => {
                Err(BlockListError::Contended)
            }
            _ => Err(OperationFailed::new("DeleteItem", &error).into()),
        }
    }

    /// Reads the entry of a subject, in force or not.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn find_block(&self, subject: &Subject) -> Result<Option<Block>, OperationFailed> {
        let item = self.read_item(&self.tables.blocks, subject.key()).await?;
        Ok(item.as_ref().and_then(Block::read))
    }

    /// Reads all entries, in force or not.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn list_blocks(&self) -> Result<Vec<Block>, OperationFailed> {
        let items = self.scan_all(&self.tables.blocks, None).await?;
        Ok(items.iter().filter_map(Block::read).collect())
    }
}
