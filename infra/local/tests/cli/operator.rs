//! What an operator reads of a stack: the log of the functions, with the events that are of no request line.

use phoneproof_tests::Database;
use serde_json::json;

use super::*;

fn find_export<'l>(lines: &'l [String], name: &str) -> &'l str {
    let prefix = format!("export {name}=");
    let mut lines = lines.iter();
    let value = lines.find_map(|line| line.trim().strip_prefix(&prefix));
    value.expect("an export")
}

#[tokio::test]
async fn the_line_that_names_a_damaged_purse_is_in_the_log_that_operators_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, phoneproof_config::DEFAULT_POLICY).expect("written");
    let (child, lines) = start_exporting(&["--policy", path.to_str().expect("UTF-8")]);
    let url = find_url(&lines);
    let database = Database::at(find_export(&lines, "AWS_ENDPOINT_URL_DYNAMODB"));
    let garbage = json!({ "pk": { "S": "purse#US#0" }, "open": { "S": "much" } });
    let put = json!({ "TableName": "Limits", "Item": garbage });
    assert_eq!(database.call("PutItem", &put).await.status, 200);
    assert_eq!(send(&url).await, 503);
    let logs = find_export(&lines, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS");
    let group = find_export(&lines, "LOG_GROUP");
    let request = client()
        .post(logs)
        .header("x-amz-target", "Logs_20140328.FilterLogEvents")
        .body(json!({ "logGroupName": group }).to_string());
    let answer = request.send().await.expect("an answer");
    let text = answer.text().await.expect("a body");
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events = answer["events"].as_array().expect("events").iter();
    let messages: Vec<_> = events
        .filter_map(|event| event["message"].as_str())
        .filter(|message| message.contains("the purse purse#US#0 cannot be read"))
        .collect();
    assert_eq!(messages.len(), 1, "{text}");
    // It is still on standard error, for whoever looks there.
    let output = interrupt(child);
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        errors.contains("the purse purse#US#0 cannot be read"),
        "{errors}"
    );
}
