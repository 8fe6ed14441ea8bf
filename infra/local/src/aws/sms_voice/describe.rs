//! The calls of End User Messaging about the account: pools, numbers, sender ids, configuration sets, configurations of
//! Notify and Protect.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::{refuse, respond};
use crate::sms_account::Contents;

/// When everything in the account was made.
const MADE_AT: u32 = 1_793_491_200;

/// Answers a call that describes what the account has; `None` for any other operation.
pub(super) fn answer(contents: &Contents, operation: &str, input: &Value) -> Option<Response> {
    let described = match operation {
        "DescribePools" => describe(input, "PoolIds", |id| describe_pool(contents, id)),
        "DescribePhoneNumbers" => {
            describe(input, "PhoneNumberIds", |id| describe_number(contents, id))
        }
        "DescribeNotifyConfigurations" => describe(input, "NotifyConfigurationIds", |id| {
            describe_notify(contents, id)
        }),
        "DescribeConfigurationSets" => describe(input, "ConfigurationSetNames", |name| {
            describe_set(contents, name)
        }),
        "DescribeProtectConfigurations" => describe(input, "ProtectConfigurationIds", |id| {
            describe_protect(contents, id)
        }),
        "DescribeSenderIds" => return Some(describe_sender_ids(contents, input)),
        _ => return None,
    };
    Some(match described {
        Some(described) => {
            let member = operation.trim_start_matches("Describe");
            respond(StatusCode::OK, &json!({ member: described }))
        }
        None => refuse("ResourceNotFoundException", None, &[]),
    })
}

/// Describes each id that the call names in `member`; `None` if the account lacks one.
fn describe(
    input: &Value,
    member: &str,
    describe: impl Fn(&str) -> Option<Value>,
) -> Option<Vec<Value>> {
    let ids = input.get(member).and_then(Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    // An ARN ends with the id.
    ids.map(|id| describe(id.rsplit('/').next().unwrap_or(id)))
        .collect()
}

fn describe_pool(contents: &Contents, id: &str) -> Option<Value> {
    let status = contents.identities.get(id)?;
    Some(json!({
        "PoolArn": format!("arn:aws:sms-voice:us-east-1:000000000000:pool/{id}"),
        "PoolId": id,
        "Status": status,
        "MessageType": "TRANSACTIONAL",
        "TwoWayEnabled": false,
        "SelfManagedOptOutsEnabled": false,
        "OptOutListName": "Default",
        "SharedRoutesEnabled": false,
        "DeletionProtectionEnabled": false,
        "CreatedTimestamp": MADE_AT,
    }))
}

fn describe_number(contents: &Contents, id: &str) -> Option<Value> {
    let status = contents.identities.get(id)?;
    Some(json!({
        "PhoneNumberArn": format!("arn:aws:sms-voice:us-east-1:000000000000:phone-number/{id}"),
        "PhoneNumberId": id,
        "PhoneNumber": "+18885550100",
        "Status": status,
        "IsoCountryCode": "US",
        "MessageType": "TRANSACTIONAL",
        "NumberCapabilities": ["SMS"],
        "NumberType": "TOLL_FREE",
        "MonthlyLeasingPrice": "2.00",
        "TwoWayEnabled": false,
        "SelfManagedOptOutsEnabled": false,
        "OptOutListName": "Default",
        "DeletionProtectionEnabled": false,
        "CreatedTimestamp": MADE_AT,
    }))
}

fn describe_notify(contents: &Contents, id: &str) -> Option<Value> {
    let mut all = contents.notify.iter();
    let found = all.find(|configuration| configuration.id == id)?;
    Some(json!({
        "NotifyConfigurationArn":
            format!("arn:aws:sms-voice:us-east-1:000000000000:notify-configuration/{id}"),
        "NotifyConfigurationId": id,
        "DisplayName": "Example",
        "UseCase": "CODE_VERIFICATION",
        "EnabledCountries": found.countries,
        "EnabledChannels": found.channels,
        "Tier": "BASIC",
        "TierUpgradeStatus": "BASIC",
        "Status": found.status,
        "DeletionProtectionEnabled": false,
        "CreatedTimestamp": MADE_AT,
    }))
}

fn describe_set(contents: &Contents, name: &str) -> Option<Value> {
    let mut all = contents.configuration_sets.iter();
    all.any(|known| known == name).then(|| {
        json!({
            "ConfigurationSetArn":
                format!("arn:aws:sms-voice:us-east-1:000000000000:configuration-set/{name}"),
            "ConfigurationSetName": name,
            "EventDestinations": [],
            "CreatedTimestamp": MADE_AT,
        })
    })
}

fn describe_protect(contents: &Contents, id: &str) -> Option<Value> {
    let mut all = contents.protect.iter();
    all.any(|known| known == id).then(|| {
        json!({
            "ProtectConfigurationArn":
                format!("arn:aws:sms-voice:us-east-1:000000000000:protect-configuration/{id}"),
            "ProtectConfigurationId": id,
            "CreatedTimestamp": MADE_AT,
            "AccountDefault": false,
            "DeletionProtectionEnabled": false,
        })
    })
}

/// Lists the sender ids that the call names and the account has.
fn describe_sender_ids(contents: &Contents, input: &Value) -> Response {
    let asked = input.get("SenderIds").and_then(Value::as_array);
    let asked = asked.cloned().unwrap_or_default();
    let known = contents.sender_ids.iter().filter(|known| {
        let is_asked = |asked: &Value| {
            asked.get("SenderId") == Some(&json!(known.id))
                && asked.get("IsoCountryCode") == Some(&json!(known.country))
        };
        asked.iter().any(is_asked)
    });
    let listed = known.map(|known| {
        let (id, country) = (&known.id, &known.country);
        json!({
            "SenderIdArn": format!("arn:aws:sms-voice:us-east-1:000000000000:sender-id/{id}/{country}"),
            "SenderId": id,
            "IsoCountryCode": country,
            "MessageTypes": ["TRANSACTIONAL"],
            "MonthlyLeasingPrice": "0.00",
            "DeletionProtectionEnabled": false,
            "Registered": known.is_registered,
        })
    });
    let listed: Vec<Value> = listed.collect();
    respond(StatusCode::OK, &json!({ "SenderIds": listed }))
}
