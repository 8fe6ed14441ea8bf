//! Why a channel did not take a text: one row per reason.

mod table;

use strum::EnumCount;

use self::table::row;

/// Whether a text that a channel did not take may arrive all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It was certainly not sent: the counts are given back, and the caller gets `delivery-failed` (502).
    NotSent,
    /// It may arrive: nothing is given back, and the caller gets `delivery-unknown` (504) with the token.
    Unclear,
}

/// Why a channel did not take a text, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Reason {
    /// The channel takes no more texts for now.
    Throttled,
    /// The channel does not take this number, sender or text. SNS does not say which.
    InvalidParameter,
    /// The provider says that the number does not exist or cannot be texted.
    InvalidPhoneNumber,
    /// The owner of the number has replied STOP.
    OptedOut,
    /// The provider refused this text because of its content or route.
    DeliveryRejected,
    /// AWS does not let these credentials text.
    NotAuthorized,
    /// The receiver refused the signature, or the provider refused the receiver.
    AuthenticationFailed,
    /// The account or the endpoint is switched off.
    AccountDisabled,
    /// The account has no number, pool or sender id for the country.
    NoOrigination,
    /// The number, pool or sender id does not serve the country.
    WrongOrigination,
    /// The number, pool or sender id is for texts of another class.
    MessageTypeMismatch,
    /// The sender id is not registered, or needs a registration in the country.
    SenderIdNotRegistered,
    /// The country has no sender ids.
    SenderIdNotSupported,
    /// A registration has not been completed.
    RegistrationIncomplete,
    /// A number, pool or sender id is not active.
    ResourceNotActive,
    /// The Notify configuration is not active, or not for this channel.
    NotifyNotActive,
    /// The account is in the sandbox, and the number is not verified there.
    InSandbox,
    /// AWS blocks the country for this account.
    CountryBlocked,
    /// The country is not enabled for the account or its Notify configuration.
    CountryNotEnabled,
    /// The operator's Protect configuration blocks the country.
    ProtectBlocksCountry,
    /// The operator's Protect configuration blocks the number.
    ProtectBlocksNumber,
    /// The text costs more than the policy allows.
    PriceOverLimit,
    /// The money of the month is spent.
    SpendLimit,
    /// The texts of the day are used up.
    DailyLimit,
    /// The number got as many messages as AWS sends to one in a day.
    DestinationLimit,
    /// AWS has stopped the account for its reputation.
    AccountReputation,
    /// A key of AWS KMS cannot be used.
    KeyUnusable,
    /// What the call names does not exist: a path, a topic, an operation.
    NotFound,
    /// The receiver answered with a redirect, which is never followed.
    Redirected,
    /// The name of the receiver leads to an address that the policy does not allow.
    AddressNotAllowed,
    /// The certificate of the other end does not count.
    Certificate,
    /// No connection was made.
    NotConnected,
    /// The request could not be written.
    NotBuilt,
    /// The route names a channel that the policy does not set up.
    NotSetUp,
    /// Refused with a status or code that has no row of its own.
    Refused,
    /// No answer came in time.
    NoAnswer,
    /// The connection broke before the answer.
    ConnectionLost,
    /// The channel says that it failed.
    ServerError,
    /// The answer cannot be read.
    UnreadableAnswer,
}

impl Reason {
    /// Every reason, in the order of the documents.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Throttled,
        Self::InvalidParameter,
        Self::InvalidPhoneNumber,
        Self::OptedOut,
        Self::DeliveryRejected,
        Self::NotAuthorized,
        Self::AuthenticationFailed,
        Self::AccountDisabled,
        Self::NoOrigination,
        Self::WrongOrigination,
        Self::MessageTypeMismatch,
        Self::SenderIdNotRegistered,
        Self::SenderIdNotSupported,
        Self::RegistrationIncomplete,
        Self::ResourceNotActive,
        Self::NotifyNotActive,
        Self::InSandbox,
        Self::CountryBlocked,
        Self::CountryNotEnabled,
        Self::ProtectBlocksCountry,
        Self::ProtectBlocksNumber,
        Self::PriceOverLimit,
        Self::SpendLimit,
        Self::DailyLimit,
        Self::DestinationLimit,
        Self::AccountReputation,
        Self::KeyUnusable,
        Self::NotFound,
        Self::Redirected,
        Self::AddressNotAllowed,
        Self::Certificate,
        Self::NotConnected,
        Self::NotBuilt,
        Self::NotSetUp,
        Self::Refused,
        Self::NoAnswer,
        Self::ConnectionLost,
        Self::ServerError,
        Self::UnreadableAnswer,
    ];

    /// Returns the name of the reason on request lines and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        row(self).name
    }

    /// Whether the text may arrive all the same. It decides on the refund and on the caller's status.
    #[must_use]
    pub const fn certainty(self) -> Certainty {
        row(self).certainty
    }

    /// Whether the next channel of the route is tried.
    #[must_use]
    pub const fn tries_next(self) -> bool {
        row(self).tries_next
    }

    /// Whether an operator has to act.
    #[must_use]
    pub const fn alarms(self) -> bool {
        row(self).alarms
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_row_of_its_own() {
        let names: BTreeSet<_> = Reason::ALL.map(Reason::name).into();
        assert_eq!(names.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let name = reason.name();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{name}: a value of a metric's dimension"
            );
        }
    }

    #[test]
    fn nothing_that_may_arrive_is_tried_again() {
        let unclear: Vec<_> = Reason::ALL
            .into_iter()
            .filter(|reason| reason.certainty() == Certainty::Unclear)
            .collect();
        assert_eq!(unclear.len(), 4);
        assert!(unclear.iter().all(|reason| !reason.tries_next()));
        let stops: Vec<_> = Reason::ALL
            .into_iter()
            .filter(|reason| reason.certainty() == Certainty::NotSent && !reason.tries_next())
            .collect();
        let decided = [
            Reason::OptedOut,
            Reason::ProtectBlocksCountry,
            Reason::ProtectBlocksNumber,
        ];
        assert_eq!(stops, decided, "somebody decided that no text comes");
    }
}
