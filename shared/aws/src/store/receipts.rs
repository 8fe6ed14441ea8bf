//! The last outcome that was reported for a phone: an item of its own in `Limits`.
//!
//! It stands there and not in `Challenges`, so that the function that writes it needs no right on the table of challenges.
//! Its key begins with [`PREFIX`], and the role of that function may write no other item.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::receipt::{KEPT_FOR, LastOutcome, Outcome, ReceiptReason, Report, SentText};
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, instant, read_number, text};
use super::{CallFailed, Store, StoreError, within};

/// What the keys of outcomes begin with.
const PREFIX: &str = "receipt#";

const AT: &str = "at";
const CHANNEL: &str = "channel";
const OUTCOME: &str = "outcome";
const REASON: &str = "reason";

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is the last outcome of the phone now.
    Last,
    /// A report that is no older was there already. It may be this one, when the SDK repeats a write whose reply was lost: then
    /// one statistic is missing.
    Older,
}

fn key_of(phone: &SubjectIndex) -> String {
    format!("{PREFIX}{}", phone.as_str())
}

impl Store {
    /// Keeps `report` as the last outcome of the phone of `sent`, unless one that is no older is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn keep_outcome(
        &self,
        sent: &SentText,
        report: &Report,
        request: &mut RequestContext,
    ) -> Result<Kept, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.limits)
            .key(PK, text(key_of(&sent.phone)))
            .update_expression(
                "SET #at = :at, #channel = :channel, #outcome = :outcome, #reason = :reason, #expires = :expires",
            )
            .condition_expression("attribute_not_exists(#at) OR #at < :at")
            .expression_attribute_names("#at", AT)
            .expression_attribute_names("#channel", CHANNEL)
            .expression_attribute_names("#outcome", OUTCOME)
            .expression_attribute_names("#reason", REASON)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":at", instant(report.at))
            .expression_attribute_values(":channel", text(sent.channel.as_str()))
            .expression_attribute_values(":outcome", text(report.outcome.as_str()))
            .expression_attribute_values(":reason", text(report.reason.as_str()))
            .expression_attribute_values(":expires", instant(report.at + KEPT_FOR));
        let began = Instant::now();
        let answer = within(request.deadline, update.send()).await;
        request.note_call(Dependency::Store, began);
        let Err(error) = answer else {
            return Ok(Kept::Last);
        };
        match error.as_ref().and_then(SdkError::as_service_error) {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(Kept::Older),
            _ => Err(CallFailed::from_error("UpdateItem", error.as_ref()).into()),
        }
    }

    /// Reads the last outcome of a phone; `None` when none was reported.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn read_outcome(
        &self,
        phone: &SubjectIndex,
    ) -> Result<Option<LastOutcome>, CallFailed> {
        let item = self.read_item(&self.tables.limits, key_of(phone)).await?;
        Ok(item.as_ref().and_then(read_outcome))
    }

    /// Erases the last outcome of a phone. Returns whether there was one.
    pub(super) async fn forget_outcome(&self, phone: &SubjectIndex) -> Result<bool, CallFailed> {
        let (table, key) = (&self.tables.limits, key_of(phone));
        let found = self.read_item(table, key.clone()).await?.is_some();
        // A write may come between, so it is deleted either way.
        let delete = self.client.delete_item().table_name(table);
        let deleted = delete.key(PK, text(key)).send().await;
        deleted.map_err(|error| CallFailed::new("DeleteItem", &error))?;
        Ok(found)
    }
}

fn read_outcome(item: &Item) -> Option<LastOutcome> {
    let word = |name: &str| item.get(name)?.as_s().ok();
    Some(LastOutcome {
        channel: Channel::parse(word(CHANNEL)?)?,
        report: Report {
            at: Timestamp::from_unix(read_number(item, AT)?),
            outcome: Outcome::parse(word(OUTCOME)?)?,
            reason: ReceiptReason::parse(word(REASON)?),
        },
    })
}
