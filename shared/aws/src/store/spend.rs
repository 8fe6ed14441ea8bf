//! The ledger of spent success tokens. Each token counts once.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::WriteId;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, bytes, instant, text};
use super::{OperationFailed, Store, StoreError, within};

/// The attribute that holds the id of the write that spent the token.
const BY: &str = "by";

/// When a token was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendOutcome {
    /// This request spent the token.
    Now,
    /// An earlier request spent the token.
    Before,
}

impl Store {
    /// Spends the token `jti` for `audience`, once.
    ///
    /// DynamoDB may delete the entry after `expires_at`. By then, no clock may accept the token any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn spend(
        &self,
        audience: &str,
        jti: &str,
        expires_at: Timestamp,
        write: WriteId,
        request: &mut RequestContext,
    ) -> Result<SpendOutcome, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.challenges)
            .item(PK, text(format!("spent#{audience}#{jti}")))
            .item(EXPIRES_AT, instant(expires_at))
            .item(BY, bytes(write.0))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let began = Instant::now();
        let answer = within(request.deadline, put.send()).await;
        request.note_dependency(Dependency::Store, began);
        let Err(error) = answer else {
            return Ok(SpendOutcome::Now);
        };
        match error.as_ref().and_then(|error| error.as_service_error()) {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let own = failed.item().is_some_and(|item| is_written_by(item, write));
                Ok(if own {
                    SpendOutcome::Now
                } else {
                    SpendOutcome::Before
                })
            }
            _ => Err(OperationFailed::from_error("PutItem", error.as_ref()).into()),
        }
    }
}

/// Whether this write made the entry, at an earlier try whose reply was lost.
fn is_written_by(item: &Item, write: WriteId) -> bool {
    let by = item.get(BY).and_then(|value| value.as_b().ok());
    by.is_some_and(|by| by.as_ref() == write.0)
}
