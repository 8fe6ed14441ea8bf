//! What the answer of an API of AWS that sends texts means.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Detail, MessageId, NotTaken, Reason};
use tokio::time::error::Elapsed;

use crate::clients::{find_connection_fault, has_bad_certificate, never_connected};

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
        Ok(Err(why)) => Delivery::from_failure(channel, why),
        Err(_) => Delivery::from_failure(channel, Reason::NoAnswer),
    }
}

/// Says what a failed call means for delivery. `read` says what a refusal means: its code and its answer.
///
/// Nothing was sent when the API itself answers 4xx, or when there was no connection to send it over. It may answer 5xx
/// after it has handed the message to the carrier, and a connection that breaks may hide a success.
pub(crate) fn classify<E: ProvideErrorMetadata, R: StatusCode>(
    error: &SdkError<E, R>,
    read: fn(&str, &R) -> NotTaken,
) -> NotTaken {
    match error {
        SdkError::ServiceError(context) => {
            let (status, code) = (context.raw().status(), context.err().code());
            let is_refused = (400..500).contains(&status);
            let why = match code {
                Some(code) if is_refused => read(code, context.raw()),
                None if is_refused => Reason::Refused.into(),
                code => NotTaken::new(Reason::ServerError, code.and_then(Detail::from_code)),
            };
            let detail = why.detail.unwrap_or_else(|| Detail::from_status(status));
            NotTaken::new(why.reason, Some(detail))
        }
        SdkError::ConstructionFailure(_) => Reason::NotBuilt.into(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => classify_connection(error),
            None => Reason::ConnectionLost.into(),
        },
        SdkError::TimeoutError(_) => Reason::NoAnswer.into(),
        _ => Reason::UnreadableAnswer.into(),
    }
}

/// Says what a connection that failed means for delivery.
pub(crate) fn classify_connection(error: &ConnectorError) -> NotTaken {
    let reason = if !never_connected(error) {
        Reason::ConnectionLost
    } else if has_bad_certificate(error) {
        Reason::Certificate
    } else {
        Reason::NotConnected
    };
    NotTaken::new(reason, find_connection_fault(error).map(Detail::from_name))
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
