//! The calls of operators about one phone: inspect, unlock and forget.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{SubjectIndex, SubjectKind};
use phoneproof_domain::window::{Quota, Window};

use super::counter::counter_key;
use super::item::{Item, PK, number, read_number, read_phone_record, text, wrong_codes_name};
use super::reference::reference_key;
use super::{CallFailed, Store};

/// The age of the oldest counters that are erased with a phone. DynamoDB deletes older ones itself, within a few days of
/// their expiry (DynamoDB developer guide, "Time to Live").
const OLDEST_COUNTER: Duration = Duration::from_hours(24 * 7);

/// The most writes of one `BatchWriteItem` (DynamoDB API reference).
const MAX_BATCH: usize = 25;

impl Store {
    /// Reads one item; `None` when the table has none under `key`.
    pub(super) async fn read_item(
        &self,
        table: &str,
        key: String,
    ) -> Result<Option<Item>, CallFailed> {
        // The read is consistent, so that operators see the change that they have just made.
        let request = self.client.get_item().table_name(table).key(PK, text(key));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| CallFailed::new("GetItem", &error))?;
        Ok(answer.item)
    }

    /// Reads the record of a phone; `None` when nothing is stored about it. `today` selects the count of wrong codes.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn read_phone_record(
        &self,
        phone_index: &SubjectIndex,
        today: &Window,
    ) -> Result<Option<PhoneRecord>, CallFailed> {
        let key = phone_index.as_str().to_owned();
        let item = self.read_item(&self.tables.challenges, key).await?;
        Ok(item.map(|item| read_phone_record(&item, today)))
    }

    /// Reads how many texts `rule` has counted for a subject in the window of `quota`.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn read_count(
        &self,
        rule: Rule,
        subject: &SubjectIndex,
        quota: &Quota,
    ) -> Result<u32, CallFailed> {
        let key = counter_key(rule.name(), subject, &quota.window);
        let item = self.read_item(&self.tables.limits, key).await?;
        Ok(item.and_then(|item| read_number(&item, "n")).unwrap_or(0))
    }

    /// Clears the wrong codes of a phone: the consecutive ones and those of today.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn unlock(
        &self,
        phone_index: &SubjectIndex,
        today: &Window,
    ) -> Result<(), CallFailed> {
        self.client
            .update_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(phone_index.as_str()))
            // An update would otherwise make a record for a phone that has none.
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET failures = :zero REMOVE #today")
            .expression_attribute_names("#today", wrong_codes_name(today))
            .expression_attribute_values(":zero", number(0))
            .send()
            .await
            .map_err(|error| CallFailed::new("UpdateItem", &error))?;
        Ok(())
    }

    /// Erases the data about a phone: its record, its counters, and the tokens stored at `places`.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call. Items that were erased before it stay erased. Calling again erases the rest.
    pub async fn forget(
        &self,
        phone_index: &SubjectIndex,
        day_starts_at: Duration,
        places: &[String],
        now: Timestamp,
    ) -> Result<(), CallFailed> {
        let record = std::iter::once(phone_index.as_str().to_owned());
        let tokens = places.iter().map(|place| reference_key(place));
        self.delete(&self.tables.challenges, record.chain(tokens))
            .await?;
        let counters = list_counter_keys(phone_index, day_starts_at, now);
        self.delete(&self.tables.limits, counters).await
    }

    /// Deletes items in batches. DynamoDB may leave some of a batch, which go into the next one.
    async fn delete(
        &self,
        table: &str,
        keys: impl Iterator<Item = String>,
    ) -> Result<(), CallFailed> {
        let mut requests = keys.map(build_delete).collect::<Result<Vec<_>, _>>()?;
        while !requests.is_empty() {
            let rest = requests.split_off(requests.len().min(MAX_BATCH));
            let answer = self
                .client
                .batch_write_item()
                .request_items(table, requests)
                .send()
                .await
                .map_err(|error| CallFailed::new("BatchWriteItem", &error))?;
            let unprocessed = answer.unprocessed_items.unwrap_or_default();
            requests = unprocessed.into_values().flatten().chain(rest).collect();
        }
        Ok(())
    }
}

fn build_delete(key: String) -> Result<WriteRequest, CallFailed> {
    let key: AttributeValue = text(key);
    let request = DeleteRequest::builder().key(PK, key).build();
    let request = request.map_err(|error| CallFailed {
        operation: "BatchWriteItem",
        code: format!("request not built: {error}"),
    })?;
    Ok(WriteRequest::builder().delete_request(request).build())
}

/// Lists the keys of all counters of a phone that DynamoDB may still hold.
fn list_counter_keys(
    phone_index: &SubjectIndex,
    day_starts_at: Duration,
    now: Timestamp,
) -> impl Iterator<Item = String> {
    let windows = move |rule: Rule, length: Duration| {
        let count = OLDEST_COUNTER.as_secs() / length.as_secs().max(1);
        (0..=count).map(move |back| {
            let then = now - length * u32::try_from(back).unwrap_or(u32::MAX);
            (rule, Window::containing(then, length, day_starts_at))
        })
    };
    let counted = Rule::ALL
        .into_iter()
        .filter(|rule| rule.subject() == SubjectKind::Phone)
        .filter_map(|rule| Some((rule, rule.window()?)));
    counted
        .flat_map(move |(rule, length)| windows(rule, length))
        .map(|(rule, window)| counter_key(rule.name(), phone_index, &window))
}
