//! `block`, `unblock` and `blocks`: what they act on, and what they refuse.

use super::*;

#[tokio::test]
async fn a_block_refuses_the_next_request_until_it_is_taken_off() {
    let mut site = Site::start().await;
    for (kind, value, rule) in [
        ("phone", PHONE, "blocked-phone"),
        ("device", "device-1", "blocked-device"),
        ("address", "192.0.2.1", "blocked-address"),
    ] {
        let entry = site
            .run_done(&["block", kind, value, "--reason", "ticket 12"])
            .await;
        assert_eq!(
            (&entry["kind"], &entry["expiresAt"]),
            (&json!(kind), &Value::Null)
        );
        let refused = site.client.send(PHONE).await;
        assert_eq!((refused.status, &refused.json["rule"]), (403, &json!(rule)));
        assert_eq!(site.run_done(&["blocks"]).await[0]["reason"], "ticket 12");
        assert_eq!(
            site.run_done(&["unblock", kind, value, "--yes"]).await["kind"],
            kind
        );
        assert_eq!(site.run_json(&["unblock", kind, value, "--yes"]).await.0, 3);
        site.renew().await;
    }
    assert_eq!(site.run_done(&["blocks"]).await, json!([]));
    assert_eq!(site.client.send(PHONE).await.status, 202);
}

#[tokio::test]
async fn a_block_can_end_by_itself() {
    let site = Site::start().await;
    let entry = site
        .run_done(&["block", "phone", PHONE, "--reason", "r", "--for", "7d"])
        .await;
    assert!(entry["expiresAt"].as_str() > entry["createdAt"].as_str());
    let block_until = |end| ["block", "phone", PHONE, "--reason", "r", "--until", end];
    site.run_done(&block_until("2099-01-01T00:00:00Z")).await;
    assert_eq!(
        site.run_done(&["blocks"]).await[0]["expiresAt"],
        "2099-01-01T00:00:00Z"
    );
    let (code, _) = site.run_json(&block_until("2001-01-01T00:00:00Z")).await;
    assert_eq!(code, 2, "an end in the past");
}

#[tokio::test]
async fn a_block_says_which_end_it_replaces() {
    let site = Site::start().await;
    let block = ["block", "phone", PHONE, "--reason", "r"];
    let first = site.run_human(&block).await;
    assert!(!first.contains("before"), "{first}");
    let until = [&block[..], &["--until", "2099-01-01T00:00:00Z"]].concat();
    let second = site.run_human(&until).await;
    assert!(
        second.contains("until 2099-01-01T00:00:00Z; before: until it is unblocked"),
        "{second}"
    );
    let third = site.run_human(&block).await;
    assert!(
        third.contains("before: until 2099-01-01T00:00:00Z"),
        "{third}"
    );
}

#[tokio::test]
async fn the_last_of_several_blocks_says_how_long_texts_are_refused() {
    let site = Site::start().await;
    let ends = "2099-01-01T00:00:00Z";
    site.run_done(&["block", "phone", PHONE, "--reason", "r", "--until", ends])
        .await;
    let later = "2099-02-01T00:00:00Z";
    site.run_done(&[
        "block", "device", "device-1", "--reason", "r", "--until", later,
    ])
    .await;
    let explain = ["explain", PHONE, "device-1", "192.0.2.1"];
    let explained = site.run_done(&explain).await;
    let seen = (&explained["refusedBy"], &explained["retryAt"]);
    assert_eq!(seen, (&json!("blocked-phone"), &json!(later)));
    site.run_done(&["block", "address", "192.0.2.1", "--reason", "r"])
        .await;
    let explained = site.run_done(&explain).await;
    assert_eq!(explained["retryAt"], Value::Null, "one of them has no end");
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
async fn an_ipv6_address_is_said_to_count_with_its_network() {
    let site = Site::start().await;
    for (kind, value, is_wider) in [
        ("network", "2001:db8::/127", true),
        ("network", "2001:db8::/65", true),
        ("address", "2001:db8::1", true),
        ("network", "2001:db8::/64", false),
        ("network", "192.0.2.0/31", false),
        ("address", "192.0.2.1", false),
    ] {
        let said = site
            .run_human(&["block", kind, value, "--reason", "r"])
            .await;
        assert_eq!(said.contains("the whole /64"), is_wider, "{value}: {said}");
    }
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
    sleep(Duration::from_millis(1_100)).await;
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
        assert!(said.contains("name the country"), "{said}");
    }
    // This build knows no numbers behind +1436, but numbers of this length.
    for value in ["+1436555", "+1436555xxxx", "+14365551234", "+44740012"] {
        let block = ["block", "number-block", value, "--reason", "r"];
        let entry = site.run_done(&block).await;
        assert!(entry["value"].as_str().expect("a label").ends_with("xxxx"));
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
    // A guesser has asked for the codes. A block of that device stops the next one.
    let token = site.client.send("+14152031234").await.token();
    let code = site.read_code("+14152031234");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..2 {
        assert_eq!(site.client.verify(&token, wrong).await.status, 422);
    }
    let top = site.run_done(&["stats", "--top"]).await;
    let busiest = top["top"].as_array().expect("a list");
    let guesser = busiest
        .iter()
        .find(|busy| busy["rules"]["wrong-code"] == 2)
        .expect("the guesser");
    let device = guesser["subject"].as_str().expect("a subject").to_owned();
    assert!(device.starts_with("device#"), "{device}");
    site.run_done(&["block", &device, "--reason", "r"]).await;
    let refused = site.client.send("+14152021234").await;
    assert_eq!(refused.json["rule"], "blocked-device");
    site.run_done(&["unblock", &device, "--yes"]).await;
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
        let human = site.run_human(&["blocks"]).await;
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
async fn spans_ends_and_reasons_that_mean_nothing_are_refused() {
    let site = Site::start().await;
    let block = ["block", "phone", PHONE];
    for (option, value) in [
        ("--for", "0d"),
        ("--for", "-5d"),
        ("--for", "+5d"),
        ("--for", "5"),
        ("--for", "36501d"),
        ("--for", "999999999d"),
        ("--for", "99999999999999999999s"),
        ("--for", ""),
        ("--until", "-1"),
        ("--until", "2027-01-31"),
        ("--until", "99999-01-01T00:00:00Z"),
        ("--until", "1969-01-01T00:00:00Z"),
        ("--reason", ""),
        ("--reason", "  "),
        ("--reason", "two\nlines"),
        ("--reason", "\u{1b}[2Jgone"),
        ("--reason", "\u{202e}gnipmup"),
        ("--reason", "\u{200b}"),
    ] {
        let reason: &[&str] = if option == "--reason" {
            &[]
        } else {
            &["--reason", "r"]
        };
        let arguments = [&block[..], &[option, value], reason].concat();
        let output = site.run(&arguments).await;
        assert_eq!(output.status.code(), Some(2), "{option} {value:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains(option) && said.contains("needed"), "{said}");
    }
    assert_eq!(site.run_done(&["blocks"]).await, json!([]));
    let longest = site
        .run_done(&[&block[..], &["--reason", " r ", "--for", "36500d"]].concat())
        .await;
    assert_eq!(longest["reason"], "r");
    let end = longest["expiresAt"].as_str().expect("an instant");
    assert!(end.starts_with("21"), "{end}");
    for command in [
        ["tail", "--since", "999999999d"],
        ["stats", "--top", "0"],
        ["stats", "--since", "0s"],
        // With an empty name, CloudFormation lists every stack.
        ["--stack-name=", "keys", "list"],
    ] {
        assert_eq!(
            site.run(&command).await.status.code(),
            Some(2),
            "{command:?}"
        );
    }
}
