//! How the credits of a typed code end.

use std::fmt::Display;

/// How a credit ended.
pub(super) struct Credit<R> {
    /// The purse as the credit left it, or as it was found; `None` when that is not known.
    pub(super) left: Option<R>,
    /// Whether the purse did not get what it should, or nobody knows whether it did.
    pub(super) is_lost: bool,
}

impl<R> Credit<R> {
    pub(super) const fn made(left: Option<R>) -> Self {
        let is_lost = false;
        Self { left, is_lost }
    }

    /// Ends the credit of `item` without what the purse should get, and logs why.
    pub(super) fn lost(item: &str, error: &dyn Display, left: Option<R>) -> Self {
        tracing::warn!(%error, item, "a purse got no credit for a typed code");
        let is_lost = true;
        Self { left, is_lost }
    }
}
