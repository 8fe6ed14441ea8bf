//! `send-test`: texts a specimen straight through SNS.

use aws_config::retry::RetryConfig;
use phoneproof_aws::sns::{NotTaken, Sender};
use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::code::Code;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::policy::{Business, BusinessId, Policy};
use serde_json::json;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, parse_phone};
use crate::opted_out::is_opted_out;
use crate::output::{CommandError, Exit, Reply};

pub(crate) async fn send(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone, common)?.phone;
    let policy = operator.read_policy().await?;
    let body = render_specimen(&policy, business, locale)?;
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
    let sender = Sender::new(aws_sdk_sns::Client::from_conf(config), &policy.sms);
    match sender.publish(&phone, &body).await {
        Ok(id) => {
            let text = format!(
                "SNS took the text as {id}. If it does not arrive, see Before real users in infra/RUNBOOK.md: sandbox, spend limit, sender ids."
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

/// Renders a template with a code of zeros.
fn render_specimen(
    policy: &Policy,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<String, CommandError> {
    let (id, business) = find_business(policy, business)?;
    let wanted = locale.map(Locale::parse).transpose();
    let wanted = wanted.map_err(|error| CommandError::usage(format!("--locale: {error}")))?;
    let zeros = "0".repeat(usize::from(business.code_length));
    let code = Code::parse(&zeros).map_err(|error| CommandError::usage(error.to_string()))?;
    let catalog = Catalog::new(policy);
    let catalog = catalog.map_err(|faults| {
        CommandError::new(Exit::Failed, faults.to_string(), "see `policy check`")
    })?;
    let texts = catalog.texts(id).ok_or_else(|| {
        CommandError::usage("--business: a business of the policy is needed, such as login")
    })?;
    let locale = texts.locale(wanted.as_ref());
    Ok(texts
        .render(&locale, None, &code, business.code_lifetime)
        .body)
}

/// Finds a business by its name, or the first one of the policy.
fn find_business<'p>(
    policy: &'p Policy,
    name: Option<&str>,
) -> Result<(&'p BusinessId, &'p Business), CommandError> {
    let mut businesses = policy.businesses.iter();
    match name {
        None => businesses.next(),
        Some(name) => businesses.find(|(id, _)| id.as_str() == name),
    }
    .ok_or_else(|| {
        CommandError::usage("--business: a business of the policy is needed, such as login")
    })
}

/// Says what the operator can do about an error code of SNS.
fn advise(code: &str) -> &'static str {
    match code {
        "InvalidParameter" => "SNS does not text this number, or not with this sender id",
        "AuthorizationError" => "the credentials may not publish: `sns:Publish` on `*` is needed",
        "Throttled" | "ThrottlingException" => {
            "the account's texts per second are used up: try again"
        }
        _ => "see infra/RUNBOOK.md: sandbox, spend limit, sender ids",
    }
}
