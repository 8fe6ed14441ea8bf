//! The configuration sets and the Protect configuration that the policy names. A text that names one that the account
//! lacks is refused.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::policy::Policy;

use super::Facts;
use super::described::take_described;
use super::finding::Finding;

const SET: &str = "a configuration set";

/// Checks that each that a channel of the policy takes is in the account.
pub(super) async fn check(facts: &Facts<'_>, policy: &Policy) -> Vec<Finding> {
    let texts = policy.end_user_messaging.as_ref();
    let texts = texts.filter(|_| facts.taken.has(Channel::EndUserMessaging));
    let notify = policy.notify.as_ref();
    let notify = notify.filter(|_| facts.taken.has_notify());
    let of_texts = texts.and_then(|table| table.configuration_set.as_deref());
    let of_notify = notify.and_then(|table| table.configuration_set.as_deref());
    let mut found = Vec::new();
    for (path, name) in [
        ("end_user_messaging.configuration_set", of_texts),
        ("notify.configuration_set", of_notify),
    ] {
        if let Some(name) = name {
            found.push(check_set(facts, path, name).await);
        }
    }
    if let Some(id) = texts.and_then(|table| table.protect_configuration_id.as_deref()) {
        found.push(check_protect(facts, id).await);
    }
    found
}

async fn check_set(facts: &Facts<'_>, path: &str, name: &str) -> Finding {
    let request = facts.sms_voice.describe_configuration_sets();
    let answer = request.configuration_set_names(name).send().await;
    let described = answer.map(|answer| answer.configuration_sets().first().cloned());
    let right = "sms-voice:DescribeConfigurationSets";
    report((path, SET), take_described((path, SET), right, described))
}

async fn check_protect(facts: &Facts<'_>, id: &str) -> Finding {
    const NAMED: (&str, &str) = (
        "end_user_messaging.protect_configuration_id",
        "a Protect configuration",
    );
    let request = facts.sms_voice.describe_protect_configurations();
    let answer = request.protect_configuration_ids(id).send().await;
    let described = answer.map(|answer| answer.protect_configurations().first().cloned());
    let right = "sms-voice:DescribeProtectConfigurations";
    report(NAMED, take_described(NAMED, right, described))
}

fn report<T>((path, what): (&str, &str), described: Result<T, Finding>) -> Finding {
    match described {
        Ok(_) => Finding::ok(format!("{path}: {what} that the account has")),
        Err(finding) => finding,
    }
}
