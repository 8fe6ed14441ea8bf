//! Transactions, and their retries when other writers touch the same items.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_observe::RequestContext;
use tokio::time::sleep;

use super::{CallFailed, StoreError, within};

/// How often a write is tried again after another writer touched the same item.
pub(super) const CONFLICT_RETRIES: u32 = 3;

/// The cancellation code of an item whose condition did not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// The cancellation code of an item that another writer touched at the same time.
const CONFLICT: &str = "TransactionConflict";
const OPERATION: &str = "TransactWriteItems";

/// Writes all of `items` or none of them.
///
/// # Errors
///
/// - The inner error holds one reason per item, because the condition of at least one item did not hold.
/// - The outer error is a [`StoreError`]: the store gave no answer, or other writers touched the same items at every try.
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
        let has_code = |code| move |reason: &CancellationReason| reason.code() == Some(code);
        // A failed condition stands even if other items met a conflict: no retry can help.
        if reasons.iter().any(has_code(CONDITION_FAILED)) {
            return Ok(Err(reasons.to_vec()));
        }
        if !reasons.iter().any(has_code(CONFLICT)) {
            return Err(CallFailed::new(OPERATION, &error).into());
        }
        if conflicts == CONFLICT_RETRIES {
            return Err(StoreError::Contended(OPERATION));
        }
        conflicts += 1;
        sleep(draw_delay(conflicts, request)).await;
    }
}

/// Sends the transaction once. The outer error says that the store gave no answer in time.
async fn try_once(
    client: &Client,
    items: Vec<TransactWriteItem>,
    request: &RequestContext,
) -> Result<Result<(), SdkError<TransactWriteItemsError>>, StoreError> {
    // The SDK repeats a call whose reply was lost. With this token, DynamoDB applies the transaction once.
    let token: [u8; 16] = request.draw()?;
    let call = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .client_request_token(base64url(token));
    match within(request.deadline, call.send()).await {
        Ok(_) => Ok(Ok(())),
        Err(Some(error)) => Ok(Err(error)),
        Err(None) => {
            Err(CallFailed::from_error::<TransactWriteItemsError, ()>(OPERATION, None).into())
        }
    }
}

/// Returns one reason per item of a canceled transaction; none for another error.
fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        _ => &[],
    }
}

/// Draws the time to wait before retry number `retry`: 10 to 40 ms before the first, and twice as long before each
/// later one.
///
/// If the random source fails, the wait is the shortest one. The wait only spreads writers over time.
pub(super) fn draw_delay(retry: u32, request: &RequestContext) -> Duration {
    let [byte] = request.draw().unwrap_or([0]);
    Duration::from_millis(5 + u64::from(byte) * 15 / 255) * 2_u32.pow(retry)
}
