//! What `doctor` says when it cannot look.

use super::*;

#[tokio::test]
async fn a_denied_call_names_the_missing_right_and_the_other_checks_go_on() {
    let site = Site::start().await;
    for (operation, check, right) in [
        (
            "GetSMSSandboxAccountStatus",
            "sandbox",
            "SNS:GetSMSSandboxAccountStatus",
        ),
        (
            "ListOriginationNumbers",
            "origination",
            "SNS:ListOriginationNumbers",
        ),
        (
            "ListPhoneNumbersOptedOut",
            "opted-out",
            "SNS:ListPhoneNumbersOptedOut",
        ),
        (
            "ListSubscriptionsByTopic",
            "alarms",
            "SNS:ListSubscriptionsByTopic",
        ),
        ("GetSMSAttributes", "spend-limit", "SNS:GetSMSAttributes"),
        (
            "GetMetricStatistics",
            "spend-limit",
            "cloudwatch:GetMetricStatistics",
        ),
        (
            "DescribeLogGroups",
            "delivery-logs",
            "logs:DescribeLogGroups",
        ),
        ("FilterLogEvents", "functions", "logs:FilterLogEvents"),
        ("GetSecretValue", "keys", "secretsmanager:GetSecretValue"),
    ] {
        site.change_account(|account| {
            account.faults = BTreeMap::from([(operation.to_owned(), Fault::Deny)]);
        });
        let found = site.doctor().await;
        assert_eq!(found.code, 1, "{operation}");
        let checks = found.all["checks"].as_array().expect("checks");
        let denied = checks
            .iter()
            .find(|finding| finding["missingRight"] == right);
        let denied = denied.unwrap_or_else(|| panic!("{operation}: {}", found.all));
        assert_eq!(
            (&denied["check"], &denied["state"]),
            (&json!(check), &json!("fail"))
        );
        // Attributes are read for two checks.
        let failed = found.with_state("fail").len();
        assert_eq!(
            failed,
            if operation == "GetSMSAttributes" {
                2
            } else {
                1
            },
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_call_without_an_answer_is_a_finding_of_its_check_alone() {
    let site = Site::start().await;
    site.change_account(|account| {
        let operation = "GetSMSSandboxAccountStatus".to_owned();
        account.faults = BTreeMap::from([(operation, Fault::Hang)]);
    });
    let found = site.doctor_with(&["--within", "2s"], &NAMED).await;
    let sandbox = found.of("sandbox");
    assert_eq!(sandbox, [("fail", "no answer within 2 s")]);
    assert_eq!(found.with_state("fail"), ["sandbox"], "{}", found.all);
    assert_eq!(found.states("origination"), ["ok", "ok"]);
}

#[tokio::test]
async fn a_stack_or_a_policy_that_is_not_known_leaves_the_account_to_be_checked() {
    let site = Site::start().await;
    let without = [NAMED[0], NAMED[1], ("LIMITS_TABLE", "")];
    let found = site.doctor_with(&[], &without).await;
    assert_eq!(found.with_state("fail"), ["stack"], "{}", found.all);
    assert_eq!(
        (found.states("sandbox"), found.states("alarms")),
        (vec!["ok"], vec!["not-checked"])
    );
    let without = [NAMED[0], NAMED[1], ("POLICY_URL", "")];
    let found = site.doctor_with(&[], &without).await;
    assert_eq!(found.with_state("fail"), ["policy"], "{}", found.all);
    for check in ["origination", "identities", "prices", "countries"] {
        assert_eq!(found.states(check), ["not-checked"], "{check}");
    }
}
