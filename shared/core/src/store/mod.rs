//! The tables in DynamoDB.
//!
//! Every decision is one conditional write, so that two requests can never both pass a limit that
//! has room for one. A condition that fails brings the item back
//! (`ReturnValuesOnConditionCheckFailure`), and the domain names the reason.

mod attempt;
mod blocks;
mod counter;
mod inspect;
pub mod item;
mod reference;
mod reserve;
mod spend;
mod transaction;

pub use attempt::Guess;
pub use blocks::Block;
pub use counter::count_update;
pub use reference::StoredToken;
pub use reserve::{ReserveError, SendPlan, Subjects};
pub use spend::Spent;
pub use transaction::{CONDITION_FAILED, transact};

use std::fmt;
use std::future::Future;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::config::Tables;

/// The store gave no usable answer. Nothing may be sent or accepted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StoreError {
    /// No answer, a refusal, or an answer that cannot be read.
    #[error("the store is not available")]
    Unavailable,
    /// Another transaction kept touching the same items.
    #[error("the store is contended")]
    Contended,
}

/// A call that an operator's command made and that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation} failed ({code})")]
pub struct CallFailed {
    /// The operation of DynamoDB.
    pub operation: &'static str,
    /// Its error code, or the kind of failure.
    pub code: String,
}

impl CallFailed {
    fn new<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Self {
        Self {
            operation,
            code: crate::aws::error_code(error),
        }
    }

    fn not_built(operation: &'static str) -> Self {
        Self {
            operation,
            code: "request not built".to_owned(),
        }
    }
}

/// Access to the tables.
#[derive(Clone)]
pub struct Store {
    client: Client,
    tables: Tables,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// A store on these tables. It connects at the first call.
    #[must_use]
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}

/// Waits for `call` until `deadline`.
///
/// # Errors
///
/// The error of the call, or `None` when it is not answered in time.
pub async fn within<T, E, R>(
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> Result<T, Option<SdkError<E, R>>> {
    match timeout_at(deadline, call).await {
        Ok(answer) => answer.map_err(Some),
        Err(_) => Err(None),
    }
}

/// Logs a failed call by its error code and gives the error of this module.
pub fn unavailable<E: ProvideErrorMetadata, R>(
    operation: &'static str,
    error: Option<&SdkError<E, R>>,
) -> StoreError {
    let code = error.map_or_else(|| "deadline".to_owned(), crate::aws::error_code);
    tracing::error!(operation, code, "DynamoDB call failed");
    StoreError::Unavailable
}
