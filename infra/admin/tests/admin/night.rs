//! The operator's night: whom to block, what acts on the next request, and the policy that decides.

use std::time::Duration;

use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;
use phoneproof_local::inbox::Carrier;

use super::*;

/// The sample policy with days that begin in an hour. So the day of its locks is not the one of UTC.
fn policy_of_another_day() -> String {
    let in_an_hour = (SystemClock.now() + Duration::from_hours(1)).to_string();
    let start = format!("day_starts_at = \"{}\"", &in_an_hour[11..16]);
    DEFAULT_POLICY.replace("day_starts_at = \"00:00\"", &start)
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
    let (_, names) = rules(&["explain", "-", "device-1"]).await;
    assert_eq!(names, ["blocked-device", "device-per-day"]);
    assert_eq!(rules(&["explain", "--device", "device-1"]).await.1, names);
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
        let human = site.run_human(&arguments).await;
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
    // The row that refuses has the same name.
    let rules = explained["rules"].as_array().expect("rules");
    let refusing = rules.iter().filter(|rule| rule["refuses"] == true);
    let names: Vec<_> = refusing.map(|rule| rule["rule"].clone()).collect();
    assert_eq!(names, ["phone-lock"]);
    let unlocked = site.run_done(&["unlock", PHONE, "--yes"]).await;
    let by_day = unlocked["cleared"]["failuresByDay"]
        .as_object()
        .expect("days");
    assert_eq!(by_day.values().collect::<Vec<_>>(), [2]);
    // The instance remembers the lock, for ten seconds at most.
    let verify = async || site.client.verify(&token, &code).await;
    let answer = ask_until(|answer| answer.status == 200, verify).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
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

#[tokio::test]
async fn unlock_clears_the_wrong_codes_of_a_phone() {
    let site = Site::start().await;
    let token = site.client.send(PHONE).await.token();
    let wrong = if site.read_code(PHONE) == "000000" {
        "000001"
    } else {
        "000000"
    };
    site.client.verify(&token, wrong).await;
    let unlocked = site.run_done(&["unlock", PHONE, "--yes"]).await;
    assert_eq!(
        unlocked["cleared"],
        json!({ "failures": 1, "failuresByDay": { today(): 1 } })
    );
    assert_eq!(site.run_done(&["explain", PHONE]).await["failures"], 0);
    assert_eq!(site.run_json(&["unlock", PHONE, "--yes"]).await.0, 3);
}

#[tokio::test]
async fn forget_erases_every_item_of_the_phone() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.run_done(&["block", "phone", PHONE, "--reason", "r"])
        .await;
    let index = index_phone(PHONE);
    assert!(json!(site.dump().await).to_string().contains(&index));
    site.run_done(&["forget", PHONE, "--with-block", "--yes"])
        .await;
    assert!(!json!(site.dump().await).to_string().contains(&index));
    assert_eq!(site.run_json(&["forget", PHONE, "--yes"]).await.0, 3);
    assert_eq!(
        site.client.send(PHONE).await.status,
        202,
        "limits start anew"
    );
}

#[tokio::test]
async fn forget_says_what_stays_of_a_blocked_phone() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    site.run_done(&["block", "phone", PHONE, "--reason", "r"])
        .await;
    let forgotten = site.run_done(&["forget", PHONE, "--yes"]).await;
    assert_eq!(forgotten["staysBlocked"], true);
    // Nothing but the block is left, which each answer says.
    let (code, again) = site.run_json(&["forget", PHONE, "--yes"]).await;
    assert_eq!(code, 3);
    assert!(again.to_string().contains("--with-block"), "{again}");
    let said = site.run_human(&["forget", PHONE, "--yes"]).await;
    assert!(said.contains("nothing else was stored"), "{said}");
    let whole = site
        .run_done(&["forget", PHONE, "--with-block", "--yes"])
        .await;
    assert_eq!(
        (&whole["unblocked"], &whole["staysBlocked"]),
        (&json!(true), &json!(false))
    );
    let (code, nothing) = site.run_json(&["forget", PHONE, "--yes"]).await;
    assert_eq!(
        (code, &nothing["nothing"]),
        (3, &json!("nothing was stored about this phone"))
    );
}
