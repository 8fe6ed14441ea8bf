//! What the answer of an API of AWS that sends texts means.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, MessageId, Reason};
use tokio::time::error::Elapsed;

use crate::clients::{has_bad_certificate, never_connected};

/// An API did not confirm that it took a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Why, and whether the text may have been sent all the same.
    pub reason: Reason,
    /// What the API calls it, or the kind of failure, as [`error_code`](crate::clients::error_code) gives it.
    pub code: String,
}

/// Makes the outcome of a text of what its call returned in time.
pub(crate) fn conclude(
    channel: Channel,
    called: Result<Result<String, NotTaken>, Elapsed>,
) -> Delivery {
    match called {
        Ok(Ok(id)) => Delivery::Accepted {
            channel,
            id: MessageId::new(id),
        },
        Ok(Err(NotTaken { reason, .. })) => Delivery::failed(channel, reason),
        Err(_) => Delivery::failed(channel, Reason::NoAnswer),
    }
}

/// Says what a failed call means for delivery. `read` says what a refusal means: its code and its answer.
///
/// Nothing was sent when the API itself answers 4xx, or when there was no connection to send it over. It may answer 5xx
/// after it has handed the message to the carrier, and a connection that breaks may hide a success.
pub(crate) fn classify<E: ProvideErrorMetadata, R: StatusCode>(
    error: &SdkError<E, R>,
    read: fn(&str, &R) -> Reason,
) -> Reason {
    match error {
        SdkError::ServiceError(context) if (400..500).contains(&context.raw().status()) => {
            let code = context.err().code();
            code.map_or(Reason::Refused, |code| read(code, context.raw()))
        }
        SdkError::ServiceError(_) => Reason::ServerError,
        SdkError::ConstructionFailure(_) => Reason::NotBuilt,
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) if !never_connected(error) => Reason::ConnectionLost,
            Some(error) if has_bad_certificate(error) => Reason::Certificate,
            Some(_) => Reason::NotConnected,
            None => Reason::ConnectionLost,
        },
        SdkError::TimeoutError(_) => Reason::NoAnswer,
        _ => Reason::UnreadableAnswer,
    }
}

/// The reason behind an error code that every API of AWS has.
pub(crate) fn read_common_code(code: &str) -> Reason {
    match code {
        "Throttled"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => Reason::Throttled,
        "ValidationError" | "ValidationException" => Reason::InvalidParameter,
        "AccessDenied"
        | "AccessDeniedException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "UnrecognizedClientException" => Reason::NotAuthorized,
        "OptInRequired" => Reason::AccountDisabled,
        "InvalidAction" | "UnknownOperationException" => Reason::NotFound,
        _ => Reason::Refused,
    }
}

/// Tells the HTTP status of an answer. It is a trait so that tests can classify answers without an HTTP response.
pub(crate) trait StatusCode {
    fn status(&self) -> u16;
}

impl StatusCode for HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}
