//! Writes that are tried once: a reply that is lost is not asked for again.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use tokio::time::Instant;

use super::item::{Item, PK, text};
use super::record::RecordWrite;
use super::{OperationFailed, Store, await_within};

const OPERATION: &str = "UpdateItem";

/// How a single write ended.
pub(super) enum Written {
    /// It was applied. This is the item that was asked for.
    Done(Item),
    /// Its condition did not hold on this item.
    Differs(Item),
    /// A transaction was writing the item, so nothing was applied.
    Busy,
}

impl Store {
    /// Returns the client that makes one attempt per call. Overriding retries per call would build new settings each
    /// time.
    fn once(&self) -> &Client {
        self.once.get_or_init(|| {
            let config = self.client.config().to_builder();
            Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
        })
    }

    /// Writes one item of the limits.
    pub(super) async fn write_once(
        &self,
        key: &str,
        write: RecordWrite,
        returned: ReturnValue,
        deadline: Instant,
    ) -> Result<Written, OperationFailed> {
        let update = self.once().update_item().table_name(&self.tables.limits);
        let update = write.fill(update.key(PK, text(key)));
        let update = update.return_values(returned);
        let answer = await_within(deadline, update.send()).await;
        let error = match answer {
            Ok(answer) => return Ok(Written::Done(answer.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_ref().and_then(SdkError::as_service_error) {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Written::Differs(failed.item().cloned().unwrap_or_default()))
            }
            Some(UpdateItemError::TransactionConflictException(_)) => Ok(Written::Busy),
            _ => Err(OperationFailed::from_error(OPERATION, error.as_ref())),
        }
    }
}
