//! `explain` about purses, and `purses`: what they say is what the service then does.

use phoneproof_tests::{Answer, phone};

use super::*;

/// What a text to the US costs, in millionths of a dollar.
pub(crate) const PRICE: i64 = 10_000;

/// Starts with a changed policy. Lanes pay for a phone from its first typed code on, so that no test waits a week.
pub(crate) async fn start(from: &str, to: &str) -> Site {
    let policy = DEFAULT_POLICY.replacen(from, to, 1);
    assert!(from.is_empty() || policy != DEFAULT_POLICY);
    let policy = policy.replacen("after_days = 7 ", "after_days = 0 ", 1);
    Site::start_paying(&policy, TokenMode::Sealed, true).await
}

/// Starts a stack that may spend this much a day in each country, in US dollars. A text to any of them costs a cent.
pub(crate) async fn start_with_money(usd_per_day: &str) -> Site {
    let row = DEFAULT_POLICY.lines().find(|line| line.contains("\"US "));
    let row = row.expect("the prices of the policy's countries");
    let make_cheap = |price: &str| {
        let code = price.trim_start_matches([' ', '"']).split(' ').next();
        format!("{} 0.01", code.expect("a country"))
    };
    let prices = row.trim_end_matches(',').split(',').map(make_cheap);
    let prices = prices.collect::<Vec<_>>().join(", ");
    let policy = DEFAULT_POLICY.replacen(row, &format!("\"{prices}\","), 1);
    let money = format!("usd_per_day = {usd_per_day}");
    let policy = policy.replacen("usd_per_day = 25.00", &money, 1);
    let policy = policy.replacen("after_days = 7 ", "after_days = 0 ", 1);
    Site::start_paying(&policy, TokenMode::Sealed, true).await
}

pub(crate) fn nth(n: usize) -> String {
    phone(u32::try_from(n).expect("small"))
}

/// A device and an address that nobody has seen, in a network of its own.
pub(crate) fn stranger(n: usize) -> (String, String) {
    (format!("s{n}"), format!("203.{}.113.7", n % 250))
}

/// The same in the network that [`Site::establish`] makes familiar.
pub(crate) fn neighbour(n: usize) -> (String, String) {
    (format!("f{n}"), format!("198.51.100.{}", n % 250))
}

impl Site {
    pub(crate) async fn call(&self, operation: &str, body: &Value) -> Value {
        let database = Database::at(&self.stack.backends.endpoints.dynamodb);
        let answer = database.call(operation, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }

    /// Reads an attribute of a purse; `None` when it is absent.
    pub(crate) async fn read(&self, key: &str, attribute: &str) -> Option<i64> {
        let request =
            json!({ "TableName": "Limits", "Key": { "pk": { "S": key } }, "ConsistentRead": true });
        let item = self.call("GetItem", &request).await;
        item["Item"][attribute]["N"].as_str()?.parse().ok()
    }

    pub(crate) async fn set(&self, (table, key): (&str, &str), attribute: &str, value: Value) {
        let update = json!({
            "TableName": table,
            "Key": { "pk": { "S": key } },
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": { "#a": attribute },
            "ExpressionAttributeValues": { ":v": value },
        });
        self.call("UpdateItem", &update).await;
    }

    /// Finds the key of the only purse whose key begins with `prefix`.
    pub(crate) async fn find_purse(&self, prefix: &str) -> String {
        let scan = self.call("Scan", &json!({ "TableName": "Limits" })).await;
        let items = scan["Items"].as_array().expect("items");
        let keys = items.iter().filter_map(|item| item["pk"]["S"].as_str());
        let mut keys = keys.filter(|key| key.starts_with(prefix));
        keys.next().expect("a purse").to_owned()
    }

    pub(crate) async fn send_as(
        &self,
        number: &str,
        (device, address): (String, String),
    ) -> Answer {
        self.client.send_from(number, &device, &address).await
    }

    /// Lets six users of the network of [`neighbour`] type codes in.
    pub(crate) async fn establish(&self) {
        for n in 0..6 {
            let sent = self.send_as(&nth(600 + n), neighbour(n)).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let code = self.read_code(&nth(600 + n));
            let verified = self.client.verify(&sent.token(), &code).await;
            assert_eq!(verified.status, 200, "{}", verified.text);
        }
    }

    /// Empties the open lane of the US.
    pub(crate) async fn empty(&self) {
        self.set(("Limits", "purse#US#0"), "open", json!({ "N": "0" }))
            .await;
    }

    /// Asks `explain`, then sends, and compares what they say. Returns what `explain` said of the purses.
    pub(crate) async fn explain_and_send(
        &self,
        number: &str,
        caller: (String, String),
    ) -> (Value, Answer) {
        let arguments = ["explain", number, &caller.0, &caller.1];
        let dump = self.dump().await;
        let explained = self.run_done(&arguments).await;
        assert_eq!(self.dump().await, dump, "a dry run");
        let sent = self.send_as(number, caller.clone()).await;
        let purses = explained["purses"].clone();
        let what = format!("{caller:?} {} {explained}", sent.text);
        match sent.status {
            202 => {
                assert_eq!(explained["refusedBy"], Value::Null, "{what}");
                assert_eq!(purses["damaged"], Value::Null, "{what}");
            }
            429 => {
                assert_eq!(explained["refusedBy"], sent.json["rule"], "{what}");
                assert_eq!(explained["retryAt"], sent.json["retryAt"], "{what}");
            }
            503 => assert!(purses["damaged"].is_object(), "{what}"),
            status => panic!("{status}: {what}"),
        }
        (purses, sent)
    }
}

#[tokio::test]
async fn explain_says_which_lane_pays_and_the_send_then_takes_it_from_there() {
    let site = start("", "").await;
    // A new country, a familiar network, a known phone at its device and elsewhere, and a stranger.
    let (new, _) = site.explain_and_send(&nth(1), stranger(1)).await;
    assert_eq!(
        (&new["lane"], &new["lanes"]["open"]["texts"]),
        (&json!("open"), &json!(6))
    );
    site.establish().await;
    let known = index_phone(&nth(600));
    let last_sent = json!({ "N": "1000" });
    for (number, caller, lane, address) in [
        (nth(2), neighbour(20), "crowd", None),
        (nth(600), neighbour(0), "crowd", Some(())),
        (
            nth(600),
            ("f0".to_owned(), stranger(7).1),
            "known",
            Some(()),
        ),
        (nth(600), stranger(8), "moved", Some(())),
        (nth(3), stranger(9), "open", None),
    ] {
        if address.is_some() {
            site.set(("Challenges", &known), "last_sent", last_sent.clone())
                .await;
        }
        let before = site.read("purse#US#0", lane).await.expect("a lane");
        let (purses, sent) = site.explain_and_send(&number, caller).await;
        assert_eq!(
            (&purses["lane"], sent.status),
            (&json!(lane), 202),
            "{}",
            sent.text
        );
        let held = purses["lanes"][lane]["texts"].as_i64().expect("texts");
        assert_eq!(held, before / PRICE, "{lane}");
        let after = site.read("purse#US#0", lane).await;
        assert_eq!(after, Some(before - PRICE), "{lane}");
    }
    let arguments = ["explain", &nth(4), "s1", "203.1.113.7"];
    let human = site.run_human(&arguments).await;
    for words in [
        "would be sent now, and the lane open pays $0.01",
        "lane crowd",
        "money of the day",
        "number block",
        "strange: 0 codes of 4",
        "unearned of today",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
}

#[tokio::test]
async fn explain_names_the_purse_that_refuses_and_when_it_frees() {
    let site = start("", "").await;
    site.establish().await;
    site.empty().await;
    let (purses, sent) = site.explain_and_send(&nth(1), stranger(1)).await;
    assert_eq!(sent.json["rule"], "country-purse");
    assert_eq!(purses["lanes"]["open"]["freesAt"], sent.json["retryAt"]);
    // The block is empty for newcomers, also for those of a familiar network.
    assert_eq!(
        site.send_as("+14152003000", neighbour(30)).await.status,
        202
    );
    let block = site.find_purse("block#").await;
    let scan = site.call("Scan", &json!({ "TableName": "Limits" })).await;
    let all = scan["Items"].as_array().expect("items").len();
    for item in scan["Items"].as_array().expect("items") {
        let key = item["pk"]["S"].as_str().expect("a key");
        if key.starts_with("block#") {
            site.set(("Limits", key), "room", json!({ "N": "0" })).await;
        }
    }
    assert!(all > 1 && block.starts_with("block#"));
    let (purses, sent) = site.explain_and_send("+14152003001", neighbour(31)).await;
    assert_eq!(sent.json["rule"], "number-block-purse");
    assert_eq!(purses["numberBlock"]["freesAt"], sent.json["retryAt"]);
}

#[tokio::test]
async fn explain_tells_an_empty_network_from_a_strange_one_and_says_what_fills_it() {
    let site = start("", "").await;
    site.establish().await;
    let network = site.find_purse("net#US#0#").await;
    site.set(("Limits", &network), "room", json!({ "N": "0" }))
        .await;
    let caller = neighbour(40);
    let arguments = ["explain", &nth(1), &caller.0, &caller.1];
    let human = site.run_human(&arguments).await;
    for words in [
        "codes typed there",
        "empty: 6 codes of 4",
        "the purse of the network is empty: the lane crowd is closed to it until codes that are typed there fill it",
        "the lane open pays",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
    assert!(!human.contains("strange"), "{human}");
    // An operator looks these words up.
    let runbook = include_str!("../../../RUNBOOK.md");
    for words in ["the purse of the network is empty", "empty: 6 codes of 4"] {
        assert!(runbook.contains(words), "{words}");
    }
    // Codes that are typed there open the lane again. With the sample policy, each gives half a text.
    for n in 1..3 {
        let (purses, sent) = site.explain_and_send(&nth(n), neighbour(40 + n)).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let network = &purses["network"];
        assert_eq!(
            (
                &purses["lane"],
                &network["standing"],
                &network["isFamiliar"]
            ),
            (&json!("open"), &json!("empty"), &json!(false))
        );
        let code = site.read_code(&nth(n));
        let verified = site.client.verify(&sent.token(), &code).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
    }
    let (purses, _) = site.explain_and_send(&nth(3), neighbour(43)).await;
    assert_eq!(
        (&purses["lane"], &purses["network"]["standing"]),
        (&json!("crowd"), &json!("familiar"))
    );
}

#[tokio::test]
async fn a_damaged_item_of_unearned_money_stops_nobody_and_is_named() {
    let site = start("", "").await;
    site.establish().await;
    let service = site.find_purse("service#").await;
    site.set(("Limits", &service), "left", json!({ "N": "-5" }))
        .await;
    let (purses, sent) = site.explain_and_send(&nth(1), neighbour(40)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert!(purses["unearnedFreesAt"].is_string(), "{purses}");
    let listed = site.run_done(&["purses"]).await;
    let named = json!([{ "purse": service, "attribute": "left" }]);
    assert_eq!(listed["damaged"], named);
    for arguments in [vec!["purses"], vec!["explain", "+14152003009"]] {
        let human = site.run_human(&arguments).await;
        let words = format!("damaged: {service} cannot be read");
        assert!(human.contains(&words), "{words}: {human}");
    }
}

#[tokio::test]
async fn explain_says_when_the_money_of_the_day_is_over() {
    let site = start_with_money("0.03").await;
    for n in 0..3 {
        let (_, sent) = site.explain_and_send(&nth(n), stranger(n)).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
    }
    let (purses, sent) = site.explain_and_send(&nth(4), stranger(4)).await;
    assert_eq!(sent.json["rule"], "money-per-day");
    assert_eq!(purses["money"]["freesAt"], sent.json["retryAt"]);
    assert_eq!(purses["money"]["leftUsd"], 0.0);
    // Two operators let it spend more, and the service obeys.
    let given = site
        .run_done(&["purse", "budget", "US", "0.05", "--yes"])
        .await;
    assert_eq!(given["purses"][0]["before"]["budget"], Value::Null);
    assert_eq!(given["purses"][0]["after"]["budget"]["perDayUsd"], 0.05);
    let explained = site.run_done(&["explain", &nth(5)]).await;
    assert_eq!(explained["refusedBy"], Value::Null, "{explained}");
}

#[tokio::test]
async fn a_shadowed_rule_refuses_nobody_and_explain_says_so() {
    let site = start("shadow = []", "shadow = [\"country-purse\"]").await;
    site.establish().await;
    site.empty().await;
    let (purses, sent) = site.explain_and_send(&nth(1), stranger(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(purses["wouldRefuse"], "country-purse");
    assert_eq!(purses["shadow"], json!(["country-purse"]));
    let human = site.run_human(&["explain", &nth(2)]).await;
    assert!(
        human.contains("in shadow mode, it would be refused by country-purse"),
        "{human}"
    );
}

#[tokio::test]
async fn explain_names_each_rule_that_refuses_in_shadow_mode() {
    let shadow = "shadow = [\"country-purse\", \"money-per-day\"]";
    let site = start("shadow = []", shadow).await;
    site.establish().await;
    site.empty().await;
    site.set(("Limits", "purse#US#0"), "left", json!({ "N": "0" }))
        .await;
    let (purses, sent) = site.explain_and_send(&nth(1), stranger(1)).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(purses["wouldRefuse"], "money-per-day");
    assert_eq!(purses["lane"], Value::Null);
    let human = site.run_human(&["explain", &nth(2)]).await;
    for line in [
        "in shadow mode, it would be refused by money-per-day, country-purse",
        "money-per-day cannot pay until ",
        "country-purse cannot pay until ",
    ] {
        assert!(human.contains(line), "{line}: {human}");
    }
}

/// The first rule that refuses is in shadow mode, and another one is not.
#[tokio::test]
async fn explain_names_the_rule_that_refuses_after_one_in_shadow_mode() {
    let site = start("shadow = []", "shadow = [\"money-per-day\"]").await;
    site.establish().await;
    site.empty().await;
    site.set(("Limits", "purse#US#0"), "left", json!({ "N": "0" }))
        .await;
    let (purses, sent) = site.explain_and_send(&nth(1), stranger(1)).await;
    assert_eq!(sent.json["rule"], "country-purse", "{}", sent.text);
    assert_eq!(purses["wouldRefuse"], "money-per-day");
    let explained = site.run_done(&["explain", &nth(2)]).await;
    assert_eq!(explained["refusedBy"], "country-purse", "{explained}");
}

#[tokio::test]
async fn explain_knows_that_the_owner_of_a_phone_has_a_reserve() {
    let site = start("", "").await;
    site.establish().await;
    let known = index_phone(&nth(600));
    site.set(("Challenges", &known), "last_sent", json!({ "N": "1000" }))
        .await;
    assert_eq!(site.send_as(&nth(600), neighbour(99)).await.status, 202);
    // Somebody else has just asked for a text to the phone.
    let (_, refused) = site.explain_and_send(&nth(600), stranger(1)).await;
    assert_eq!(refused.json["rule"], "phone-cooldown");
    let (purses, sent) = site
        .explain_and_send(&nth(600), ("f0".to_owned(), stranger(2).1))
        .await;
    assert_eq!(
        (sent.status, &purses["lane"]),
        (202, &json!("known")),
        "{}",
        sent.text
    );
}

#[tokio::test]
async fn purses_shows_every_country_with_its_lanes_money_and_conversion() {
    let site = start("", "").await;
    let none = site.run_done(&["purses", "US"]).await;
    assert_eq!(none["purses"][0]["isNew"], true);
    site.establish().await;
    let all = site.run_done(&["purses"]).await;
    let countries = all["purses"].as_array().expect("a list");
    assert_eq!(countries.len(), 10);
    let us = countries
        .iter()
        .find(|purse| purse["country"] == "US")
        .expect("the US");
    assert_eq!(
        (&us["purse"], &us["isNew"]),
        (&json!("purse#US#0"), &json!(false))
    );
    assert_eq!(
        us["week"],
        json!({ "sent": 6, "typed": 6, "conversion": 1.0 })
    );
    assert_eq!(us["money"]["spentUsd"], 0.06);
    assert_eq!(us["money"]["leftUsd"], 24.94);
    assert_eq!(us["money"]["perDayUsd"], 25.0);
    assert_eq!(us["lanes"]["crowd"]["capUsd"], 0.75);
    assert_eq!(
        all["unearned"],
        json!({ "leftUsd": 4.69, "perDayUsd": 4.75 })
    );
    assert_eq!(all["damaged"], json!([]));
    let human = site.run_human(&["purses"]).await;
    let of_us = human
        .lines()
        .find(|line| line.starts_with("US"))
        .expect("a row");
    assert!(of_us.contains("100 %"), "{human}");
    assert_eq!(site.run_json(&["purses", "MA"]).await.0, 2, "not served");
}
