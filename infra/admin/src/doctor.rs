//! `doctor`: asks AWS whether the account and the stack can text real users, and says what to do where they cannot.
//!
//! The checks run side by side. Each has a limit of its own for its time, and none stops another. They change nothing.

mod account;
mod alarms;
mod countries;
mod described;
mod finding;
mod functions;
mod identities;
mod keys;
mod logs;
mod numbers;
mod prices;
mod region;
mod rights;
mod routes;
mod sets;
mod spending;

use std::future::Future;
use std::time::Duration;

use aws_sdk_pinpointsmsvoicev2::Client as SmsVoice;
use phoneproof_domain::policy::Policy;
use serde_json::{Value, json};

use crate::operator::{Operator, Resources};
use crate::output::{CommandError, Exit, Reply, format_table};
use crate::time::Span;

use self::finding::{Finding, State};
use self::routes::Taken;

/// What `doctor` does not see, and the command that shows it.
const NOT_CHECKED: [(&str, &str); 6] = [
    (
        "how far registrations are",
        "aws pinpoint-sms-voice-v2 describe-registrations",
    ),
    (
        "whether the resource policy of a number or sender id lets SNS use it",
        "aws pinpoint-sms-voice-v2 get-resource-policy --resource-arn ARN",
    ),
    (
        "how far the spend limit can be raised",
        "aws pinpoint-sms-voice-v2 describe-spend-limits",
    ),
    (
        "countries that a Protect configuration blocks",
        "aws pinpoint-sms-voice-v2 describe-protect-configurations",
    ),
    (
        "numbers that are opted out at End User Messaging, by list",
        "aws pinpoint-sms-voice-v2 describe-opted-out-numbers --opt-out-list-name Default",
    ),
    (
        "rights that the functions will need and did not use in the last day",
        "aws iam simulate-principal-policy --policy-source-arn ROLE --action-names sns:Publish",
    ),
];

/// What all checks look at.
struct Facts<'o> {
    operator: &'o Operator,
    /// The resources of the stack; `None` if they are not known, which is a finding of its own.
    resources: Option<Resources>,
    /// The policy that the stack runs with; `None` if it is not known, which is a finding of its own.
    policy: Option<Policy>,
    /// SNS in the region that texts are sent from.
    sns: aws_sdk_sns::Client,
    /// End User Messaging there.
    sms_voice: aws_sdk_pinpointsmsvoicev2::Client,
    /// The channels that the policy takes.
    taken: Taken,
}

impl Facts<'_> {
    /// The region of the stack.
    fn stack_region(&self) -> &str {
        let region = self.operator.aws.region();
        region.map_or("", |region| region.as_ref())
    }

    /// The region that texts are sent from.
    fn sns_region(&self) -> &str {
        let resources = self.resources.as_ref();
        let named = resources.and_then(|resources| resources.sns_region.as_deref());
        named.unwrap_or_else(|| self.stack_region())
    }
}

/// What one check found, under the name of the check.
type Checked = (&'static str, Vec<Finding>);

pub(crate) async fn doctor(operator: &Operator, within: Span) -> Result<Reply, CommandError> {
    operator.check_access().await?;
    let limit = within.0;
    let (resources, policy) = tokio::join!(
        limit_read(limit, operator.find_resources()),
        limit_read(limit, operator.read_policy()),
    );
    let mut checked: Vec<Checked> = vec![
        ("stack", vec![report_stack(operator, &resources)]),
        ("policy", vec![report_policy(&policy)]),
    ];
    let (sns, sms_voice) = match &resources {
        Ok(resources) => (
            operator.make_sns(resources),
            SmsVoice::from_conf(operator.make_sms_voice_config(resources)),
        ),
        Err(_) => (
            aws_sdk_sns::Client::new(&operator.aws),
            SmsVoice::new(&operator.aws),
        ),
    };
    let policy = policy.ok();
    let facts = Facts {
        operator,
        resources: resources.ok(),
        taken: Taken::by(policy.as_ref()),
        policy,
        sns,
        sms_voice,
    };
    let found = tokio::join!(
        limit_check(limit, "region", async { region::check(&facts) }),
        limit_check(limit, "sandbox", account::check_sandbox(&facts)),
        limit_check(limit, "spend-limit", spending::check(&facts)),
        limit_check(limit, "origination", numbers::check(&facts)),
        limit_check(limit, "identities", identities::check(&facts)),
        limit_check(limit, "countries", async { countries::check(&facts) }),
        limit_check(limit, "prices", async { prices::check(&facts) }),
        limit_check(limit, "opted-out", account::check_opted_out(&facts)),
        limit_check(limit, "delivery-logs", logs::check(&facts)),
        limit_check(limit, "alarms", alarms::check(&facts)),
        limit_check(limit, "functions", functions::check(&facts)),
        limit_check(limit, "keys", keys::check(&facts)),
    );
    checked.extend(<[Checked; 12]>::from(found));
    Ok(report(&checked))
}

/// Waits for a check until its time is over.
async fn limit_check(
    limit: Duration,
    name: &'static str,
    check: impl Future<Output = Vec<Finding>>,
) -> Checked {
    let found = tokio::time::timeout(limit, check).await;
    (name, found.unwrap_or_else(|_| vec![report_silence(limit)]))
}

/// Waits for what other checks need until its time is over.
async fn limit_read<T>(
    limit: Duration,
    read: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, Finding> {
    match tokio::time::timeout(limit, read).await {
        Ok(read) => read.map_err(|error| Finding::of_error(&error)),
        Err(_) => Err(report_silence(limit)),
    }
}

fn report_silence(limit: Duration) -> Finding {
    Finding::fail(
        format!("no answer within {} s", limit.as_secs()),
        "is the region right? `--within 60s` waits longer",
    )
}

fn report_stack(operator: &Operator, resources: &Result<Resources, Finding>) -> Finding {
    match resources {
        Err(finding) => finding.clone(),
        Ok(_) if operator.names_stack() => Finding::ok("its outputs name its resources"),
        Ok(_) => Finding::ok("the variables of `cargo run` name its resources"),
    }
}

fn report_policy(policy: &Result<Policy, Finding>) -> Finding {
    match policy {
        Err(finding) => finding.clone(),
        Ok(policy) => {
            let countries = policy.numbers.countries.len();
            Finding::ok(format!("no faults; it serves {countries} countries"))
        }
    }
}

fn report(checked: &[Checked]) -> Reply {
    let findings = || {
        let each = checked
            .iter()
            .map(|(name, found)| found.iter().map(|finding| (*name, finding)));
        each.flatten()
    };
    let count = |state| findings().filter(|(_, found)| found.state == state).count();
    let (fails, warns) = (count(State::Fail), count(State::Warn));
    let json = json!({
        "fails": fails,
        "warns": warns,
        "checks": findings().map(|(name, found)| found.to_json(name)).collect::<Value>(),
        "notChecked": NOT_CHECKED
            .map(|(what, command)| json!({ "what": what, "command": command })),
    });
    let rows: Vec<_> = findings().map(|(name, found)| found.to_row(name)).collect();
    let table = format_table(&rows);
    let mut lines = Vec::new();
    for (line, (_, found)) in table.lines().zip(findings()) {
        lines.push(line.to_owned());
        lines.extend(
            found
                .advice
                .iter()
                .map(|advice| format!("      do: {advice}")),
        );
    }
    lines.push(format!("\n{fails} fail, {warns} warn"));
    lines.push("\nNot checked; these commands show it:".to_owned());
    let unseen = |(what, command)| format!("  {what}\n      {command}");
    lines.extend(NOT_CHECKED.map(unseen));
    Reply {
        exit: if fails == 0 { Exit::Done } else { Exit::Failed },
        json,
        text: lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_that_does_not_end_is_a_finding() {
        let limit = Duration::from_millis(1);
        let (name, found) = limit_check(limit, "sandbox", std::future::pending()).await;
        assert_eq!((name, found[0].state), ("sandbox", State::Fail));
        let known = limit_read::<()>(limit, std::future::pending()).await;
        assert_eq!(known.expect_err("a finding").state, State::Fail);
    }

    #[test]
    fn a_fail_decides_the_exit_code_and_a_warning_does_not() {
        let exit = |findings: Vec<Finding>| report(&[("keys", findings)]).exit;
        assert_eq!(exit(vec![Finding::ok("fine")]), Exit::Done);
        assert_eq!(exit(vec![Finding::warn("old", "renew")]), Exit::Done);
        assert_eq!(exit(vec![Finding::of_unchecked("why", "")]), Exit::Done);
        let both = vec![Finding::ok("fine"), Finding::fail("broken", "mend")];
        assert_eq!(exit(both), Exit::Failed);
    }

    #[test]
    fn each_finding_has_a_line_and_its_advice_below() {
        let found = vec![Finding::ok("fine"), Finding::fail("broken", "mend it")];
        let text = report(&[("keys", found), ("stack", vec![Finding::ok("found")])]).text;
        assert!(
            text.starts_with(
                "ok    keys   fine\nfail  keys   broken\n      do: mend it\nok    stack  found\n"
            ),
            "{text}"
        );
        assert!(text.contains("\n1 fail, 0 warn\n"), "{text}");
    }
}
