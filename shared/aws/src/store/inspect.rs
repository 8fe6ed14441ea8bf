//! The calls of operators about one phone: inspect, unlock and forget. None of them needs a policy.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::{Subject, SubjectIndex};
use phoneproof_domain::subject_record::SubjectRecord;
use phoneproof_domain::tally::PLACES;
use phoneproof_domain::window::{DAY, Window};

use super::item::{
    EXPIRES_AT, Item, PK, attribute, instant, number, read_number, read_phone_record,
    read_subject_record, read_tally, tally_at, tally_place, text,
};
use super::record::RecordWrite;
use super::reference::{REFERENCE_PREFIX, TOKEN, reference_key};
use super::{OperationFailed, Store};

/// How many times the command tries to erase the record of a phone whose block others change.
const FORGET_ROUNDS: u32 = 8;

/// The wrong codes that a phone's record counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrongCodes {
    /// Those in a row, since the last right one.
    pub in_a_row: u32,
    /// Those of the last day on which there was one, with the start of that day.
    pub of_a_day: Option<(Timestamp, u32)>,
}

impl WrongCodes {
    fn read(item: &Item) -> Self {
        let wrong = read_tally(item, attribute::WRONG);
        let day = wrong.at.map(|start| Window { start, length: DAY });
        let of_a_day = day.map(|day| (day.start, wrong.count_in(&day)));
        Self {
            in_a_row: read_number(item, attribute::FAILURES).unwrap_or(0),
            of_a_day: of_a_day.filter(|(_, count)| *count > 0),
        }
    }

    /// Whether no wrong code is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.in_a_row == 0 && self.of_a_day.is_none()
    }
}

impl Store {
    /// Reads one item; `None` when the table has none under `key`.
    pub(super) async fn read_item(
        &self,
        table: &str,
        key: String,
    ) -> Result<Option<Item>, OperationFailed> {
        // The read is consistent, so that operators see the change that they have just made.
        let request = self.client.get_item().table_name(table).key(PK, text(key));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| OperationFailed::new("GetItem", &error))?;
        Ok(answer.item)
    }

    /// Reads all items of a table whose key begins with `prefix`, or all of them.
    pub(super) async fn scan_all(
        &self,
        table: &str,
        prefix: Option<&str>,
    ) -> Result<Vec<Item>, OperationFailed> {
        let mut request = self.client.scan().table_name(table).consistent_read(true);
        if let Some(prefix) = prefix {
            request = request
                .filter_expression("begins_with(pk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix));
        }
        let mut pages = request.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| OperationFailed::new("Scan", &error))?);
        }
        Ok(items)
    }

    /// Reads the record of a phone; `None` when nothing is stored about it. `today` selects the count of wrong codes.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn read_phone_record(
        &self,
        phone_index: &SubjectIndex,
        today: &Window,
    ) -> Result<Option<PhoneRecord>, OperationFailed> {
        let key = phone_index.as_str().to_owned();
        let item = self.read_item(&self.tables.challenges, key).await?;
        Ok(item.map(|item| read_phone_record(&item, today)))
    }

    /// Reads what the rules need of the record of a phone, a device or an address.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn read_subject_record(
        &self,
        subject: &Subject,
    ) -> Result<SubjectRecord, OperationFailed> {
        let (table, key) = self.record_of(subject);
        let item = self.read_item(table, key).await?;
        Ok(item.as_ref().map(read_subject_record).unwrap_or_default())
    }

    /// Reads the wrong codes that are counted for a phone, those of every day.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn read_wrong_codes(
        &self,
        phone_index: &SubjectIndex,
    ) -> Result<WrongCodes, OperationFailed> {
        let key = phone_index.as_str().to_owned();
        let item = self.read_item(&self.tables.challenges, key).await?;
        Ok(item.as_ref().map(WrongCodes::read).unwrap_or_default())
    }

    /// Clears the wrong codes of a phone: the consecutive ones, and those of a day.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn unlock(&self, phone_index: &SubjectIndex) -> Result<(), OperationFailed> {
        let mut write = RecordWrite::default();
        // An update would otherwise make a record for a phone that has none.
        write.require("attribute_exists(pk)");
        write.set("failures = :zero");
        write.value(":zero", number(0));
        write.remove(tally_at(attribute::WRONG));
        for place in 0..PLACES {
            write.remove(tally_place(attribute::WRONG, place));
        }
        let request = self.client.update_item();
        let request = request
            .table_name(&self.tables.challenges)
            .key(PK, text(phone_index.as_str()));
        let done = write.fill(request).send().await;
        done.map_err(|error| OperationFailed::new("UpdateItem", &error))?;
        Ok(())
    }

    /// Erases the data about a phone: its record, its last outcome, the stored tokens at `places`, and every other
    /// stored token that `is_own` says is the phone's. It scans the table, so it finds every token whatever the policy
    /// was. A block stays.
    ///
    /// Returns how many items it erased. `random` spreads the repeats of writes that a throttled table left.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call. Items that were erased before it stay erased. Calling again erases the rest.
    pub async fn forget(
        &self,
        phone_index: &SubjectIndex,
        places: &[String],
        is_own: impl Fn(&str) -> bool,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<usize, OperationFailed> {
        let table = &self.tables.challenges;
        let owns = |item: &Item| {
            let token = item.get(TOKEN).and_then(|token| token.as_s().ok());
            token.is_some_and(|token| is_own(token))
        };
        let named: Vec<_> = places.iter().map(|place| reference_key(place)).collect();
        let tokens = self.scan_all(table, Some(REFERENCE_PREFIX)).await?;
        let tokens = tokens.iter().filter(|item| {
            let key = read_key(item);
            owns(item) || key.is_some_and(|key| named.contains(&key))
        });
        let keys: Vec<_> = tokens.filter_map(read_key).collect();
        let erased = keys.len()
            + usize::from(self.forget_record(phone_index, now).await?)
            + usize::from(self.forget_outcome(phone_index).await?);
        self.delete(table, keys, random).await?;
        Ok(erased)
    }

    /// Erases the record of a phone, except for a block. Returns whether there was anything to erase.
    ///
    /// A block that somebody writes or takes off meanwhile is neither lost nor brought back.
    async fn forget_record(
        &self,
        phone_index: &SubjectIndex,
        now: Timestamp,
    ) -> Result<bool, OperationFailed> {
        let (table, key) = (&self.tables.challenges, phone_index.as_str().to_owned());
        for _ in 0..FORGET_ROUNDS {
            let Some(item) = self.read_item(table, key.clone()).await? else {
                return Ok(false);
            };
            let seen = read_subject_record(&item).blocked_until;
            let kept = seen.filter(|until| now < *until);
            let has_more = kept.is_none_or(|until| has_more_than_block(&item, until, now));
            if self.write_forgotten(&key, (seen, kept), now).await? {
                return Ok(has_more);
            }
        }
        Err(OperationFailed {
            operation: "PutItem",
            code: "other operators kept changing the block of the phone".to_owned(),
        })
    }

    /// Deletes the record, or leaves what is `kept` of its block, if the block is still as it was `seen`. Returns
    /// whether it was.
    async fn write_forgotten(
        &self,
        key: &str,
        (seen, kept): (Option<Timestamp>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<bool, OperationFailed> {
        let (table, until) = (&self.tables.challenges, attribute::BLOCKED_UNTIL);
        let (condition, value) = match seen {
            None => (format!("attribute_not_exists({until})"), None),
            Some(seen) => (format!("{until} = :seen"), Some(instant(seen))),
        };
        let values = value.map(|value| HashMap::from([(":seen".to_owned(), value)]));
        let Some(until) = kept else {
            let delete = self.client.delete_item().table_name(table);
            let delete = delete.key(PK, text(key)).condition_expression(condition);
            let deleted = delete.set_expression_attribute_values(values).send().await;
            return match deleted.as_ref().map_err(SdkError::as_service_error) {
                Ok(_) => Ok(true),
                Err(Some(DeleteItemError::ConditionalCheckFailedException(_))) => Ok(false),
                Err(_) => deleted
                    .map(|_| true)
                    .map_err(|error| OperationFailed::new("DeleteItem", &error)),
            };
        };
        let put = self.client.put_item().table_name(table);
        let put = put.set_item(Some(Item::from(
            block_alone(until, now).map(|(name, value)| (name.to_owned(), value)),
        )));
        let put = put.item(PK, text(key)).condition_expression(condition);
        let put = put.set_expression_attribute_values(values).send().await;
        match put.as_ref().map_err(SdkError::as_service_error) {
            Ok(_) => Ok(true),
            Err(Some(PutItemError::ConditionalCheckFailedException(_))) => Ok(false),
            Err(_) => put
                .map(|_| true)
                .map_err(|error| OperationFailed::new("PutItem", &error)),
        }
    }

    async fn delete(
        &self,
        table: &str,
        keys: Vec<String>,
        random: &dyn Random,
    ) -> Result<(), OperationFailed> {
        let requests = keys.into_iter().map(build_delete);
        self.write_batches(table, requests.collect::<Result<_, _>>()?, random)
            .await
    }
}

/// What a record that is forgotten keeps of a block, besides its key.
fn block_alone(until: Timestamp, now: Timestamp) -> [(&'static str, AttributeValue); 3] {
    [
        (attribute::BLOCKED_UNTIL, instant(until)),
        (attribute::BEFORE_BLOCK, instant(now)),
        (EXPIRES_AT, instant(until)),
    ]
}

/// Whether a record holds more than its block.
fn has_more_than_block(item: &Item, until: Timestamp, now: Timestamp) -> bool {
    let block = block_alone(until, now);
    let is_of_block = |name: &String| name == PK || block.iter().any(|(own, _)| own == name);
    !item.keys().all(is_of_block)
}

pub(super) fn read_key(item: &Item) -> Option<String> {
    item.get(PK)?.as_s().ok().cloned()
}

/// Makes the write that deletes the item under `key`.
pub(super) fn build_delete(key: String) -> Result<WriteRequest, OperationFailed> {
    let key: AttributeValue = text(key);
    let request = DeleteRequest::builder().key(PK, key).build();
    let request = request.map_err(|error| OperationFailed::not_built("BatchWriteItem", &error))?;
    Ok(WriteRequest::builder().delete_request(request).build())
}
