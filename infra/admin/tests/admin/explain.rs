//! `explain`: what it says is what the service then does.

use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::SubjectKind;
use phoneproof_local::inbox::Carrier;

use super::*;

#[tokio::test]
async fn explain_shows_the_limits_of_a_business() {
    let policy = DEFAULT_POLICY.replacen(
        "[business.login]\n",
        "[business.login]\ntexts_per_hour = 1\ntexts_per_day = 9\n",
        1,
    );
    let site = Site::start_with(&policy, TokenMode::Sealed).await;
    let alone = site.run_done(&["explain", "--business", "login"]).await;
    assert_eq!(alone["refusedBy"], Value::Null);
    assert_eq!(site.client.send(PHONE).await.status, 202);
    let other = "+14152011234";
    let arguments = ["explain", other, "--business", "login"];
    let explained = site.run_done(&arguments).await;
    let refused = site.client.send_from(other, "other", "192.0.2.9").await;
    assert_eq!(refused.json["rule"], "business-per-hour");
    assert_eq!(explained["refusedBy"], refused.json["rule"]);
    assert_eq!(explained["retryAt"], refused.json["retryAt"]);
    let rules = explained["rules"].as_array().expect("rules");
    let of = |name: &str| {
        rules
            .iter()
            .find(|rule| rule["rule"] == name)
            .expect("a rule")
    };
    let day = of("business-per-day");
    assert_eq!((&day["count"], &day["limit"]), (&json!(1), &json!(9)));
    let (code, _) = site
        .run_json(&["explain", other, "--business", "none"])
        .await;
    assert_eq!(code, 2, "the policy has no such business");
    let (code, _) = site
        .run_json(&["block", "business#login", "--reason", "r"])
        .await;
    assert_eq!(code, 2, "a business has limits and is not blocked");
}

#[tokio::test]
async fn explain_names_what_refuses_a_number_that_is_not_texted() {
    let site = Site::start().await;
    for (phone, status) in [
        ("+999415200798", 400),
        ("+12002007986", 400),
        ("+393123456789", 403),
        ("+19002007986", 403),
    ] {
        let explained = site.run_done(&["explain", phone]).await;
        let refused = site.client.send(phone).await;
        assert_eq!(refused.status, status, "{phone}: {refused:?}");
        let kind = refused.json["type"].as_str().expect("a type");
        let kind = kind.trim_start_matches("urn:phoneproof:problem:");
        let rule = refused.json["rule"].as_str().unwrap_or(kind);
        assert_eq!(explained["refusedBy"], rule, "{phone}");
    }
}

#[tokio::test]
async fn explain_names_the_rule_that_then_refuses_and_writes_nothing() {
    let site = Site::start().await;
    let arguments = ["explain", PHONE, "device-1", "192.0.2.1"];
    let before = site.run_done(&arguments).await;
    assert_eq!(
        (&before["refusedBy"], &before["country"]),
        (&Value::Null, &json!("US"))
    );
    site.client.send(PHONE).await;
    let dump = site.dump().await;
    let explained = site.run_done(&arguments).await;
    assert_eq!(site.dump().await, dump, "a dry run");
    let refused = site.client.send(PHONE).await;
    assert_eq!(explained["refusedBy"], refused.json["rule"]);
    assert_eq!(explained["retryAt"], refused.json["retryAt"]);
    assert_eq!(explained["challenges"][0]["attemptsLeft"], 5);
    let rules = explained["rules"].as_array().expect("rules");
    let of_everybody = |rule: &Rule| rule.subject() != SubjectKind::Business;
    assert_eq!(
        rules.len(),
        Rule::ALL.into_iter().filter(of_everybody).count()
    );
    let counted = |name: &str| {
        let rule = rules
            .iter()
            .find(|rule| rule["rule"] == name)
            .expect("the rule");
        (rule["count"].clone(), rule["limit"].clone())
    };
    assert_eq!(counted("phone-per-hour"), (json!(1), json!(5)));
    assert_eq!(counted("device-per-day"), (json!(1), json!(10)));
    assert_eq!(counted("address-per-hour"), (json!(1), json!(20)));
    // Without a device or an address, their rules are left out.
    let rules = site.run_done(&["explain", PHONE]).await["rules"]
        .as_array()
        .expect("rules")
        .len();
    assert_eq!(rules, 5);
    let with_address = site.run_done(&["explain", PHONE, "-", "192.0.2.1"]).await;
    assert_eq!(with_address["rules"].as_array().map(Vec::len), Some(7));
    assert_eq!(
        site.run_done(&["explain", "+376312345"]).await["refusedBy"],
        "country"
    );
}

#[tokio::test]
async fn explain_shows_the_last_outcome_and_forget_erases_it() {
    let site = Site::start().await;
    let before = site.run_done(&["explain", PHONE]).await;
    assert_eq!(before["lastOutcome"], Value::Null);
    let keyring = Keyring::from_json(KEYRING).expect("a keyring");
    let number = Phone::from_canonical(PHONE).expect("canonical");
    let key = format!(
        "receipt#{}",
        keyring.indexer().index_phone(&number).as_str()
    );
    let item = json!({
        "pk": { "S": key }, "r_AAAAAAAA": { "S": "1795435200250 40 notify undelivered expired AAAAAAAA" },
        "expires_at": { "N": "4070908800" },
    });
    let database = Database::at(&site.stack.backends.endpoints.dynamodb);
    let put = json!({ "TableName": database.tables.limits, "Item": item });
    assert_eq!(database.call("PutItem", &put).await.status, 200);
    let after = site.run_done(&["explain", PHONE]).await;
    assert_eq!(
        after["lastOutcome"],
        json!({ "at": "2026-11-23T12:00:00Z", "channel": "notify", "outcome": "undelivered", "reason": "expired" })
    );
    let forgotten = site.run_done(&["forget", PHONE, "--yes"]).await;
    assert_eq!(forgotten["items"], 1);
    let gone = site.run_done(&["explain", PHONE]).await;
    assert_eq!(gone["lastOutcome"], Value::Null);
}

/// A carrier refuses the only text of a phone. The cooldown runs all the same, so the moment is shown, and not as a
/// text.
#[tokio::test]
async fn explain_does_not_claim_a_text_that_was_refused() {
    let site = Site::start().await;
    site.stack.backends.inbox.set_carrier(Carrier::Refuse);
    assert_eq!(site.client.send(PHONE).await.status, 502);
    let explained = site.run_done(&["explain", PHONE]).await;
    assert!(explained["lastTried"].is_string(), "{explained}");
    assert_eq!(explained["refusedBy"], "phone-cooldown");
    let said = site.run_human(&["explain", PHONE]).await;
    assert!(said.contains("last text or try: 20"), "{said}");
}

/// People paste addresses out of tables and messengers, as they paste numbers.
#[tokio::test]
async fn addresses_and_networks_are_read_as_they_are_pasted() {
    let site = Site::start().await;
    for pasted in [
        "192.0.2.1 ",
        "\u{202a}192.0.2.1\u{202c}",
        "\u{feff}\t192.0.2.1",
    ] {
        site.run_done(&["explain", "--address", pasted]).await;
        let block = ["block", "address", pasted, "--reason", "r"];
        let blocked = site.run_done(&block).await;
        let index = blocked["subject"].as_str().expect("a subject");
        let explained = site.run_done(&["explain", "--address", "192.0.2.1"]).await;
        assert_eq!(explained["refusedBy"], "blocked-address", "{pasted:?}");
        let by_index = format!("\u{202a}{index} ");
        site.run_done(&["unblock", &by_index, "--yes"]).await;
    }
    for (kind, pasted, value) in [
        ("network", " \u{200e}198.51.100.0/24", "198.51.100.0/24"),
        ("country", "\u{202a}SG\u{202c}", "SG"),
        ("number-block", "+1415\u{a0}200\u{202c}", "+1415200xxxx"),
    ] {
        let block = ["block", kind, pasted, "--reason", "r"];
        assert_eq!(site.run_done(&block).await["value"], value, "{kind}");
        site.run_done(&["unblock", kind, pasted, "--yes"]).await;
    }
    let wide = ["block", "address", "2001:db8::1 ", "--reason", "r"];
    let said = site.run_human(&wide).await;
    assert!(said.contains("the whole /64"), "{said}");
}
