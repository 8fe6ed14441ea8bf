//! Transactions that meet others.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use tokio::time::{Instant, sleep};

use super::{StoreError, unavailable, within};
use crate::crypto::base64url;
use crate::domain::random::{Random, random_array};

/// How often a transaction that met another one is tried again.
pub(super) const CONFLICT_RETRIES: u32 = 3;

/// The cancellation code of an item whose condition did not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const CONFLICT: &str = "TransactionConflict";

/// Writes all of `items` or none. The inner error holds one reason per item, when the condition of at
/// least one did not hold.
///
/// # Errors
///
/// [`StoreError`] when the store gave no answer, or other transactions kept touching the same items.
pub async fn transact(
    client: &Client,
    items: Vec<TransactWriteItem>,
    random: &dyn Random,
    deadline: Instant,
) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
    let mut conflicts = 0;
    loop {
        let Err(error) = once(client, items.clone(), random, deadline).await? else {
            return Ok(Ok(()));
        };
        let reasons = cancellation_reasons(&error);
        let is = |code| move |reason: &CancellationReason| reason.code() == Some(code);
        if reasons.iter().any(is(CONDITION_FAILED)) {
            return Ok(Err(reasons.to_vec()));
        }
        if !reasons.iter().any(is(CONFLICT)) {
            return Err(unavailable("TransactWriteItems", Some(&error)));
        }
        if conflicts == CONFLICT_RETRIES {
            tracing::warn!("a transaction kept meeting others");
            return Err(StoreError::Contended);
        }
        conflicts += 1;
        sleep(jitter(conflicts, random)).await;
    }
}

/// One try. The outer error is a store that gave no answer in time.
async fn once(
    client: &Client,
    items: Vec<TransactWriteItem>,
    random: &dyn Random,
    deadline: Instant,
) -> Result<Result<(), SdkError<TransactWriteItemsError>>, StoreError> {
    // The token makes the SDK's own retries of a lost reply harmless.
    let token: [u8; 16] = random_array(random).map_err(|_| StoreError::Unavailable)?;
    let request = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .client_request_token(base64url(token));
    match within(deadline, request.send()).await {
        Ok(_) => Ok(Ok(())),
        Err(Some(error)) => Ok(Err(error)),
        Err(None) => Err(unavailable::<TransactWriteItemsError, ()>(
            "TransactWriteItems",
            None,
        )),
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

/// 10 to 40 ms, doubled with each try.
pub(super) fn jitter(attempt: u32, random: &dyn Random) -> Duration {
    let [byte] = random_array(random).unwrap_or([0]);
    Duration::from_millis(5 + u64::from(byte) * 15 / 255) * 2_u32.pow(attempt)
}
