//! How the credits of a typed code end.

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

    pub(super) const fn lost(left: Option<R>) -> Self {
        let is_lost = true;
        Self { left, is_lost }
    }
}
