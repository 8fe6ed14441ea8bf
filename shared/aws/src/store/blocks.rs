//! The block list, which operators read and write.

use aws_sdk_dynamodb::types::ReturnValue;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::{SubjectIndex, SubjectKind};

use super::item::{EXPIRES_AT, Item, PK, instant, read_number, text};
use super::{CallFailed, Store};

const REASON: &str = "reason";
const CREATED_AT: &str = "created_at";

/// An entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The partition key: the kind of subject and its index, as in `phone#…`.
    pub key: String,
    /// The reason, in the operator's words.
    pub reason: String,
    /// When the entry was made; `None` when the item does not say.
    pub created_at: Option<Timestamp>,
    /// When the entry ends; `None` when only an operator ends it.
    pub expires_at: Option<Timestamp>,
}

impl Block {
    /// Whether the entry is in force at `now`. DynamoDB may delete entries days after their end.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|ends| now < ends)
    }
}

/// Returns the partition key of a subject in `Blocks`.
pub(super) fn block_key(kind: SubjectKind, subject: &SubjectIndex) -> String {
    format!("{}#{}", kind.prefix(), subject.as_str())
}

fn read_block(item: &Item) -> Option<Block> {
    let read_text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Block {
        key: read_text(PK)?,
        reason: read_text(REASON).unwrap_or_default(),
        created_at: read_number(item, CREATED_AT).map(Timestamp::from_unix),
        expires_at: read_number(item, EXPIRES_AT).map(Timestamp::from_unix),
    })
}

impl Store {
    /// Blocks a subject. The new entry replaces an earlier one.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn block(
        &self,
        kind: SubjectKind,
        subject: &SubjectIndex,
        reason: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Block, CallFailed> {
        let block = Block {
            key: block_key(kind, subject),
            reason: reason.to_owned(),
            created_at: Some(now),
            expires_at: until,
        };
        let request = self
            .client
            .put_item()
            .table_name(&self.tables.blocks)
            .item(PK, text(&block.key))
            .item(REASON, text(reason))
            .item(CREATED_AT, instant(now));
        let request = match until {
            Some(ends) => request.item(EXPIRES_AT, instant(ends)),
            None => request,
        };
        let answer = request.send().await;
        answer.map_err(|error| CallFailed::new("PutItem", &error))?;
        Ok(block)
    }

    /// Takes a subject off the list. Returns its entry, if there was one.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn unblock(
        &self,
        kind: SubjectKind,
        subject: &SubjectIndex,
    ) -> Result<Option<Block>, CallFailed> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.tables.blocks)
            .key(PK, text(block_key(kind, subject)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| CallFailed::new("DeleteItem", &error))?;
        Ok(answer.attributes.as_ref().and_then(read_block))
    }

    /// Reads the entry of a subject, in force or not.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn find_block(
        &self,
        kind: SubjectKind,
        subject: &SubjectIndex,
    ) -> Result<Option<Block>, CallFailed> {
        let key = block_key(kind, subject);
        let item = self.read_item(&self.tables.blocks, key).await?;
        Ok(item.as_ref().and_then(read_block))
    }

    /// Reads all entries, in force or not.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn list_blocks(&self) -> Result<Vec<Block>, CallFailed> {
        let mut blocks = Vec::new();
        let mut from: Option<Item> = None;
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.tables.blocks)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| CallFailed::new("Scan", &error))?;
            blocks.extend(page.items().iter().filter_map(read_block));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(blocks);
            }
        }
    }
}
