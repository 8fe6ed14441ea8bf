//! Panics end one request and leave the process running.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tracing::{Instrument as _, Span};

/// Serves a call inside its span. Returns `None` when the code panicked. The log then says where, and nothing of what
/// the code had in hand (see [`logging::init`](phoneproof_observe::logging::init)).
///
/// A panic leaves nothing half changed: what requests share are caches behind locks, which are replaced as a whole.
pub(crate) fn catch_panic<T>(
    span: Span,
    serving: impl Future<Output = T>,
) -> impl Future<Output = Option<T>> {
    // On the heap, before there is another future that holds it: futures of use cases are large, and this one moves
    // several times on its way.
    let serving = Box::pin(serving.instrument(span));
    async move { AssertUnwindSafe(serving).catch_unwind().await.ok() }
}
