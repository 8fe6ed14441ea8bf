//! `doctor`: each finding, provoked.

#[path = "doctor/chapter.rs"]
mod chapter;
#[path = "doctor/failures.rs"]
mod failures;
#[path = "doctor/policy.rs"]
mod policy;
#[path = "doctor/routes.rs"]
mod routes;

use std::collections::BTreeMap;

use phoneproof_local::aws::LOG_GROUP;
use phoneproof_local::sms_account::{
    ALARM_TOPIC, Contents, FAILURE_LOGS, Fault, OriginationNumber, SmsAccount,
};

use super::*;

/// The variables by which `cargo run` names what a stack's outputs and parameters name.
const NAMED: [(&str, &str); 2] = [("ALARM_TOPIC", ALARM_TOPIC), ("MONTHLY_SMS_BUDGET", "50")];

/// The findings of one run, by check.
struct Findings {
    code: i32,
    all: Value,
}

impl Findings {
    /// Returns the findings of one check: the state, and what was seen.
    fn of(&self, check: &str) -> Vec<(&str, &str)> {
        let checks = self.all["checks"].as_array().expect("checks");
        let own = checks.iter().filter(|finding| finding["check"] == check);
        own.map(|finding| {
            let state = finding["state"].as_str().expect("a state");
            (state, finding["seen"].as_str().expect("what was seen"))
        })
        .collect()
    }

    /// Returns the states of the findings of one check.
    fn states(&self, check: &str) -> Vec<&str> {
        self.of(check).into_iter().map(|(state, _)| state).collect()
    }

    /// Returns all findings with this state.
    fn with_state(&self, state: &str) -> Vec<&str> {
        let checks = self.all["checks"].as_array().expect("checks");
        checks
            .iter()
            .filter(|finding| finding["state"] == state)
            .map(|finding| finding["check"].as_str().expect("a name"))
            .collect()
    }
}

impl Site {
    /// Starts a stack whose account says this about its texts.
    async fn start_account(account: SmsAccount) -> Self {
        let mut site = Self::start().await;
        let mut options = site.options.clone();
        options.account = account;
        site.stack = Stack::start(options.clone()).await.expect("a stack");
        site.client = Client::new(&site.stack.url);
        site.options = options;
        site
    }

    /// Lets the account say something else.
    fn change_account(&self, change: impl FnOnce(&mut Contents)) {
        self.options.account.change(change);
    }

    async fn doctor(&self) -> Findings {
        self.doctor_with(&[], &NAMED).await
    }

    async fn doctor_of(&self, policy: &str) -> Findings {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), policy).expect("written");
        let path = file.path().to_str().expect("UTF-8");
        self.doctor_with(&["--policy", path], &NAMED).await
    }

    async fn doctor_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Findings {
        let arguments = [&["--json", "doctor"], arguments].concat();
        let output = self.run_with(&arguments, variables).await;
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        for hidden in [
            "15550100",
            "2007986",
            "5550199",
            "example.com",
            "0123456789abcdef",
        ] {
            assert!(
                !text.contains(hidden) && !errors.contains(hidden),
                "{hidden} is shown: {text}{errors}"
            );
        }
        Findings {
            code: output.status.code().expect("a code"),
            all: serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}")),
        }
    }
}

#[tokio::test]
async fn an_account_that_may_text_has_no_finding_that_fails() {
    let site = Site::start().await;
    let found = site.doctor().await;
    assert_eq!(found.with_state("fail"), [""; 0], "{}", found.all);
    assert_eq!(found.code, 0);
    for (check, states) in [
        ("stack", &["ok"][..]),
        ("policy", &["ok"]),
        ("region", &["ok"]),
        ("sandbox", &["ok"]),
        ("spend-limit", &["ok", "ok"]),
        ("origination", &["ok", "ok"]),
        ("identities", &["ok"]),
        ("opted-out", &["ok"]),
        ("delivery-logs", &["ok"]),
        ("alarms", &["ok"]),
        ("functions", &["ok"]),
    ] {
        assert_eq!(found.states(check), states, "{check}: {}", found.all);
    }
    assert_eq!(
        (&found.all["fails"], &found.all["warns"]),
        (&json!(0), &json!(found.with_state("warn").len()))
    );
    let command = &found.all["notChecked"][0]["command"];
    assert!(
        command
            .as_str()
            .is_some_and(|text| text.starts_with("aws "))
    );
}

#[tokio::test]
async fn a_new_account_is_told_what_it_lacks() {
    let site = Site::start_account(SmsAccount::new_account()).await;
    site.change_account(|account| {
        let number = |n: &str, status: &str| (n.to_owned(), status.to_owned());
        account.sandbox_numbers = vec![
            number("+14155550100", "Verified"),
            number("+14155550101", "Pending"),
        ];
    });
    let found = site.doctor().await;
    assert_eq!(found.code, 1);
    let sandbox = found.of("sandbox");
    assert_eq!(sandbox[0].0, "fail");
    assert!(
        sandbox[0].1.contains("texts: 1, and 1 without"),
        "{sandbox:?}"
    );
    let limit = found.of("spend-limit");
    assert_eq!(limit[0].0, "fail");
    assert!(
        limit[0].1.contains("$1 a month") && limit[0].1.contains("$50"),
        "{limit:?}"
    );
    let numbers = found.of("origination");
    assert_eq!(numbers.len(), 2, "{numbers:?}");
    for country in ["US", "CA"] {
        let named = numbers.iter().find(|(_, seen)| seen.starts_with(country));
        assert_eq!(named.expect("a finding").0, "fail", "{country}");
    }
    assert_eq!(found.states("delivery-logs"), ["warn"]);
    let alarms = found.of("alarms");
    assert_eq!(alarms[0].0, "fail");
    assert!(alarms[0].1.contains("followed the link"), "{alarms:?}");
    let human = site.run_with(&["doctor"], &NAMED).await;
    assert_eq!(human.status.code(), Some(1));
    let human = String::from_utf8(human.stdout).expect("UTF-8");
    assert!(
        human.contains("\nfail  sandbox ") && human.contains("      do: verify your own number"),
        "{human}"
    );
}

#[tokio::test]
async fn the_spend_limit_is_held_against_spending_and_budget() {
    let site = Site::start().await;
    let state = async |limit: Option<&str>, spent: Option<f64>, budget: &str| {
        site.change_account(|account| {
            account.attributes.remove("MonthlySpendLimit");
            if let Some(limit) = limit {
                let limit = limit.to_owned();
                account
                    .attributes
                    .insert("MonthlySpendLimit".to_owned(), limit);
            }
            account.month_spent = spent;
        });
        let variables = [NAMED[0], ("MONTHLY_SMS_BUDGET", budget)];
        let found = site.doctor_with(&[], &variables).await;
        let states = found.states("spend-limit");
        states.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(state(Some("50"), None, "50").await, ["ok", "ok"]);
    assert_eq!(state(Some("50"), Some(45.5), "50").await, ["ok", "warn"]);
    assert_eq!(state(Some("50"), Some(50.02), "50").await, ["ok", "fail"]);
    assert_eq!(state(Some("100"), Some(1.0), "50").await, ["warn", "ok"]);
    assert_eq!(state(Some("20"), Some(1.0), "50").await, ["fail", "ok"]);
    assert_eq!(
        state(Some("20"), Some(1.0), "").await,
        ["not-checked", "ok"]
    );
    assert_eq!(state(None, Some(1.0), "50").await, ["warn"]);
}

#[tokio::test]
async fn a_country_needs_an_active_number_of_its_own() {
    let site = Site::start().await;
    let mut pending = OriginationNumber::active("+18885550100", "US");
    pending.status = "PENDING".to_owned();
    let mut promotional = OriginationNumber::active("+16135550100", "CA");
    promotional.route = "Promotional".to_owned();
    site.change_account(|account| account.numbers = vec![pending, promotional]);
    let found = site.doctor().await;
    let numbers = found.of("origination");
    let named = |country: &str| {
        let found = numbers.iter().find(|(_, seen)| seen.starts_with(country));
        *found.expect("a finding")
    };
    assert_eq!(named("US").0, "fail");
    assert!(
        named("US").1.contains("1 are not active yet"),
        "{numbers:?}"
    );
    assert_eq!(named("CA").0, "warn");
}

#[tokio::test]
async fn numbers_that_are_opted_out_are_counted_over_all_pages() {
    let site = Site::start().await;
    for n in 0..250 {
        let phone = format!("+1415200{n:04}");
        site.stack.backends.inbox.opt_out(&phone);
    }
    let found = site.doctor().await;
    let opted_out = found.of("opted-out");
    assert_eq!(opted_out[0].0, "ok");
    assert!(opted_out[0].1.starts_with("250 numbers"), "{opted_out:?}");
}

#[tokio::test]
async fn logs_that_keep_numbers_for_ever_are_named() {
    let site = Site::start().await;
    site.change_account(|account| {
        let other = "sns/us-east-1/000000000000/a-topic".to_owned();
        account.log_groups = BTreeMap::from([(FAILURE_LOGS.to_owned(), None), (other, None)]);
    });
    let found = site.doctor().await;
    let logs = found.of("delivery-logs");
    assert_eq!(found.states("delivery-logs"), ["ok", "warn"]);
    assert!(
        logs[1].1.contains(FAILURE_LOGS) && !logs[1].1.contains("a-topic"),
        "{logs:?}"
    );
}

#[tokio::test]
async fn alarms_need_a_subscriber_who_has_followed_the_link() {
    let site = Site::start().await;
    for (subscribers, state) in [
        (vec![], "fail"),
        (vec![false, false], "fail"),
        (vec![false, true], "ok"),
    ] {
        site.change_account(|account| account.subscribers = subscribers);
        assert_eq!(site.doctor().await.states("alarms"), [state]);
    }
    let without = site.doctor_with(&[], &[NAMED[1]]).await;
    assert_eq!(without.states("alarms"), ["warn"], "{}", without.all);
    assert_eq!(without.code, 0);
}

#[tokio::test]
async fn calls_that_the_functions_were_refused_are_read_from_their_logs() {
    let site = Site::start().await;
    let now = SystemClock.now().unix();
    let at = u64::try_from(now).expect("after 1970") * 1_000;
    let lines = [
        r#"{"level":"warn","message":"SNS did not take a text","code":"AuthorizationError"}"#,
        r#"{"level":"error","message":"the service is not available","cause":"UpdateItem failed (AccessDeniedException)"}"#,
    ];
    for line in lines {
        site.stack.backends.log.push(at, line.as_bytes());
    }
    // Of the day before yesterday.
    let old = at - 2 * 86_400_000;
    site.stack
        .backends
        .log
        .push(old, br#"{"code":"AccessDeniedException"}"#);
    let found = site
        .doctor_with(&[], &[NAMED[0], NAMED[1], ("LOG_GROUP", LOG_GROUP)])
        .await;
    let functions = found.of("functions");
    assert_eq!(functions[0].0, "fail");
    for call in [
        "Publish failed (AuthorizationError), 1 times",
        "UpdateItem failed (AccessDeniedException), 1 times",
    ] {
        assert!(functions[0].1.contains(call), "{functions:?}");
    }
    let without = site
        .doctor_with(&[], &[NAMED[0], NAMED[1], ("LOG_GROUP", "")])
        .await;
    assert_eq!(without.states("functions"), ["not-checked"]);
}

#[tokio::test]
async fn keys_prices_region_and_countries_are_looked_at() {
    let site = Site::start().await;
    // The sample's keyring has no date, and its price list is old.
    let found = site.doctor().await;
    assert_eq!(found.states("keys"), ["warn"]);
    assert!(
        found.of("prices")[1].1.contains("2025-02-10"),
        "{}",
        found.all
    );
    site.run_done(&["keys", "add", "r2"]).await;
    site.run_done(&["keys", "promote", "r2", "--force", "--yes"])
        .await;
    let found = site.doctor().await;
    assert_eq!(found.states("keys"), ["ok"], "{}", found.all);

    let india = with_india("");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), india).expect("written");
    let path = file.path().to_str().expect("UTF-8");
    let found = site.doctor_with(&["--policy", path], &NAMED).await;
    let region = found.of("region");
    assert_eq!(found.states("region"), ["ok", "warn"]);
    assert!(region[1].1.contains("India"), "{region:?}");
    let elsewhere = [NAMED[0], NAMED[1], ("SNS_REGION", "ap-south-1")];
    let found = site.doctor_with(&["--policy", path], &elsewhere).await;
    assert_eq!(
        found.states("region"),
        ["ok", "not-checked"],
        "{}",
        found.all
    );
    let nowhere = [NAMED[0], NAMED[1], ("SNS_REGION", "eu-nowhere-1")];
    let found = site.doctor_with(&[], &nowhere).await;
    assert_eq!(found.states("region"), ["warn", "not-checked"]);
}

/// The sample policy, which serves India too, with these tables at its end.
fn with_india(tables: &str) -> String {
    let served = DEFAULT_POLICY.replacen("\"US\", ", "\"US\", \"IN\", ", 1);
    assert_ne!(served, DEFAULT_POLICY);
    format!("{served}\n{tables}")
}
