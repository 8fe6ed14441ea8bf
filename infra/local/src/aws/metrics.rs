//! CloudWatch: the one metric that operators ask for, what the texts of the month have cost.

use axum::response::Response;
use http::StatusCode;
use phoneproof_domain::clock::Timestamp;
use serde_json::{Value, json};

use super::protocol;
use crate::sms_account::SmsAccount;

/// Answers `GetMetricStatistics` for `AWS/SNS` `SMSMonthToDateSpentUSD`. Other metrics have no points.
pub(super) fn get_metric_statistics(account: &SmsAccount, now: Timestamp, body: &[u8]) -> Response {
    let request = protocol::parse(body);
    let is = |name: &str, wanted: &str| request.get(name).and_then(Value::as_str) == Some(wanted);
    let has = |name: &str| request.get(name).is_some_and(Value::is_number);
    if !(has("StartTime") && has("EndTime") && has("Period")) || request.get("Statistics").is_none()
    {
        return protocol::refuse(StatusCode::BAD_REQUEST, "MissingParameter");
    }
    let is_spending = is("Namespace", "AWS/SNS") && is("MetricName", "SMSMonthToDateSpentUSD");
    let spent = account.contents().month_spent.filter(|_| is_spending);
    let points: Vec<_> = spent
        .map(|dollars| json!({ "Timestamp": now.unix(), "Maximum": dollars, "Unit": "None" }))
        .into_iter()
        .collect();
    protocol::answer(&json!({
        "Label": request.get("MetricName"),
        "Datapoints": points,
    }))
}
