//! The reports of a phone: an item of its own in `Limits`. It tells the last outcome, and which reports came before.
//!
//! It stands there and not in `Challenges`, so that the function that writes it needs no right on the table of
//! challenges. Its key begins with [`PREFIX`], and the role of that function may write no other item.
//!
//! Each report is an attribute under its id, and a write adds one. So a report is kept once, in whatever order reports
//! come, with one call. The last outcome is found when it is read.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use phoneproof_crypto::base64url;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::receipt::{
    KEPT_FOR, LastOutcome, Moment, Outcome, ReceiptReason, Report, ReportId, SentText,
};
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, instant, text};
use super::{OperationFailed, Store, StoreError, await_within};

/// What the keys of the items begin with.
const PREFIX: &str = "receipt#";

/// What the names of reports begin with.
const REPORT: &str = "r_";

/// With more reports than this, an item gives up its oldest ones, so that it stays at about a kilobyte.
const MOST: usize = 16;

/// How many reports stay then. That many are known by their ids at least.
const LEFT: usize = 8;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was kept, and counts.
    New,
    /// It was kept before.
    Known,
}

/// A report as an item holds it.
struct Entry<'i> {
    name: &'i str,
    received: Moment,
    outcome: LastOutcome,
}

fn key_of(phone_index: &SubjectIndex) -> String {
    format!("{PREFIX}{}", phone_index.as_str())
}

impl Store {
    /// Keeps `report` of the text `sent`, unless it is known by its `id`. It came at `received`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn keep_report(
        &self,
        sent: &SentText,
        id: ReportId,
        report: &Report,
        received: Moment,
        request: &mut RequestContext,
    ) -> Result<Kept, StoreError> {
        let name = format!("{REPORT}{}", base64url(id.0));
        // The SDK repeats a write whose reply was lost. It then meets its own report, which this tells from that of
        // another.
        let write = base64url(request.draw::<6>()?);
        let value = text(write_entry(sent.channel, report, received, &write));
        let expires = received.second() + KEPT_FOR;
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.limits)
            .key(PK, text(key_of(&sent.phone_index)))
            .update_expression("SET #report = :report, #expires = :expires")
            .condition_expression("attribute_not_exists(#report)")
            .expression_attribute_names("#report", &name)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":report", value.clone())
            .expression_attribute_values(":expires", instant(expires))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let began = Instant::now();
        let answer = await_within(request.deadline, update.send()).await;
        request.note_dependency(Dependency::Store, began);
        let error = match answer {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                self.make_room(sent, &item, received, request).await;
                return Ok(Kept::New);
            }
            Err(error) => error,
        };
        match error.as_ref().and_then(SdkError::as_service_error) {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let kept = failed.item().and_then(|item| item.get(&name));
                Ok(if kept == Some(&value) {
                    Kept::New
                } else {
                    Kept::Known
                })
            }
            _ => Err(OperationFailed::from_error("UpdateItem", error.as_ref()).into()),
        }
    }

    /// Takes the oldest reports off an item that has many. A call that fails is made up for by that of the next report.
    async fn make_room(
        &self,
        sent: &SentText,
        item: &Item,
        now: Moment,
        request: &mut RequestContext,
    ) {
        let stale = list_stale(item, now);
        if stale.is_empty() {
            return;
        }
        let placeholders: Vec<_> = (0..stale.len()).map(|n| format!("#r{n}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.limits)
            .key(PK, text(key_of(&sent.phone_index)))
            .update_expression(format!("REMOVE {}", placeholders.join(", ")));
        for (placeholder, name) in placeholders.into_iter().zip(stale) {
            update = update.expression_attribute_names(placeholder, name);
        }
        let began = Instant::now();
        drop(await_within(request.deadline, update.send()).await);
        request.note_dependency(Dependency::Store, began);
    }

    /// Reads the last outcome of a phone; `None` when none was reported.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn read_outcome(
        &self,
        phone_index: &SubjectIndex,
    ) -> Result<Option<LastOutcome>, OperationFailed> {
        let item = self
            .read_item(&self.tables.limits, key_of(phone_index))
            .await?;
        Ok(item.as_ref().and_then(read_outcome))
    }

    /// Erases the reports of a phone. Returns whether there was one.
    pub(super) async fn forget_outcome(
        &self,
        phone_index: &SubjectIndex,
    ) -> Result<bool, OperationFailed> {
        let (table, key) = (&self.tables.limits, key_of(phone_index));
        let found = self.read_item(table, key.clone()).await?.is_some();
        // A write may come between, so it is deleted either way.
        let delete = self.client.delete_item().table_name(table);
        let deleted = delete.key(PK, text(key)).send().await;
        deleted.map_err(|error| OperationFailed::new("DeleteItem", &error))?;
        Ok(found)
    }
}

/// Writes a report: when it was so, how much later it came, channel, outcome, reason, and the write that kept it.
fn write_entry(channel: Channel, report: &Report, received: Moment, write: &str) -> String {
    let at = report.at.unix_millis();
    let later = received.unix_millis().saturating_sub(at);
    let (channel, outcome) = (channel.as_str(), report.outcome.as_str());
    format!(
        "{at} {later} {channel} {outcome} {} {write}",
        report.reason.as_str()
    )
}

/// Lists the reports of an item. What cannot be read counts as absent.
fn list_entries(item: &Item) -> impl Iterator<Item = Entry<'_>> {
    item.iter().filter_map(|(name, value)| {
        if !name.starts_with(REPORT) {
            return None;
        }
        let mut words = value.as_s().ok()?.split(' ');
        let at: i64 = words.next()?.parse().ok()?;
        let later: i64 = words.next()?.parse().ok()?;
        Some(Entry {
            name,
            received: Moment::from_unix_millis(at.saturating_add(later)),
            outcome: LastOutcome {
                channel: Channel::parse(words.next()?)?,
                report: Report {
                    at: Moment::from_unix_millis(at),
                    outcome: Outcome::parse(words.next()?)?,
                    reason: ReceiptReason::parse(words.next()?),
                },
            },
        })
    })
}

/// Finds the last outcome: the newest, and of several at one instant the one that came last.
fn read_outcome(item: &Item) -> Option<LastOutcome> {
    let newest = list_entries(item)
        .max_by_key(|entry| (entry.outcome.report.at, entry.received, entry.name));
    newest.map(|entry| entry.outcome)
}

/// Lists the names of the reports that an item gives up: those whose time is over, and the oldest where there are too
/// many.
fn list_stale(item: &Item, now: Moment) -> Vec<String> {
    let mut entries: Vec<_> = list_entries(item).collect();
    entries.sort_by_key(|entry| (entry.received, entry.outcome.report.at, entry.name));
    let many = if entries.len() > MOST {
        entries.len() - LEFT
    } else {
        0
    };
    let is_over = |entry: &Entry<'_>| entry.received.second() + KEPT_FOR <= now.second();
    let over = entries.iter().filter(|entry| is_over(entry)).count();
    let stale = entries.iter().take(many.max(over));
    stale.map(|entry| entry.name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_795_435_200_000;

    /// An item with reports of these instants, each of which came so much later.
    fn item(reports: &[(i64, i64)]) -> Item {
        let entries = reports.iter().enumerate().map(|(n, (at, later))| {
            let report = Report {
                at: Moment::from_unix_millis(*at),
                outcome: Outcome::Delivered,
                reason: ReceiptReason::ALL[n % ReceiptReason::ALL.len()],
            };
            let received = Moment::from_unix_millis(at + later);
            let value = write_entry(Channel::Hook, &report, received, "write");
            (format!("{REPORT}{n:03}"), text(value))
        });
        let mut item: Item = entries.collect();
        item.insert(PK.to_owned(), text("receipt#i"));
        item.insert(format!("{REPORT}odd"), text("of another version"));
        item
    }

    #[test]
    fn the_last_outcome_is_the_newest_and_at_one_instant_the_one_that_came_last() {
        let reason = |reports: &[(i64, i64)]| {
            let last = read_outcome(&item(reports)).expect("an outcome");
            let position = ReceiptReason::ALL.iter();
            position
                .clone()
                .position(|reason| *reason == last.report.reason)
        };
        assert_eq!(reason(&[(AT + 1, 0), (AT, 900)]), Some(0));
        assert_eq!(reason(&[(AT, 5), (AT, 7), (AT, 6)]), Some(1));
        assert_eq!(read_outcome(&item(&[])), None);
    }

    #[test]
    fn an_item_gives_up_what_is_over_and_the_oldest_of_too_many() {
        let now = Moment::from_unix_millis(AT);
        let stale = |reports: &[(i64, i64)]| list_stale(&item(reports), now).len();
        let month = 30 * 86_400_000;
        assert_eq!(stale(&[(AT, 0), (AT - month + 1_000, 0)]), 0);
        assert_eq!(stale(&[(AT, 0), (AT - month, 0)]), 1);
        let many: Vec<_> = (0..17).map(|n| (AT - n, 0)).collect();
        assert_eq!(stale(many.get(..16).unwrap_or_default()), 0);
        let listed = list_stale(&item(&many), now);
        let expected: Vec<_> = (8..17).rev().map(|n| format!("{REPORT}{n:03}")).collect();
        assert_eq!(listed, expected);
    }
}
