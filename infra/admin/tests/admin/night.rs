//! The operator's night: whom to block, what acts on the next request, and the policy that decides.

use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;
use phoneproof_local::inbox::Carrier;

use super::*;

/// The sample policy with days that begin in an hour. So the day of its locks is not the one of UTC.
fn policy_of_another_day() -> String {
    let in_an_hour = (SystemClock.now() + std::time::Duration::from_hours(1)).to_string();
    let start = format!("day_starts_at = \"{}\"", &in_an_hour[11..16]);
    DEFAULT_POLICY.replace("day_starts_at = \"00:00\"", &start)
}

#[tokio::test]
async fn a_blocked_range_refuses_the_next_request_until_it_is_taken_off() {
    let mut site = Site::start().await;
    let (v4, v6) = ("192.0.2.1", "2001:db8:7fff::9");
    let mut fresh = (0..).map(phoneproof_tests::phone);
    for (kind, value, source, rule) in [
        ("country", "us", v4, "blocked-range"),
        ("country", "US", v6, "blocked-range"),
        ("network", "192.0.2.0/24", v4, "blocked-range"),
        ("network", "192.0.0.0/22", v4, "blocked-range"),
        ("network", "192.0.0.0/8", v4, "blocked-range"),
        ("network", "192.0.2.0/31", v4, "blocked-address"),
        ("network", "2001:db8::/33", v6, "blocked-range"),
        ("network", "2001:db8:7fff::/64", v6, "blocked-address"),
    ] {
        site.run_done(&["block", kind, value, "--reason", "pumping"])
            .await;
        let phone = fresh.next().expect("a phone");
        let refused = site.client.send_from(&phone, "d", source).await;
        let seen = (refused.status, &refused.json["rule"]);
        assert_eq!(seen, (403, &json!(rule)), "{kind} {value}");
        site.run_done(&["unblock", kind, value, "--yes"]).await;
        assert_eq!(site.run_json(&["unblock", kind, value, "--yes"]).await.0, 3);
        site.renew().await;
        let device = format!("{kind} {value}");
        let sent = site.client.send_from(&phone, &device, source).await;
        assert_eq!(sent.status, 202, "{kind} {value}: {}", sent.text);
    }
    let blocks = site.run_done(&["blocks"]).await;
    assert_eq!(blocks, json!([]));
    assert!(
        !json!(site.dump().await).to_string().contains("ranges#"),
        "an empty list leaves no copies"
    );
}

#[tokio::test]
async fn a_range_leaves_others_alone_and_can_end_by_itself() {
    let mut site = Site::start().await;
    for value in ["+1415200", "+1 415-200-xxxx", PHONE] {
        let value = value.replace("-xxxx", "xxxx");
        let entry = site
            .run_done(&[
                "block",
                "number-block",
                &value,
                "--reason",
                "r",
                "--for",
                "7d",
            ])
            .await;
        assert_eq!(entry["value"], "+1415200xxxx");
        let refused = site.client.send("+14152001234").await;
        assert_eq!(refused.json["rule"], "blocked-range");
    }
    site.run_done(&["block", "country", "GB", "--reason", "r"])
        .await;
    site.run_done(&["block", "network", "198.51.100.0/24", "--reason", "r"])
        .await;
    assert_eq!(
        site.client.send("+14152011234").await.status,
        202,
        "the next block"
    );
    assert_eq!(site.client.send("+447400123456").await.status, 403);
    for (address, status) in [("198.51.100.9", 403), ("198.51.101.9", 202)] {
        let answer = site.client.send_from("+14152021234", "d", address).await;
        assert_eq!(answer.status, status, "{address}");
    }
    // An entry made anew replaces the earlier one; it ends on the second.
    site.run_done(&["block", "country", "GB", "--reason", "r", "--for", "1s"])
        .await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    site.renew().await;
    assert_eq!(site.client.send("+447400123456").await.status, 202);
    assert_eq!(
        site.run_done(&["blocks"]).await.as_array().map(Vec::len),
        Some(3)
    );
}

#[tokio::test]
async fn a_number_block_without_numbers_is_refused() {
    let site = Site::start().await;
    for value in [
        "+1415",
        "+141520xxxx",
        "+14152007xxxx",
        "+1",
        "+4474",
        "+999415200",
    ] {
        let block = ["block", "number-block", value, "--reason", "r"];
        let (code, said) = site.run_json(&block).await;
        assert_eq!(code, 2, "{value}: {said}");
        let said = said["error"].as_str().expect("an error");
        assert!(said.contains("block the country"), "{said}");
    }
    // This build knows no numbers behind +1436, but numbers of this length.
    for value in ["+1436555", "+1436555xxxx", "+14365551234", "+44740012"] {
        let block = ["block", "number-block", value, "--reason", "r"];
        let entry = site.run_done(&block).await;
        assert!(entry["value"].as_str().expect("a label").ends_with("xxxx"));
    }
}

#[tokio::test]
async fn two_operators_at_once_both_block() {
    let site = Site::start().await;
    let block = async |country: &'static str| {
        site.run_done(&["block", "country", country, "--reason", "r"])
            .await;
    };
    tokio::join!(block("US"), block("GB"), block("DE"));
    for phone in ["+14152001234", "+447400123456", "+4915123456789"] {
        assert_eq!(site.client.send(phone).await.status, 403, "{phone}");
    }
}

#[tokio::test]
async fn block_takes_the_subjects_of_the_busiest_lines_and_unblock_what_blocks_prints() {
    let mut site = Site::start().await;
    site.client.send(PHONE).await;
    for _ in 0..3 {
        site.client.send(PHONE).await;
    }
    let top = site.run_done(&["stats", "--top"]).await;
    let busiest = top["top"].as_array().expect("a list");
    let find = |subject: &str| busiest.iter().find(|busy| busy["subject"] == subject);
    let phone = format!("phone#{}", index_phone(PHONE));
    let refused = find(&phone).expect("the phone");
    assert_eq!(refused["refused"], 3);
    assert_eq!(refused["rules"], json!({ "phone-cooldown": 3 }));
    let country = find("country#US").expect("the country");
    assert_eq!(
        (&country["sent"], &country["refused"]),
        (&json!(1.0), &json!(3))
    );
    let one = site.run_done(&["stats", "--top", "1"]).await;
    assert_eq!(one["top"].as_array().map(Vec::len), Some(1));
    for (subject, rule) in [
        (phone.as_str(), "blocked-phone"),
        ("country#US", "blocked-range"),
    ] {
        site.run_done(&["block", subject, "--reason", "r"]).await;
        site.renew().await;
        let answer = site.client.send(PHONE).await;
        assert_eq!((answer.status, &answer.json["rule"]), (403, &json!(rule)));
        let listed = site.run_done(&["blocks"]).await[0].take();
        let (kind, index) = (listed["kind"].as_str(), listed["index"].as_str());
        let human = String::from_utf8(site.run(&["blocks"]).await.stdout).expect("UTF-8");
        let printed = human.lines().nth(1).and_then(|row| row.split(' ').next());
        assert_eq!(printed, Some(subject));
        site.run_done(&[
            "unblock",
            kind.expect("a kind"),
            index.expect("an index"),
            "--yes",
        ])
        .await;
        site.run_done(&["block", subject, "--reason", "r"]).await;
        site.run_done(&["unblock", printed.expect("a subject"), "--yes"])
            .await;
        assert_eq!(site.run_done(&["blocks"]).await, json!([]));
    }
    // A device is blocked by its index, and a network is unblocked by its own.
    for (kind, value) in [("device", "-x"), ("network", "192.0.2.0/24")] {
        let entry = site
            .run_done(&["block", kind, value, "--reason", "r"])
            .await;
        let subject = entry["subject"].as_str().expect("a subject");
        site.run_done(&["unblock", subject, "--yes"]).await;
    }
    site.renew().await;
    assert_eq!(site.client.send("+14152011234").await.status, 202);
}

#[tokio::test]
async fn explain_works_for_an_address_or_a_device_alone_and_shows_the_end_of_a_block() {
    let site = Site::start().await;
    let end = "2099-01-01T00:00:00Z";
    site.client.send(PHONE).await;
    let rules = async |arguments: &[&str]| {
        let explained = site.run_done(arguments).await;
        let rules = explained["rules"].as_array().expect("rules").clone();
        (
            explained,
            rules
                .into_iter()
                .map(|rule| rule["rule"].clone())
                .collect::<Vec<_>>(),
        )
    };
    let (explained, names) = rules(&["explain", "--address", "192.0.2.1"]).await;
    assert_eq!(
        names,
        ["blocked-address", "blocked-range", "address-per-hour"]
    );
    assert_eq!(
        (&explained["phone"], &explained["rules"][2]["count"]),
        (&Value::Null, &json!(1))
    );
    let (_, names) = rules(&["explain", "-", "device"]).await;
    assert_eq!(names, ["blocked-device", "device-per-day"]);
    assert_eq!(rules(&["explain", "--device", "device"]).await.1, names);
    assert_eq!(site.run_json(&["explain"]).await.0, 2);
    assert_eq!(site.run_json(&["explain", "-", "-", "-"]).await.0, 2);
    for (kind, value, rule) in [
        ("phone", "(415) 200-7986", "blocked-phone"),
        ("network", "192.0.2.0/28", "blocked-range"),
        ("address", "192.0.2.1", "blocked-address"),
    ] {
        let subject = [kind, value, "--country", "US"];
        let until = ["--reason", "ticket 7", "--until", end];
        site.run_done(&[&["block"], &subject[..], &until].concat())
            .await;
        let arguments = [
            "explain",
            "(415) 200-7986",
            "-",
            "192.0.2.1",
            "--country",
            "us",
        ];
        let explained = site.run_done(&arguments).await;
        assert_eq!(
            (&explained["refusedBy"], &explained["retryAt"]),
            (&json!(rule), &json!(end))
        );
        let human = String::from_utf8(site.run(&arguments).await.stdout).expect("UTF-8");
        assert_eq!(human.matches(end).count(), 2, "{human}");
        assert!(human.contains("ticket 7"), "{human}");
        site.run_done(&[&["unblock"], &subject[..], &["--yes"]].concat())
            .await;
    }
    let (code, error) = site.run_json(&["explain", "(415) 200-7986"]).await;
    assert_eq!(code, 2);
    assert!(
        error["error"]
            .as_str()
            .expect("an error")
            .contains("--country"),
        "{error}"
    );
}

#[tokio::test]
async fn commands_decide_with_the_policy_that_the_stack_runs_with() {
    let policy = DEFAULT_POLICY.replace("phone_per_hour = 5", "phone_per_hour = 7");
    let site = Site::start_with(&policy, TokenMode::Sealed).await;
    let limit = async |arguments: &[&str]| {
        let explained = site.run_done(arguments).await;
        let rules = explained["rules"].as_array().expect("rules").clone();
        let rule = rules
            .into_iter()
            .find(|rule| rule["rule"] == "phone-per-hour");
        rule.expect("the rule")["limit"].clone()
    };
    assert_eq!(limit(&["explain", PHONE]).await, 7);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    std::fs::write(&file, DEFAULT_POLICY).expect("written");
    let path = file.to_str().expect("UTF-8");
    assert_eq!(limit(&["--policy", path, "explain", PHONE]).await, 5);
}

#[tokio::test]
async fn without_a_deployed_policy_a_file_is_needed() {
    let site = Site::start().await;
    let unknown = [("POLICY_URL", "")];
    for arguments in [
        &["explain", PHONE][..],
        &["send-test", PHONE],
        &["keys", "retire", "r2"],
    ] {
        let output = site.run_with(arguments, &unknown).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(message.contains("--policy"), "{message}");
    }
}

#[tokio::test]
async fn unlock_frees_a_phone_whenever_its_day_begins() {
    let policy =
        policy_of_another_day().replace("wrong_codes_per_day = 20 ", "wrong_codes_per_day = 2 ");
    let site = Site::start_with(&policy, TokenMode::Sealed).await;
    let token = site.client.send(PHONE).await.token();
    let code = site.read_code(PHONE);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..2 {
        assert_eq!(site.client.verify(&token, wrong).await.status, 422);
    }
    assert_eq!(
        site.client.verify(&token, &code).await.status,
        429,
        "locked"
    );
    let explained = site.run_done(&["explain", PHONE]).await;
    assert_eq!(explained["refusedBy"], "phone-lock");
    let unlocked = site.run_done(&["unlock", PHONE, "--yes"]).await;
    let by_day = unlocked["cleared"]["failuresByDay"]
        .as_object()
        .expect("days");
    assert_eq!(by_day.values().collect::<Vec<_>>(), [2]);
    assert_eq!(site.client.verify(&token, &code).await.status, 200);
}

#[tokio::test]
async fn forget_leaves_no_item_of_the_phone() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let site = Site::start_with(&policy_of_another_day(), mode).await;
        let other = "+14152011234";
        site.client.send(other).await;
        let before = site.count_items(other).await;
        // No record names the token of a text that the carrier refused.
        site.stack.backends.inbox.set_carrier(Carrier::Refuse);
        assert_eq!(site.client.send(PHONE).await.status, 502);
        site.run_done(&["forget", PHONE, "--yes"]).await;
        let after = site.dump().await;
        let text = json!(after).to_string();
        assert!(!text.contains(&index_phone(PHONE)), "{mode:?}");
        let tokens = usize::from(mode == TokenMode::Stored);
        assert_eq!(text.matches("ref#").count(), tokens, "the other phone's");
        assert_eq!(site.count_items(other).await, before);
        assert_eq!(site.run_json(&["forget", PHONE, "--yes"]).await.0, 3);
    }
}
