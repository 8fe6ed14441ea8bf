//! `policy check`: what a policy costs, what is wrong with it, and what it warns of.

use super::calls::VOICE;
use super::*;

impl Site {
    /// Runs `policy check` on a policy without faults. Returns what it prints as JSON, and for people.
    async fn check_policy(&self, policy: &str) -> (Value, String) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), policy).expect("written");
        let path = file.path().to_str().expect("UTF-8");
        let checked = self.run_done(&["policy", "check", path]).await;
        let human = self.run(&["policy", "check", path]).await.stdout;
        (checked, String::from_utf8(human).expect("UTF-8"))
    }
}

#[tokio::test]
async fn policy_check_reports_costs_or_faults() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, DEFAULT_POLICY).expect("written");
    let checked = site.run_done(&["policy", "check", path]).await;
    let template = &checked["templates"][0];
    assert_eq!(
        (&template["segments"], &template["mostCostUsd"]),
        (&json!(1), &json!(0.09))
    );
    assert_eq!(
        checked["leftOut"]["US"],
        json!(["AS", "GU", "MP", "PR", "VI"])
    );
    // Hong Kong is in the list.
    assert_eq!(checked["leftOut"]["CN"], json!(["MO"]));
    // An end that is over is not a fault, or a deployed policy would become faulty by itself.
    assert_eq!(checked["endedTestNumbers"], json!([]));
    let ends = "2001-01-01T00:00:00Z";
    let ended = format!(
        "{DEFAULT_POLICY}\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"000000\"\nuntil = \"{ends}\"\n"
    );
    std::fs::write(&file, ended).expect("written");
    let checked = site.run_done(&["policy", "check", path]).await;
    assert_eq!(
        checked["endedTestNumbers"],
        json!([format!("test_number[0].until = {ends}")])
    );
    // Ranges whose numbers this build knows change nothing. Jamaica and premium numbers begin like those of the US.
    let range = |prefix: &str| {
        format!(
            "[[numbers.range]]\nprefix = \"{prefix}\"\ndigits = 11\ncountry = \"US\"\ntype = \"mobile\"\n"
        )
    };
    let ranges = ["+1876", "+1900", "+1415", "+1436"].map(range).concat();
    let dated = DEFAULT_POLICY.replacen("date = \"20", "date = \"29", 1);
    assert_ne!(dated, DEFAULT_POLICY);
    std::fs::write(&file, format!("{dated}\n{ranges}")).expect("written");
    let checked = site.run_done(&["policy", "check", path]).await;
    let idle = checked["rangesWithoutEffect"].as_object().expect("a table");
    let known: Vec<_> = idle.keys().map(String::as_str).collect();
    assert_eq!(
        known,
        ["numbers.range[0]", "numbers.range[1]", "numbers.range[2]"]
    );
    assert!(
        idle["numbers.range[0]"]
            .as_str()
            .is_some_and(|known| known.ends_with("of JM"))
    );
    assert_eq!(checked["pricesAreDatedLater"], true);
    let human = site.run_human(&["policy", "check", path]).await;
    assert!(
        human.contains("numbers.range[0]: this build knows such numbers"),
        "{human}"
    );
    assert!(
        human.contains("sms.price_list.date is a day to come"),
        "{human}"
    );
    std::fs::write(
        &file,
        DEFAULT_POLICY.replace("attempts = 5", "attempts = 50"),
    )
    .expect("written");
    let (code, faulty) = site.run_json(&["policy", "check", path]).await;
    assert_eq!(code, 1);
    assert_eq!(
        faulty["faults"][0]["path"],
        "business.password-change.attempts"
    );
    assert_eq!(
        site.run_json(&["policy", "check", "/no/such/file"]).await.0,
        2
    );
}

#[tokio::test]
async fn policy_check_shows_the_rules_of_countries_and_warns() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    let path = file.to_str().expect("UTF-8");
    let policy = DEFAULT_POLICY
        .replace("# sender_id = \"EXAMPLE\"", "sender_id = \"EXAMPLE\"")
        .replace(
            "[sms.country.CN]\n",
            "[sms.country.US]\norigination_number = \"+18005550100\"\n\
             [sms.country.SG]\nsender_id = \"ACMESG\"\n[sms.country.CN]\nprice_usd = 0.49\n",
        );
    let (checked, human) = site.check_policy(&policy).await;
    let facts = |sender: Value, number: Value, locales: Value| {
        let by_channel = if sender.is_null() { &number } else { &sender };
        json!({
            "channels": ["sns"], "senders": { "sns": by_channel }, "senderId": sender, "originationNumber": number, "entityId": null,
            "locales": locales,
        })
    };
    let countries = &checked["countries"];
    assert_eq!(
        countries["US"],
        facts(Value::Null, json!("+18005550100"), json!([]))
    );
    assert_eq!(
        countries["SG"],
        facts(json!("ACMESG"), Value::Null, json!([]))
    );
    assert_eq!(
        countries["DE"],
        facts(json!("EXAMPLE"), Value::Null, json!([]))
    );
    assert_eq!(
        countries["CN"],
        facts(Value::Null, Value::Null, json!(["zh"]))
    );
    let warnings = checked["warnings"].as_array().expect("a list");
    let paths: Vec<_> = warnings.iter().map(|w| w["path"].as_str()).collect();
    let expected = ["AU.sender_id", "CA.origination_number", "GB.sender_id"];
    let expected = expected.map(|path| format!("sms.country.{path}"));
    assert_eq!(paths, expected.each_ref().map(|path| Some(path.as_str())));
    // No English text goes to China, so its price does not concern them.
    let templates = checked["templates"].as_array().expect("a list");
    let most = |locale: &str| {
        let of = templates.iter().find(|t| t["locale"] == locale);
        of.expect("a template")["mostCostUsd"].clone()
    };
    assert_eq!((most("en"), most("zh")), (json!(0.09), json!(0.49)));
    assert!(
        human.contains("\nwarning: sms.country.AU.sender_id: "),
        "{human}"
    );
    let row = |country: &str| {
        human
            .lines()
            .find(|line| line.starts_with(country))
            .map(str::to_owned)
    };
    assert!(row("CN ").is_some_and(|row| row.ends_with("zh")), "{human}");
    assert!(
        row("US ").is_some_and(|row| row.contains("+18005550100")),
        "{human}"
    );
    let faulty = policy.replace("locales = [\"zh\"]", "locales = [\"en\", \"zh\"]");
    std::fs::write(&file, faulty).expect("written");
    let (code, faulty) = site.run_json(&["policy", "check", path]).await;
    assert_eq!(code, 1);
    assert_eq!(faulty["faults"][0]["path"], "business.login.templates.en");
}

#[tokio::test]
async fn policy_check_shows_who_sends_by_each_channel() {
    let site = Site::start().await;
    let policy = DEFAULT_POLICY
        .replace("# sender_id = \"EXAMPLE\"", "sender_id = \"EXAMPLE\"")
        .replace(
            "\nchannels = [\"sns\"]",
            "\nchannels = [\"end-user-messaging\", \"sns\"]",
        );
    let policy = format!(
        "{policy}\n[end_user_messaging]\ncountry.US = \"+18005550100\"\ncountry.FR = \"EXAMPLE\"\n"
    );
    let (checked, human) = site.check_policy(&policy).await;
    let senders = |country: &str| checked["countries"][country]["senders"].clone();
    // SNS takes no sender id for the United States.
    assert_eq!(
        senders("US"),
        json!({ "end-user-messaging": "+18005550100", "sns": null })
    );
    assert_eq!(
        senders("FR"),
        json!({ "end-user-messaging": "EXAMPLE", "sns": "EXAMPLE" })
    );
    let row = |start: &str| human.lines().find(|line| line.starts_with(start));
    assert!(
        row("US ").is_some_and(|row| row.contains("end-user-messaging +18005550100, sns none")),
        "{human}"
    );
    assert!(
        row("FR ").is_some_and(|row| row.contains("  EXAMPLE ")),
        "{human}"
    );
}

#[tokio::test]
async fn policy_check_prints_what_calls_cost_in_each_country_and_in_a_day() {
    let site = Site::start().await;
    let (none, human) = site.check_policy(DEFAULT_POLICY).await;
    assert_eq!(none["calls"], Value::Null);
    assert!(!human.contains("call"), "{human}");
    let with_calls = format!("{DEFAULT_POLICY}{VOICE}");
    let (checked, human) = site.check_policy(&with_calls).await;
    let expected = json!({
        "countries": {
            "GB": { "priceUsd": 0.10, "isUpperBound": true },
            "US": { "priceUsd": 0.03, "isUpperBound": false },
        },
        "startCalls": 2, "capCalls": 3, "refillHours": 12, "perDayUsd": 0.12,
    });
    assert_eq!(checked["calls"], expected);
    for words in [
        "country  dollars per call\nGB       at most 0.10\nUS       0.03\n",
        "begins with 2 calls for strangers and 3 for others",
        "a call back in 12 hours",
        "cost $0.12 a day at most",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
}
