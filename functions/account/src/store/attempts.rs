//! What the store remembers of log-ins: the failures on a phone, and the attempts of an address.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use phoneproof_aws::store::item::{EXPIRES_AT, Item, PK, instant, number, read_number, text};
use phoneproof_aws::store::{StoreError, count_update};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::window::Quota;
use phoneproof_observe::RequestContext;

use super::{AccountStore, Condition, TransactionPart};
use crate::login::{Attempts, LoginRule, Presented, REMEMBERED};

fn attempts_key(phone_index: &SubjectIndex) -> String {
    format!("login#{}", phone_index.as_str())
}

/// Names the attributes that hold the failures and the time of the next attempt.
///
/// The attributes of both kinds are in one item, so one delete forgets them all.
const fn name_attributes(presented: Presented) -> (&'static str, &'static str) {
    match presented {
        Presented::PasswordOnly => ("failures", "next_at"),
        Presented::WithCode => ("failures_with_code", "next_at_with_code"),
    }
}

impl AccountStore {
    /// Reads the failures of one kind of attempt on a phone.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn read_attempts(
        &self,
        phone_index: &SubjectIndex,
        presented: Presented,
        request: &mut RequestContext,
    ) -> Result<Attempts, StoreError> {
        let item = self
            .get(&self.limits, attempts_key(phone_index), request)
            .await?;
        let (failures, next_at) = name_attributes(presented);
        let read = |item: Item| Attempts {
            failures: read_number(&item, failures).unwrap_or(0),
            next_at: read_number(&item, next_at).map(Timestamp::from_unix),
        };
        Ok(item.map(read).unwrap_or_default())
    }

    /// Counts an attempt of an address, if its quota is not used up.
    pub(crate) fn count_address(&self, address: &SubjectIndex, quota: &Quota) -> TransactionPart {
        let update = count_update(
            &self.limits,
            LoginRule::AddressPerHour.name(),
            address,
            quota,
        );
        let update = update.map(|update| TransactWriteItem::builder().update(update).build());
        TransactionPart::new(Condition::AddressHasRoom, update)
    }

    /// Stores the failures after an attempt begins, if no other attempt began since `before` was read.
    pub(crate) fn begin_attempt(
        &self,
        phone_index: &SubjectIndex,
        presented: Presented,
        before: Attempts,
        after: Attempts,
        now: Timestamp,
    ) -> TransactionPart {
        let (failures, next_at) = name_attributes(presented);
        let builder = Update::builder()
            .table_name(&self.limits)
            .key(PK, text(attempts_key(phone_index)))
            .update_expression("SET #failures = :after, #next = :next, #expires = :expires")
            .expression_attribute_names("#failures", failures)
            .expression_attribute_names("#next", next_at)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":after", number(after.failures))
            .expression_attribute_values(":next", instant(after.next_at.unwrap_or(now)))
            .expression_attribute_values(":expires", instant(now + REMEMBERED));
        let builder = if before.failures == 0 {
            builder.condition_expression("attribute_not_exists(#failures)")
        } else {
            builder
                .condition_expression("#failures = :before")
                .expression_attribute_values(":before", number(before.failures))
        };
        TransactionPart::update(Condition::AttemptsAsRead, builder)
    }

    /// Forgets the failures of both kinds on a phone.
    pub(crate) fn forget_attempts(&self, phone_index: &SubjectIndex) -> TransactionPart {
        let delete = Delete::builder()
            .table_name(&self.limits)
            .key(PK, text(attempts_key(phone_index)))
            .build();
        TransactionPart::delete(None, delete)
    }
}
