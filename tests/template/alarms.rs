//! The alarms of both stacks: what they link, what they read, and when they go off.

use std::collections::BTreeSet;

use phoneproof_domain::country::Country;
use serde_json::{Value, json};

use crate::template::document::{account_template, apply_condition, resources, template};
use crate::template::runbook::list_anchors;

#[test]
fn every_alarm_links_to_a_section_of_the_runbook() {
    for (template, least) in [(template(), 9), (account_template(), 5)] {
        let alarms = resources(&template, "AWS::CloudWatch::Alarm");
        assert!(alarms.len() >= least);
        for (id, alarm) in alarms {
            let description = alarm["AlarmDescription"]["Fn::Sub"]
                .as_str()
                .expect("a description");
            let (_, section) = description
                .trim()
                .rsplit_once("${RunbookUrl}#")
                .expect("a link");
            assert!(list_anchors().contains(section), "{id}: {section}");
            assert_eq!(
                alarm["TreatMissingData"], "notBreaching",
                "{id}: a quiet night is no alarm"
            );
            let actions = apply_condition(&alarm["AlarmActions"], "HasAlarmEmail", true);
            assert_eq!(actions, json!([{ "Ref": "AlarmTopic" }]), "{id}");
        }
    }
}

/// The request lines carry every metric that the template reads.
#[test]
fn alarms_and_dashboard_read_metrics_that_exist() {
    let known: BTreeSet<_> = [
        "Texts",
        "Sent",
        "Segments",
        "EstimatedCost",
        "UpperBoundCost",
        "Shortfall",
        "Verifications",
        "Verified",
        "Events",
        "Denied",
        "Faults",
        "ColdStarts",
        "InitTime",
        "Time",
        "StoreTime",
        "CarrierTime",
        "KeysTime",
    ]
    .into();
    let journal = include_str!("../../shared/observe/src/journal.rs");
    for name in &known {
        assert!(
            journal.contains(&format!("#[entry(name = \"{name}\")]")),
            "{name}"
        );
    }
    for template in [template(), account_template()] {
        for (id, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
            let metrics = list_metrics(alarm);
            assert!(!metrics.is_empty(), "{id}");
            for (namespace, name) in metrics {
                let ours = namespace == phoneproof_observe::NAMESPACE;
                assert!(!ours || known.contains(name.as_str()), "{id}: {name}");
            }
        }
    }
    let template = template();
    let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        .as_str()
        .expect("a body");
    let dashboard: Value = serde_json::from_str(body).expect("the dashboard is JSON");
    let metrics = dashboard["widgets"].as_array().expect("widgets").iter();
    for metric in metrics.flat_map(|widget| {
        widget["properties"]["metrics"]
            .as_array()
            .into_iter()
            .flatten()
    }) {
        if metric[0] == phoneproof_observe::NAMESPACE {
            assert!(
                known.contains(metric[1].as_str().expect("a name")),
                "{metric}"
            );
        }
    }
}

/// The namespace and the name of every metric that an alarm reads: its own, those of its math, that of its query.
fn list_metrics(alarm: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pair = |metric: &Value| (text(&metric["Namespace"]), text(&metric["MetricName"]));
    let mut metrics = Vec::new();
    if alarm["MetricName"].is_string() {
        metrics.push(pair(alarm));
    }
    for query in alarm["Metrics"].as_array().into_iter().flatten() {
        if query["MetricStat"].is_object() {
            metrics.push(pair(&query["MetricStat"]["Metric"]));
        }
        let expression = text(&query["Expression"]["Fn::Sub"]);
        if let Some(rest) = expression.strip_prefix("SELECT SUM(") {
            let (name, rest) = rest.split_once(") FROM SCHEMA(").expect("a query");
            let (namespace, _) = rest.split_once(',').expect("a schema");
            metrics.push((namespace.to_owned(), name.to_owned()));
        }
    }
    metrics
}

/// A query of more than one series needs GROUP BY and ORDER BY (CloudWatch user guide, multi time series alarms).
#[test]
fn the_alarm_of_countries_judges_each_country_of_this_stack_by_itself() {
    let template = template();
    let alarm = &template["Resources"]["CountryAlarm"]["Properties"];
    assert_eq!(
        alarm["Metrics"][0]["Expression"]["Fn::Sub"]
            .as_str()
            .map(str::trim),
        Some(
            "SELECT SUM(Shortfall) FROM SCHEMA(PhoneProof, country, stack) WHERE stack = '${AWS::StackName}' \
             GROUP BY country ORDER BY SUM() DESC"
        )
    );
    // 20 texts without a code, by the weights of the request line.
    assert_eq!(alarm["Threshold"], 60);
    assert_eq!(alarm["Metrics"][0]["Period"], 900);
}

/// The number of texts in one hour that sets the pumping alarm off, in a stage of this budget.
fn count_texts_of_the_alarm(budget: u64, micros_per_text: u64) -> u64 {
    let mut texts = 0;
    while texts <= 10 || texts * micros_per_text * 10 <= budget * 1_000_000 {
        texts += 1;
    }
    texts
}

/// The monthly budget of a stage in samconfig.toml, in dollars.
fn read_budget(stage: &str) -> u64 {
    let config = include_str!("../../samconfig.toml");
    let section = format!("[{stage}.deploy.parameters]");
    let (_, section) = config.split_once(&section).expect("a stage");
    let (_, rest) = section.split_once("MonthlySmsBudget=").expect("a budget");
    let digits = rest.split('"').next().expect("a number");
    digits.parse().expect("dollars")
}

#[test]
fn the_pumping_alarm_waits_for_more_than_anybody_makes_by_hand() {
    let template = template();
    let alarm = &template["Resources"]["PumpingAlarm"]["Properties"];
    assert_eq!(
        alarm["Metrics"][0]["Expression"]["Fn::Sub"],
        "IF(FILL(sent, 0) > 10, FILL(cost, 0) / ${MonthlySmsBudget}, 0)"
    );
    assert_eq!(alarm["Threshold"], 0.1);
    let policy = phoneproof_config::policy::from_toml(phoneproof_config::DEFAULT_POLICY);
    let sms = policy.expect("valid").sms;
    let micros = |country: &str| {
        let country = Country::parse(country).expect("a country");
        let estimate = sms.estimated_cost(Some(country), 1);
        estimate.expect("an estimate").amount.micros()
    };
    // Without a price, a text counts as 0.50 dollars. No list has a price for Antarctica.
    let expected = [("dev", [51, 11, 11]), ("prod", [1_001, 112, 21])];
    for (stage, expected) in expected {
        let budget = read_budget(stage);
        let texts =
            ["US", "DE", "AQ"].map(|country| count_texts_of_the_alarm(budget, micros(country)));
        assert_eq!(texts, expected, "{stage}");
    }
}
