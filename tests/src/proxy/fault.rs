//! The ways in which the proxy breaks calls.

/// A way to break a call. Each one is a failure that AWS or the network can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers 500 without forwarding it.
    Refuse,
    /// Forwards it and answers 500, so that the reply is lost after the commit.
    LoseReply,
    /// Answers `TransactionCanceledException` with a conflict at the first item.
    CancelByConflict,
    /// Answers `TransactionCanceledException` because the table of the first item is throttled.
    CancelByThrottling,
    /// Answers `TransactionCanceledException` because the provisioned throughput of the first item's table is used up.
    CancelByThroughput,
    /// Answers `TransactionInProgressException`: a try with the same client token is still under way.
    InProgress,
    /// Answers `TransactionConflictException`, the error of a single write that conflicts with a transaction.
    Conflict,
    /// Answers 503 without forwarding it.
    Unavailable,
    /// Answers with the error that the called service gives for too many calls.
    Throttle,
    /// Answers 400 with an error code that AWS does not have.
    Unexpected,
    /// Closes the connection without forwarding it.
    CutBefore,
    /// Forwards it and closes the connection, so that the reply is lost after the commit.
    CutAfter,
    /// Forwards it and ends the reply in the middle.
    Truncate,
    /// Forwards it and answers byte by byte, for longer than any client waits.
    Trickle,
    /// Keeps the connection open and never answers.
    Hang,
    /// Forwards it a second late.
    Delay,
}

impl Fault {
    /// Every fault, for tests that try them all.
    pub const ALL: [Self; 16] = [
        Self::Refuse,
        Self::LoseReply,
        Self::CancelByConflict,
        Self::CancelByThrottling,
        Self::CancelByThroughput,
        Self::InProgress,
        Self::Conflict,
        Self::Unavailable,
        Self::Throttle,
        Self::Unexpected,
        Self::CutBefore,
        Self::CutAfter,
        Self::Truncate,
        Self::Trickle,
        Self::Hang,
        Self::Delay,
    ];

    /// Whether the call reaches the service behind the proxy.
    #[must_use]
    pub const fn forwards(self) -> bool {
        matches!(
            self,
            Self::LoseReply | Self::CutAfter | Self::Truncate | Self::Trickle | Self::Delay
        )
    }

    /// Whether it says that a transaction was canceled.
    pub(super) const fn cancels(self) -> bool {
        matches!(
            self,
            Self::CancelByConflict | Self::CancelByThrottling | Self::CancelByThroughput
        )
    }
}
