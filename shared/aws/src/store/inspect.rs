//! What operators read about one phone, and what they may change about it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};

use super::counter::counter_key;
use super::item::{Item, PK, number, read_number, read_phone_record, text, wrong_codes_name};
use super::reference::reference_key;
use super::{CallFailed, Store};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{SubjectIndex, SubjectKind};
use phoneproof_domain::window::{Quota, Window};

/// How far back the counters of a forgotten phone are looked for. DynamoDB deletes expired items within
/// a few days (developer guide, "Time to Live").
const FORGET_BACK: Duration = Duration::from_hours(24 * 7);

/// The most writes of one `BatchWriteItem`.
const BATCH: usize = 25;

impl Store {
    /// One item, read consistently.
    pub(super) async fn item(&self, table: &str, key: String) -> Result<Option<Item>, CallFailed> {
        let request = self.client.get_item().table_name(table).key(PK, text(key));
        let answer = request.consistent_read(true).send().await;
        let answer = answer.map_err(|error| CallFailed::new("GetItem", &error))?;
        Ok(answer.item)
    }

    /// The record of a phone on the day that `today` is; `None` when nothing is stored about it.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn phone_record(
        &self,
        phone: &SubjectIndex,
        today: &Window,
    ) -> Result<Option<PhoneRecord>, CallFailed> {
        let key = phone.as_str().to_owned();
        let item = self.item(&self.tables.challenges, key).await?;
        Ok(item.map(|item| read_phone_record(&item, today)))
    }

    /// How many texts `rule` has counted for a subject in the quota's window.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn counted(
        &self,
        rule: Rule,
        subject: &SubjectIndex,
        quota: &Quota,
    ) -> Result<u32, CallFailed> {
        let key = counter_key(rule.name(), subject, &quota.window);
        let item = self.item(&self.tables.limits, key).await?;
        Ok(item.and_then(|item| read_number(&item, "n")).unwrap_or(0))
    }

    /// Clears the wrong codes of a phone: those in a row and those of today.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn unlock(&self, phone: &SubjectIndex, today: &Window) -> Result<(), CallFailed> {
        self.client
            .update_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(phone.as_str()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET failures = :zero REMOVE #today")
            .expression_attribute_names("#today", wrong_codes_name(today))
            .expression_attribute_values(":zero", number(0))
            .send()
            .await
            .map_err(|error| CallFailed::new("UpdateItem", &error))?;
        Ok(())
    }

    /// Erases what is stored about a phone: its record, its counters, and the tokens stored at `places`.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call. What was erased before it stays erased; the rest can be erased
    /// again.
    pub async fn forget(
        &self,
        phone: &SubjectIndex,
        day_starts_at: Duration,
        places: &[String],
        now: Timestamp,
    ) -> Result<(), CallFailed> {
        let record = std::iter::once(phone.as_str().to_owned());
        let tokens = places.iter().map(|place| reference_key(place));
        self.delete(&self.tables.challenges, record.chain(tokens))
            .await?;
        let counters = counter_keys(phone, day_starts_at, now);
        self.delete(&self.tables.limits, counters).await
    }

    async fn delete(
        &self,
        table: &str,
        keys: impl Iterator<Item = String>,
    ) -> Result<(), CallFailed> {
        let mut requests = keys.map(delete_request).collect::<Result<Vec<_>, _>>()?;
        while !requests.is_empty() {
            let rest = requests.split_off(requests.len().min(BATCH));
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

fn delete_request(key: String) -> Result<WriteRequest, CallFailed> {
    let key: AttributeValue = text(key);
    let request = DeleteRequest::builder().key(PK, key).build();
    let request = request.map_err(|error| CallFailed {
        operation: "BatchWriteItem",
        code: format!("request not built: {error}"),
    })?;
    Ok(WriteRequest::builder().delete_request(request).build())
}

/// The keys of every counter of a phone that DynamoDB may still hold.
fn counter_keys(
    phone: &SubjectIndex,
    day_starts_at: Duration,
    now: Timestamp,
) -> impl Iterator<Item = String> {
    let windows = move |rule: Rule, length: Duration| {
        let count = FORGET_BACK.as_secs() / length.as_secs().max(1);
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
        .map(|(rule, window)| counter_key(rule.name(), phone, &window))
}
