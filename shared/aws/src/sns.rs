//! Sends text messages through Amazon SNS.

use std::fmt;
use std::future::Future;

use aws_sdk_sns::error::{BuildError, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use phoneproof_domain::delivery::Delivery;

use crate::clients::{SnsClient, never_connected};
use phoneproof_domain::outgoing::{Origination, OutgoingText, SentAs};
use phoneproof_domain::policy::{SmsPolicy, SmsType};

/// Sends text messages under one policy. Each call makes one attempt, because SNS would text a repeated call twice.
#[derive(Clone)]
pub struct Sender {
    client: SnsClient,
    attributes: Vec<(&'static str, MessageAttributeValue)>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
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
        let sms_type = make_attribute("String", class_name(policy.sms_type))?;
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

    /// Does `work`, and opens a connection to SNS beside it unless one was used a moment ago.
    ///
    /// So a text neither waits for a connection nor goes over one that may be dead. A failure of `work` ends the opening.
    ///
    /// # Errors
    ///
    /// The error of `work`. A connection that does not open is not an error here: the text then says so.
    pub async fn connect_beside<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let connect = async {
            self.client.prepare().await;
            Ok(())
        };
        let (done, ()) = tokio::try_join!(work, connect)?;
        Ok(done)
    }

    /// Sends `text` and waits for the answer of SNS until `deadline`. A failure is logged.
    ///
    /// The result is [`Delivery::Unknown`] unless SNS said that it took the message, or certainly did not.
    pub async fn send(&self, text: OutgoingText<'_>, deadline: Instant) -> Delivery {
        match timeout_at(deadline, self.publish(text)).await {
            Ok(Ok(_)) => Delivery::Accepted,
            Ok(Err(NotTaken { delivery, code })) => {
                tracing::warn!(code, ?delivery, "SNS did not take a text");
                delivery
            }
            Err(_) => {
                tracing::warn!("SNS did not answer in time");
                Delivery::Unknown
            }
        }
    }

    /// Sends `text` and returns the message id that SNS assigned.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] with the error code of SNS, or the kind of failure when SNS did not answer.
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
            let value = make_attribute("String", value).map_err(|error| NotTaken {
                delivery: Delivery::Refused,
                code: error.to_string(),
            })?;
            request = request.message_attributes(name, value);
        }
        let answer = request.send().await.map_err(|error| NotTaken {
            delivery: classify(&error),
            code: crate::clients::error_code(&error),
        })?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

/// The policy of texts cannot be written as attributes of a message.
#[derive(Debug, Error)]
#[error("the SMS policy cannot be written as attributes of a message: {0}")]
pub struct UnusableAttributes(#[from] BuildError);

/// SNS did not confirm that it took a text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// [`Delivery::Refused`] when the message was certainly not sent, [`Delivery::Unknown`] when it may have been.
    pub delivery: Delivery,
    /// The error code of SNS, or the kind of failure, as [`error_code`](crate::clients::error_code) gives it.
    pub code: String,
}

/// The value of the message attribute `AWS.SNS.SMS.SMSType`.
const fn class_name(class: SmsType) -> &'static str {
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

/// Says what a failed call means for delivery.
///
/// Nothing was sent when SNS itself answers 4xx, or when there was no connection to send it over. SNS may answer 5xx
/// after it has handed the message to the carrier, and a connection that breaks may hide a success.
fn classify<R: StatusCode>(error: &SdkError<PublishError, R>) -> Delivery {
    match error {
        SdkError::ServiceError(context) if (400..500).contains(&context.raw().status()) => {
            Delivery::Refused
        }
        SdkError::ConstructionFailure(_) => Delivery::Refused,
        SdkError::DispatchFailure(failure)
            if failure.as_connector_error().is_some_and(never_connected) =>
        {
            Delivery::Refused
        }
        _ => Delivery::Unknown,
    }
}

/// Tells the HTTP status of an answer. It is a trait so that tests can classify answers without an HTTP response.
trait StatusCode {
    fn status(&self) -> u16;
}

impl StatusCode for aws_smithy_runtime_api::client::orchestrator::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Status(u16);

    impl StatusCode for Status {
        fn status(&self) -> u16 {
            self.0
        }
    }

    fn service_error(status: u16) -> SdkError<PublishError, Status> {
        let error = PublishError::unhandled("refused");
        SdkError::service_error(error, Status(status))
    }

    #[test]
    fn only_a_4xx_answer_proves_that_nothing_was_sent() {
        assert_eq!(classify(&service_error(400)), Delivery::Refused);
        assert_eq!(classify(&service_error(403)), Delivery::Refused);
        assert_eq!(classify(&service_error(429)), Delivery::Refused);
        assert_eq!(classify(&service_error(500)), Delivery::Unknown);
        assert_eq!(classify(&service_error(503)), Delivery::Unknown);
        assert_eq!(
            classify(&SdkError::<PublishError, Status>::timeout_error("slow")),
            Delivery::Unknown
        );
        assert_eq!(
            classify(&SdkError::<PublishError, Status>::construction_failure(
                "bad"
            )),
            Delivery::Refused
        );
    }
}
