//! What happened to accounts, for the request line.

use phoneproof_observe::RequestContext;

/// What happened to an account: `event` of the request line, a dimension of its metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountEvent {
    /// An account was registered.
    Registered,
    /// An account was registered with a phone that was taken from an unused one.
    Unlinked,
    /// Somebody asked for a phone that an account has.
    UnlinkRequested,
    /// A session began.
    LoggedIn,
    /// A session was continued.
    Refreshed,
    /// A session ended because an exchanged token came back.
    ReuseDetected,
    /// One or more sessions were ended by their owner.
    LoggedOut,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset.
    PasswordReset,
    /// A recovery code was made.
    RecoveryCodeMade,
    /// An account was deleted.
    Deleted,
    /// A request was refused.
    Refused,
}

impl AccountEvent {
    /// Notes the event for the line of the request.
    pub(super) const fn note(self, request: &mut RequestContext) {
        request.facts.event = Some(self.name());
    }

    /// The name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Unlinked => "unlinked",
            Self::UnlinkRequested => "unlink-requested",
            Self::LoggedIn => "logged-in",
            Self::Refreshed => "refreshed",
            Self::ReuseDetected => "reuse-detected",
            Self::LoggedOut => "logged-out",
            Self::PasswordChanged => "password-changed",
            Self::PasswordReset => "password-reset",
            Self::RecoveryCodeMade => "recovery-code-made",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
        }
    }
}
