//! `send-test`.

use aws_config::retry::RetryConfig;
use phoneproof_aws::sns::{NotTaken, Sender};
use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::code::Code;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::policy::{Business, BusinessId, Policy};
use serde_json::json;

use crate::operator::{Operator, phone};
use crate::output::{Exit, Failure, Outcome};

pub(crate) async fn send(
    operator: &Operator,
    to: &str,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<Outcome, Failure> {
    let (number, policy) = (phone(to)?.phone, operator.policy()?);
    let body = specimen(&policy, business, locale)?;
    operator.place().await?;
    // As the service does: a second try could text twice.
    let config = aws_sdk_sns::config::Builder::from(&operator.aws)
        .retry_config(RetryConfig::disabled())
        .build();
    let sender = Sender::new(aws_sdk_sns::Client::from_conf(config), &policy.sms);
    match sender.publish(&number, &body).await {
        Ok(id) => {
            let text = format!(
                "SNS took it as {id}. If it does not arrive: the carrier dropped it, or the spend limit is reached."
            );
            Ok(Outcome::done(json!({ "messageId": id }), text))
        }
        Err(NotTaken { code, .. }) => Err(Failure::new(
            Exit::Failed,
            format!("SNS did not take it ({code})"),
            advice(&code),
        )),
    }
}

/// The text of a template with a code of zeros.
fn specimen(
    policy: &Policy,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<String, Failure> {
    let (id, business) = find(policy, business)?;
    let wanted = locale.map(Locale::parse).transpose();
    let wanted = wanted.map_err(|error| Failure::usage(format!("--locale: {error}")))?;
    let zeros = "0".repeat(usize::from(business.code_length));
    let code = Code::parse(&zeros).map_err(|error| Failure::usage(error.to_string()))?;
    let catalog = Catalog::new(policy);
    let catalog = catalog
        .map_err(|faults| Failure::new(Exit::Failed, faults.to_string(), "see `policy check`"))?;
    let locale = catalog.locale(id, business, wanted.as_ref());
    let text = catalog.render(id, &locale, &code);
    text.map(|text| text.body)
        .ok_or_else(|| Failure::usage("--locale: the business has no such template"))
}

fn find<'p>(
    policy: &'p Policy,
    name: Option<&str>,
) -> Result<(&'p BusinessId, &'p Business), Failure> {
    let mut businesses = policy.businesses.iter();
    match name {
        None => businesses.next(),
        Some(name) => businesses.find(|(id, _)| id.as_str() == name),
    }
    .ok_or_else(|| Failure::usage("--business: a business of the policy is needed"))
}

fn advice(code: &str) -> &'static str {
    match code {
        "InvalidParameter" => "SNS does not text this number, or not with this sender id",
        "OptedOut" => {
            "the owner of the number replied STOP: see opted-out numbers in the SNS console"
        }
        "AuthorizationError" => "the credentials may not publish: `sns:Publish` on `*` is needed",
        "Throttled" | "ThrottlingException" => {
            "the account's texts per second are used up: try again"
        }
        _ => "see infra/RUNBOOK.md: sandbox, spend limit, sender ids",
    }
}
