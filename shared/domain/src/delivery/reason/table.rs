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
    const fn not_sent(name: &'static str) -> Self {
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
            ..Self::not_sent(name)
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
        Reason::Throttled => Row::not_sent("throttled"),
        Reason::InvalidParameter => Row::not_sent("invalid-parameter"),
        Reason::InvalidPhoneNumber => Row::not_sent("invalid-phone-number"),
        // Another channel would text somebody who asked for no more texts.
        Reason::OptedOut => Row::not_sent("opted-out").and_stops(),
        Reason::DeliveryRejected => Row::not_sent("delivery-rejected"),
        Reason::NotAuthorized => Row::not_sent("not-authorized").with_alarm(),
        Reason::AuthenticationFailed => Row::not_sent("authentication-failed").with_alarm(),
        Reason::AccountDisabled => Row::not_sent("account-disabled").with_alarm(),
        Reason::NoOrigination => Row::not_sent("no-origination").with_alarm(),
        Reason::WrongOrigination => Row::not_sent("wrong-origination").with_alarm(),
        Reason::MessageTypeMismatch => Row::not_sent("message-type-mismatch").with_alarm(),
        Reason::SenderIdNotRegistered => Row::not_sent("sender-id-not-registered").with_alarm(),
        Reason::SenderIdNotSupported => Row::not_sent("sender-id-not-supported").with_alarm(),
        Reason::RegistrationIncomplete => Row::not_sent("registration-incomplete").with_alarm(),
        Reason::ResourceNotActive => Row::not_sent("resource-not-active").with_alarm(),
        Reason::NotifyNotActive => Row::not_sent("notify-not-active").with_alarm(),
        Reason::InSandbox => Row::not_sent("in-sandbox").with_alarm(),
        Reason::CountryBlocked => Row::not_sent("country-blocked").with_alarm(),
        Reason::CountryNotEnabled => Row::not_sent("country-not-enabled").with_alarm(),
        // The operator decided that no text goes there. Another channel would go round that.
        Reason::ProtectBlocksCountry => Row::not_sent("protect-blocks-country")
            .and_stops()
            .with_alarm(),
        Reason::ProtectBlocksNumber => Row::not_sent("protect-blocks-number").and_stops(),
        Reason::PriceOverLimit => Row::not_sent("price-over-limit").with_alarm(),
        Reason::SpendLimit => Row::not_sent("spend-limit").with_alarm(),
        Reason::DailyLimit => Row::not_sent("daily-limit").with_alarm(),
        // It says something of one number, so no alarm: a stranger could cause it.
        Reason::DestinationLimit => Row::not_sent("destination-limit"),
        Reason::AccountReputation => Row::not_sent("account-reputation").with_alarm(),
        Reason::KeyUnusable => Row::not_sent("key-unusable").with_alarm(),
        Reason::NotFound => Row::not_sent("not-found").with_alarm(),
        Reason::Redirected => Row::not_sent("redirected").with_alarm(),
        Reason::AddressNotAllowed => Row::not_sent("address-not-allowed").with_alarm(),
        Reason::Certificate => Row::not_sent("certificate").with_alarm(),
        Reason::NotConnected => Row::not_sent("no-connection"),
        Reason::NotBuilt => Row::not_sent("request-not-built").with_alarm(),
        Reason::NotSetUp => Row::not_sent("not-set-up").with_alarm(),
        Reason::Refused => Row::not_sent("refused"),
        Reason::NoAnswer => Row::unclear("no-answer"),
        Reason::ConnectionLost => Row::unclear("connection-lost"),
        Reason::ServerError => Row::unclear("server-error"),
        Reason::UnreadableAnswer => Row::unclear("unreadable-answer"),
    }
}
