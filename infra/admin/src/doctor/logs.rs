//! Whether SNS logs what became of each text, and for how long.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{Builder, Region};
use phoneproof_domain::channel::Channel;

use super::Facts;
use super::finding::Finding;

/// The attribute of SNS that names the role which may write the logs.
const ROLE: &str = "DeliveryStatusIAMRole";

/// How the log groups of texts end: SNS has one for texts that were delivered, and one for those that were not.
const GROUPS: [&str; 2] = [
    "/DirectPublishToPhoneNumber",
    "/DirectPublishToPhoneNumber/Failure",
];

/// Checks that SNS logs the delivery of texts. Only there a text shows that was taken and died later. The logs hold
/// phone numbers in clear, so their groups need a retention.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if !facts.taken.has(Channel::Sns) {
        return vec![Finding::ok(
            "no text is sent with SNS, so its log is not checked",
        )];
    }
    let answer = facts.sns.get_sms_attributes().attributes(ROLE).send().await;
    let role = match answer {
        Ok(answer) => answer.attributes().and_then(|all| all.get(ROLE)).cloned(),
        Err(error) => return vec![Finding::of_call("sns:GetSMSAttributes", &error)],
    };
    if role.is_none_or(|role| role.is_empty()) {
        return vec![Finding::warn(
            "SNS logs no deliveries: a text that it takes and drops leaves no trace",
            "give SNS a role for its logs: infra/FIRST-ACCOUNT.md, \"Delivery logs\"",
        )];
    }
    let mut found = vec![Finding::ok("SNS logs the deliveries of texts")];
    found.extend(check_retention(facts).await);
    found
}

/// Finds groups that keep phone numbers for ever.
async fn check_retention(facts: &Facts<'_>) -> Option<Finding> {
    let config = Builder::from(&facts.operator.aws);
    let region = facts.sns_region();
    let client = Client::from_conf(config.region(Region::new(region.to_owned())).build());
    let request = client
        .describe_log_groups()
        .log_group_name_prefix(format!("sns/{region}/"));
    let mut pages = request.into_paginator().items().send();
    let mut endless = Vec::new();
    while let Some(group) = pages.next().await {
        let group = match group {
            Ok(group) => group,
            Err(error) => return Some(Finding::of_call("logs:DescribeLogGroups", &error)),
        };
        let name = group.log_group_name().unwrap_or_default();
        if group.retention_in_days().is_none() && GROUPS.iter().any(|end| name.ends_with(end)) {
            endless.push(name.to_owned());
        }
    }
    if endless.is_empty() {
        return None;
    }
    Some(Finding::warn(
        format!(
            "these logs hold phone numbers in clear, for ever: {}",
            endless.join(", ")
        ),
        "aws logs put-retention-policy --retention-in-days 7 --log-group-name GROUP",
    ))
}
