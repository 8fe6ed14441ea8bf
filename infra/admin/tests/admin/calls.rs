//! Calls as operators see them: what `explain` and `purses` say is what the service then does, and `purse` says what it
//! does not reach.

use phoneproof_tests::Answer;

use super::purses::{neighbour, nth, stranger};
use super::*;

/// Calls to two countries, with a purse that a test can empty.
pub(crate) const VOICE: &str = "\n[notify]\nconfiguration_id = \"notify-1\"\n\
    voice_template_id = \"notify-code-verification-voice-english-001\"\n\
    [voice]\ncountries = [\"US\", \"GB\"]\nprice_usd = 0.10\nprices = { US = 0.03 }\n\
    money_per_day_usd = 0.12\nstart_calls = 2\ncap_calls = 3\n";

async fn start() -> Site {
    Site::start_paying(&format!("{DEFAULT_POLICY}{VOICE}"), TokenMode::Sealed, true).await
}

impl Site {
    /// Texts a number, and lets its cooldown end.
    async fn text(&self, n: usize, caller: (String, String)) -> String {
        let sent = self.send_as(&nth(n), caller).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let (phone, long_ago) = (index_phone(&nth(n)), json!({ "N": "1000" }));
        self.set(("Challenges", &phone), "last_sent", long_ago)
            .await;
        sent.token()
    }

    async fn ask_for_call(&self, n: usize, token: &str) -> Answer {
        self.ask_for_call_at(&stranger(n).0, n, token).await
    }

    async fn ask_for_call_at(&self, device: &str, n: usize, token: &str) -> Answer {
        let body = json!({
            "phone": nth(n), "uniqueId": device, "businessId": "login", "token": token,
            "channel": "voice",
        });
        self.client.post("/v1/send", &body).await
    }

    /// Returns what `explain` says of a call to a caller of the network of strangers.
    async fn explain_call(&self, n: usize) -> Value {
        let (device, address) = stranger(n);
        let arguments = ["explain", &nth(n), &device, &address];
        self.run_done(&arguments).await["calls"].clone()
    }

    async fn calls_of_us(&self) -> Value {
        self.run_done(&["purses", "US"]).await["calls"][0].clone()
    }
}

#[tokio::test]
async fn explain_says_which_room_a_call_takes_from_and_when_it_frees_and_the_call_obeys() {
    let site = start().await;
    let new = site.explain_call(1).await;
    assert_eq!(
        (&new["purse"], &new["isNew"], &new["room"]),
        (&json!("calls#US"), &json!(true), &json!("strange"))
    );
    assert_eq!(
        (&new["strange"]["calls"], &new["familiar"]["calls"]),
        (&json!(2), &json!(3))
    );
    let mut tokens = Vec::new();
    for n in 1..=3 {
        tokens.push(site.text(n, stranger(n)).await);
    }
    for n in 1..=2 {
        let called = site.ask_for_call(n, &tokens[n - 1]).await;
        assert_eq!(called.status, 202, "{}", called.text);
        let left = site.calls_of_us().await;
        assert_eq!(left["strange"]["calls"], json!(2 - n), "{left}");
    }
    let dump = site.dump().await;
    let said = site.explain_call(3).await;
    assert_eq!(site.dump().await, dump, "a dry run");
    let refused = site.ask_for_call(3, &tokens[2]).await;
    assert_eq!(
        (refused.status, &refused.json["rule"]),
        (429, &json!("call-purse"))
    );
    assert_eq!(said["wouldRefuse"], refused.json["rule"], "{said}");
    assert_eq!(said["retryAt"], refused.json["retryAt"], "{said}");
    assert_eq!(said["strange"]["freesAt"], refused.json["retryAt"]);
    assert_eq!(said["familiar"]["calls"], 3, "strangers stop nobody else");
    let human = site.run_human(&["explain", &nth(3), "s3"]).await;
    for words in [
        "of familiar callers  $0.09, 3 calls  $0.09, 3 calls  -",
        "would pay",
        "money of the day     $0.06, 2 calls  $0.12",
        "call-purse cannot pay until ",
    ] {
        assert!(human.contains(words), "{words}: {human}");
    }
    // A new start gives room back, and not what the day has spent.
    let code = site.run_json(&["purse", "reset", "calls", "US"]).await.0;
    assert_eq!(code, 4, "not confirmed");
    site.run_done(&["purse", "reset", "calls", "US", "--yes"])
        .await;
    let anew = site.calls_of_us().await;
    assert_eq!(
        (&anew["strange"]["calls"], &anew["money"]["leftUsd"]),
        (&json!(2), &json!(0.06))
    );
    for n in 4..=5 {
        let token = site.text(n, stranger(n)).await;
        let called = site.ask_for_call(n, &token).await;
        assert_eq!(called.status, 202, "{}", called.text);
    }
    let said = site.explain_call(3).await;
    // The instance remembers the other refusal of this call, for ten seconds at most.
    let is_another = |refused: &Answer| refused.json["rule"] != "call-purse";
    let ask = async || site.ask_for_call(3, &tokens[2]).await;
    let refused = ask_until(is_another, ask).await;
    assert_eq!(refused.json["rule"], "call-money-per-day");
    assert_eq!(said["wouldRefuse"], refused.json["rule"], "{said}");
    assert_eq!(said["money"]["freesAt"], refused.json["retryAt"], "{said}");
}

#[tokio::test]
async fn calls_of_familiar_callers_have_a_room_of_their_own_and_purses_lists_all() {
    let site = start().await;
    site.establish().await;
    let (device, address) = neighbour(20);
    let arguments = ["explain", &nth(1), &device, &address];
    let said = site.run_done(&arguments).await["calls"].clone();
    assert_eq!(said["room"], "familiar", "{said}");
    let token = site.text(1, neighbour(20)).await;
    let called = site.ask_for_call_at(&device, 1, &token).await;
    assert_eq!(called.status, 202, "{}", called.text);
    let listed = site.run_done(&["purses"]).await;
    let calls = listed["calls"].as_array().expect("a list");
    assert_eq!(calls.len(), 2, "{listed}");
    assert_eq!(
        (&calls[0]["country"], &calls[0]["isNew"]),
        (&json!("GB"), &json!(true))
    );
    let money = json!({ "leftUsd": 0.09, "perDayUsd": 0.12, "freesAt": null });
    assert_eq!(
        (&calls[1]["familiar"]["calls"], &calls[1]["money"]),
        (&json!(2), &money)
    );
    assert_eq!(listed["shadow"], json!([]));
    let human = site.run_human(&["purses"]).await;
    let row = |country: &str| {
        let mut rows = human.lines().skip_while(|line| !line.starts_with("calls"));
        rows.find(|line| line.starts_with(country))
            .map(str::to_owned)
    };
    assert!(
        row("US").is_some_and(|row| row.contains("$0.06/$0.09") && row.contains("$0.09")),
        "{human}"
    );
    assert!(row("GB").is_some_and(|row| row.ends_with("new")), "{human}");
    // Germany is texted and never called.
    assert_eq!(site.run_done(&["purses", "DE"]).await["calls"], json!([]));
    let explained = site.run_done(&["explain", "+4915123456789"]).await;
    assert_eq!(explained["calls"], Value::Null);
}

#[tokio::test]
async fn a_damaged_purse_of_calls_is_named_and_starts_anew() {
    let site = start().await;
    let token = site.text(1, stranger(1)).await;
    assert_eq!(site.ask_for_call(1, &token).await.status, 202);
    let garbage = json!({ "S": "much" });
    for (n, attribute) in [(2, "open"), (3, "left")] {
        site.set(("Limits", "calls#US"), attribute, garbage.clone())
            .await;
        let named = json!({ "purse": "calls#US", "attribute": attribute });
        let listed = site.run_done(&["purses"]).await;
        assert_eq!(listed["damaged"], json!([named]));
        assert_eq!(site.explain_call(1).await["damaged"], named);
        let human = site.run_human(&["explain", &nth(1)]).await;
        assert!(
            human.contains("damaged: calls#US cannot be read"),
            "{human}"
        );
        let token = site.text(n, stranger(n)).await;
        assert_eq!(site.ask_for_call(n, &token).await.status, 503);
        site.run_done(&["purse", "reset", "calls#US", "--yes"])
            .await;
        assert_eq!(site.ask_for_call(n, &token).await.status, 202);
    }
}

#[tokio::test]
async fn a_rule_of_calls_in_shadow_mode_refuses_nobody_and_is_named_only_where_there_are_calls() {
    let shadow = "shadow = [\"call-purse\"]";
    let policy = DEFAULT_POLICY.replacen("shadow = []", shadow, 1);
    let site = Site::start_paying(&format!("{policy}{VOICE}"), TokenMode::Sealed, true).await;
    for n in 1..=3 {
        let token = site.text(n, stranger(n)).await;
        let called = site.ask_for_call(n, &token).await;
        assert_eq!(called.status, 202, "{}", called.text);
    }
    let said = site.explain_call(4).await;
    assert_eq!(said["wouldRefuse"], "call-purse", "{said}");
    let listed = site.run_done(&["purses"]).await;
    assert_eq!(listed["shadow"], json!(["call-purse"]));
    let site = Site::start_paying(&policy, TokenMode::Sealed, true).await;
    let listed = site.run_done(&["purses"]).await;
    assert_eq!(listed["shadow"], json!([]));
}

#[tokio::test]
async fn grants_and_budgets_say_that_they_do_not_reach_calls() {
    let site = start().await;
    for (arguments, said) in [
        (
            &["purse", "grant", "calls#US", "3"][..],
            "calls get no grant",
        ),
        (
            &["purse", "grant", "calls", "US", "3"],
            "calls get no grant",
        ),
        (
            &["purse", "budget", "calls#US", "20"],
            "voice.money_per_day_usd",
        ),
        (
            &["purse", "reset", "calls"],
            "calls: a country is needed, as in MA",
        ),
        (&["purse", "reset", "calls", "XX"], "calls: "),
    ] {
        let output = site.run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let words = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(words.contains(said), "{arguments:?}: {words}");
    }
    for command in ["grant", "budget"] {
        let help = site.run_human(&["purse", command, "--help"]).await;
        assert!(help.contains("Calls get none"), "{help}");
    }
    let code = site.run_json(&["purse", "reset", "calls", "US", "--yes"]);
    assert_eq!(code.await.0, 3, "nobody was called yet");
}
