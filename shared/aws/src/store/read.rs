//! The read of one item for a request.

use aws_sdk_dynamodb::Client;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{Item, PK, text};
use super::{OperationFailed, StoreError, within};

/// Reads the item under `key` of `table`, and notes the call; `None` when there is no such item.
///
/// The read is consistent, because a client may ask right after the write.
///
/// # Errors
///
/// [`StoreError`] when the store gives no answer before the request's deadline.
pub async fn get_item(
    client: &Client,
    table: &str,
    key: String,
    request: &mut RequestContext,
) -> Result<Option<Item>, StoreError> {
    let call = client
        .get_item()
        .table_name(table)
        .key(PK, text(key))
        .consistent_read(true);
    let began = Instant::now();
    let answer = within(request.deadline, call.send()).await;
    request.note_dependency(Dependency::Store, began);
    let answer = answer.map_err(|error| OperationFailed::from_error("GetItem", error.as_ref()))?;
    Ok(answer.item)
}
