//! Numbers that are opted out: their owners replied STOP to a text. SNS takes a text to such a number, and drops it.

use phoneproof_aws::clients::error_code;
use phoneproof_domain::phone::Phone;
use serde_json::json;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::{Operator, Resources, parse_phone};
use crate::output::{CommandError, Exit, Reply};

/// Asks SNS whether `phone` is opted out.
///
/// # Errors
///
/// The error code of SNS.
pub(crate) async fn is_opted_out(
    operator: &Operator,
    resources: &Resources,
    phone: &Phone,
) -> Result<bool, String> {
    let sns = operator.sns(resources);
    let check = sns.check_if_phone_number_is_opted_out();
    let answer = check.phone_number(phone.expose()).send().await;
    answer
        .map(|answer| answer.is_opted_out)
        .map_err(|error| error_code(&error))
}

/// Opts a number in again.
pub(crate) async fn opt_in(
    operator: &Operator,
    common: &Common,
    typed_phone: &str,
) -> Result<Reply, CommandError> {
    let phone = parse_phone(typed_phone, common)?.phone;
    let resources = operator.find_resources().await?;
    let opted_out = is_opted_out(operator, &resources, &phone).await;
    if !opted_out
        .map_err(|code| CommandError::of_operation("CheckIfPhoneNumberIsOptedOut", &code))?
    {
        return Ok(Reply::nothing("the number is not opted out"));
    }
    confirm(
        common,
        "The owner of this number replied STOP. Opt it in only if the owner asks; SNS allows it once in 30 days.",
    )?;
    let sns = operator.sns(&resources);
    let answer = sns
        .opt_in_phone_number()
        .phone_number(phone.expose())
        .send();
    answer.await.map_err(|error| {
        let message = format!("OptInPhoneNumber failed ({})", error_code(&error));
        let advice = "SNS opts a number in once in 30 days; its owner can text START to the number that texted it";
        CommandError::new(Exit::Failed, message, advice)
    })?;
    let text = format!("{}: opted in", phone.mask());
    Ok(Reply::done(json!({ "optedIn": true }), text))
}
