//! A ledger in a DynamoDB table that belongs to the relying party.

use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};

use crate::claims::PhoneProof;
use crate::ledger::{Ledger, LedgerFailed, SpendOutcome};
use crate::token::LEEWAY_SECONDS;

/// A ledger in a DynamoDB table with the partition key `pk` (a string) and the TTL attribute `expires_at`.
///
/// [`Ledger::spend`] spends a success token on its own. [`DynamoDbLedger::put`] spends it in a transaction together
/// with what it is spent on:
///
/// ```no_run
/// use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
/// use phoneproof_guard::{DynamoDbLedger, PhoneProof};
///
/// async fn set_password(
///     client: aws_sdk_dynamodb::Client,
///     proof: &PhoneProof,
///     new_password: Update,
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let ledger = DynamoDbLedger::new(client.clone(), "spent-tokens");
///     client
///         .transact_write_items()
///         .transact_items(TransactWriteItem::builder().put(ledger.put(proof)?).build())
///         .transact_items(TransactWriteItem::builder().update(new_password).build())
///         .send()
///         .await?; // cancelled by the first item when the token was spent before
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct DynamoDbLedger {
    client: Client,
    table: String,
}

impl fmt::Debug for DynamoDbLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbLedger")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl DynamoDbLedger {
    /// Makes a ledger in the table with this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// The partition key of the entry of a success token. The entry exists once the token was spent.
    #[must_use]
    pub fn key(&self, proof: &PhoneProof) -> String {
        format!("spent#{}#{}", proof.business, proof.jti)
    }

    /// Builds the write that spends a success token, for a transaction with what the token is spent on.
    ///
    /// When DynamoDB cancels the transaction because of this write's condition, the token was spent before.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a member is missing, which does not happen here: all of them are set.
    pub fn put(&self, proof: &PhoneProof) -> Result<Put, BuildError> {
        Put::builder()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(self.key(proof)))
            .item(
                "expires_at",
                AttributeValue::N(compute_expiry(proof).to_string()),
            )
            .condition_expression("attribute_not_exists(pk)")
            .build()
    }
}

impl Ledger for DynamoDbLedger {
    /// Spends a success token in a transaction of one write.
    ///
    /// A plain write costs half as much. But the SDK gives a transaction an idempotency token. When a reply is lost and
    /// the SDK tries again, DynamoDB recognises the repeat. It does not report that the success token was spent before.
    async fn spend(&self, _: &str, proof: &PhoneProof) -> Result<SpendOutcome, LedgerFailed> {
        let put = self.put(proof).map_err(LedgerFailed::new)?;
        let item = TransactWriteItem::builder().put(put).build();
        let request = self.client.transact_write_items().transact_items(item);
        let Err(error) = request.send().await else {
            return Ok(SpendOutcome::Now);
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled
                    .cancellation_reasons()
                    .iter()
                    .any(is_failed_condition) =>
            {
                Ok(SpendOutcome::Before)
            }
            _ => Err(LedgerFailed::new(name_failure(&error))),
        }
    }
}

/// Names what failed. The messages of the SDK are left out, because they can hold the key of the entry.
fn name_failure<R>(error: &SdkError<TransactWriteItemsError, R>) -> String {
    let kind = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        _ => "request failed",
    };
    format!("TransactWriteItems ({})", error.code().unwrap_or(kind))
}

fn is_failed_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Computes how long an entry is kept, in seconds since the Unix epoch: until every clock refuses the token itself.
fn compute_expiry(proof: &PhoneProof) -> u64 {
    proof.expires_at.saturating_add(2 * LEEWAY_SECONDS)
}
