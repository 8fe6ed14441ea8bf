//! `doctor` asks for what the channels of the policy need, and for what the policy names.

use phoneproof_local::sms_account::{NotifyConfiguration, SenderId};

use super::*;

/// The sample policy with these channels, and these tables at its end.
fn by(channels: &str, tables: &str) -> String {
    let routed = DEFAULT_POLICY.replacen("channels = [\"sns\"]", channels, 1);
    assert_ne!(routed, DEFAULT_POLICY);
    format!("{routed}\n{tables}")
}

/// An account on its first day, but for the alarms, which every stack needs.
async fn start_new() -> Site {
    let site = Site::start_account(SmsAccount::new_account()).await;
    site.change_account(|account| account.subscribers = vec![true]);
    site
}

#[tokio::test]
async fn a_new_account_lacks_nothing_where_the_hook_has_every_text() {
    let site = start_new().await;
    let hook = "[hook]\nurl = \"https://hooks.example.com/\"\n";
    let found = site.doctor_of(&by("channels = [\"hook\"]", hook)).await;
    assert_eq!(found.with_state("fail"), [""; 0], "{}", found.all);
    assert_eq!(found.code, 0);
    for check in [
        "region",
        "sandbox",
        "spend-limit",
        "origination",
        "identities",
        "opted-out",
        "delivery-logs",
    ] {
        assert_eq!(found.states(check), ["ok"], "{check}: {}", found.all);
    }
    // India by a provider of one's own takes no route of AWS.
    let india = by("channels = [\"hook\"]", hook).replacen("\"US\", ", "\"US\", \"IN\", ", 1);
    let found = site.doctor_of(&india).await;
    assert_eq!(found.states("region"), ["ok"], "{}", found.all);
    // One country by SNS is enough.
    let mixed = format!("{hook}[sms.country.DE]\nchannels = [\"sns\"]\n");
    let found = site.doctor_of(&by("channels = [\"hook\"]", &mixed)).await;
    assert_eq!(found.states("sandbox"), ["fail"], "{}", found.all);
}

#[tokio::test]
async fn notify_needs_its_configuration_and_no_limit_of_sns() {
    let site = start_new().await;
    let policy = |notify: &str| {
        let served = by("channels = [\"notify\"]", &format!("[notify]\n{notify}"));
        // Notify does not serve China.
        let served = served.replacen(", \"CN\", ", ", ", 1);
        served.replacen("[sms.country.CN]\nlocales = [\"zh\"]", "", 1)
    };
    let own = policy("configuration_id = \"notify-1\"\n");
    let identities = async |configurations: Vec<NotifyConfiguration>, policy: &str| {
        site.change_account(|account| account.notify = configurations);
        let found = site.doctor_of(policy).await;
        let own = found.of("identities").into_iter();
        let own = own.map(|(state, seen)| (state.to_owned(), seen.to_owned()));
        (own.collect::<Vec<_>>(), found)
    };
    let active = || NotifyConfiguration::active("notify-1");
    let (own_found, found) = identities(vec![active()], &own).await;
    assert_eq!(own_found[0].0, "ok", "{own_found:?}");
    assert_eq!(found.with_state("fail"), [""; 0], "{}", found.all);
    assert_eq!(found.states("sandbox"), ["warn"]);
    assert_eq!(found.states("spend-limit"), ["not-checked"]);
    for (configurations, policy, seen) in [
        (
            vec![],
            own.clone(),
            "notify.configuration_id names a Notify configuration that the account does not have",
        ),
        (
            vec![active()],
            policy(""),
            "neither the stack nor notify.configuration_id",
        ),
        (
            vec![NotifyConfiguration {
                status: "PENDING".to_owned(),
                ..active()
            }],
            own.clone(),
            "the Notify configuration is not active: PENDING",
        ),
        (
            vec![NotifyConfiguration {
                channels: vec!["VOICE".to_owned()],
                ..active()
            }],
            own.clone(),
            "`notify` is taken, and the Notify configuration lacks SMS",
        ),
        (
            vec![NotifyConfiguration {
                countries: vec!["US".to_owned(), "DE".to_owned()],
                ..active()
            }],
            own.clone(),
            "the Notify configuration has not enabled AU, CA, FR, GB, HK, JP, SG",
        ),
    ] {
        let (own_found, found) = identities(configurations, &policy).await;
        assert_eq!(found.code, 1);
        assert!(
            own_found[0].0 == "fail" && own_found[0].1.contains(seen),
            "{seen}: {own_found:?}"
        );
    }
}

#[tokio::test]
async fn the_pools_and_sender_ids_of_the_policy_are_looked_for_in_the_account() {
    let site = Site::start().await;
    let tables = "[end_user_messaging]\norigination_identity = \"pool-one\"\ncountry.US = \"phone-two\"\n\
                  [sms.country.SG]\nsender_id = \"ACME\"\n[sms.country.DE]\nsender_id = \"ACME\"\n";
    let policy = by("channels = [\"end-user-messaging\"]", tables);
    let found = site.doctor_of(&policy).await;
    let identities = found.of("identities");
    let state = |path: &str| {
        let own = identities.iter().find(|(_, seen)| seen.starts_with(path));
        own.unwrap_or_else(|| panic!("{path}: {identities:?}")).0
    };
    assert_eq!(found.code, 1);
    assert_eq!(
        state("end_user_messaging.origination_identity names a pool that"),
        "fail"
    );
    assert_eq!(
        state("end_user_messaging.country.US names a number that"),
        "fail"
    );
    // Germany takes any sender id, and no carrier has to know it.
    assert_eq!(
        state("sms.country.SG.sender_id: the account does not have"),
        "warn"
    );
    assert_eq!(identities.len(), 3, "{identities:?}");
    site.change_account(|account| {
        let status = [("one", "CREATING"), ("two", "ACTIVE")];
        account.identities = BTreeMap::from([
            (format!("pool-{}", status[0].0), status[0].1.to_owned()),
            (format!("phone-{}", status[1].0), status[1].1.to_owned()),
        ]);
        account.sender_ids = vec![SenderId {
            id: "ACME".to_owned(),
            country: "SG".to_owned(),
            is_registered: false,
        }];
    });
    let states = async || {
        let found = site.doctor_of(&policy).await;
        let mut states = found.states("identities");
        states.sort_unstable();
        states.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(states().await, ["fail", "ok", "warn"]);
    site.change_account(|account| {
        account
            .identities
            .insert("pool-one".to_owned(), "ACTIVE".to_owned());
        account.sender_ids[0].is_registered = true;
    });
    assert_eq!(states().await, ["ok", "ok", "ok"]);
    site.change_account(|account| {
        account.faults = BTreeMap::from([("DescribePools".to_owned(), Fault::Deny)]);
    });
    let found = site.doctor_of(&policy).await;
    let checks = found.all["checks"].as_array().expect("checks");
    let right = "sms-voice:DescribePools";
    assert!(
        checks
            .iter()
            .any(|finding| finding["missingRight"] == right),
        "{}",
        found.all
    );
}

#[tokio::test]
async fn the_configuration_sets_and_the_protect_configuration_are_looked_for() {
    let site = Site::start().await;
    let tables = "[end_user_messaging]\nconfiguration_set = \"texts\"\nprotect_configuration_id = \"protect-1\"\n\
                  [notify]\nconfiguration_id = \"notify-local\"\nconfiguration_set = \"codes\"\n";
    let policy = by("channels = [\"end-user-messaging\", \"notify\"]", tables);
    let found = site.doctor_of(&policy).await;
    let missing = |path: &str, what: &str| {
        let expected = format!("{path} names {what} that the account does not have");
        let found = found.of("identities");
        let own = found.iter().find(|(_, seen)| *seen == expected);
        assert_eq!(own.expect(&expected).0, "fail");
    };
    missing(
        "end_user_messaging.configuration_set",
        "a configuration set",
    );
    missing("notify.configuration_set", "a configuration set");
    missing(
        "end_user_messaging.protect_configuration_id",
        "a Protect configuration",
    );
    assert_eq!(found.code, 1);
    site.change_account(|account| {
        account.configuration_sets = vec!["texts".to_owned(), "codes".to_owned()];
        account.protect = vec!["protect-1".to_owned()];
    });
    let found = site.doctor_of(&policy).await;
    assert_eq!(found.states("identities"), ["ok"; 4], "{}", found.all);
    // What no text takes is not asked for.
    let idle = format!("{DEFAULT_POLICY}\n{tables}");
    let idle = site.doctor_of(&idle).await;
    assert_eq!(idle.states("identities"), ["ok"], "{}", idle.all);
    for (operation, right) in [
        (
            "DescribeConfigurationSets",
            "sms-voice:DescribeConfigurationSets",
        ),
        (
            "DescribeProtectConfigurations",
            "sms-voice:DescribeProtectConfigurations",
        ),
    ] {
        site.change_account(|account| {
            account.faults = BTreeMap::from([(operation.to_owned(), Fault::Deny)]);
        });
        let found = site.doctor_of(&policy).await;
        let checks = found.all["checks"].as_array().expect("checks");
        let mut rights = checks.iter().map(|finding| &finding["missingRight"]);
        assert!(rights.any(|found| found == right), "{}", found.all);
    }
}

/// SNS's list says nothing of texts that do not take SNS, and no finding looks as if it did.
#[tokio::test]
async fn the_opt_outs_of_end_user_messaging_are_not_checked() {
    let site = Site::start().await;
    let tables = "[end_user_messaging]\n";
    let policy = by("channels = [\"end-user-messaging\"]", tables);
    let found = site.doctor_of(&policy).await;
    assert_eq!(found.states("opted-out"), ["not-checked"], "{}", found.all);
    let unseen = found.all["notChecked"].as_array().expect("a list");
    let command = "aws pinpoint-sms-voice-v2 describe-opted-out-numbers";
    let mut commands = unseen
        .iter()
        .filter_map(|unseen| unseen["command"].as_str());
    assert!(commands.any(|known| known.starts_with(command)));
}

/// A dry run without a configuration would be refused as if the template were wrong.
#[tokio::test]
async fn send_test_names_the_configuration_that_notify_lacks() {
    let site = Site::start().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{DEFAULT_POLICY}\n[notify]\n")).expect("written");
    let path = file.path().to_str().expect("UTF-8");
    let arguments = [
        "send-test",
        "+14155550100",
        "--channel",
        "notify",
        "--dry-run",
        "--policy",
        path,
    ];
    let output = site.run(&arguments).await;
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(errors.contains("NotifyDisplayName"), "{errors}");
}
