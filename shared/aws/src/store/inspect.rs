//! The calls of operators about one phone: inspect, unlock and forget. None of them needs a policy.

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::random::Random;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::window::{Quota, Window};

use super::counter::counter_key;
use super::item::{Item, PK, WRONG_CODES_PREFIX, number, read_number, read_phone_record, text};
use super::reference::{REFERENCE_PREFIX, TOKEN, reference_key};
use super::{CallFailed, Store};

/// The wrong codes that a phone's record counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrongCodes {
    /// Those in a row, since the last right one.
    pub in_a_row: u32,
    /// Those of each day that the record still holds, by the day's number since the Unix epoch.
    pub by_day: Vec<(i64, u32)>,
}

impl WrongCodes {
    fn read(item: &Item) -> Self {
        let count = |name: &String| {
            let day = name.strip_prefix(WRONG_CODES_PREFIX)?.parse().ok()?;
            Some((day, read_number(item, name)?))
        };
        let mut by_day: Vec<_> = item.keys().filter_map(count).collect();
        by_day.sort_unstable();
        Self {
            in_a_row: read_number(item, "failures").unwrap_or(0),
            by_day,
        }
    }

    /// Whether no wrong code is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.in_a_row == 0 && self.by_day.iter().all(|(_, count)| *count == 0)
    }
}

/// What an operator may scan for: a part of the partition key.
pub(super) enum KeyFilter<'a> {
    /// The key begins with this.
    BeginsWith(&'a str),
    /// The key contains this.
    Contains(&'a str),
}

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

    /// Reads all items of a table whose key passes `filter`.
    pub(super) async fn scan_all(
        &self,
        table: &str,
        filter: Option<KeyFilter<'_>>,
    ) -> Result<Vec<Item>, CallFailed> {
        let mut request = self.client.scan().table_name(table).consistent_read(true);
        if let Some(filter) = filter {
            let (condition, part) = match filter {
                KeyFilter::BeginsWith(part) => ("begins_with(pk, :part)", part),
                KeyFilter::Contains(part) => ("contains(pk, :part)", part),
            };
            request = request
                .filter_expression(condition)
                .expression_attribute_values(":part", text(part));
        }
        let mut pages = request.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| CallFailed::new("Scan", &error))?);
        }
        Ok(items)
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

    /// Reads the wrong codes that are counted for a phone, those of every day.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn read_wrong_codes(
        &self,
        phone_index: &SubjectIndex,
    ) -> Result<WrongCodes, CallFailed> {
        let key = phone_index.as_str().to_owned();
        let item = self.read_item(&self.tables.challenges, key).await?;
        Ok(item.as_ref().map(WrongCodes::read).unwrap_or_default())
    }

    /// Clears the wrong codes of a phone: the consecutive ones, and those of the days of `wrong_codes`.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn unlock(
        &self,
        phone_index: &SubjectIndex,
        wrong_codes: &WrongCodes,
    ) -> Result<(), CallFailed> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(phone_index.as_str()))
            // An update would otherwise make a record for a phone that has none.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":zero", number(0));
        let mut update = "SET failures = :zero".to_owned();
        for (place, (day, _)) in wrong_codes.by_day.iter().enumerate() {
            let short = format!("#d{place}");
            update.push_str(if place == 0 { " REMOVE " } else { ", " });
            update.push_str(&short);
            let name = format!("{WRONG_CODES_PREFIX}{day}");
            request = request.expression_attribute_names(short, name);
        }
        request
            .update_expression(update)
            .send()
            .await
            .map_err(|error| CallFailed::new("UpdateItem", &error))?;
        Ok(())
    }

    /// Erases the data about a phone: its record, its counters, the stored tokens at `places`, and every other stored
    /// token that `is_own` says is the phone's. It scans both tables, so it finds every item whatever the policy was.
    ///
    /// Returns how many items it erased. `random` spreads the repeats of writes that a throttled table left.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call. Items that were erased before it stay erased. Calling again erases the rest.
    pub async fn forget(
        &self,
        phone_index: &SubjectIndex,
        places: &[String],
        is_own: impl Fn(&str) -> bool,
        random: &dyn Random,
    ) -> Result<usize, CallFailed> {
        let (challenges, limits) = (&self.tables.challenges, &self.tables.limits);
        let owns = |item: &Item| {
            let token = item.get(TOKEN).and_then(|token| token.as_s().ok());
            token.is_some_and(|token| is_own(token))
        };
        let named: Vec<_> = places.iter().map(|place| reference_key(place)).collect();
        let tokens = self
            .scan_all(challenges, Some(KeyFilter::BeginsWith(REFERENCE_PREFIX)))
            .await?;
        let tokens = tokens.iter().filter(|item| {
            let key = read_key(item);
            owns(item) || key.is_some_and(|key| named.contains(&key))
        });
        let mut keys: Vec<_> = tokens.filter_map(read_key).collect();
        let record = phone_index.as_str().to_owned();
        if self.read_item(challenges, record.clone()).await?.is_some() {
            keys.push(record);
        }
        let counters = self
            .scan_all(limits, Some(KeyFilter::Contains(phone_index.as_str())))
            .await?;
        let counters: Vec<_> = counters.iter().filter_map(read_key).collect();
        let erased = keys.len() + counters.len();
        self.delete(challenges, keys, random).await?;
        self.delete(limits, counters, random).await?;
        Ok(erased)
    }

    async fn delete(
        &self,
        table: &str,
        keys: Vec<String>,
        random: &dyn Random,
    ) -> Result<(), CallFailed> {
        let requests = keys.into_iter().map(build_delete);
        self.write_batches(table, requests.collect::<Result<_, _>>()?, random)
            .await
    }
}

fn read_key(item: &Item) -> Option<String> {
    item.get(PK)?.as_s().ok().cloned()
}

/// Makes the write that deletes the item under `key`.
pub(super) fn build_delete(key: String) -> Result<WriteRequest, CallFailed> {
    let key: AttributeValue = text(key);
    let request = DeleteRequest::builder().key(PK, key).build();
    let request = request.map_err(|error| CallFailed::not_built("BatchWriteItem", &error))?;
    Ok(WriteRequest::builder().delete_request(request).build())
}
