//! Sends texts and calls through AWS End User Messaging: by `SendTextMessage`, `SendNotifyTextMessage` and
//! `SendNotifyVoiceMessage`.
//!
//! No call has a token that would make a second try the same text, so each text gets one attempt. The types of the SDK
//! print bodies and numbers in their `Debug`, and the answers of Notify repeat all its words. So no request, answer or
//! error of the SDK leaves this module.

mod reasons;

use std::collections::HashMap;

use aws_sdk_pinpointsmsvoicev2::operation::send_notify_text_message::builders::SendNotifyTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::operation::send_notify_voice_message::builders::SendNotifyVoiceMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::builders::SendTextMessageFluentBuilder;
use aws_sdk_pinpointsmsvoicev2::types::{DestinationCountryParameterKey, MessageType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Delivery, NotTaken, Text};
use phoneproof_domain::end_user_messaging::{EndUserMessagingPolicy, NotifyPolicy, time_to_live};
use phoneproof_domain::policy::{SmsPolicy, SmsType};
use tokio::time::{Instant, timeout_at};

use self::reasons::read_refusal;
use crate::answers::{classify, conclude};
use crate::clients::SmsVoiceClient;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The text is sent, or the call placed.
    Send,
    /// The API checks the request, and sends nothing.
    DryRun,
}

/// One of the channels `end-user-messaging`, `notify` and `notify-voice` of one policy.
#[derive(Clone, derive_more::Debug)]
#[debug("EndUserMessaging({})", self.channel().as_str())]
pub struct EndUserMessaging {
    client: SmsVoiceClient,
    operation: Operation,
}

/// The operation that a channel calls, with what the policy says of its requests.
#[derive(Clone)]
enum Operation {
    /// `SendTextMessage`: the words of the policy, by a number, pool or sender id of the account.
    Text(TextTerms),
    /// `SendNotifyTextMessage`: AWS's words, by a number of AWS.
    Notify(NotifyPolicy),
    /// `SendNotifyVoiceMessage`, with the template of this id.
    NotifyVoice(NotifyPolicy, String),
}

impl EndUserMessaging {
    /// Makes the channel `end-user-messaging` with the message type and price limit of `sms`.
    #[must_use]
    pub fn text(
        client: impl Into<SmsVoiceClient>,
        policy: EndUserMessagingPolicy,
        sms: &SmsPolicy,
    ) -> Self {
        let terms = TextTerms {
            policy,
            message_type: match sms.sms_type {
                SmsType::Transactional => MessageType::Transactional,
                SmsType::Promotional => MessageType::Promotional,
            },
            max_price: sms.max_price.map(|price| price.to_string()),
        };
        Self {
            client: client.into(),
            operation: Operation::Text(terms),
        }
    }

    /// Makes the channel `notify`.
    #[must_use]
    pub fn notify(client: impl Into<SmsVoiceClient>, policy: NotifyPolicy) -> Self {
        Self {
            client: client.into(),
            operation: Operation::Notify(policy),
        }
    }

    /// Makes the channel `notify-voice`; `None` where the policy names no template that speaks a code.
    #[must_use]
    pub fn notify_voice(client: impl Into<SmsVoiceClient>, policy: NotifyPolicy) -> Option<Self> {
        let template = policy.voice_template_id.clone()?;
        Some(Self {
            client: client.into(),
            operation: Operation::NotifyVoice(policy, template),
        })
    }

    const fn channel(&self) -> Channel {
        match self.operation {
            Operation::Text(_) => Channel::EndUserMessaging,
            Operation::Notify(_) => Channel::Notify,
            Operation::NotifyVoice(..) => Channel::NotifyVoice,
        }
    }

    /// Builds the client now instead of at the first text.
    pub fn warm_up(&self) {
        let _: &aws_sdk_pinpointsmsvoicev2::Client = self.client.get();
    }

    /// Opens a connection, unless one was used a moment ago. Errors are ignored. The send reports them.
    pub async fn prepare(&self) {
        self.client.prepare().await;
    }

    /// Hands over `text`, and waits for the answer until `deadline`.
    pub async fn send(&self, text: &Text<'_>, deadline: Instant) -> Delivery {
        let called = timeout_at(deadline, self.submit(text, Purpose::Send)).await;
        conclude(self.channel(), called)
    }

    /// Calls the operation, and returns the message id that it assigned. The words that Notify made are dropped: they
    /// have the code in them.
    ///
    /// # Errors
    ///
    /// [`NotTaken`] unless the API took the text.
    pub async fn submit(&self, text: &Text<'_>, purpose: Purpose) -> Result<String, NotTaken> {
        let client = self.client.get();
        match &self.operation {
            Operation::Text(terms) => {
                let request = terms.write(client.send_text_message(), text, purpose);
                read(request.send().await, |answer| answer.message_id)
            }
            Operation::Notify(policy) => {
                let request = client.send_notify_text_message();
                let request = write_notify(request, policy, text, purpose);
                read(request.send().await, |answer| answer.message_id)
            }
            Operation::NotifyVoice(policy, template) => {
                let request = client.send_notify_voice_message().template_id(template);
                let request = write_notify_voice(request, policy, text, purpose);
                read(request.send().await, |answer| answer.message_id)
            }
        }
    }
}

/// What a policy says of the requests of `SendTextMessage`.
#[derive(Clone)]
struct TextTerms {
    policy: EndUserMessagingPolicy,
    message_type: MessageType,
    max_price: Option<String>,
}

impl TextTerms {
    fn write(
        &self,
        request: SendTextMessageFluentBuilder,
        text: &Text<'_>,
        purpose: Purpose,
    ) -> SendTextMessageFluentBuilder {
        let (outgoing, policy) = (text.outgoing, &self.policy);
        let identity = policy.sender(text.country, outgoing.sent_as.origination);
        let mut request = request
            .destination_phone_number(outgoing.phone.expose())
            .message_body(outgoing.body)
            .message_type(self.message_type.clone())
            .time_to_live(time_to_live(text.asked_at, text.expires_at))
            .set_origination_identity(identity.map(str::to_owned))
            .set_max_price(self.max_price.clone())
            .set_protect_configuration_id(policy.protect_configuration_id.clone())
            .set_configuration_set_name(policy.configuration_set.clone())
            .set_context(make_receipt_context(text))
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

/// The variable of AWS's templates that takes the code.
const CODE: &str = "code";

fn write_notify(
    request: SendNotifyTextMessageFluentBuilder,
    policy: &NotifyPolicy,
    text: &Text<'_>,
    purpose: Purpose,
) -> SendNotifyTextMessageFluentBuilder {
    request
        .set_notify_configuration_id(policy.configuration_id.clone())
        .destination_phone_number(text.outgoing.phone.expose())
        .set_template_id(policy.template(text.locale).map(str::to_owned))
        .template_variables(CODE, text.code.expose())
        .time_to_live(time_to_live(text.asked_at, text.expires_at))
        .set_configuration_set_name(policy.configuration_set.clone())
        .set_context(make_receipt_context(text))
        .set_dry_run(purpose.dry_run())
}

/// The builders of the SDK have no type in common, so this repeats the members that a call has as well.
fn write_notify_voice(
    request: SendNotifyVoiceMessageFluentBuilder,
    policy: &NotifyPolicy,
    text: &Text<'_>,
    purpose: Purpose,
) -> SendNotifyVoiceMessageFluentBuilder {
    request
        .set_notify_configuration_id(policy.configuration_id.clone())
        .destination_phone_number(text.outgoing.phone.expose())
        .template_variables(CODE, text.code.expose())
        .time_to_live(time_to_live(text.asked_at, text.expires_at))
        .set_configuration_set_name(policy.configuration_set.clone())
        .set_context(make_receipt_context(text))
        .set_dry_run(purpose.dry_run())
}

impl Purpose {
    fn dry_run(self) -> Option<bool> {
        (self == Self::DryRun).then_some(true)
    }
}

/// Takes the message id out of an answer, and drops the rest.
fn read<T, E: ProvideErrorMetadata>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    message_id: fn(T) -> Option<String>,
) -> Result<String, NotTaken> {
    match answer {
        Ok(answer) => Ok(message_id(answer).unwrap_or_default()),
        Err(error) => Err(classify(&error, |code, answer| {
            read_refusal(code, answer.body().bytes().unwrap_or_default())
        })),
    }
}

/// The name of the value in `Context` that a receipt brings back.
pub const RECEIPT_CONTEXT: &str = "phoneproof-receipt";

/// What AWS returns in the events about this text.
fn make_receipt_context(text: &Text<'_>) -> Option<HashMap<String, String>> {
    let receipt = text.receipt?.to_owned();
    Some(HashMap::from([(RECEIPT_CONTEXT.to_owned(), receipt)]))
}
