//! The configuration sets and the Protect configuration that the policy names. A text that names one that the account lacks is refused.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::policy::Policy;

use super::Facts;
use super::finding::Finding;
use super::identities::{is_missing, report_missing};

const SET: &str = "a configuration set";
const PROTECT: &str = "a Protect configuration";

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
    match request.configuration_set_names(name).send().await {
        Ok(answer) if answer.configuration_sets().is_empty() => report_missing(path, SET),
        Ok(_) => report_present(path, SET),
        Err(error) if is_missing(&error) => report_missing(path, SET),
        Err(error) => Finding::of_call("sms-voice:DescribeConfigurationSets", &error),
    }
}

async fn check_protect(facts: &Facts<'_>, id: &str) -> Finding {
    const PATH: &str = "end_user_messaging.protect_configuration_id";
    let request = facts.sms_voice.describe_protect_configurations();
    match request.protect_configuration_ids(id).send().await {
        Ok(answer) if answer.protect_configurations().is_empty() => report_missing(PATH, PROTECT),
        Ok(_) => report_present(PATH, PROTECT),
        Err(error) if is_missing(&error) => report_missing(PATH, PROTECT),
        Err(error) => Finding::of_call("sms-voice:DescribeProtectConfigurations", &error),
    }
}

fn report_present(path: &str, what: &str) -> Finding {
    Finding::ok(format!("{path}: {what} that the account has"))
}
