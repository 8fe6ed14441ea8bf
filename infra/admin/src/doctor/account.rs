//! The account's sandbox, and the numbers that are opted out.

use aws_sdk_sns::types::SmsSandboxPhoneNumberVerificationStatus as Verification;
use phoneproof_domain::channel::Channel;

use super::Facts;
use super::finding::Finding;

/// The most pages of numbers that are read. SNS answers ten such calls a second, and a page has a hundred numbers.
const PAGES: usize = 20;

/// Checks that the account is out of the SMS sandbox, where SNS texts verified numbers only.
pub(super) async fn check_sandbox(facts: &Facts<'_>) -> Vec<Finding> {
    if !facts.taken.is_by_aws() {
        return vec![Finding::ok("no text is sent with AWS")];
    }
    let status = facts.sns.get_sms_sandbox_account_status().send().await;
    let in_sandbox = match status {
        Ok(status) => status.is_in_sandbox,
        Err(error) => {
            return vec![Finding::of_call("sns:GetSMSSandboxAccountStatus", &error)];
        }
    };
    if !in_sandbox {
        return vec![Finding::ok("the account is out of the SMS sandbox")];
    }
    if !facts.taken.has_own_words() {
        return vec![Finding::warn(
            "the account is in the SMS sandbox, and nobody has tried whether Notify texts from it",
            "try it: `send-test --channel notify`; infra/FIRST-ACCOUNT.md, \"Leave the sandbox\"",
        )];
    }
    // There are ten at most, which is less than a page.
    let listed = facts.sns.list_sms_sandbox_phone_numbers().send().await;
    let who = match listed {
        Err(error) => {
            let finding = Finding::of_call("sns:ListSMSSandboxPhoneNumbers", &error);
            return vec![report_sandbox("only verified numbers get texts"), finding];
        }
        Ok(listed) => {
            let all = listed.phone_numbers().len();
            let verified = listed.phone_numbers().iter();
            let verified = verified
                .filter(|number| number.status() == Some(&Verification::Verified))
                .count();
            format!(
                "only verified numbers get texts: {verified}, and {} without a code yet",
                all - verified
            )
        }
    };
    vec![report_sandbox(&who)]
}

fn report_sandbox(who: &str) -> Finding {
    Finding::fail(
        format!("the account is in the SMS sandbox: {who}"),
        "verify your own number, try the service, then ask to leave: infra/FIRST-ACCOUNT.md, \"Leave the sandbox\"",
    )
}

/// Counts the numbers whose owners replied STOP. SNS takes texts to them, and drops them.
pub(super) async fn check_opted_out(facts: &Facts<'_>) -> Vec<Finding> {
    if !facts.taken.has(Channel::Sns) {
        // End User Messaging refuses what its own lists have.
        return vec![if facts.taken.is_by_aws() {
            Finding::of_unchecked(
                "texts or calls use End User Messaging, which has its own opt-out lists",
                "aws pinpoint-sms-voice-v2 describe-opted-out-numbers --opt-out-list-name Default",
            )
        } else {
            Finding::ok("no text is sent with AWS, so its opt-out lists are not checked")
        }];
    }
    let mut count = 0;
    let mut token = None;
    for _ in 0..PAGES {
        let request = facts.sns.list_phone_numbers_opted_out();
        let page = match request.set_next_token(token).send().await {
            Ok(page) => page,
            Err(error) => {
                return vec![Finding::of_call("sns:ListPhoneNumbersOptedOut", &error)];
            }
        };
        count += page.phone_numbers().len();
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    vec![match (count, token) {
        (0, _) => Finding::ok("no number is opted out"),
        (1, _) => {
            Finding::ok("1 number is opted out: SNS drops its texts; `explain PHONE` shows one")
        }
        (_, None) => Finding::ok(format!(
            "{count} numbers are opted out: SNS drops their texts; `explain PHONE` shows one"
        )),
        (_, Some(_)) => Finding::warn(
            format!("{count} numbers or more are opted out: SNS drops their texts"),
            "does somebody text people who did not ask? `stats --top` names the busiest callers",
        ),
    }]
}
