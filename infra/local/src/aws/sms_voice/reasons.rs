//! How AWS End User Messaging says each reason.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::Reason;

/// The exception and its reason; `None` for a failure of the API itself. Reasons of other channels become one that it
/// has.
pub(super) const fn write_reason(
    channel: Channel,
    reason: Reason,
) -> Option<(&'static str, Option<&'static str>)> {
    const CONFLICT: &str = "ConflictException";
    const VALIDATION: &str = "ValidationException";
    const QUOTA: &str = "ServiceQuotaExceededException";
    const DENIED: &str = "AccessDeniedException";
    Some(match reason {
        Reason::Throttled => ("ThrottlingException", None),
        Reason::InvalidParameter | Reason::InvalidPhoneNumber => {
            (VALIDATION, Some("FIELD_VALIDATION_FAILED"))
        }
        Reason::OptedOut => (CONFLICT, Some("DESTINATION_PHONE_NUMBER_OPTED_OUT")),
        Reason::NotAuthorized | Reason::AuthenticationFailed => (DENIED, None),
        Reason::AccountDisabled => (DENIED, Some("ACCOUNT_DISABLED")),
        Reason::AccountReputation => (DENIED, Some("INSUFFICIENT_ACCOUNT_REPUTATION")),
        Reason::NoOrigination => (CONFLICT, Some("NO_ORIGINATION_IDENTITIES_FOUND")),
        Reason::WrongOrigination => (VALIDATION, Some("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY")),
        Reason::MessageTypeMismatch => (CONFLICT, Some("MESSAGE_TYPE_MISMATCH")),
        Reason::SenderIdNotRegistered => (VALIDATION, Some("SENDER_ID_REQUIRES_REGISTRATION")),
        Reason::SenderIdNotSupported => (VALIDATION, Some("SENDER_ID_NOT_SUPPORTED")),
        Reason::RegistrationIncomplete => (CONFLICT, Some("REGISTRATION_NOT_COMPLETE")),
        Reason::ResourceNotActive => (CONFLICT, Some("RESOURCE_NOT_ACTIVE")),
        Reason::NotifyNotActive => (CONFLICT, Some("NOTIFY_CONFIGURATION_NOT_ACTIVE")),
        Reason::InSandbox => (CONFLICT, Some("DESTINATION_PHONE_NUMBER_NOT_VERIFIED")),
        Reason::CountryBlocked => (VALIDATION, Some("DESTINATION_COUNTRY_BLOCKED")),
        Reason::CountryNotEnabled => (VALIDATION, Some("COUNTRY_NOT_ENABLED")),
        Reason::ProtectBlocksCountry => (
            CONFLICT,
            Some("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"),
        ),
        Reason::ProtectBlocksNumber => (
            CONFLICT,
            Some("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"),
        ),
        Reason::PriceOverLimit => (VALIDATION, Some("PRICE_OVER_THRESHOLD")),
        Reason::SpendLimit => (QUOTA, Some(write_spend_limit(channel))),
        Reason::DailyLimit => (QUOTA, Some("DAILY_NOTIFY_TIER_MESSAGE_LIMIT")),
        Reason::DestinationLimit => (QUOTA, Some("DAILY_DESTINATION_CALL_LIMIT")),
        Reason::NotFound => ("ResourceNotFoundException", None),
        Reason::DeliveryRejected
        | Reason::KeyUnusable
        | Reason::Redirected
        | Reason::AddressNotAllowed
        | Reason::Certificate
        | Reason::NotConnected
        | Reason::NotBuilt
        | Reason::NotSetUp
        | Reason::Refused => (CONFLICT, Some("RESOURCE_NOT_EMPTY")),
        Reason::NoAnswer
        | Reason::ConnectionLost
        | Reason::ServerError
        | Reason::UnreadableAnswer => return None,
    })
}

/// Texts, Notify and calls have a limit each.
const fn write_spend_limit(channel: Channel) -> &'static str {
    match channel {
        Channel::NotifyVoice => "MONTHLY_SPEND_LIMIT_REACHED_FOR_VOICE",
        Channel::Notify => "MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY",
        Channel::EndUserMessaging | Channel::Sns | Channel::Hook => {
            "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"
        }
    }
}
