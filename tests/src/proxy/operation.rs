//! What a call asks of AWS: its operation, and the permissions that it needs.

use http::HeaderMap;
use serde_json::{Value, json};

/// The request that opens a connection. It is not a call: it needs no permission, and is not counted.
pub(super) const PING: &str = "ping";

/// The name of a request of the send hook, which has no operation.
pub const HOOK: &str = "Hook";

/// Reads the operation of a call: `UpdateItem` of `DynamoDB_20120810.UpdateItem`, `Publish` of `Action=Publish`.
///
/// A request that names no operation is a [`PING`].
pub(super) fn read_operation(headers: &HeaderMap, body: &[u8]) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let query = || {
        std::str::from_utf8(body)
            .ok()?
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
    };
    let hook = || headers.contains_key("webhook-id").then_some(HOOK);
    let name = target
        .and_then(|target| target.rsplit('.').next())
        .or_else(hook)
        .or_else(query);
    name.unwrap_or(PING).to_owned()
}

/// Reads the client token of a transaction, under which DynamoDB applies it once; `None` for every other call.
pub(super) fn read_client_token(operation: &str, body: &[u8]) -> Option<String> {
    if operation != "TransactWriteItems" {
        return None;
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    body["ClientRequestToken"].as_str().map(str::to_owned)
}

/// Lists the IAM actions that a call needs. DynamoDB checks each item of a transaction as an action of its own.
pub(super) fn list_permissions(operation: &str, body: &[u8]) -> Vec<(String, String)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let on_table = |action: &str, request: &Value| {
        // In an external database, names have a prefix.
        let name = request["TableName"].as_str().unwrap_or_default();
        let table = name.rsplit('-').next().unwrap_or_default();
        (format!("dynamodb:{action}"), table.to_owned())
    };
    match operation {
        "Publish" => vec![("sns:Publish".to_owned(), "*".to_owned())],
        // No permission of AWS is needed for it.
        HOOK => Vec::new(),
        "SendTextMessage" | "SendNotifyTextMessage" | "SendNotifyVoiceMessage" => {
            vec![(format!("sms-voice:{operation}"), "*".to_owned())]
        }
        "GetSecretValue" => vec![(
            "secretsmanager:GetSecretValue".to_owned(),
            "Keyring".to_owned(),
        )],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let members = items.filter_map(Value::as_object).flatten();
            members
                .map(|(kind, request)| match kind.as_str() {
                    "ConditionCheck" => on_table("ConditionCheckItem", request),
                    kind => on_table(&format!("{kind}Item"), request),
                })
                .collect()
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let named = |(name, _)| on_table("BatchGetItem", &json!({ "TableName": name }));
            tables.map(named).collect()
        }
        other => vec![on_table(other, &body)],
    }
}
