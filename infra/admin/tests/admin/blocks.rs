//! `block`, `unblock` and `blocks`: what they act on, and operators at once.

use super::*;

#[tokio::test]
async fn a_block_refuses_the_next_request_until_it_is_taken_off() {
    let site = Site::start().await;
    for (kind, value, rule) in [
        ("phone", PHONE, "blocked-phone"),
        ("device", "device", "blocked-device"),
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
    site.run_done(&[
        "block",
        "phone",
        PHONE,
        "--reason",
        "r",
        "--until",
        "2099-01-01T00:00:00Z",
    ])
    .await;
    assert_eq!(
        site.run_done(&["blocks"]).await[0]["expiresAt"],
        "2099-01-01T00:00:00Z"
    );
    let (code, _) = site
        .run_json(&[
            "block",
            "phone",
            PHONE,
            "--reason",
            "r",
            "--until",
            "2001-01-01T00:00:00Z",
        ])
        .await;
    assert_eq!(code, 2, "an end in the past");
}

#[tokio::test]
async fn a_blocked_range_refuses_the_next_request_until_it_is_taken_off() {
    let site = Site::start().await;
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
    let site = Site::start().await;
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
    let site = Site::start().await;
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
    assert_eq!(site.client.send("+14152011234").await.status, 202);
}

/// Counts the copies that hold each range, by the beginning of its index.
async fn count_copies(site: &Site, range: &Value) -> usize {
    let index = range["index"].as_str().expect("an index");
    let kind = range["kind"].as_str().expect("a kind");
    let attribute = format!("\"{kind}_{}\":", index.get(..16).unwrap_or(index));
    let blocks = site.dump().await.pop().expect("the table of blocks");
    json!(blocks).to_string().matches(&attribute).count()
}

/// Operators at six machines change six ranges at once, and begin a little after each other, so that the second changes
/// between them. A command that succeeded did its work, and one that did not says with exit code 4 that it has to be
/// repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_at_once_change_every_range_or_are_told_to_repeat() {
    let site = Site::start().await;
    let ranges = [
        ("network", "11.0.0.0/8"),
        ("network", "12.0.0.0/8"),
        ("network", "2001:db8::/32"),
        ("country", "DE"),
        ("country", "FR"),
        ("network", "13.0.0.0/8"),
    ];
    let block = async |(kind, value): (&str, &str)| {
        site.run_done(&["block", kind, value, "--reason", "r"])
            .await
    };
    let mut entries = Vec::new();
    for range in ranges {
        entries.push(block(range).await);
    }
    let (unblocked, kept) = (&ranges[..3], &ranges[3..]);
    for round in 0..3_u64 {
        let later = async |at: u64, arguments: &[&str]| {
            tokio::time::sleep(std::time::Duration::from_millis(at * 310 + round * 170)).await;
            site.run_json(arguments).await
        };
        let off = async |at: u64| {
            let (kind, value) = unblocked[usize::try_from(at).expect("small")];
            later(at, &["unblock", kind, value, "--yes"]).await
        };
        let on = async |at: u64| {
            let (kind, value) = kept[usize::try_from(at).expect("small")];
            later(at, &["block", kind, value, "--reason", "r", "--for", "7d"]).await
        };
        let answers: [(i32, Value); 6] =
            tokio::join!(off(0), off(1), off(2), on(0), on(1), on(2)).into();
        for (place, (code, said)) in answers.iter().enumerate() {
            let wanted = if place < 3 { 0 } else { 1_024 };
            match code {
                0 => assert_eq!(
                    count_copies(&site, &entries[place]).await,
                    wanted,
                    "{place}: {said}"
                ),
                4 => assert!(
                    said["error"]
                        .as_str()
                        .expect("words")
                        .contains("other operators"),
                    "{said}"
                ),
                _ => panic!("{place}: exit {code}: {said}"),
            }
        }
        for (place, (code, _)) in answers
            .iter()
            .enumerate()
            .filter(|(_, (code, _))| *code == 4)
        {
            let (kind, value) = ranges[place];
            let again = if place < 3 {
                ["unblock", kind, value, "--yes"]
            } else {
                ["block", kind, value, "--reason=r"]
            };
            assert!(
                [0, 3].contains(&site.run_json(&again).await.0),
                "{place} after {code}"
            );
        }
        for range in unblocked {
            assert_eq!(
                site.run_json(&["unblock", range.0, range.1, "--yes"])
                    .await
                    .0,
                3
            );
            block(*range).await;
        }
        for entry in &entries {
            assert_eq!(count_copies(&site, entry).await, 1_024, "{entry}");
        }
    }
    assert_eq!(
        site.run_done(&["blocks"]).await.as_array().map(Vec::len),
        Some(6)
    );
}

/// Somebody blocks and unblocks the same range at once: what the list says then is what sends meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_and_its_copies_agree_after_a_block_and_an_unblock_at_once() {
    let site = Site::start().await;
    let block = ["block", "country", "DE", "--reason", "r"];
    let entry = site.run_done(&block).await;
    for _ in 0..3 {
        let unblock = ["unblock", "country", "DE", "--yes"];
        let (on, off) = tokio::join!(site.run_json(&block), site.run_json(&unblock));
        for (code, said) in [&on, &off] {
            assert!([0, 3, 4].contains(code), "{code}: {said}");
        }
        let listed = site.run_done(&["blocks"]).await;
        let is_listed = listed.as_array().is_some_and(|listed| !listed.is_empty());
        let copies = count_copies(&site, &entry).await;
        assert_eq!(copies, if is_listed { 1_024 } else { 0 }, "{on:?} {off:?}");
        site.run_done(&block).await;
    }
}

/// A writer that never rests keeps the copies from being right. The command gives up in words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_always_overtaken_ends_with_exit_code_4() {
    let site = Site::start().await;
    let database = Database::embedded(&site.stack.backends.endpoints.dynamodb);
    let disturb = async {
        loop {
            let item = json!({ "pk": { "S": "ranges#7" }, "country_FR": { "N": "1" } });
            let put = json!({ "TableName": "Blocks", "Item": item });
            database.call("PutItem", &put).await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let block = site.run_json(&["block", "country", "DE", "--reason", "r"]);
    let (code, said) = tokio::select! {
        done = block => done,
        () = disturb => unreachable!("it never rests"),
    };
    assert_eq!(code, 4, "{said}");
    let error = said["error"].as_str().expect("words");
    assert!(error.contains("other operators"), "{error}");
    let again = site
        .run_json(&["block", "country", "DE", "--reason", "r"])
        .await;
    assert_eq!(again.0, 0, "{}", again.1);
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
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{202e}'),
            "{said:?}"
        );
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
        ["stats", "--since", "0s"],
    ] {
        assert_eq!(
            site.run(&command).await.status.code(),
            Some(2),
            "{command:?}"
        );
    }
}
