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

/// What the policy names is one finding each, with its path and without the number.
#[tokio::test]
async fn each_number_of_the_policy_is_active_texts_and_is_of_its_country() {
    let site = Site::start().await;
    let by_own_api = DEFAULT_POLICY.replace(
        "channels = [\"sns\"]",
        "channels = [\"end-user-messaging\"]",
    ) + "\n[end_user_messaging]\n";
    let last = async |line: &str| {
        let found = site.doctor_of(&format!("{by_own_api}{line}\n")).await;
        let numbers = found.of("origination");
        let (state, seen) = numbers[2..].first().copied().unwrap_or(("ok", ""));
        (numbers.len(), state.to_owned(), seen.to_owned())
    };
    site.change_account(|account| {
        let number = OriginationNumber::active;
        let mut voice = number("+18885550101", "US");
        voice.capabilities = vec!["VOICE".to_owned()];
        let mut pending = number("+18885550102", "US");
        pending.status = "PENDING".to_owned();
        let german = number("+4915112345678", "DE");
        account.numbers.extend([voice, pending, german]);
    });
    for (line, state, seen) in [
        ("country.US = \"+18885550100\"", "ok", ""),
        ("origination_identity = \"+18885550100\"", "ok", ""),
        ("country.DE = \"+4915112345678\"", "ok", ""),
        (
            "origination_identity = \"+18885550199\"",
            "fail",
            "end_user_messaging.origination_identity names a number that the account does not have",
        ),
        (
            "origination_identity = \"+18885550101\"",
            "fail",
            "end_user_messaging.origination_identity names a number without the capability SMS",
        ),
        (
            "country.US = \"+18885550101\"",
            "fail",
            "end_user_messaging.country.US names a number without the capability SMS",
        ),
        (
            "country.US = \"+18885550102\"",
            "fail",
            "end_user_messaging.country.US names a number that is not active: PENDING",
        ),
        (
            "country.CA = \"+18885550100\"",
            "warn",
            "end_user_messaging.country.CA names a number of US",
        ),
        (
            "country.DE = \"+18885550100\"",
            "warn",
            "end_user_messaging.country.DE names a number of US",
        ),
    ] {
        let count = if state == "ok" { 2 } else { 3 };
        let expected = (count, state.to_owned(), seen.to_owned());
        assert_eq!(last(line).await, expected, "{line}");
    }
    // A number by its id is held against its country, too.
    site.change_account(|account| {
        let active = ("phone-one".to_owned(), "ACTIVE".to_owned());
        account.identities.extend([active]);
    });
    for (line, state) in [
        ("country.US = \"phone-one\"", "ok"),
        ("country.DE = \"phone-one\"", "warn"),
        ("origination_identity = \"phone-one\"", "ok"),
    ] {
        let found = site.doctor_of(&format!("{by_own_api}{line}\n")).await;
        assert_eq!(found.states("identities"), [state], "{line}: {}", found.all);
    }
}
