//! Sends text messages through Amazon SNS.

use aws_sdk_sns::error::{BuildError, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Detail, NotTaken, Reason, Text};

use crate::answers::{StatusCode, conclude, read_common_code};
use crate::clients::SnsClient;
use phoneproof_domain::outgoing::{Origination, OutgoingText, SentAs};
use phoneproof_domain::policy::{SmsPolicy, SmsType};

/// Sends text messages under one policy. Each call makes one attempt, because SNS would text a repeated call twice.
#[derive(Clone, derive_more::Debug)]
#[debug("Sender")]
pub struct Sender {
    client: SnsClient,
    attributes: Vec<(&'static str, MessageAttributeValue)>,
}

impl Sender {
    /// Makes a sender with the message type and price limit of `policy`.
    ///
    /// # Errors
    ///
    /// [`UnusableAttributes`] when one of them cannot be written as a message attribute. No text goes out without its
    /// price limit.
    pub fn new(
        client: impl Into<SnsClient>,
        policy: &SmsPolicy,
    ) -> Result<Self, UnusableAttributes> {
        let sms_type = make_attribute("String", name_class(policy.sms_type))?;
        let mut attributes = vec![("AWS.SNS.SMS.SMSType", sms_type)];
        if let Some(price) = policy.max_price {
            let price = make_attribute("Number", &price.to_string())?;
            attributes.push(("AWS.SNS.SMS.MaxPrice", price));
        }
        Ok(Self {
            client: client.into(),
            attributes,
        })
    }

    /// Builds the SNS client now instead of at the first text message.
    pub fn warm_up(&self) {
        let _: &aws_sdk_sns::Client = self.client.get();
    }

    /// Opens a connection to SNS, unless one was used a moment ago. Errors are ignored. The send reports them.
    pub async fn prepare(&self) {
        self.client.prepare().await;
    }

    /// Hands `text` to SNS and waits for the answer until `deadline`.
    ///
    /// The result is [`Delivery::Unknown`] unless SNS said that it took the message, or certainly did not.
    pub async fn send(&self, text: &Text<'_>, deadline: Instant) -> Delivery {
        let called = timeout_at(deadline, self.publish(text.outgoing)).await;
        conclude(Channel::Sns, called)
    }

    /// Sends `text` and returns the message id that SNS assigned.
    ///
    /// # Errors
    ///
    /// [`NotTaken`], whose detail is the error code of SNS, or how the connection failed.
    pub async fn publish(&self, text: OutgoingText<'_>) -> Result<String, NotTaken> {
        let mut request = self
            .client
            .get()
            .publish()
            .phone_number(text.phone.expose())
            .message(text.body);
        for (name, value) in &self.attributes {
            request = request.message_attributes(*name, value.clone());
        }
        for (name, value) in list_attributes(text.sent_as) {
            let value = make_attribute("String", value)
                .map_err(|_| NotTaken::new(Reason::NotBuilt, Some(Detail::from_name(name))))?;
            request = request.message_attributes(name, value);
        }
        let answer = request.send().await.map_err(|error| classify(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

/// The policy of texts cannot be written as attributes of a message.
#[derive(Debug, Error)]
#[error("the SMS policy cannot be written as attributes of a message: {0}")]
pub struct UnusableAttributes(#[from] BuildError);

/// The value of the message attribute `AWS.SNS.SMS.SMSType`.
const fn name_class(class: SmsType) -> &'static str {
    match class {
        SmsType::Transactional => "Transactional",
        SmsType::Promotional => "Promotional",
    }
}

/// Lists the attributes that a text has by the policy of its country.
fn list_attributes(sent_as: SentAs<'_>) -> impl Iterator<Item = (&'static str, &str)> {
    let origination = match sent_as.origination {
        Origination::Unnamed => None,
        Origination::SenderId(id) => Some(("AWS.SNS.SMS.SenderID", id.as_str())),
        Origination::Number(number) => Some(("AWS.MM.SMS.OriginationNumber", number.as_str())),
    };
    let ids = sent_as.registration.map(|ids| {
        [
            ("AWS.MM.SMS.EntityId", ids.entity_id),
            ("AWS.MM.SMS.TemplateId", ids.template_id),
        ]
    });
    origination.into_iter().chain(ids.into_iter().flatten())
}

fn make_attribute(data_type: &str, value: &str) -> Result<MessageAttributeValue, BuildError> {
    let builder = MessageAttributeValue::builder()
        .data_type(data_type)
        .string_value(value);
    builder.build()
}

/// The reason behind an error code of SNS: those of `Publish`, and those that every API of AWS has.
///
/// The model does not list `OptedOut` among the errors of `Publish`. SNS takes such a text and drops it.
fn read_code(code: &str) -> Reason {
    match code {
        "KMSThrottling" | "KMSThrottlingException" => Reason::Throttled,
        "InvalidParameter"
        | "InvalidParameterException"
        | "ParameterValueInvalid"
        | "InvalidParameterValue" => Reason::InvalidParameter,
        "OptedOut" => Reason::OptedOut,
        "AuthorizationError"
        | "AuthorizationErrorException"
        | "InvalidSecurity"
        | "InvalidSecurityException" => Reason::NotAuthorized,
        "EndpointDisabled"
        | "EndpointDisabledException"
        | "PlatformApplicationDisabled"
        | "PlatformApplicationDisabledException" => Reason::AccountDisabled,
        "KMSAccessDenied"
        | "KMSAccessDeniedException"
        | "KMSDisabled"
        | "KMSDisabledException"
        | "KMSInvalidState"
        | "KMSInvalidStateException"
        | "KMSNotFound"
        | "KMSNotFoundException"
        | "KMSOptInRequired" => Reason::KeyUnusable,
        "NotFound" | "NotFoundException" => Reason::NotFound,
        other => read_common_code(other),
    }
}

/// Says what a failed call means for delivery.
fn classify<R: StatusCode>(error: &SdkError<PublishError, R>) -> NotTaken {
    crate::answers::classify(error, |code, _| {
        NotTaken::new(read_code(code), Detail::from_code(code))
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::ErrorMetadata;
    use phoneproof_domain::delivery::Certainty;

    use super::*;

    struct Status(u16);

    impl StatusCode for Status {
        fn status(&self) -> u16 {
            self.0
        }
    }

    fn service_error(status: u16, code: &str) -> SdkError<PublishError, Status> {
        let error = PublishError::generic(ErrorMetadata::builder().code(code).build());
        SdkError::service_error(error, Status(status))
    }

    #[test]
    fn only_a_4xx_answer_proves_that_nothing_was_sent() {
        let certainty = |error| classify(&error).reason.certainty();
        for status in [400, 403, 429] {
            assert_eq!(certainty(service_error(status, "Any")), Certainty::NotSent);
        }
        for status in [500, 503] {
            let error = service_error(status, "Throttled");
            assert_eq!(certainty(error), Certainty::Unclear);
        }
        let slow = SdkError::<PublishError, Status>::timeout_error("slow");
        assert_eq!(classify(&slow), Reason::NoAnswer.into());
        let bad = SdkError::<PublishError, Status>::construction_failure("bad");
        assert_eq!(classify(&bad), Reason::NotBuilt.into());
    }

    #[test]
    fn every_error_of_publish_has_its_reason() {
        for (code, reason) in [
            ("Throttled", Reason::Throttled),
            ("ThrottledException", Reason::Throttled),
            ("KMSThrottling", Reason::Throttled),
            ("InvalidParameter", Reason::InvalidParameter),
            ("ParameterValueInvalid", Reason::InvalidParameter),
            ("ValidationException", Reason::InvalidParameter),
            ("OptedOut", Reason::OptedOut),
            ("AuthorizationError", Reason::NotAuthorized),
            ("InvalidSecurity", Reason::NotAuthorized),
            ("SignatureDoesNotMatch", Reason::NotAuthorized),
            ("EndpointDisabled", Reason::AccountDisabled),
            ("PlatformApplicationDisabled", Reason::AccountDisabled),
            ("KMSAccessDenied", Reason::KeyUnusable),
            ("KMSDisabled", Reason::KeyUnusable),
            ("KMSInvalidState", Reason::KeyUnusable),
            ("KMSNotFound", Reason::KeyUnusable),
            ("KMSOptInRequired", Reason::KeyUnusable),
            ("NotFound", Reason::NotFound),
            ("UserError", Reason::Refused),
            ("", Reason::Refused),
        ] {
            let why = classify(&service_error(400, code));
            assert_eq!(why.reason, reason, "{code}");
            let detail = why.detail.as_ref().map(Detail::as_str);
            let expected = if code.is_empty() { "400" } else { code };
            assert_eq!(detail, Some(expected), "its own code, or the status");
        }
    }

    #[test]
    fn a_failure_of_sns_keeps_its_code() {
        let failed = classify(&service_error(500, "InternalError"));
        let expected = NotTaken::new(
            Reason::ServerError,
            Some(Detail::from_name("InternalError")),
        );
        assert_eq!(failed, expected);
    }
}
