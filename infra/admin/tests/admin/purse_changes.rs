//! `purse grant`, `purse budget` and `purse reset`: a running service obeys them, also beside a flood, and for a
//! purse that somebody damaged.

use std::time::Duration;

use phoneproof_tests::so_many_at_once;

use super::purses::{PRICE, neighbour, nth, start, start_with_money, stranger};
use super::*;

#[tokio::test]
async fn a_grant_lets_so_many_strangers_in_and_ends() {
    let mut site = start("", "").await;
    let grant = ["purse", "grant", "US", "3", "--for", "1h"];
    let (code, refused) = site.run_json(&grant).await;
    assert_eq!(code, 4, "not confirmed: {refused}");
    let given = site.run_done(&[&grant[..], &["--yes"]].concat()).await;
    let purse = &given["purses"][0];
    assert_eq!(
        (&purse["before"]["grant"], &purse["after"]["grant"]["texts"]),
        (&Value::Null, &json!(3))
    );
    // A new country has six of its own.
    for n in 0..9 {
        let (purses, sent) = site.explain_and_send(&nth(n), stranger(n)).await;
        assert_eq!(sent.status, 202, "{n}: {}", sent.text);
        assert_eq!(purses["granted"], n >= 6, "{n}");
    }
    let (_, refused) = site.explain_and_send(&nth(10), stranger(10)).await;
    assert_eq!(refused.json["rule"], "country-purse");
    // The instance remembers that for ten seconds at most.
    site.run_done(&["purse", "grant", "US", "5", "--for", "1s", "--yes"])
        .await;
    sleep(Duration::from_millis(1_100)).await;
    site.renew().await;
    let (_, refused) = site.explain_and_send(&nth(11), stranger(11)).await;
    assert_eq!(refused.status, 429, "the grant is over: {}", refused.text);
    site.run_done(&["purse", "grant", "US", "5", "--yes"]).await;
    let human = site.run_human(&["purses"]).await;
    assert!(
        human.contains("US: a grant of $0.05, 5 texts until "),
        "{human}"
    );
    let back = site.run_done(&["purse", "grant", "US", "0", "--yes"]).await;
    assert_eq!(back["purses"][0]["before"]["grant"]["texts"], 5);
    assert_eq!(
        site.run_json(&["purse", "grant", "US", "0", "--yes"])
            .await
            .0,
        3
    );
}

#[tokio::test]
async fn a_running_instance_honours_a_grant_within_ten_seconds() {
    let site = start("", "").await;
    site.establish().await;
    site.empty().await;
    assert_eq!(site.send_as(&nth(1), stranger(1)).await.status, 429);
    site.run_done(&["purse", "grant", "US", "2", "--yes"]).await;
    sleep(Duration::from_secs(10)).await;
    for n in 2..4 {
        let sent = site.send_as(&nth(n), stranger(n)).await;
        assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    }
    assert_eq!(site.send_as(&nth(5), stranger(5)).await.status, 429);
}

#[tokio::test]
async fn a_number_block_gets_room_and_starts_anew() {
    let site = start("", "").await;
    site.establish().await;
    let block = |n: usize| format!("+1415200{:04}", 3_000 + n);
    for n in 0..5 {
        assert_eq!(
            site.send_as(&block(n), neighbour(20 + n)).await.status,
            202,
            "{n}"
        );
    }
    assert_eq!(
        site.send_as(&block(9), neighbour(29)).await.json["rule"],
        "number-block-purse"
    );
    let grant = ["purse", "grant", "number-block", "+1415200", "2", "--yes"];
    let given = site.run_done(&grant).await;
    assert_eq!(given["purses"][0]["after"]["grant"]["texts"], 2);
    let explained = site
        .run_done(&["explain", &block(9), "d", "198.51.100.9"])
        .await;
    assert_eq!(explained["refusedBy"], Value::Null, "{explained}");
    assert_eq!(explained["purses"]["numberBlock"]["grant"]["texts"], 2);
    let mut site = site;
    site.renew().await;
    for n in 10..12 {
        let sent = site.send_as(&block(n), neighbour(30 + n)).await;
        assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    }
    assert_eq!(site.send_as(&block(12), neighbour(42)).await.status, 429);
    site.run_done(&["purse", "reset", "number-block", "+1415200", "--yes"])
        .await;
    site.renew().await;
    for n in 13..18 {
        let sent = site.send_as(&block(n), neighbour(50 + n)).await;
        assert_eq!(sent.status, 202, "{n}: {}", sent.text);
    }
    assert_eq!(site.send_as(&block(19), neighbour(70)).await.status, 429);
}

#[tokio::test]
async fn a_network_that_starts_anew_is_strange_again() {
    let site = start("", "").await;
    assert_eq!(
        site.run_json(&["purse", "reset", "network", "198.51.0.0/16", "--yes"])
            .await
            .0,
        3
    );
    site.establish().await;
    let (purses, _) = site.explain_and_send(&nth(1), neighbour(20)).await;
    assert_eq!(
        (&purses["lane"], &purses["network"]["isFamiliar"]),
        (&json!("crowd"), &json!(true))
    );
    site.run_done(&["purse", "reset", "network", "198.51.7.7", "--yes"])
        .await;
    let (purses, _) = site.explain_and_send(&nth(2), neighbour(21)).await;
    assert_eq!(
        (&purses["lane"], &purses["network"]["codes"]),
        (&json!("open"), &json!(0))
    );
    assert_eq!(
        site.run_json(&["purse", "grant", "network", "198.51.7.7", "5"])
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn a_damaged_purse_is_named_stops_those_who_need_it_and_starts_anew() {
    let mut site = start("", "").await;
    site.establish().await;
    let target = "+14152003000";
    let garbage = || json!({ "S": "much" });
    assert_eq!(site.send_as(target, neighbour(20)).await.status, 202);
    let of_target = ["explain", "+14152003002", "d", "198.51.100.9"];
    // Each round has numbers of its own, because a round may begin when the cooldown of an earlier one ends.
    let mut fresh = (100..).map(nth);
    let mut fresh = || fresh.next().expect("a number");
    for (attribute, prefix) in [
        ("crowd", "purse#US#0"),
        ("day", "purse#US#0"),
        ("budget_until", "purse#US#0"),
        ("room", "block#"),
        ("at", "block#"),
        ("granted_until", "block#"),
        ("room", "net#US#0#"),
        ("codes", "net#US#0#"),
    ] {
        let what = format!("{attribute} of {prefix}");
        let key = match prefix {
            "block#" => {
                let keyring = Keyring::from_json(KEYRING).expect("a keyring");
                let number = Phone::from_canonical(target).expect("canonical");
                format!(
                    "block#{}",
                    keyring.indexer().index_number_block(&number).as_str()
                )
            }
            prefix => site.find_purse(prefix).await,
        };
        if attribute == "at" {
            // A block that holds enough does not look when it paid last, and sets that anew.
            site.set(("Limits", &key), "room", json!({ "N": "0" }))
                .await;
        }
        site.set(("Limits", &key), attribute, garbage()).await;
        let neighbour_number = "+14152003001";
        let (purses, sent) = site.explain_and_send(neighbour_number, neighbour(40)).await;
        assert_eq!(sent.status, 503, "{what}: {}", sent.text);
        let named = json!({ "purse": key, "attribute": attribute });
        let damaged = &purses["damaged"];
        assert_eq!(damaged["purse"], named["purse"], "{what}");
        // Another country, and who does not need the purse.
        let other = site.send_as("+447400123456", stranger(1)).await;
        assert!([202, 429].contains(&other.status), "{what}: {}", other.text);
        if prefix != "purse#US#0" {
            let (_, sent) = site.explain_and_send(&fresh(), stranger(1)).await;
            assert_ne!(sent.status, 503, "{what}: {}", sent.text);
        }
        let listed = site.run_done(&["purses", "--damaged"]).await;
        assert_eq!(
            listed["damaged"].as_array().map(Vec::len),
            Some(1),
            "{what}: {listed}"
        );
        assert_eq!(listed["damaged"][0]["purse"], json!(key), "{what}");
        let human = site.run_human(&of_target).await;
        assert!(human.contains("cannot be sent"), "{what}: {human}");
        assert!(human.contains(&key), "{what}: {human}");
        site.run_done(&["purse", "reset", &key, "--yes"]).await;
        site.renew().await;
        let (_, sent) = site.explain_and_send(&fresh(), stranger(2)).await;
        assert_ne!(sent.status, 503, "{what}: {}", sent.text);
        let listed = site.run_done(&["purses", "--damaged"]).await;
        assert_eq!(listed["damaged"], json!([]), "{what}");
        // The next round needs a familiar network again.
        site.set(
            ("Limits", &site.find_purse("net#US#0#").await),
            "codes",
            json!({ "N": "9" }),
        )
        .await;
        site.set_network(&site.find_purse("net#US#0#").await).await;
    }
}

impl Site {
    /// Makes a network familiar.
    async fn set_network(&self, key: &str) {
        let year = 365 * 86_400;
        let now = SystemClock.now().unix();
        for (attribute, value) in [
            ("room", 60_000),
            ("codes", 9),
            ("needed", 4),
            ("since", now),
            ("expires_at", now + year),
        ] {
            let value = json!({ "N": value.to_string() });
            self.set(("Limits", key), attribute, value).await;
        }
    }
}

/// Strangers ask without end while two operators give room and money. Every text is paid once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_beside_a_flood_lose_no_money_stop_and_grant_no_text_twice() {
    let site = start_with_money("0.05").await;
    let flood = |from: usize, all: usize| {
        so_many_at_once(all, &site.client, move |n, client| async move {
            let (device, address) = stranger(from + n);
            client.send_from(&nth(from + n), &device, &address).await
        })
    };
    let grant = ["purse", "grant", "US", "9", "--yes"];
    let budget = ["purse", "budget", "US", "0.12", "--yes"];
    let mut sent = 0;
    let (first, one, two, three, four) = tokio::join!(
        flood(0, 24),
        site.run_json(&grant),
        site.run_json(&grant),
        site.run_json(&budget),
        site.run_json(&budget),
    );
    sent += first.get(&202).copied().unwrap_or(0);
    for (code, said) in [&one, &two, &three, &four] {
        assert!([0, 4].contains(code), "{code}: {said}");
    }
    for given in [[one.0, two.0], [three.0, four.0]] {
        assert!(
            given.contains(&0),
            "one of two operators gets it: {given:?}"
        );
    }
    // A new country has six texts, the grant nine, and the budget twelve.
    let mut site = site;
    let money_of = async |site: &Site| {
        let day = SystemClock.now().day();
        let place = format!("spent_{}", day.rem_euclid(17));
        let cost = site.read("purse#US#0", &place).await.expect("spent");
        let left = site.read("purse#US#0", "left").await.expect("left");
        (cost / PRICE, left / PRICE)
    };
    for round in 1..4 {
        site.renew().await;
        let from = round * 100;
        let more = so_many_at_once(24, &site.client, move |n, client| async move {
            let (device, address) = stranger(from + n);
            client.send_from(&nth(from + n), &device, &address).await
        })
        .await;
        sent += more.get(&202).copied().unwrap_or(0);
        let (cost, left) = money_of(&site).await;
        let sent = i64::try_from(sent).expect("few");
        assert_eq!(cost, sent, "round {round}: every text is counted once");
        assert_eq!(cost + left, 12, "round {round}: the money stop");
    }
    assert_eq!(sent, 12, "the budget stops before the grant is used up");
    // Six texts are the country's own and six the grant's. An operator who came later saw what was left, and gave
    // nine again.
    let left = site.read("purse#US#0", "granted").await.expect("a grant");
    let most = if one.0 == 0 && two.0 == 0 { 9 } else { 3 };
    assert!(
        (3..=most).contains(&(left / PRICE)),
        "{left}: {} {}",
        one.1,
        two.1
    );
    // Without the budget the country has overspent its day, and a new start does not give that back.
    site.run_done(&["purse", "reset", "US", "--yes"]).await;
    assert_eq!(money_of(&site).await, (12, 0));
    let explained = site.run_done(&["explain", &nth(500)]).await;
    assert_eq!(explained["refusedBy"], "money-per-day");
}

#[tokio::test]
async fn shards_share_a_grant_and_a_budget() {
    let site = start("# [purses.shards]\n# IN = 2", "[purses.shards]\nUS = 3").await;
    let given = site
        .run_done(&["purse", "grant", "US", "10", "--yes"])
        .await;
    let purses = given["purses"].as_array().expect("a list");
    let texts = purses
        .iter()
        .map(|purse| purse["after"]["grant"]["texts"].as_i64());
    assert_eq!(texts.collect::<Vec<_>>(), [Some(4), Some(3), Some(3)]);
    let given = site
        .run_done(&["purse", "budget", "US", "100", "--yes"])
        .await;
    let purses = given["purses"].as_array().expect("a list");
    let money = purses
        .iter()
        .map(|purse| purse["after"]["budget"]["perDayUsd"].as_f64());
    assert_eq!(
        money.collect::<Vec<_>>(),
        [Some(33.333_334), Some(33.333_333), Some(33.333_333)]
    );
    let listed = site.run_done(&["purses", "US"]).await;
    assert_eq!(listed["purses"].as_array().map(Vec::len), Some(3));
    let mut sent = 0;
    for n in 0..60 {
        sent += usize::from(site.send_as(&nth(n), stranger(n)).await.status == 202);
    }
    // Each shard starts with six texts of its own.
    assert_eq!(sent, 3 * 6 + 10);
}

#[tokio::test]
async fn what_no_purse_takes_is_refused_in_words() {
    let site = start("", "").await;
    for (arguments, named) in [
        (&["purse", "grant", "US"][..], "PURSE TEXTS"),
        (&["purse", "grant", "US", "many"], "TEXTS"),
        (&["purse", "grant", "US", "-3"], "TEXTS"),
        (&["purse", "grant", "US", "1000001"], "TEXTS"),
        (&["purse", "grant", "MA", "3"], "MA"),
        (&["purse", "grant", "US", "3", "--for", "22d"], "21d"),
        (
            &["purse", "grant", "number-block", "+1", "3"],
            "number-block",
        ),
        (&["purse", "grant", "purse#US#0", "3"], "PURSE"),
        (&["purse", "budget", "US", "25"], "DOLLARS"),
        (&["purse", "budget", "US", "1000001"], "DOLLARS"),
        (&["purse", "budget", "US", "-5"], "DOLLARS"),
        (&["purse", "reset", "number-block"], "number-block"),
        (&["purse", "reset", "phone#x"], "PURSE"),
        (&["purse", "reset", "purse#US#7"], "shard"),
    ] {
        let output = site.run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    assert_eq!(site.run_json(&["purse", "reset", "US", "--yes"]).await.0, 3);
    assert_eq!(
        site.run_json(&["purse", "budget", "US", "0", "--yes"])
            .await
            .0,
        3
    );
}
