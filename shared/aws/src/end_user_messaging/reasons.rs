//! What a refusal of AWS End User Messaging means.

use phoneproof_domain::delivery::{Detail, NotTaken, Reason};
use serde_json::Value;

use crate::answers::read_common_code;

/// Says what a refusal means: the name of its exception, and the body of the answer, which may have a `Reason` in it.
///
/// It reads the body itself, because the SDK has a type for each operation, and five types of reasons. The detail is
/// the `Reason` or, without one, the name of the exception.
pub(super) fn read_refusal(exception: &str, body: &[u8]) -> NotTaken {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = body.get("Reason").and_then(Value::as_str);
    let reason = named
        .and_then(read_reason)
        .unwrap_or_else(|| match exception {
            "ServiceQuotaExceededException" => Reason::DailyLimit,
            "ResourceNotFoundException" => Reason::NotFound,
            other => read_common_code(other),
        });
    let detail = named.and_then(Detail::from_code);
    NotTaken::new(reason, detail.or_else(|| Detail::from_code(exception)))
}

/// The reasons of the API's model (2022-03-31) that a text can cause. The others leave the meaning to the exception.
fn read_reason(name: &str) -> Option<Reason> {
    Some(match name {
        // ConflictException
        "NO_ORIGINATION_IDENTITIES_FOUND" => Reason::NoOrigination,
        "DESTINATION_PHONE_NUMBER_OPTED_OUT" => Reason::OptedOut,
        "DESTINATION_PHONE_NUMBER_NOT_VERIFIED" => Reason::InSandbox,
        "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION" => Reason::ProtectBlocksCountry,
        "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE" => {
            Reason::ProtectBlocksNumber
        }
        "MESSAGE_TYPE_MISMATCH" => Reason::MessageTypeMismatch,
        "NUMBER_CAPABILITIES_MISMATCH" => Reason::WrongOrigination,
        "REGISTRATION_NOT_COMPLETE" => Reason::RegistrationIncomplete,
        "RESOURCE_NOT_ACTIVE" => Reason::ResourceNotActive,
        // A channel that is off is a fault of validation.
        "NOTIFY_CONFIGURATION_NOT_ACTIVE" | "CHANNEL_NOT_ENABLED" => Reason::NotifyNotActive,
        // ValidationException
        "PRICE_OVER_THRESHOLD" => Reason::PriceOverLimit,
        "DESTINATION_COUNTRY_BLOCKED" => Reason::CountryBlocked,
        "COUNTRY_NOT_ENABLED" | "INTERNATIONAL_SENDING_NOT_SUPPORTED" => Reason::CountryNotEnabled,
        "SENDER_ID_NOT_REGISTERED" | "SENDER_ID_REQUIRES_REGISTRATION" => {
            Reason::SenderIdNotRegistered
        }
        "SENDER_ID_NOT_SUPPORTED" => Reason::SenderIdNotSupported,
        "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY" | "RESOURCE_NOT_ACCESSIBLE" => {
            Reason::WrongOrigination
        }
        // ServiceQuotaExceededException
        "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"
        | "MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA"
        | "MONTHLY_SPEND_LIMIT_REACHED_FOR_RCS"
        | "MONTHLY_SPEND_LIMIT_REACHED_FOR_NOTIFY"
        | "MONTHLY_SPEND_LIMIT_REACHED_FOR_VOICE" => Reason::SpendLimit,
        "DAILY_NOTIFY_TIER_MESSAGE_LIMIT" => Reason::DailyLimit,
        "DAILY_DESTINATION_CALL_LIMIT" => Reason::DestinationLimit,
        // AccessDeniedException
        "INSUFFICIENT_ACCOUNT_REPUTATION" => Reason::AccountReputation,
        "ACCOUNT_DISABLED" => Reason::AccountDisabled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_reason_or_that_of_its_exception() {
        let read = |exception, body: &str| read_refusal(exception, body.as_bytes()).reason;
        let origination = r#"{"Message":"m","Reason":"NO_ORIGINATION_IDENTITIES_FOUND"}"#;
        assert_eq!(
            read("ConflictException", origination),
            Reason::NoOrigination
        );
        // Those that the tests of texts do not cause.
        for (exception, named, reason) in [
            (
                "ValidationException",
                "CHANNEL_NOT_ENABLED",
                Reason::NotifyNotActive,
            ),
            (
                "ServiceQuotaExceededException",
                "DAILY_DESTINATION_CALL_LIMIT",
                Reason::DestinationLimit,
            ),
            (
                "ServiceQuotaExceededException",
                "MONTHLY_SPEND_LIMIT_REACHED_FOR_VOICE",
                Reason::SpendLimit,
            ),
            // A pool may have an RCS agent.
            (
                "ServiceQuotaExceededException",
                "MONTHLY_SPEND_LIMIT_REACHED_FOR_RCS",
                Reason::SpendLimit,
            ),
            (
                "ServiceQuotaExceededException",
                "MONTHLY_SPEND_LIMIT_REACHED_FOR_MEDIA",
                Reason::SpendLimit,
            ),
        ] {
            let body = format!(r#"{{"Reason":"{named}"}}"#);
            assert_eq!(read(exception, &body), reason);
        }
        let later = r#"{"Reason":"A_REASON_OF_NEXT_YEAR"}"#;
        assert_eq!(read("ValidationException", later), Reason::InvalidParameter);
        assert_eq!(read("ConflictException", later), Reason::Refused);
        assert_eq!(read("AccessDeniedException", "{}"), Reason::NotAuthorized);
        assert_eq!(read("ThrottlingException", ""), Reason::Throttled);
        assert_eq!(read("ResourceNotFoundException", "<"), Reason::NotFound);
        let odd = r#"{"Reason":7}"#;
        assert_eq!(
            read("ServiceQuotaExceededException", odd),
            Reason::DailyLimit
        );
        assert_eq!(
            read("InvalidSignatureException", "{}"),
            Reason::NotAuthorized
        );
        assert_eq!(read("NoException", "{}"), Reason::Refused);
    }

    #[test]
    fn a_refusal_keeps_the_word_that_aws_gave_for_it() {
        for (body, word) in [
            (
                r#"{"Reason":"A_REASON_OF_NEXT_YEAR"}"#,
                "A_REASON_OF_NEXT_YEAR",
            ),
            (
                r#"{"Reason":"+14155550100 is no number"}"#,
                "ConflictException",
            ),
            ("{}", "ConflictException"),
        ] {
            let why = read_refusal("ConflictException", body.as_bytes());
            assert_eq!(why.detail.as_ref().map(Detail::as_str), Some(word));
        }
    }
}
