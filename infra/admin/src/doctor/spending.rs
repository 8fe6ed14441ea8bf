//! The spend limit of the month: the limit of SNS, what this month's texts have cost, and the budget of the template.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use phoneproof_config::Environment as _;
use phoneproof_config::process::ProcessEnvironment;
use serde_json::{Value, json};

use super::Facts;
use super::finding::Finding;

/// The attribute of SNS that holds the limit.
const LIMIT: &str = "MonthlySpendLimit";

/// The share of the budget at which the stack's alarm comes, and of the limit at which it is time to act.
const ALARM_SHARE: f64 = 0.8;

/// The right to read the month's spending.
const METRIC_RIGHT: &str = "cloudwatch:GetMetricStatistics";

/// How far back the month's spending is looked for. SNS reports it when it texts.
const BACK: Duration = Duration::from_hours(24);

/// Checks the spend limit against what was spent and against the budget. Above the limit SNS takes texts and drops
/// them.
pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    if !facts.taken.has_own_words() {
        return vec![report_other_limit(facts.taken.has_notify())];
    }
    let request = facts.sns.get_sms_attributes().attributes(LIMIT);
    let (attributes, spent) = tokio::join!(request.send(), read_spent(facts));
    let limit = match attributes {
        Ok(answer) => answer.attributes().and_then(|all| all.get(LIMIT)).cloned(),
        Err(error) => return vec![Finding::of_call("sns:GetSMSAttributes", &error)],
    };
    let mut found = Vec::new();
    match limit.and_then(|limit| limit.parse::<f64>().ok()) {
        Some(limit) => {
            found.push(compare_budget(limit, facts.monthly_budget()));
            found.push(match spent {
                Ok(spent) => compare_spent(limit, spent),
                Err(finding) => finding,
            });
        }
        None => found.push(Finding::warn(
            "no spend limit is set, so the account's quota holds: 1 dollar for a new account",
            "set what you can afford to lose: aws sns set-sms-attributes --attributes MonthlySpendLimit=50",
        )),
    }
    found
}

/// Reports the limit of texts that neither SNS nor End User Messaging sends.
fn report_other_limit(has_notify: bool) -> Finding {
    if has_notify {
        Finding::of_unchecked(
            "Notify has a spend limit of its own, and no text takes SNS or End User Messaging",
            "aws pinpoint-sms-voice-v2 describe-spend-limits shows NOTIFY_MESSAGE_MONTHLY_SPEND_LIMIT",
        )
    } else {
        Finding::ok("no text is sent with AWS")
    }
}

impl Facts<'_> {
    /// The template's `MonthlySmsBudget`, in US dollars, if it is known.
    fn monthly_budget(&self) -> Option<f64> {
        self.resources.as_ref()?.monthly_budget
    }
}

fn compare_budget(limit: f64, budget: Option<f64>) -> Finding {
    let Some(budget) = budget else {
        return Finding::of_unchecked(
            format!("the spend limit is ${limit}, and the budget of the stack is not known"),
            "deploy with MonthlySmsBudget, or set MONTHLY_SMS_BUDGET at a local stack",
        );
    };
    let same = "give both the same number: MonthlySmsBudget in samconfig.toml, and aws sns set-sms-attributes --attributes MonthlySpendLimit=";
    let advice = format!("{same}{budget}");
    if limit < ALARM_SHARE * budget {
        Finding::fail(
            format!(
                "SNS stops at ${limit} a month, before the alarm at 80 percent of the budget of ${budget}"
            ),
            &format!("{advice}; above the quota, ask Service Quotas for more"),
        )
    } else if limit > budget {
        Finding::warn(
            format!("SNS stops at ${limit} a month, above the budget of ${budget}"),
            &advice,
        )
    } else {
        Finding::ok(format!(
            "SNS stops at ${limit} a month; the budget is ${budget}"
        ))
    }
}

fn compare_spent(limit: f64, spent: Option<f64>) -> Finding {
    let Some(spent) = spent else {
        return Finding::ok("no texts were billed in the last day");
    };
    let raise = "raise the limit, or stop texting: infra/RUNBOOK.md, Under attack";
    if spent >= limit {
        Finding::fail(
            format!(
                "this month's texts have cost ${spent:.2} of ${limit}: SNS takes texts and drops them"
            ),
            raise,
        )
    } else if spent >= ALARM_SHARE * limit {
        Finding::warn(
            format!("this month's texts have cost ${spent:.2} of ${limit}"),
            raise,
        )
    } else {
        Finding::ok(format!(
            "this month's texts have cost ${spent:.2} of ${limit}"
        ))
    }
}

/// Reads what this month's texts of the account have cost, in US dollars; `None` if SNS reported nothing lately.
///
/// The call is signed by hand: a client of CloudWatch would be the largest of this command's, for one number.
async fn read_spent(facts: &Facts<'_>) -> Result<Option<f64>, Finding> {
    let aws = &facts.operator.aws;
    let region = facts.sns_region();
    let own = ProcessEnvironment.get("AWS_ENDPOINT_URL_CLOUDWATCH");
    let url = own.or_else(|| aws.endpoint_url().map(str::to_owned));
    let url = url.unwrap_or_else(|| format!("https://monitoring.{region}.amazonaws.com"));
    let url = format!("{}/", url.trim_end_matches('/'));
    let now = facts.operator.now();
    let body = json!({
        "Namespace": "AWS/SNS",
        "MetricName": "SMSMonthToDateSpentUSD",
        "StartTime": (now - BACK).unix(),
        "EndTime": now.unix(),
        "Period": BACK.as_secs(),
        "Statistics": ["Maximum"],
    })
    .to_string();
    let failed = |code: &str| Finding::of_code(METRIC_RIGHT, code, None);
    let credentials = match aws.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.ok(),
        None => None,
    };
    let identity = credentials.ok_or_else(|| failed("no credentials"))?.into();
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        (
            "x-amz-target",
            "GraniteServiceVersion20100801.GetMetricStatistics",
        ),
    ];
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(now.unix().unsigned_abs());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("monitoring")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| failed("request not signed"))?
        .into();
    let bytes = SignableBody::Bytes(body.as_bytes());
    let signed = SignableRequest::new("POST", &url, headers.into_iter(), bytes)
        .and_then(|request| sign(request, &parameters))
        .map_err(|_| failed("request not signed"))?;
    let (instructions, _) = signed.into_parts();
    let client = reqwest::Client::new();
    let mut request = client.post(&url).body(body);
    for (name, value) in headers.into_iter().chain(instructions.headers()) {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|_| failed("no connection"))?;
    let is_done = answer.status().is_success();
    let answer = answer
        .bytes()
        .await
        .map_err(|_| failed("connection lost"))?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| failed("unreadable answer"))?;
    if !is_done {
        return Err(read_refusal(&answer));
    }
    let points = answer.get("Datapoints").and_then(Value::as_array);
    let newest = points.into_iter().flatten().max_by(|a, b| {
        let at = |point: &Value| point.get("Timestamp").and_then(Value::as_f64);
        at(a).unwrap_or(0.0).total_cmp(&at(b).unwrap_or(0.0))
    });
    Ok(newest.and_then(|point| point.get("Maximum")?.as_f64()))
}

/// Reads the error of the AWS JSON protocol. Its type can have a namespace before the name.
fn read_refusal(answer: &Value) -> Finding {
    let member = |name: &str| answer.get(name).and_then(Value::as_str);
    let code = member("__type").unwrap_or("service error");
    let code = code.split('#').next_back().unwrap_or(code);
    let message = member("message").or(member("Message"));
    Finding::of_code(METRIC_RIGHT, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn the_limit_is_held_against_the_budget() {
        for (limit, budget, state) in [
            (50.0, Some(50.0), State::Ok),
            (40.0, Some(50.0), State::Ok),
            (39.0, Some(50.0), State::Fail),
            (1.0, Some(5.0), State::Fail),
            (51.0, Some(50.0), State::Warn),
            (50.0, None, State::NotChecked),
        ] {
            assert_eq!(
                compare_budget(limit, budget).state,
                state,
                "{limit} {budget:?}"
            );
        }
    }

    #[test]
    fn the_limit_is_held_against_what_was_spent() {
        for (spent, state) in [
            (None, State::Ok),
            (Some(39.99), State::Ok),
            (Some(40.0), State::Warn),
            (Some(50.0), State::Fail),
        ] {
            assert_eq!(compare_spent(50.0, spent).state, state, "{spent:?}");
        }
    }

    #[test]
    fn a_refusal_of_cloudwatch_names_the_right() {
        let finding = read_refusal(&json!({ "__type": "com.amazon#AccessDeniedException" }));
        assert_eq!(finding.missing_right.as_deref(), Some(METRIC_RIGHT));
        let finding = read_refusal(&json!({ "__type": "InternalServiceFault", "message": "m" }));
        assert_eq!(finding.missing_right, None);
        assert!(
            finding.seen.contains("GetMetricStatistics failed"),
            "{}",
            finding.seen
        );
    }
}
