//! Panics end one request, not more.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

/// What `serve` gives; `None` when it panicked. The log says where, and nothing of what it had in hand
/// (see [`logging::init`](phoneproof_observe::logging::init)).
///
/// Nothing that outlives a request is left half changed: what is shared are caches behind locks, replaced as
/// a whole.
pub async fn caught<T>(serve: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(serve).catch_unwind().await.ok()
}
