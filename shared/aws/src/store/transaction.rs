//! Transactions, and their retries when other writers touch the same items.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use phoneproof_crypto::base64url;
use phoneproof_observe::RequestContext;
use tokio::time::{sleep, timeout_at};

use super::{OperationFailed, StoreError, await_within};

/// How many times a write is tried again after another writer touched the same item, or after its table was throttled.
pub(super) const CONFLICT_RETRIES: u32 = 3;

/// The cancellation code of an item whose condition did not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// The cancellation code of an item that the update does not fit, such as a number that is a text.
pub(super) const NOT_VALID: &str = "ValidationError";
/// The error code of a whole request that an item does not fit.
pub(super) const NOT_FITTING: &str = "ValidationException";
/// The cancellation code of an item that another writer touched at the same time.
const CONFLICT: &str = "TransactionConflict";
/// The cancellation codes that pass by themselves. The last two say that a table or a partition of it was throttled
/// (DynamoDB API reference, `TransactWriteItems`, "Cancellation reason codes"). The SDK repeats none of them.
const PASSING: [&str; 3] = [CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"];
const OPERATION: &str = "TransactWriteItems";

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum TransactionOutcome {
    /// All items were written.
    Written,
    /// None was. The condition of at least one item did not hold, or its update does not fit it. There is one reason
    /// per item.
    Refused(Vec<CancellationReason>),
}

/// Writes all the items that `build` makes, or none of them.
///
/// Each try builds the items anew, so that a first try that succeeds copies nothing. `build` must make the same items
/// every time.
///
/// # Errors
///
/// [`StoreError`] when the store gave no answer, other writers touched the same items at every try, or a table was
/// throttled at every try.
pub async fn transact(
    client: &Client,
    build: impl Fn() -> Result<Vec<TransactWriteItem>, StoreError>,
    request: &RequestContext,
) -> Result<TransactionOutcome, StoreError> {
    let mut retries = 0;
    loop {
        let Some(error) = finish_one(client, &build, request).await? else {
            return Ok(TransactionOutcome::Written);
        };
        let reasons = cancellation_reasons(&error);
        let codes = || reasons.iter().filter_map(CancellationReason::code);
        // A failed condition stands even if other items met a conflict: no retry can help.
        if codes().any(|code| code == CONDITION_FAILED || code == NOT_VALID) {
            return Ok(TransactionOutcome::Refused(reasons.to_vec()));
        }
        let Some(passing) = PASSING
            .into_iter()
            .find(|passing| codes().any(|code| code == *passing))
        else {
            return Err(OperationFailed::new(OPERATION, &error).into());
        };
        if retries == CONFLICT_RETRIES {
            return Err(give_up(passing));
        }
        retries += 1;
        pause(OPERATION, retries, request).await?;
    }
}

/// Sends one transaction until `DynamoDB` says how it ended. Returns the error that it ended with; `None` when it was
/// written.
///
/// # Errors
///
/// [`StoreError`] when there was no answer in time, or no random token.
async fn finish_one(
    client: &Client,
    build: &impl Fn() -> Result<Vec<TransactWriteItem>, StoreError>,
    request: &RequestContext,
) -> Result<Option<SdkError<TransactWriteItemsError>>, StoreError> {
    // The SDK repeats a call whose reply was lost. With this token, DynamoDB applies the transaction once.
    let token: [u8; 16] = request.draw()?;
    let token = base64url(token);
    let mut waits = 0;
    loop {
        let call = client
            .transact_write_items()
            .set_transact_items(Some(build()?))
            .client_request_token(&token);
        match await_within(request.deadline, call.send()).await {
            Ok(_) => return Ok(None),
            // An earlier try with this token is still under way. Only the same token can tell how it ends.
            Err(Some(error)) if is_in_progress(&error) => {
                waits = CONFLICT_RETRIES.min(waits + 1);
                pause(OPERATION, waits, request).await?;
            }
            Err(Some(error)) => return Ok(Some(error)),
            Err(None) => return Err(OperationFailed::by_deadline(OPERATION).into()),
        }
    }
}

fn is_in_progress(error: &SdkError<TransactWriteItemsError>) -> bool {
    matches!(
        error.as_service_error(),
        Some(TransactWriteItemsError::TransactionInProgressException(_))
    )
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

/// The error of a transaction that was canceled with the code `passing` at every try.
fn give_up(passing: &str) -> StoreError {
    if passing == CONFLICT {
        return StoreError::Contended(OPERATION);
    }
    StoreError::Operation(OperationFailed {
        operation: OPERATION,
        code: passing.to_owned(),
    })
}

/// Waits before retry number `retry`: 10 to 40 ms before the first, and twice as long before each later one.
///
/// If the random source fails, the wait is the shortest one. The wait only spreads writers over time.
///
/// # Errors
///
/// [`StoreError::Operation`] when the deadline of the request comes first.
pub(super) async fn pause(
    operation: &'static str,
    retry: u32,
    request: &RequestContext,
) -> Result<(), StoreError> {
    let [byte] = request.draw().unwrap_or([0]);
    let delay = Duration::from_millis(5 + u64::from(byte) * 15 / 255) * 2_u32.pow(retry);
    let slept = timeout_at(request.deadline, sleep(delay)).await;
    slept.map_err(|_| OperationFailed::by_deadline(operation).into())
}
