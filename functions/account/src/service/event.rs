//! The events that request lines and metrics report.

use phoneproof_observe::RequestContext;

/// What a request did to an account: `event` of the request line, and a dimension of its metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountEvent {
    /// An account was registered.
    Registered,
    /// An account was registered, and took its phone from an account that nobody used.
    Unlinked,
    /// The owner of a phone asked for it, and another account has it.
    UnlinkRequested,
    /// Somebody logged in, which began a session.
    LoggedIn,
    /// A refresh token was exchanged, which continued its session.
    Refreshed,
    /// A session ended because a refresh token came back that was exchanged before.
    ReuseDetected,
    /// The owner of the account ended one or more sessions.
    LoggedOut,
    /// The owner of the account changed the password in a session.
    PasswordChanged,
    /// The owner of the account moved it to another phone in a session.
    PhoneChanged,
    /// The owner of the account set a forgotten password anew.
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

    /// Returns the name of the event in logs and metrics.
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
            Self::PhoneChanged => "phone-changed",
            Self::PasswordReset => "password-reset",
            Self::RecoveryCodeMade => "recovery-code-made",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
        }
    }
}
