//! Transactions, and what happens when they meet others.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_observe::RequestContext;
use tokio::time::sleep;

use super::{CallFailed, StoreError, within};

/// How often a write that met another one is tried again.
pub(super) const CONFLICT_RETRIES: u32 = 3;

/// The cancellation code of an item whose condition did not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const CONFLICT: &str = "TransactionConflict";
const OPERATION: &str = "TransactWriteItems";

/// Writes all of `items` or none of them.
///
/// The inner error holds one reason per item. At least one of them is a condition that did not hold.
///
/// # Errors
///
/// [`StoreError`] when the store gave no answer, or when other writers kept touching the same items.
pub async fn transact(
    client: &Client,
    items: Vec<TransactWriteItem>,
    request: &RequestContext,
) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
    let mut conflicts = 0;
    loop {
        let Err(error) = try_once(client, items.clone(), request).await? else {
            return Ok(Ok(()));
        };
        let reasons = cancellation_reasons(&error);
        let is = |code| move |reason: &CancellationReason| reason.code() == Some(code);
        if reasons.iter().any(is(CONDITION_FAILED)) {
            return Ok(Err(reasons.to_vec()));
        }
        if !reasons.iter().any(is(CONFLICT)) {
            return Err(CallFailed::new(OPERATION, &error).into());
        }
        if conflicts == CONFLICT_RETRIES {
            return Err(StoreError::Contended(OPERATION));
        }
        conflicts += 1;
        sleep(jitter(conflicts, request)).await;
    }
}

/// Sends the transaction once. The outer error is a store that gave no answer in time.
async fn try_once(
    client: &Client,
    items: Vec<TransactWriteItem>,
    request: &RequestContext,
) -> Result<Result<(), SdkError<TransactWriteItemsError>>, StoreError> {
    // The SDK repeats a call whose reply was lost. The token makes the repeat harmless.
    let token: [u8; 16] = request.draw()?;
    let call = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .client_request_token(base64url(token));
    match within(request.deadline, call.send()).await {
        Ok(_) => Ok(Ok(())),
        Err(Some(error)) => Ok(Err(error)),
        Err(None) => Err(CallFailed::of::<TransactWriteItemsError, ()>(OPERATION, None).into()),
    }
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// How long to wait before try number `attempt`: 10 to 40 ms, doubled with each try.
///
/// Without random bytes the wait is the shortest. It only spreads writers; nothing depends on it.
pub(super) fn jitter(attempt: u32, request: &RequestContext) -> Duration {
    let [byte] = request.draw().unwrap_or([0]);
    Duration::from_millis(5 + u64::from(byte) * 15 / 255) * 2_u32.pow(attempt)
}
