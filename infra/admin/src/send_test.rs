//! `send-test`: texts a specimen straight through a channel.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_pinpointsmsvoicev2::Client as SmsVoice;
use phoneproof_aws::end_user_messaging::{EndUserMessaging, Purpose};
use phoneproof_aws::hook::Hook;
use phoneproof_aws::sns::Sender;
use phoneproof_config::Environment as _;
use phoneproof_config::policy::replace_hook;
use phoneproof_config::process::{ProcessEnvironment, SystemClock, SystemRandom};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::{Certainty, Delivery, Detail, MessageId, NotTaken, Text, TextId};
use phoneproof_domain::end_user_messaging::NotifyPolicy;
use phoneproof_domain::outgoing::OutgoingText;
use phoneproof_domain::phone::Destination;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::draw_array;
use phoneproof_observe::advise;
use serde_json::json;
use tokio::time::Instant;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, Resources, parse_phone};
use crate::opted_out::is_opted_out;
use crate::output::{CommandError, Exit, Reply};
use crate::specimen::{self, Specimen};

/// How long the command waits for the hook. A function waits as long.
const HOOK_WITHIN: Duration = Duration::from_secs(9);

/// What the operator wants to see.
pub(crate) struct Wanted<'w> {
    pub(crate) business: Option<&'w str>,
    pub(crate) locale: Option<&'w str>,
    pub(crate) channel: Option<Channel>,
    pub(crate) purpose: Purpose,
}

pub(crate) async fn send(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
    wanted: Wanted<'_>,
) -> Result<Reply, CommandError> {
    let Wanted {
        business,
        locale,
        channel,
        purpose,
    } = wanted;
    let destination = parse_phone(typed_phone, common)?;
    let policy = operator.read_policy().await?;
    // An operator may try a number that no numbering plan has yet.
    let classified = policy.numbers.classify(destination.clone());
    let Destination { phone, country, .. } = classified.unwrap_or(destination);
    let specimen = specimen::render(&policy, country, business, locale)?;
    let resources = operator.find_resources().await?;
    let first = policy.sms.route(country).first().copied();
    let channel = channel.or(first).unwrap_or(Channel::Sns);
    let has_no_dry_run = matches!(channel, Channel::Sns | Channel::Hook);
    if purpose == Purpose::DryRun && has_no_dry_run {
        return Err(CommandError::usage(format!(
            "--dry-run: `{}` has none; choose --channel end-user-messaging, notify or notify-voice",
            channel.as_str()
        )));
    }
    // Without the permission to ask, the text still tells whether SNS takes it.
    if channel == Channel::Sns && is_opted_out(operator, &resources, &phone).await == Ok(true) {
        return Err(CommandError::new(
            Exit::Failed,
            "the number is opted out: its owner replied STOP, so SNS would take the text and drop it",
            "if the owner asks, `phoneproof-admin opt-in` takes the number off the list",
        ));
    }
    if purpose == Purpose::Send {
        let (phone, calls, channel) = (phone.mask(), channel.calls(), channel.as_str());
        let question = if calls {
            format!("This calls {phone} by {channel}. No limit applies, and the call is billed.")
        } else {
            format!("This texts {phone} by {channel}. No limit applies, and the text is billed.")
        };
        confirm(common, &question)?;
    }
    let outgoing = OutgoingText {
        phone: &phone,
        body: &specimen.text.body,
        sent_as: specimen.sent_as,
    };
    let text = make_text(operator, outgoing, country, &specimen)?;
    let client = || SmsVoice::from_conf(operator.make_sms_voice_config(&resources));
    match channel {
        Channel::Sns => publish(operator, &resources, &policy, outgoing).await,
        Channel::EndUserMessaging => {
            let own = policy.end_user_messaging.clone();
            let own = own.ok_or_else(|| report_not_set_up("end_user_messaging"))?;
            let sender = EndUserMessaging::text(client(), own, &policy.sms);
            report(channel, purpose, sender.submit(&text, purpose).await)
        }
        Channel::Notify => {
            let sender = EndUserMessaging::notify(client(), find_notify(&policy, &resources)?);
            report(channel, purpose, sender.submit(&text, purpose).await)
        }
        Channel::NotifyVoice => {
            let own = find_notify(&policy, &resources)?;
            let sender = EndUserMessaging::notify_voice(client(), own);
            let sender = sender.ok_or_else(|| {
                let message = "[notify] of the policy has no voice_template_id";
                let advice =
                    "name the template that speaks a code: docs/END_USER_MESSAGING.md, \"Calls\"";
                CommandError::new(Exit::Usage, message, advice)
            })?;
            report(channel, purpose, sender.submit(&text, purpose).await)
        }
        Channel::Hook => post(operator, &resources, &find_hook(&policy)?, &text).await,
    }
}

/// Makes the text of a specimen.
fn make_text<'t>(
    operator: &Operator,
    outgoing: OutgoingText<'t>,
    country: Option<Country>,
    specimen: &'t Specimen<'_>,
) -> Result<Text<'t>, CommandError> {
    let id = draw_array(&SystemRandom).map_err(|_| {
        let message = "the operating system gave no random bytes";
        CommandError::new(Exit::Failed, message, "")
    })?;
    let now = operator.now();
    Ok(Text {
        id: TextId(id),
        outgoing,
        country,
        segments: specimen.text.segments,
        code: &specimen.code,
        business: specimen.business,
        locale: &specimen.locale,
        asked_at: now,
        expires_at: now + Duration::from_mins(5),
        // A test leaves no outcome.
        receipt: None,
    })
}

/// Finds the table of Notify, with the configuration that the stack made in place of the file's.
fn find_notify(policy: &Policy, resources: &Resources) -> Result<NotifyPolicy, CommandError> {
    let mut own = policy
        .notify
        .clone()
        .ok_or_else(|| report_not_set_up("notify"))?;
    own.configuration_id = Resources::find_notify_configuration(Some(resources), Some(&own));
    if own.configuration_id.is_none() {
        return Err(CommandError::new(
            Exit::Usage,
            "neither the stack nor notify.configuration_id of the policy names a Notify configuration",
            "deploy with NotifyDisplayName, name one in the policy, or set NOTIFY_CONFIGURATION_ID",
        ));
    }
    Ok(own)
}

fn report_not_set_up(table: &str) -> CommandError {
    let message = format!("the policy has no table [{table}]");
    let advice = "add it, as docs/END_USER_MESSAGING.md says, or name another --channel";
    CommandError::new(Exit::Usage, message, advice)
}

/// Reports what AWS said of a text.
fn report(
    channel: Channel,
    purpose: Purpose,
    called: Result<String, NotTaken>,
) -> Result<Reply, CommandError> {
    let what = if channel.calls() { "call" } else { "text" };
    let channel = channel.as_str();
    match called {
        Ok(_) if purpose == Purpose::DryRun => {
            let text = format!("`{channel}` would take the {what}. Nothing was sent.");
            Ok(Reply::with_result(
                json!({ "channel": channel, "dryRun": true }),
                text,
            ))
        }
        Ok(id) => {
            let text = format!(
                "`{channel}` took the {what} as {id}. If it does not arrive, `phoneproof-admin doctor` says what the account lacks; see also infra/FIRST-ACCOUNT.md."
            );
            let json = json!({ "channel": channel, "messageId": id });
            Ok(Reply::with_result(json, text))
        }
        // The advice of such a reason is for a text that may arrive.
        Err(why) if purpose == Purpose::DryRun && why.reason.certainty() == Certainty::Unclear => {
            let message = format!(
                "`{channel}` did not say whether it would take the {what}: {}",
                name(&why)
            );
            let advice = "nothing was sent, because a dry run sends nothing: try again, or look at the provider's status page";
            Err(CommandError::new(Exit::Failed, message, advice))
        }
        Err(why) => {
            let said = match why.reason.certainty() {
                Certainty::NotSent => format!("did not take the {what}"),
                Certainty::Unclear => format!("did not say whether it took the {what}"),
            };
            let message = format!("`{channel}` {said}: {}", name(&why));
            Err(CommandError::new(Exit::Failed, message, advise(why.reason)))
        }
    }
}

/// Names the reason, with its detail in brackets.
fn name(why: &NotTaken) -> String {
    let reason = why.reason.name();
    match why.detail.as_ref().map(Detail::as_str) {
        Some(detail) => format!("{reason} ({detail})"),
        None => reason.to_owned(),
    }
}

async fn publish(
    operator: &Operator,
    resources: &Resources,
    policy: &Policy,
    text: OutgoingText<'_>,
) -> Result<Reply, CommandError> {
    // The service does not retry either: a second try could text twice.
    let config = operator.make_sns_config(resources);
    let config = config.retry_config(RetryConfig::disabled()).build();
    let sender = Sender::new(aws_sdk_sns::Client::from_conf(config), &policy.sms)
        .map_err(|error| CommandError::new(Exit::Failed, error.to_string(), ""))?;
    report(Channel::Sns, Purpose::Send, sender.publish(text).await)
}

/// Finds the hook of the policy, at the URL that `SEND_HOOK_URL` sets in its place.
fn find_hook(policy: &Policy) -> Result<Hook, CommandError> {
    let hook = match ProcessEnvironment.get("SEND_HOOK_URL") {
        Some(url) => replace_hook(policy.hook.as_ref(), url)
            .map_err(|needed| CommandError::usage(format!("SEND_HOOK_URL: {needed}")))?,
        None => policy.hook.clone().ok_or_else(|| {
            CommandError::new(
                Exit::Usage,
                "the policy names no hook",
                "set SEND_HOOK_URL to the URL that the stack has in its parameter SendHookUrl",
            )
        })?,
    };
    Ok(Hook::new(hook, None, Arc::new(SystemClock)))
}

async fn post(
    operator: &Operator,
    resources: &Resources,
    hook: &Hook,
    text: &Text<'_>,
) -> Result<Reply, CommandError> {
    let keyring = operator.read_keyring(resources).await?;
    let channel = Channel::Hook.as_str();
    match hook
        .send(text, &keyring, Instant::now() + HOOK_WITHIN)
        .await
    {
        Delivery::Accepted { id, .. } => {
            let id = id.as_ref().map(MessageId::expose);
            let text = match id {
                Some(id) => format!("The hook took the text as {id}."),
                None => "The hook took the text, and gave it no id.".to_owned(),
            };
            Ok(Reply::with_result(
                json!({ "channel": channel, "messageId": id }),
                text,
            ))
        }
        Delivery::Refused { why, .. } => Err(explain("did not take the text", &why)),
        Delivery::Unknown { why, .. } => Err(explain("did not say whether it took the text", &why)),
    }
}

fn explain(what: &str, why: &NotTaken) -> CommandError {
    let message = format!("the hook {what}: {}", name(why));
    CommandError::new(Exit::Failed, message, advise(why.reason))
}
