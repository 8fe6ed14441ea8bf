//! The table of reasons.

use super::{Certainty, Reason};

/// What follows from a reason.
pub(super) struct Row {
    /// On request lines and metrics.
    pub(super) name: &'static str,
    pub(super) certainty: Certainty,
    /// Whether the next channel of the route is tried. Never when the text may have been sent.
    pub(super) tries_next: bool,
    /// Whether an operator has to act: no later text will fare better.
    pub(super) alarms: bool,
}

impl Row {
    /// A refusal after which the next channel is tried.
    const fn refused(name: &'static str) -> Self {
        Self {
            name,
            certainty: Certainty::NotSent,
            tries_next: true,
            alarms: false,
        }
    }

    /// A text that may arrive.
    const fn unclear(name: &'static str) -> Self {
        Self {
            certainty: Certainty::Unclear,
            tries_next: false,
            ..Self::refused(name)
        }
    }

    const fn with_alarm(self) -> Self {
        Self {
            alarms: true,
            ..self
        }
    }

    const fn and_stops(self) -> Self {
        Self {
            tries_next: false,
            ..self
        }
    }
}

/// Returns the row of a reason.
pub(super) const fn row(reason: Reason) -> Row {
    match reason {
        Reason::Throttled => Row::refused("throttled"),
        Reason::InvalidParameter => Row::refused("invalid-parameter"),
        Reason::InvalidPhoneNumber => Row::refused("invalid-phone-number"),
        // Another channel would text somebody who asked for no more texts.
        Reason::OptedOut => Row::refused("opted-out").and_stops(),
        Reason::DeliveryRejected => Row::refused("delivery-rejected"),
        Reason::NotAuthorized => Row::refused("not-authorized").with_alarm(),
        Reason::AuthenticationFailed => Row::refused("authentication-failed").with_alarm(),
        Reason::AccountDisabled => Row::refused("account-disabled").with_alarm(),
        Reason::NoOrigination => Row::refused("no-origination").with_alarm(),
        Reason::WrongOrigination => Row::refused("wrong-origination").with_alarm(),
        Reason::MessageTypeMismatch => Row::refused("message-type-mismatch").with_alarm(),
        Reason::SenderIdNotRegistered => Row::refused("sender-id-not-registered").with_alarm(),
        Reason::SenderIdNotSupported => Row::refused("sender-id-not-supported").with_alarm(),
        Reason::RegistrationIncomplete => Row::refused("registration-incomplete").with_alarm(),
        Reason::ResourceNotActive => Row::refused("resource-not-active").with_alarm(),
        Reason::NotifyNotActive => Row::refused("notify-not-active").with_alarm(),
        Reason::InSandbox => Row::refused("in-sandbox").with_alarm(),
        Reason::CountryBlocked => Row::refused("country-blocked").with_alarm(),
        Reason::CountryNotEnabled => Row::refused("country-not-enabled").with_alarm(),
        // The operator decided that no text goes there. Another channel would go round that.
        Reason::ProtectBlocksCountry => Row::refused("protect-blocks-country")
            .and_stops()
            .with_alarm(),
        Reason::ProtectBlocksNumber => Row::refused("protect-blocks-number").and_stops(),
        Reason::PriceOverLimit => Row::refused("price-over-limit").with_alarm(),
        Reason::SpendLimit => Row::refused("spend-limit").with_alarm(),
        Reason::DailyLimit => Row::refused("daily-limit").with_alarm(),
        // It says something of one number, so no alarm: a stranger could cause it.
        Reason::DestinationLimit => Row::refused("destination-limit"),
        Reason::AccountReputation => Row::refused("account-reputation").with_alarm(),
        Reason::KeyUnusable => Row::refused("key-unusable").with_alarm(),
        Reason::NotFound => Row::refused("not-found").with_alarm(),
        Reason::Redirected => Row::refused("redirected").with_alarm(),
        Reason::AddressNotAllowed => Row::refused("address-not-allowed").with_alarm(),
        Reason::Certificate => Row::refused("certificate").with_alarm(),
        Reason::NotConnected => Row::refused("no-connection"),
        Reason::NotBuilt => Row::refused("request-not-built").with_alarm(),
        Reason::NotSetUp => Row::refused("not-set-up").with_alarm(),
        Reason::Refused => Row::refused("refused"),
        Reason::NoAnswer => Row::unclear("no-answer"),
        Reason::ConnectionLost => Row::unclear("connection-lost"),
        Reason::ServerError => Row::unclear("server-error"),
        Reason::UnreadableAnswer => Row::unclear("unreadable-answer"),
    }
}
