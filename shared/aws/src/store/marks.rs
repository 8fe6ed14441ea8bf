//! The block of a phone, a device or an address: its entry on the list, and its end on the record that sends check.
//!
//! One transaction writes both. So whatever operators do at the same time, a record is blocked while its entry stands
//! on the list, and only then.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::Subject;
use phoneproof_domain::subject_record::NEVER;
use tokio::time::sleep;

use super::batch::choose_pause;
use super::blocks::{Block, BlockListError};
use super::item::{EXPIRES_AT, Item, PK, attribute, instant, read_number, text};
use super::record::RecordWrite;
use super::{OperationFailed, Store, StoreError};

const OPERATION: &str = "TransactWriteItems";

/// How many times the transaction is tried while others write to the record, before the command gives up.
const ROUNDS: u32 = 12;

impl Store {
    /// Writes the entry, and the end of the block on the subject's record, which then lasts until that end at least.
    pub(super) async fn block_record(
        &self,
        block: &Block,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), BlockListError> {
        let put = Put::builder()
            .table_name(&self.tables.blocks)
            .set_item(Some(block.to_item()))
            .build()
            .map_err(|error| OperationFailed::not_built(OPERATION, &error))?;
        let entry = TransactWriteItem::builder().put(put).build();
        let until = block.expires_at.unwrap_or(NEVER);
        let mark = |seen: &Item| mark(seen, until, now);
        self.write_both(&block.subject, &entry, mark, random).await
    }

    /// Deletes the entry, and takes the block off the subject's record, which then ends when it would have ended
    /// without it.
    pub(super) async fn unblock_record(
        &self,
        subject: &Subject,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), BlockListError> {
        let delete = Delete::builder()
            .table_name(&self.tables.blocks)
            .key(PK, text(subject.key()))
            .build()
            .map_err(|error| OperationFailed::not_built(OPERATION, &error))?;
        let entry = TransactWriteItem::builder().delete(delete).build();
        let unmark = |seen: &Item| unmark(seen, now);
        self.write_both(subject, &entry, unmark, random).await
    }

    /// Writes the entry of a subject and its record, or neither. `make` makes the write of the record from what it
    /// holds.
    async fn write_both(
        &self,
        subject: &Subject,
        entry: &TransactWriteItem,
        make: impl Fn(&Item) -> RecordWrite,
        random: &dyn Random,
    ) -> Result<(), BlockListError> {
        let (table, key) = self.record_of(subject);
        for round in 0..ROUNDS {
            if round > 0 {
                sleep(choose_pause(round, random)).await;
            }
            let seen = self.read_item(table, key.clone()).await?;
            let record = make(&seen.unwrap_or_default()).into_item(table, &key);
            let record = record.map_err(|error: StoreError| OperationFailed {
                operation: OPERATION,
                code: error.to_string(),
            })?;
            let call = self.client.transact_write_items();
            let call = call.transact_items(entry.clone()).transact_items(record);
            match call.send().await {
                Ok(_) => return Ok(()),
                Err(error) => match error.as_service_error() {
                    Some(TransactWriteItemsError::TransactionCanceledException(_)) => {}
                    _ => return Err(OperationFailed::new(OPERATION, &error).into()),
                },
            }
        }
        Err(BlockListError::Contended)
    }
}

/// Blocks a record. Its end must be as it was seen.
fn mark(seen: &Item, until: Timestamp, now: Timestamp) -> RecordWrite {
    let ends = read_number(seen, EXPIRES_AT).map(Timestamp::from_unix);
    let before = read_number(seen, attribute::BEFORE_BLOCK).map(Timestamp::from_unix);
    let before = before.or(ends).unwrap_or(now);
    let mut write = RecordWrite::default();
    match ends {
        None => write.require(format!("attribute_not_exists({EXPIRES_AT})")),
        Some(ends) => {
            write.require(format!("{EXPIRES_AT} = :seen"));
            write.value(":seen", instant(ends));
        }
    }
    write.set(format!("{} = :until", attribute::BLOCKED_UNTIL));
    write.set(format!("{} = :before", attribute::BEFORE_BLOCK));
    write.set(format!("{EXPIRES_AT} = :kept"));
    write.value(":until", instant(until));
    write.value(":before", instant(before));
    write.value(":kept", instant(before.max(until)));
    write
}

/// Takes a block off a record. A send after the end of the block has taken it off before.
fn unmark(seen: &Item, now: Timestamp) -> RecordWrite {
    let mut write = RecordWrite::default();
    let until = attribute::BLOCKED_UNTIL;
    if !seen.contains_key(until) {
        write.require(format!("attribute_not_exists({until})"));
        return write;
    }
    write.require(format!("attribute_exists({until})"));
    write.set(format!(
        "{EXPIRES_AT} = if_not_exists({}, :now)",
        attribute::BEFORE_BLOCK
    ));
    write.value(":now", instant(now));
    write.remove(until);
    write.remove(attribute::BEFORE_BLOCK);
    write
}
