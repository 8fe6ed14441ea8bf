//! A ledger in a DynamoDB table of the relying party.

use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};

use crate::claims::PhoneProof;
use crate::guard::LEEWAY_SECONDS;
use crate::ledger::{Ledger, LedgerFailed, Spent};

/// Spent tokens in a table with the partition key `pk` (a string) and the TTL attribute `expires_at`.
///
/// [`DynamoDbLedger::put`] is for what must happen together with spending:
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
    /// A ledger in `table`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// The partition key of a token's entry, which is there once the token was spent.
    #[must_use]
    pub fn key(&self, proof: &PhoneProof) -> String {
        format!("spent#{}#{}", proof.business, proof.jti)
    }

    /// The write that spends a token, for a transaction with what the token is spent on: when the
    /// transaction is cancelled by this item's condition, the token was spent before.
    ///
    /// # Errors
    ///
    /// [`BuildError`], which complete values rule out.
    pub fn put(&self, proof: &PhoneProof) -> Result<Put, BuildError> {
        Put::builder()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(self.key(proof)))
            .item(
                "expires_at",
                AttributeValue::N(kept_until(proof).to_string()),
            )
            .condition_expression("attribute_not_exists(pk)")
            .build()
    }
}

impl Ledger for DynamoDbLedger {
    /// A transaction of one write, although a plain one costs half: the SDK gives it a token, so that its
    /// retry of a lost reply is recognised and does not look as if the token had been spent before.
    async fn spend(&self, _: &str, proof: &PhoneProof) -> Result<Spent, LedgerFailed> {
        let put = self.put(proof).map_err(|_| LedgerFailed)?;
        let item = TransactWriteItem::builder().put(put).build();
        let request = self.client.transact_write_items().transact_items(item);
        let Err(error) = request.send().await else {
            return Ok(Spent::Now);
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if cancelled
                    .cancellation_reasons()
                    .iter()
                    .any(condition_failed) =>
            {
                Ok(Spent::Before)
            }
            _ => Err(LedgerFailed),
        }
    }
}

fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// Until every clock refuses the token itself.
fn kept_until(proof: &PhoneProof) -> u64 {
    proof.expires_at.saturating_add(2 * LEEWAY_SECONDS)
}
