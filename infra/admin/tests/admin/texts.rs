//! `send-test` and `opt-in`.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::Reason;
use phoneproof_local::inbox::Carrier;
use phoneproof_observe::advise;

use super::*;

#[tokio::test]
async fn send_test_texts_a_specimen_or_names_the_error_of_sns() {
    let site = Site::start().await;
    let asked = site.run_json(&["send-test", PHONE]).await;
    assert_eq!(asked.0, 4, "it asks first: {}", asked.1);
    let zh = ["--business", "login", "--locale", "zh", "--yes"];
    site.run_done(&[&["send-test", PHONE][..], &zh].concat())
        .await;
    let texts = site.stack.backends.inbox.messages(Some(PHONE));
    assert!(texts[0].body.contains("000000") && texts[0].body.contains("登录"));
    // China admits no other locale, as in the service.
    let china = "+8613800138000";
    site.run_done(&["send-test", china, "--locale", "en", "--yes"])
        .await;
    let texts = site.stack.backends.inbox.messages(Some(china));
    assert!(texts[0].body.starts_with("【Example】"));
    site.stack.backends.inbox.set_carrier(Carrier::Refuse);
    let (code, failed) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    assert!(
        failed["error"]
            .as_str()
            .expect("an error")
            .contains("InvalidParameter")
    );
    // SNS failed, and may have taken the text.
    let inbox = &site.stack.backends.inbox;
    inbox.set_carrier(Carrier::Answer(Reason::ServerError));
    let (code, failed) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    let error = failed["error"].as_str().expect("an error");
    let said = "`sns` did not say whether it took the text: server-error";
    assert!(error.starts_with(said), "{error}");
    assert_eq!(
        site.run_json(&["send-test", PHONE, "--business", "none"])
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn a_number_that_is_opted_out_is_named_before_a_text_is_lost() {
    let site = Site::start().await;
    let inbox = &site.stack.backends.inbox;
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], false);
    assert_eq!(site.run_json(&["opt-in", PHONE, "--yes"]).await.0, 3);
    inbox.opt_out(PHONE);
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], true);
    let (code, refused) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    let error = refused["error"].as_str().expect("an error");
    assert!(error.contains("opted out"), "{error}");
    assert_eq!(inbox.count_publishes(), 0, "it asks SNS before it texts");
    assert_eq!(site.run_json(&["opt-in", PHONE]).await.0, 4, "it asks");
    site.run_done(&["opt-in", PHONE, "--yes"]).await;
    assert!(!inbox.is_opted_out(PHONE));
    site.run_done(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(inbox.messages(Some(PHONE)).len(), 1);
}

/// A policy whose texts take the receiver of the local stack, at the URL that the variable gives.
fn with_hook() -> String {
    format!("{DEFAULT_POLICY}\n[hook]\nurl = \"http://127.0.0.1:9/\"\nallow_private = true\n")
}

#[tokio::test]
async fn send_test_goes_through_the_hook_or_names_the_reason_with_advice() {
    let site = Site::start_with(&with_hook(), TokenMode::Sealed).await;
    let inbox = site.stack.backends.inbox.clone();
    let hook = format!("{}/hook", site.stack.backends.endpoints.secrets);
    let run = async || {
        let arguments = ["send-test", PHONE, "--channel", "hook", "--yes", "--json"];
        let output = site.run_with(&arguments, &[("SEND_HOOK_URL", &hook)]).await;
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let (code, done) = run().await;
    assert_eq!(
        (code, &done["channel"]),
        (Some(0), &json!("hook")),
        "{done}"
    );
    assert!(done["messageId"].is_string(), "{done}");
    let texts = inbox.messages(Some(PHONE));
    assert_eq!(texts[0].channel, "hook");
    assert!(texts[0].body.contains("000000"));
    for reason in [
        Reason::DeliveryRejected,
        Reason::NotFound,
        Reason::Redirected,
    ] {
        inbox.set_carrier(Carrier::Answer(reason));
        let (code, failed) = run().await;
        assert_eq!(code, Some(1));
        let error = failed["error"].as_str().expect("an error");
        assert!(error.contains(reason.name()), "{error}");
        assert_eq!(failed["advice"], advise(reason));
    }
}

#[tokio::test]
async fn send_test_asks_end_user_messaging_or_texts_by_it_and_names_the_reason() {
    let policy = format!(
        "{DEFAULT_POLICY}\n[end_user_messaging]\n[notify]\nvoice_template_id = \"voice-001\"\n"
    );
    let site = Site::start_with(&policy, TokenMode::Sealed).await;
    let inbox = site.stack.backends.inbox.clone();
    let run = async |more: &[&str]| {
        let arguments = [&["send-test", PHONE, "--json"][..], more].concat();
        let variables = [("NOTIFY_CONFIGURATION_ID", "notify-1")];
        let output = site.run_with(&arguments, &variables).await;
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    for (name, channel) in [
        ("end-user-messaging", Channel::EndUserMessaging),
        ("notify", Channel::Notify),
        ("notify-voice", Channel::NotifyVoice),
    ] {
        // A dry run costs nothing, so nobody is asked.
        let (code, done) = run(&["--channel", name, "--dry-run"]).await;
        assert_eq!((code, &done["dryRun"]), (Some(0), &json!(true)), "{done}");
        assert!(
            inbox
                .messages(Some(PHONE))
                .iter()
                .all(|text| text.channel != name)
        );
        let (code, asked) = run(&["--channel", name]).await;
        assert_eq!(code, Some(4), "it asks first: {asked}");
        let (code, done) = run(&["--channel", name, "--yes"]).await;
        assert_eq!((code, &done["channel"]), (Some(0), &json!(name)), "{done}");
        let text = &inbox.messages(Some(PHONE))[0];
        assert_eq!(text.channel, name);
        assert!(text.body.replace(", ", "").contains("000000"));
        for reason in [Reason::NoOrigination, Reason::SpendLimit, Reason::InSandbox] {
            inbox.set_carrier_of_channel(channel, Some(Carrier::Answer(reason)));
            let (code, failed) = run(&["--channel", name, "--dry-run"]).await;
            assert_eq!(code, Some(1));
            let error = failed["error"].as_str().expect("an error");
            assert!(error.contains(reason.name()), "{error}");
            assert_eq!(failed["advice"], advise(reason));
        }
        // A dry run sends nothing, also where nobody says what became of it.
        let unclear = Reason::ServerError;
        inbox.set_carrier_of_channel(channel, Some(Carrier::Answer(unclear)));
        let (code, failed) = run(&["--channel", name, "--dry-run"]).await;
        assert_eq!(code, Some(1));
        let error = failed["error"].as_str().expect("an error");
        assert!(error.contains(unclear.name()), "{error}");
        let advice = failed["advice"].as_str().expect("an advice");
        assert!(
            advice.contains("nothing was sent") && !advice.contains("may arrive"),
            "{advice}"
        );
        let (_, failed) = run(&["--channel", name, "--yes"]).await;
        assert_eq!(failed["advice"], advise(unclear));
        let what = if channel.calls() { "call" } else { "text" };
        let said = format!("`{name}` did not say whether it took the {what}: server-error");
        let error = failed["error"].as_str().expect("an error");
        assert!(error.starts_with(&said), "{error}");
    }
    let (code, refused) = run(&["--channel", "sns", "--dry-run"]).await;
    assert_eq!(code, Some(2), "SNS has no dry run: {refused}");
    let site = Site::start().await;
    for channel in ["notify", "notify-voice"] {
        let without = ["send-test", PHONE, "--channel", channel, "--dry-run"];
        let (code, refused) = site.run_json(&without).await;
        assert_eq!(code, 2, "{refused}");
        assert_eq!(refused["error"], "the policy has no table [notify]");
        // No route names the channel, so `policy check` would find nothing.
        let advice = refused["advice"].as_str().expect("an advice");
        assert!(advice.starts_with("add it"), "{advice}");
        // Nor does a configuration of the deployment make the table that speaks.
        let variables = [("NOTIFY_CONFIGURATION_ID", "notify-1")];
        let output = site
            .run_with(&[&["--json"], &without[..]].concat(), &variables)
            .await;
        let refused: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(refused["error"], "the policy has no table [notify]");
    }
    // Notify for texts alone: no template speaks a code.
    let site = Site::start_with(
        &format!("{DEFAULT_POLICY}\n[notify]\nconfiguration_id = \"notify-1\"\n"),
        TokenMode::Sealed,
    )
    .await;
    let call = ["send-test", PHONE, "--channel", "notify-voice", "--dry-run"];
    let (code, refused) = site.run_json(&call).await;
    assert_eq!(code, 2, "{refused}");
    assert!(
        refused.to_string().contains("voice_template_id"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_secrets_of_a_receiver_are_printed_after_a_warning_and_rotate_with_the_keyring() {
    let site = Site::start().await;
    let (code, asked) = site.run_json(&["hook-secrets"]).await;
    assert_eq!(code, 4, "it asks first: {asked}");
    assert!(!asked.to_string().contains("whsec_"));
    let listed = async || {
        let done = site.run_done(&["hook-secrets", "--yes"]).await;
        let secrets = done["secrets"].as_array().expect("a list").clone();
        assert!(secrets.iter().all(|entry| {
            entry["secret"]
                .as_str()
                .is_some_and(|secret| secret.starts_with("whsec_") && secret.len() == 50)
        }));
        secrets
    };
    let before = listed().await;
    assert_eq!(before.len(), 1);
    site.run_done(&["keys", "add"]).await;
    let after = listed().await;
    assert_eq!(after.len(), 2);
    assert_eq!(after[0], before[0], "the root that signs first stays");
    assert_eq!(after[0]["current"], true);
    assert_ne!(after[0]["secret"], after[1]["secret"]);
}

/// Somebody who watches the log sees by which channel a text left, and why one did not.
/// The lines of events, as `shared/observe` writes them.
#[tokio::test]
async fn tail_shows_what_failed_of_a_line_that_is_of_no_request() {
    let site = Site::start().await;
    let clock = SystemClock;
    let now = u64::try_from(clock.since_epoch().as_millis()).expect("in range");
    for (own, shown) in [
        (
            json!({ "message": "the service is not available", "cause": "the purse purse#US#0 cannot be read: its `crowd` is no amount" }),
            "the service is not available  the purse purse#US#0 cannot be read: its `crowd` is no amount  event-1",
        ),
        (
            json!({ "message": "a damaged item counts as one with nothing left", "item": "service#20000", "damage": "its `left`" }),
            "a damaged item counts as one with nothing left  service#20000  its `left`  event-1",
        ),
        (
            json!({ "message": "a purse got no credit for a typed code", "error": "no answer", "item": "purse#US#0" }),
            "a purse got no credit for a typed code  no answer  purse#US#0  event-1",
        ),
    ] {
        let mut line = json!({ "timestamp": "2026-11-30T00:00:00Z", "level": "ERROR", "span": { "request_id": "event-1", "name": "request" } });
        let members = line.as_object_mut().expect("an object");
        members.extend(own.as_object().expect("an object").clone());
        site.stack
            .backends
            .log
            .push(now, line.to_string().as_bytes());
        let human = site.run_human(&["tail"]).await;
        assert!(human.contains(shown), "{shown}: {human}");
    }
}

#[tokio::test]
async fn tail_shows_the_channel_and_the_reason_of_a_line() {
    let site = Site::start().await;
    site.client.send(PHONE).await;
    let inbox = &site.stack.backends.inbox;
    inbox.set_carrier(Carrier::Answer(Reason::OptedOut));
    site.client.send("+14152007987").await;
    let human = site.run_human(&["tail"]).await;
    let of_requests = |outcome: &str| {
        let mut lines = human.lines().filter(|line| line.contains("/v1/send"));
        lines.find(|line| line.contains(outcome)).expect("a line")
    };
    assert!(
        of_requests("  202  ").contains("  accepted  sns  "),
        "{human}"
    );
    assert!(
        of_requests("  502  ").contains("  refused  sns  opted-out  "),
        "{human}"
    );
    let mut others = human.lines().filter(|line| !line.contains("/v1/"));
    let refusal = others.find(|line| line.contains("a channel did not take a text"));
    assert!(
        refusal.expect("a line").contains("  sns  opted-out"),
        "{human}"
    );
}
