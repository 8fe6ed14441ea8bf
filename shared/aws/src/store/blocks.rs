//! The block list, as operators write it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{EXPIRES_AT, Item, PK, instant, read_number, text};
use super::{CallFailed, Store};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::subject::SubjectKind;

const REASON: &str = "reason";
const CREATED_AT: &str = "created_at";

/// An entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The partition key: the kind of subject and its index, as in `phone#…`.
    pub key: String,
    /// Why, in the operator's words.
    pub reason: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ends; `None` for one that is taken off by hand only.
    pub expires_at: Option<Timestamp>,
}

impl Block {
    /// Whether it is in force at `now`. DynamoDB deletes ended entries days late.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|ends| now < ends)
    }
}

/// The partition key of a subject in `Blocks`.
pub(super) fn block_key(kind: SubjectKind, subject: &SubjectIndex) -> String {
    format!("{}#{}", kind.prefix(), subject.as_str())
}

fn read(item: &Item) -> Option<Block> {
    let words = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Block {
        key: words(PK)?,
        reason: words(REASON).unwrap_or_default(),
        created_at: read_number(item, CREATED_AT).map(Timestamp::from_unix),
        expires_at: read_number(item, EXPIRES_AT).map(Timestamp::from_unix),
    })
}

impl Store {
    /// Blocks a subject, in place of any entry it has.
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

    /// Takes a subject off the list; the entry that was there, if any.
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
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| CallFailed::new("DeleteItem", &error))?;
        Ok(answer.attributes.as_ref().and_then(read))
    }

    /// The entry of a subject, whether it is in force or not.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn blocked(
        &self,
        kind: SubjectKind,
        subject: &SubjectIndex,
    ) -> Result<Option<Block>, CallFailed> {
        let key = block_key(kind, subject);
        let item = self.item(&self.tables.blocks, key).await?;
        Ok(item.as_ref().and_then(read))
    }

    /// The whole list.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn blocks(&self) -> Result<Vec<Block>, CallFailed> {
        let mut blocks = Vec::new();
        let mut from: Option<std::collections::HashMap<String, AttributeValue>> = None;
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.tables.blocks)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| CallFailed::new("Scan", &error))?;
            blocks.extend(page.items().iter().filter_map(read));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(blocks);
            }
        }
    }
}
