//! `send-test`: texts a specimen straight through SNS.

use aws_config::retry::RetryConfig;
use phoneproof_aws::sns::{NotTaken, Sender};
use phoneproof_domain::outgoing::OutgoingText;
use phoneproof_domain::phone::Destination;
use serde_json::json;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, parse_phone};
use crate::opted_out::is_opted_out;
use crate::output::{CommandError, Exit, Reply};
use crate::specimen;

pub(crate) async fn send(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<Reply, CommandError> {
    let destination = parse_phone(typed_phone, common)?;
    let policy = operator.read_policy().await?;
    let Destination { phone, country, .. } = policy.numbers.classify(destination);
    let specimen = specimen::render(&policy, country, business, locale)?;
    let resources = operator.find_resources().await?;
    // Without the permission to ask, the text still tells whether SNS takes it.
    if is_opted_out(operator, &resources, &phone).await == Ok(true) {
        return Err(CommandError::new(
            Exit::Failed,
            "the number is opted out: its owner replied STOP, so SNS would take the text and drop it",
            "if the owner asks, `phoneproof-admin opt-in` takes the number off the list",
        ));
    }
    confirm(
        common,
        &format!(
            "This texts {}. No limit applies, and the text is billed.",
            phone.mask()
        ),
    )?;
    // The service does not retry either: a second try could text twice.
    let config = operator.sns_config(&resources);
    let config = config.retry_config(RetryConfig::disabled()).build();
    let sender = Sender::new(aws_sdk_sns::Client::from_conf(config), &policy.sms)
        .map_err(|error| CommandError::new(Exit::Failed, error.to_string(), ""))?;
    let text = OutgoingText {
        phone: &phone,
        body: &specimen.text.body,
        sent_as: specimen.sent_as,
    };
    match sender.publish(text).await {
        Ok(id) => {
            let text = format!(
                "SNS took the text as {id}. If it does not arrive, `phoneproof-admin doctor` says what the account lacks; see also infra/FIRST-ACCOUNT.md."
            );
            Ok(Reply::done(json!({ "messageId": id }), text))
        }
        Err(NotTaken { code, .. }) => Err(CommandError::new(
            Exit::Failed,
            format!("SNS did not take the text ({code})"),
            advise(&code),
        )),
    }
}

/// Says what the operator can do about an error code of SNS.
fn advise(code: &str) -> &'static str {
    match code {
        "InvalidParameter" => "SNS does not text this number, or not with this sender id",
        "AuthorizationError" => "the credentials may not publish: `sns:Publish` on `*` is needed",
        "Throttled" | "ThrottlingException" => {
            "the account's texts per second are used up: try again"
        }
        _ => {
            "`phoneproof-admin doctor` says what the account lacks; see also infra/FIRST-ACCOUNT.md"
        }
    }
}
