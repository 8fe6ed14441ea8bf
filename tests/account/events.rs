//! Every event leaves one line and one metric for the operator, without personal data.

use std::collections::BTreeSet;

use http::Method;
use phoneproof_account::service::AccountEvent;
use phoneproof_tests::{Answer, World, phone};
use serde_json::{Value, json};

use crate::account::{
    OTHER, PASSWORD, ask_for_phone, call_with_token, get_me, log_in, post, read_tokens, refresh,
    register, register_and_log_in, verify_phone,
};

const ALL: [AccountEvent; 13] = [
    AccountEvent::Registered,
    AccountEvent::Unlinked,
    AccountEvent::UnlinkRequested,
    AccountEvent::LoggedIn,
    AccountEvent::Refreshed,
    AccountEvent::ReuseDetected,
    AccountEvent::LoggedOut,
    AccountEvent::PasswordChanged,
    AccountEvent::PhoneChanged,
    AccountEvent::PasswordReset,
    AccountEvent::RecoveryCodeMade,
    AccountEvent::Deleted,
    AccountEvent::Refused,
];

struct Watch {
    world: World,
    seen: BTreeSet<&'static str>,
}

impl Watch {
    /// Asserts that `answer` left a line with this event, its metric and this level.
    fn assert_event(&mut self, answer: &Answer, event: AccountEvent, level: &str) {
        let line = self.world.lines.last();
        assert_eq!(line["event"], event.name(), "{}", answer.text);
        assert_eq!(
            (&line["Events"], &line["level"]),
            (&json!(1), &json!(level))
        );
        assert_eq!(line["status"], answer.status);
        let outcome = match answer.problem() {
            "" => "served",
            problem => problem,
        };
        assert_eq!(line["outcome"], outcome);
        let directives = line["_aws"]["CloudWatchMetrics"].as_array();
        let counted = directives.expect("metrics").iter().any(|directive| {
            let named = |metric: &Value| metric["Name"] == "Events";
            directive["Metrics"]
                .as_array()
                .is_some_and(|m| m.iter().any(named))
                && directive["Dimensions"].to_string().contains("\"event\"")
        });
        assert!(counted, "{line}");
        self.seen.insert(event.name());
    }

    async fn call(&self, method: Method, path: &str, access: &str, body: Option<&Value>) -> Answer {
        call_with_token(&self.world, method, path, access, body).await
    }
}

#[tokio::test]
async fn every_event_leaves_one_line_and_metric_without_personal_data() {
    let mut watch = Watch {
        world: World::start().await,
        seen: BTreeSet::new(),
    };
    let number = phone(1);
    let answer = register(&watch.world, &number, PASSWORD).await;
    watch.assert_event(&answer, AccountEvent::Registered, "info");
    let answer = log_in(&watch.world, &number, PASSWORD).await;
    watch.assert_event(&answer, AccountEvent::LoggedIn, "info");
    let (access, first) = read_tokens(&answer);
    let answer = watch
        .call(Method::POST, "/recovery-code", &access, None)
        .await;
    watch.assert_event(&answer, AccountEvent::RecoveryCodeMade, "info");
    let recovery = answer.json["recoveryCode"]
        .as_str()
        .expect("a code")
        .to_owned();
    let answer = refresh(&watch.world, &first).await;
    watch.assert_event(&answer, AccountEvent::Refreshed, "info");
    let (_, second) = read_tokens(&answer);
    watch.world.advance(30);
    let answer = refresh(&watch.world, &first).await;
    watch.assert_event(&answer, AccountEvent::ReuseDetected, "warn");
    for bad in ["canary", access.as_str()] {
        let answer = get_me(&watch.world, bad).await;
        watch.assert_event(&answer, AccountEvent::Refused, "info");
    }
    let answer = log_in(&watch.world, &number, OTHER).await;
    watch.assert_event(&answer, AccountEvent::Refused, "info");

    let (access, _) = read_tokens(&log_in(&watch.world, &number, PASSWORD).await);
    let answer = watch.call(Method::DELETE, "/sessions", &access, None).await;
    watch.assert_event(&answer, AccountEvent::LoggedOut, "info");
    let (access, _) = read_tokens(&log_in(&watch.world, &number, PASSWORD).await);
    let token = verify_phone(&watch.world, "password-change", &number).await;
    let body = json!({ "token": token, "password": OTHER });
    let answer = watch
        .call(Method::POST, "/password", &access, Some(&body))
        .await;
    watch.assert_event(&answer, AccountEvent::PasswordChanged, "info");
    let token = verify_phone(&watch.world, "password-reset", &number).await;
    let body = json!({ "token": token, "password": PASSWORD });
    let answer = post(&watch.world, "/password-reset", &body).await;
    watch.assert_event(&answer, AccountEvent::PasswordReset, "info");

    let answer = ask_for_phone(&watch.world, &number, OTHER).await;
    watch.assert_event(&answer, AccountEvent::UnlinkRequested, "info");
    watch.world.advance(7 * 86_400);
    let answer = ask_for_phone(&watch.world, &number, OTHER).await;
    watch.assert_event(&answer, AccountEvent::Unlinked, "info");
    let (access, _) = read_tokens(&log_in(&watch.world, &number, OTHER).await);
    let token = verify_phone(&watch.world, "phone-change", &phone(2)).await;
    let body = json!({ "token": token, "password": OTHER });
    let answer = watch
        .call(Method::POST, "/phone", &access, Some(&body))
        .await;
    watch.assert_event(&answer, AccountEvent::PhoneChanged, "info");
    let number = phone(2);
    let (access, _) = read_tokens(&log_in(&watch.world, &number, OTHER).await);
    let answer = watch.call(Method::DELETE, "/me", &access, None).await;
    watch.assert_event(&answer, AccountEvent::Deleted, "info");
    assert_eq!(watch.seen, ALL.map(AccountEvent::name).into());

    let lines = watch.world.lines.text();
    for secret in [
        &phone(1)[1..],
        &number[1..],
        PASSWORD,
        OTHER,
        "canary",
        &access,
        &first,
        &second,
        &recovery,
    ] {
        assert!(!lines.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_read_leaves_no_event() {
    let world = World::start().await;
    let (access, _) = register_and_log_in(&world, &phone(1)).await;
    for path in ["/me", "/sessions"] {
        let seen = call_with_token(&world, Method::GET, path, &access, None).await;
        assert_eq!(seen.status, 200);
        let line = world.lines.last();
        assert_eq!(
            (&line["event"], &line["Events"]),
            (&json!(null), &json!(null))
        );
    }
}
