//! What AWS describes of End User Messaging, and what it means that it describes nothing.

use aws_sdk_pinpointsmsvoicev2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use phoneproof_aws::clients::error_code;
use phoneproof_domain::policy::SmsType;

use super::finding::Finding;

const REGION_ADVICE: &str =
    "compare the policy with the account, in the region that texts are sent from";

/// Whether AWS says that there is no such resource.
pub(super) fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error_code(error) == "ResourceNotFoundException"
}

/// Reports that the account has nothing by what the policy names.
pub(super) fn report_missing(path: &str, what: &str) -> Finding {
    let seen = format!("{path} names {what} that the account does not have");
    Finding::fail(seen, REGION_ADVICE)
}

/// Takes what AWS described. Without it, the finding says that the account lacks what stands at `path`, or why the call
/// failed.
pub(super) fn take_described<T, E: ProvideErrorMetadata, R>(
    (path, what): (&str, &str),
    right: &'static str,
    described: Result<Option<T>, SdkError<E, R>>,
) -> Result<T, Finding> {
    match described {
        Ok(Some(described)) => Ok(described),
        Ok(None) => Err(report_missing(path, what)),
        Err(error) if is_missing(&error) => Err(report_missing(path, what)),
        Err(error) => Err(Finding::of_call(right, &error)),
    }
}

/// The type of messages that `sms.type` means.
pub(super) const fn message_type_of(wanted: SmsType) -> MessageType {
    match wanted {
        SmsType::Transactional => MessageType::Transactional,
        SmsType::Promotional => MessageType::Promotional,
    }
}
