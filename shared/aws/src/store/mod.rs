//! The tables in DynamoDB.
//!
//! Every decision is one conditional write, so two requests can never both pass a limit that has room for one. When a
//! condition fails, DynamoDB returns the item (`ReturnValuesOnConditionCheckFailure`), and the domain names the reason.

mod batch;
mod blocks;
mod counter;
mod credit;
mod guess;
mod inspect;
pub mod item;
mod judgement;
mod limits;
mod marks;
mod once;
mod operator;
mod phone;
mod purse_item;
mod purses;
mod ranges;
mod read;
mod receipts;
mod record;
mod reference;
mod refund;
mod reserve;
mod reserve_error;
mod send_plan;
mod spend;
mod transaction;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use phoneproof_domain::purse::DamagedPurse;
use phoneproof_domain::random::RandomUnavailable;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

pub use self::blocks::{Block, BlockListError};
pub use self::counter::count_update;
use self::credit::CreditCache;
pub use self::guess::GuessOutcome;
pub use self::inspect::WrongCodes;
pub use self::operator::ChangeError;
pub use self::phone::MAX_SLOTS;
pub use self::purses::{Freshness, Known};
pub use self::read::get_item;
pub use self::receipts::Kept;
pub use self::reference::StoredToken;
pub use self::refund::{PriceKept, Refund};
pub use self::reserve_error::{Denied, ReserveError};
pub use self::send_plan::{KnownEvidence, Moved, PhoneCaller, SendPlan};
pub use self::spend::SpendOutcome;
pub use self::transaction::{CONDITION_FAILED, TransactionOutcome, transact};
use crate::clients::error_code;

/// The names of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// The table of the records of devices, addresses and businesses, and of the purses (`LIMITS_TABLE`).
    pub limits: String,
    /// The table of phone records, stored tokens and spent tokens (`CHALLENGES_TABLE`).
    pub challenges: String,
    /// The table of the block list (`BLOCKS_TABLE`).
    pub blocks: String,
}

/// Why the store gave no usable answer. The service then sends nothing and accepts nothing.
///
/// The text names the operation and its error code. It holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// DynamoDB refused a call, failed it, or did not answer it in time.
    #[error(transparent)]
    Operation(#[from] OperationFailed),
    /// Other writers touched the same items at every try.
    #[error("DynamoDB call failed: {0} (other writers kept touching the same items)")]
    Contended(&'static str),
    /// A request lacks a member that DynamoDB requires.
    #[error("a request to DynamoDB was not built: {0}")]
    NotBuilt(String),
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// An item lacks an attribute, or has one of another type.
    #[error("the item {0} cannot be read")]
    Unreadable(&'static str),
    /// A purse was damaged by hand, so it admits nobody.
    #[error(transparent)]
    DamagedPurse(#[from] DamagedPurse),
    /// The store refused a request that the rules admit, or gave no reason.
    #[error("{0} was refused against the rules")]
    Contradiction(&'static str),
    /// A record was damaged by hand, so it takes no update. The name holds a keyed hash at most.
    #[error("the record {0} cannot be updated: an attribute is of another type")]
    DamagedRecord(String),
    /// Records of the refund have moved on since the text, so nothing was given back. The text names their kinds.
    #[error("nothing was given back: a challenge or a count is gone from the record of the {0}")]
    NothingToRefund(String),
}

impl From<BuildError> for StoreError {
    fn from(error: BuildError) -> Self {
        Self::NotBuilt(error.to_string())
    }
}

/// A call of DynamoDB that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("DynamoDB call failed: {operation} ({code})")]
pub struct OperationFailed {
    /// The operation, as in `PutItem`.
    pub operation: &'static str,
    /// The error code of DynamoDB, or the kind of failure, such as `deadline`.
    pub code: String,
}

impl OperationFailed {
    /// Keeps the error code of `error`. `None` stands for a deadline that passed first.
    #[must_use]
    pub fn from_error<E: ProvideErrorMetadata, R>(
        operation: &'static str,
        error: Option<&SdkError<E, R>>,
    ) -> Self {
        Self {
            operation,
            code: error.map_or_else(|| "deadline".to_owned(), error_code),
        }
    }

    /// Says that the deadline of the request came before the answer.
    pub(crate) fn by_deadline(operation: &'static str) -> Self {
        Self {
            operation,
            code: "deadline".to_owned(),
        }
    }

    fn not_built(operation: &'static str, error: &BuildError) -> Self {
        Self {
            operation,
            code: format!("request not built: {error}"),
        }
    }

    fn new<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> Self {
        Self::from_error(operation, Some(error))
    }
}

/// The tables of one deployment.
#[derive(Clone, derive_more::Debug)]
#[debug("Store {{ tables: {tables:?}, .. }}")]
pub struct Store {
    client: Client,
    tables: Tables,
    /// The client of writes that are tried once, which is built at its first use. It shares the connections.
    once: Arc<OnceLock<Client>>,
    credits: Arc<Mutex<CreditCache>>,
}

impl Store {
    /// Makes a store on these tables. It connects at the first call.
    #[must_use]
    pub fn new(client: Client, tables: Tables) -> Self {
        Self {
            client,
            tables,
            once: Arc::default(),
            credits: Arc::default(),
        }
    }

    fn lock_credits(&self) -> MutexGuard<'_, CreditCache> {
        self.credits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the answer to `call` until `deadline`.
///
/// # Errors
///
/// The error of the call; `None` when the deadline came first.
pub fn await_within<T, E, R>(
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> impl Future<Output = Result<T, Option<SdkError<E, R>>>> {
    // On the heap, before there is another future that holds it: the future of a call is large, and every future around
    // it would be copied with it.
    let call = Box::pin(call);
    async move {
        match timeout_at(deadline, call).await {
            Ok(answer) => answer.map_err(Some),
            Err(_) => Err(None),
        }
    }
}
