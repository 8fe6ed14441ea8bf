//! The alarms of both stacks: what they link, what they read, and when they go off.

use std::collections::BTreeSet;

use phoneproof_domain::country::Country;
use serde_json::{Value, json};

use crate::template::document::{account_template, apply_condition, resources, template};
use crate::template::runbook::list_anchors;

#[test]
fn every_alarm_links_to_a_section_of_the_runbook() {
    for (template, least) in [(template(), 13), (account_template(), 6)] {
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
                "{id}: a quiet night must raise no alarm"
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
        "Vouched",
        "WouldRefuse",
        "PurseEmpty",
        "MoneyStopUsed",
        "CreditsLost",
        "Denied",
        "Faults",
        "ColdStarts",
        "InitTime",
        "Time",
        "StoreTime",
        "CarrierTime",
        "KeysTime",
        "NotTaken",
        "ChannelFaults",
        "Receipts",
        "UnreadableReceipts",
    ]
    .into();
    let journal = concat!(
        include_str!("../../shared/observe/src/journal.rs"),
        include_str!("../../shared/observe/src/journal/not_taken.rs"),
        include_str!("../../shared/observe/src/journal/receipt.rs")
    );
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
        if let Some((_, rest)) = expression.trim().split_once("SELECT ") {
            let (function, rest) = rest.split_once(") FROM SCHEMA(").expect("a query");
            let (_, name) = function.split_once('(').expect("a function");
            let (namespace, _) = rest.split_once(',').expect("a schema");
            metrics.push((namespace.to_owned(), name.to_owned()));
        }
    }
    metrics
}

/// No request line shows what the gateway itself turned away.
#[test]
fn an_alarm_of_each_stack_sees_what_its_gateway_refuses() {
    let [ours, theirs] = [template(), account_template()].map(|template| {
        let alarm = template["Resources"]["RefusedAlarm"]["Properties"].clone();
        for (query, name) in [(1, "Count"), (2, "4xx")] {
            let metric = &alarm["Metrics"][query]["MetricStat"]["Metric"];
            assert_eq!(metric["Namespace"], "AWS/ApiGateway");
            assert_eq!(metric["MetricName"], name);
            let of_api = json!([{ "Name": "ApiId", "Value": { "Ref": "Api" } }]);
            assert_eq!(metric["Dimensions"], of_api);
        }
        let (metrics, threshold) = (alarm["Metrics"].clone(), alarm["Threshold"].clone());
        (metrics, threshold, alarm["EvaluationPeriods"].clone())
    });
    assert_eq!(ours, theirs, "both go off alike");
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

/// The query of an alarm, and what makes it go off: the least value, the seconds of a period, and how many periods it
/// looks back on.
fn read_query(alarm: &str) -> (String, i64, i64, i64) {
    let template = template();
    let alarm = &template["Resources"][alarm]["Properties"];
    let number = |value: &Value| value.as_i64().expect("a number");
    let query = alarm["Metrics"][0]["Expression"]["Fn::Sub"].as_str();
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
    assert_eq!(alarm["DatapointsToAlarm"], 1, "the first one is enough");
    (
        query.expect("a query").trim().to_owned(),
        number(&alarm["Threshold"]),
        number(&alarm["Metrics"][0]["Period"]),
        number(&alarm["EvaluationPeriods"]),
    )
}

#[test]
fn the_first_empty_purse_of_a_country_is_an_alarm_within_a_minute() {
    let query = "SELECT SUM(PurseEmpty) FROM SCHEMA(PhoneProof, country, purse, stack) WHERE stack = '${AWS::StackName}' \
                 GROUP BY country, purse ORDER BY SUM() DESC";
    assert_eq!(read_query("PurseAlarm"), (query.to_owned(), 1, 60, 15));
}

/// CloudWatch evaluates such queries over three hours at most (CloudWatch user guide, limits of alarms).
#[test]
fn the_money_of_each_country_is_an_alarm_at_half_at_most_and_at_all_of_its_stop() {
    let query = "SELECT MAX(MoneyStopUsed) FROM SCHEMA(PhoneProof, country, stack) WHERE stack = '${AWS::StackName}' \
                 GROUP BY country ORDER BY MAX() DESC";
    for (alarm, percent) in [
        ("MoneyHalfAlarm", 50),
        ("MoneyMostAlarm", 80),
        ("MoneyStopAlarm", 100),
    ] {
        let (read, threshold, period, periods) = read_query(alarm);
        assert_eq!((read.as_str(), threshold), (query, percent), "{alarm}");
        assert!(period * periods <= 3 * 3_600, "{alarm}");
    }
    // Below this there is no metric.
    assert_eq!(phoneproof_observe::MONEY_WATCHED_FROM, 50);
}

/// The widgets of the dashboard, by title.
fn list_widgets() -> Vec<(String, Value)> {
    let template = template();
    let body = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let body: Value = serde_json::from_str(body.as_str().expect("a body")).expect("JSON");
    let widgets = body["widgets"].as_array().expect("widgets").iter();
    let titled = widgets.filter_map(|widget| {
        let title = widget["properties"]["title"].as_str()?;
        Some((title.to_owned(), widget.clone()))
    });
    titled.collect()
}

#[test]
fn the_dashboard_shows_each_country_its_conversion_and_cost_and_what_purses_refuse() {
    let widgets = list_widgets();
    let find = |start: &str| {
        let found = widgets.iter().find(|(title, _)| title.starts_with(start));
        found
            .map(|(_, widget)| &widget["properties"])
            .expect("a widget")
    };
    let query = find("By country")["query"].as_str().expect("a query");
    let journal = concat!(
        include_str!("../../shared/observe/src/journal.rs"),
        include_str!("../../shared/observe/src/journal/metrics.rs")
    );
    for part in [
        "by country",
        "sum(Sent)",
        "sum(Verified)",
        "100 * sum(Verified) / sum(Sent) as conversion",
        "sum(EstimatedCost)",
        "sum(UpperBoundCost)",
        "sum(PurseEmpty)",
        "max(money_percent)",
    ] {
        assert!(query.contains(part), "{part} is not in {query}");
        let name = part
            .rsplit_once('(')
            .and_then(|(_, rest)| rest.split(')').next());
        let is_member = |name: &str| {
            journal.contains(&format!("\"{name}\"")) || journal.contains(&format!(" {name}: "))
        };
        assert!(name.is_none_or(is_member), "the line has no member {part}");
    }
    let refused = find("Refused by purses")["metrics"].to_string();
    for rule in phoneproof_domain::purse::PurseRule::ALL {
        assert!(refused.contains(rule.name()), "{}", rule.name());
    }
    for (title, schema) in [
        ("Empty purses", "{PhoneProof,stack,country,purse}"),
        ("Shadow mode", "{PhoneProof,stack,wouldRefuse}"),
        ("Money of the day", "{PhoneProof,stack,country}"),
    ] {
        let metrics = find(title)["metrics"].to_string();
        assert!(metrics.contains(schema), "{title}: {metrics}");
        // The request line declares exactly these dimensions.
        let dimensions = schema.trim_matches(['{', '}']).split(',').skip(1);
        let quoted: Vec<_> = dimensions.map(|name| format!("\"{name}\"")).collect();
        assert!(
            journal.contains(&format!("&[{}]", quoted.join(", "))),
            "{schema}"
        );
    }
}

/// No widget covers another one.
#[test]
fn the_widgets_of_the_dashboard_stand_beside_each_other() {
    let mut taken = BTreeSet::new();
    for (title, widget) in list_widgets() {
        let number = |name: &str| widget[name].as_u64().expect("a number");
        let (x, y) = (number("x"), number("y"));
        assert!(x + number("width") <= 24, "{title}");
        for cell in
            (x..x + number("width")).flat_map(|x| (y..y + number("height")).map(move |y| (x, y)))
        {
            assert!(taken.insert(cell), "{title} covers another one");
        }
    }
    assert!(taken.len() > 500);
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
        let estimate = sms.estimate_cost(Some(country), 1);
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
