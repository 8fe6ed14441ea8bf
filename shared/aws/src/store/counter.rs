//! Counters of one item per rule, subject and window, for a service that counts nothing else about its subjects.

use aws_sdk_dynamodb::types::Update;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::window::{Quota, Window};

use super::StoreError;
use super::item::{PK, instant, number, text};

/// Returns the partition key of a counter.
fn counter_key(rule: &str, subject: &SubjectIndex, window: &Window) -> String {
    format!("{rule}#{}#{}", subject.as_str(), window.start.unix())
}

/// Makes the update that adds one to the counter of `rule`, if the quota has room.
///
/// The item expires at the end of its window.
///
/// # Errors
///
/// [`StoreError::NotBuilt`] when a member is missing, which cannot happen here.
pub fn count_update(
    table: &str,
    rule: &str,
    subject: &SubjectIndex,
    quota: &Quota,
) -> Result<Update, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .key(PK, text(counter_key(rule, subject, &quota.window)))
        .update_expression("ADD n :one SET expires_at = :end")
        .condition_expression("attribute_not_exists(n) OR n < :limit")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":limit", number(quota.limit))
        .expression_attribute_values(":end", instant(quota.window.end()))
        .build()?;
    Ok(update)
}
