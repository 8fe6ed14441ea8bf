//! `doctor` holds the policy against the table of countries and the numbers of the account.

use super::*;

/// What AWS demands of a text holds for its own API as for SNS.
#[tokio::test]
async fn a_policy_that_takes_end_user_messaging_alone_is_held_against_the_same_tables() {
    let site = Site::start().await;
    let by_own_api = DEFAULT_POLICY.replace(
        "channels = [\"sns\"]",
        "channels = [\"end-user-messaging\"]\nsender_id = \"ACME\"",
    ) + "\n[end_user_messaging]\n";
    let run = async |tables: &str| site.doctor_of(&format!("{by_own_api}{tables}")).await;
    let found = run("").await;
    let seen = found.of("countries");
    for code in ["AU", "GB", "SG"] {
        let path = format!("sms.country.{code}.sender_id: ");
        assert!(
            seen.iter()
                .any(|(state, seen)| *state == "warn" && seen.starts_with(&path)),
            "{code}: {seen:?}"
        );
    }
    assert_eq!(found.states("origination"), ["ok", "ok"], "{}", found.all);
    let found = run("country.US = \"+18885550199\"\n").await;
    let states = ["ok", "ok", "fail"];
    assert_eq!(found.states("origination"), states, "{}", found.all);
    let found = run("[sms.country.US]\nsender_id = \"EXAMPLE\"\n").await;
    let policy = found.of("policy");
    assert!(
        policy[0].0 == "fail" && policy[0].1.contains("sms.country.US.sender_id"),
        "{policy:?}"
    );
}

#[tokio::test]
async fn the_policy_is_held_against_the_table_of_countries_and_the_numbers_of_the_account() {
    let site = Site::start().await;
    let run = async |policy: &str| site.doctor_of(policy).await;
    let found = run(&with_india("")).await;
    let countries = found.of("countries");
    let named = countries
        .iter()
        .find(|(_, seen)| seen.starts_with("sms.country.IN.entity_id"));
    assert_eq!(named.expect("a finding").0, "warn", "{countries:?}");
    assert_eq!(found.code, 0, "{}", found.all);
    // Nobody sees from a finding which number it is.
    for (number, states) in [
        ("+18885550100", &["ok", "ok"][..]),
        ("18885550100", &["ok", "ok"]),
        ("+18885550199", &["ok", "ok", "fail"]),
    ] {
        let table = format!("[sms.country.US]\norigination_number = \"{number}\"\n");
        let found = run(&with_india(&table)).await;
        assert_eq!(
            found.states("origination"),
            states,
            "{number}: {}",
            found.all
        );
    }
    // What cannot work is a fault, and all faults stand in one line.
    let tables = ["US", "CA"].map(|code| format!("[sms.country.{code}]\nsender_id = \"ACME\"\n"));
    let found = run(&with_india(&tables.concat())).await;
    let policy = found.of("policy");
    assert_eq!(found.states("policy"), ["fail"], "{}", found.all);
    for code in ["US", "CA"] {
        let path = format!("sms.country.{code}.sender_id");
        assert!(policy[0].1.contains(&path), "{policy:?}");
    }
    assert!(!policy[0].1.contains('\n'), "{policy:?}");
}
