//! Sends text messages through AWS End User Messaging: by `SendTextMessage`, and by `SendNotifyTextMessage`.
//!
//! Neither call has a token that would make a second try the same text, so each text gets one attempt.
//! The types of the SDK print bodies and numbers in their `Debug`, and the answer of Notify repeats the whole text. So no
//! request, answer or error of the SDK leaves this module.

mod reasons;

use std::collections::HashMap;
use std::fmt;

use aws_sdk_pinpointsmsvoicev2::operation::send_notify_text_message::builders::SendNotifyTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::builders::SendTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::types::{DestinationCountryParameterKey, MessageType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, Text};
use phoneproof_domain::end_user_messaging::{EndUserMessagingPolicy, NotifyPolicy, time_to_live};
use phoneproof_domain::outgoing::Origination;
use phoneproof_domain::policy::{SmsPolicy, SmsType};
use tokio::time::{Instant, timeout_at};

pub use crate::answers::NotTaken;

use self::reasons::read_refusal;
use crate::answers::{classify, settle};
use crate::clients::{SmsVoiceClient, error_code};

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The text is sent.
    Send,
    /// The API checks the call, and sends nothing.
    DryRun,
}

/// The channel `end-user-messaging` of one policy.
#[derive(Clone)]
pub struct EndUserMessaging {
    client: SmsVoiceClient,
    policy: EndUserMessagingPolicy,
    message_type: MessageType,
    max_price: Option<String>,
}

impl fmt::Debug for EndUserMessaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndUserMessaging")
    }
}

impl EndUserMessaging {
    /// Makes the channel with the message type and price limit of `sms`.
    #[must_use]
    pub fn new(
        client: impl Into<SmsVoiceClient>,
        policy: EndUserMessagingPolicy,
        sms: &SmsPolicy,
    ) -> Self {
        Self {
            client: client.into(),
            policy,
            message_type: match sms.sms_type {
                SmsType::Transactional => MessageType::Transactional,
                SmsType::Promotional => MessageType::Promotional,
            },
            max_price: sms.max_price.map(|price| price.to_string()),
        }
    }

    /// Builds the client now instead of at the first text.
    pub fn warm_up(&self) {
        let _: &aws_sdk_pinpointsmsvoicev2::Client = self.client.get();
    }

    /// Opens a connection, unless one was used a moment ago. Errors are ignored; the text then says so.
    pub async fn prepare(&self) {
        self.client.prepare().await;
    }

    /// Hands over `text`, and waits for the answer until `deadline`.
    pub async fn send(&self, text: &Text<'_>, deadline: Instant) -> Delivery {
        let called = timeout_at(deadline, self.call(text, Purpose::Send)).await;
        settle(Channel::EndUserMessaging, called)
    }

    /// Calls `SendTextMessage`, and returns the message id that it assigned.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] unless the API took the text.
    pub async fn call(&self, text: &Text<'_>, purpose: Purpose) -> Result<String, NotTaken> {
        let answer = self.write(text, purpose).send().await;
        let answer = answer.map_err(|error| not_taken(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }

    fn write(&self, text: &Text<'_>, purpose: Purpose) -> SendTextMessageFluentBuilder {
        let (outgoing, policy) = (text.outgoing, &self.policy);
        let by_texts = match outgoing.sent_as.origination {
            Origination::Unnamed => None,
            Origination::SenderId(identity) | Origination::Number(identity) => {
                Some(identity.as_str())
            }
        };
        let identity = policy.identity(text.country).or(by_texts);
        let mut request = self
            .client
            .get()
            .send_text_message()
            .destination_phone_number(outgoing.phone.expose())
            .message_body(outgoing.body)
            .message_type(self.message_type.clone())
            .time_to_live(time_to_live(text.asked_at, text.expires_at))
            .set_origination_identity(identity.map(str::to_owned))
            .set_max_price(self.max_price.clone())
            .set_protect_configuration_id(policy.protect_configuration_id.clone())
            .set_configuration_set_name(policy.configuration_set.clone())
            .set_context(receipt_context(text))
            .set_dry_run(purpose.dry_run());
        if let Some(ids) = outgoing.sent_as.registration {
            use DestinationCountryParameterKey::{InEntityId, InTemplateId};
            request = request
                .destination_country_parameters(InEntityId, ids.entity_id)
                .destination_country_parameters(InTemplateId, ids.template_id);
        }
        request
    }
}

/// The channel `notify` of one policy.
#[derive(Clone)]
pub struct Notify {
    client: SmsVoiceClient,
    policy: NotifyPolicy,
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notify")
    }
}

impl Notify {
    /// The variable of AWS's templates that takes the code.
    const CODE: &str = "code";

    /// Makes the channel.
    #[must_use]
    pub fn new(client: impl Into<SmsVoiceClient>, policy: NotifyPolicy) -> Self {
        Self {
            client: client.into(),
            policy,
        }
    }

    /// Builds the client now instead of at the first text.
    pub fn warm_up(&self) {
        let _: &aws_sdk_pinpointsmsvoicev2::Client = self.client.get();
    }

    /// Opens a connection, unless one was used a moment ago. Errors are ignored; the text then says so.
    pub async fn prepare(&self) {
        self.client.prepare().await;
    }

    /// Hands over the code of `text`, and waits for the answer until `deadline`.
    pub async fn send(&self, text: &Text<'_>, deadline: Instant) -> Delivery {
        let called = timeout_at(deadline, self.call(text, Purpose::Send)).await;
        settle(Channel::Notify, called)
    }

    /// Calls `SendNotifyTextMessage`, and returns the message id that it assigned. The words that it made are dropped: they
    /// have the code in them.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] unless the API took the text.
    pub async fn call(&self, text: &Text<'_>, purpose: Purpose) -> Result<String, NotTaken> {
        let answer = self.write(text, purpose).send().await;
        let answer = answer.map_err(|error| not_taken(&error))?;
        Ok(answer.message_id.unwrap_or_default())
    }

    fn write(&self, text: &Text<'_>, purpose: Purpose) -> SendNotifyTextMessageFluentBuilder {
        let policy = &self.policy;
        self.client
            .get()
            .send_notify_text_message()
            .set_notify_configuration_id(policy.configuration_id.clone())
            .destination_phone_number(text.outgoing.phone.expose())
            .set_template_id(policy.template(text.locale).map(str::to_owned))
            .template_variables(Self::CODE, text.code.expose())
            .time_to_live(time_to_live(text.asked_at, text.expires_at))
            .set_configuration_set_name(policy.configuration_set.clone())
            .set_context(receipt_context(text))
            .set_dry_run(purpose.dry_run())
    }
}

impl Purpose {
    fn dry_run(self) -> Option<bool> {
        (self == Self::DryRun).then_some(true)
    }
}

/// The name of the value in `Context` that a receipt brings back.
pub const RECEIPT_CONTEXT: &str = "phoneproof-receipt";

/// What AWS returns in the events about this text.
fn receipt_context(text: &Text<'_>) -> Option<HashMap<String, String>> {
    let receipt = text.receipt?.to_owned();
    Some(HashMap::from([(RECEIPT_CONTEXT.to_owned(), receipt)]))
}

fn not_taken<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> NotTaken {
    let reason = classify(error, |code, answer| {
        read_refusal(code, answer.body().bytes().unwrap_or_default())
    });
    NotTaken {
        reason,
        code: error_code(error),
    }
}
