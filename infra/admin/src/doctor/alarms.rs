//! Who gets the alarms.

use aws_sdk_sns::Client;

use super::Facts;
use super::finding::Finding;
use crate::operator::AlarmTopic;

/// What the ARN of a subscription says until somebody follows the link in the mail (Amazon SNS API reference,
/// `Subscribe`).
const PENDING: &str = "PendingConfirmation";

/// Checks that somebody gets the alarms: a subscriber of their topic who has followed the link that AWS mailed.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(resources) = &facts.resources else {
        return vec![Finding::of_unchecked("the stack is not known", "")];
    };
    let topic = match &resources.alarm_topic {
        AlarmTopic::Named(topic) => topic,
        AlarmTopic::None => {
            return vec![Finding::warn(
                "nobody is told of an alarm: the stack has no AlarmEmail",
                "deploy with AlarmEmail among the stage's parameter_overrides in samconfig.toml",
            )];
        }
        AlarmTopic::Unnamed => {
            return vec![Finding::of_unchecked(
                "the stack has an AlarmEmail, and its outputs do not name the topic",
                "deploy this version of the template, which has the output AlarmTopic",
            )];
        }
    };
    // The topic is in the stack's region, also where SNS texts from another one.
    let sns = Client::new(&facts.operator.aws);
    let request = sns.list_subscriptions_by_topic().topic_arn(topic);
    let mut pages = request.into_paginator().items().send();
    let (mut confirmed, mut pending) = (0_usize, 0_usize);
    while let Some(subscription) = pages.next().await {
        match subscription {
            Ok(subscription) if subscription.subscription_arn() == Some(PENDING) => pending += 1,
            Ok(_) => confirmed += 1,
            Err(error) => {
                return vec![Finding::of_call("sns:ListSubscriptionsByTopic", &error)];
            }
        }
    }
    vec![report(confirmed, pending)]
}

fn report(confirmed: usize, pending: usize) -> Finding {
    match (confirmed, pending) {
        (0, 0) => Finding::fail(
            "nobody gets the alarms: their topic has no subscriber",
            "subscribe an address: aws sns subscribe --topic-arn \"$ALARM_TOPIC\" --protocol email --notification-endpoint ADDRESS",
        ),
        (0, waiting) => Finding::fail(
            format!(
                "nobody gets the alarms: {waiting} subscribed, and none has followed the link that AWS mailed"
            ),
            "follow the link \"Confirm subscription\"; it is good for two days, after that deploy AlarmEmail anew or subscribe again",
        ),
        (some, 0) => Finding::ok(format!("confirmed subscribers of the alarms: {some}")),
        (some, waiting) => Finding::ok(format!(
            "confirmed subscribers of the alarms: {some}; {waiting} did not follow the link yet"
        )),
    }
}
