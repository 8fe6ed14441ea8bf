//! The handlers of both functions in a process that has served requests before.

use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use phoneproof_api::App;
use phoneproof_aws::clients::{AwsSettings, Clients, Credentials};
use phoneproof_config::{DEFAULT_POLICY, Settings};
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::PurseRule;
use phoneproof_observe::Journal;
use phoneproof_service::Service;
use phoneproof_tests::{ManualClock, SeededRandom};
use serde_json::Value;

use crate::canned::Canned;
use crate::events::{Events, User};

/// A keyring with the one root `r1`, which signs with ES256.
pub const KEYRING: &str =
    r#"{"current":"r1","r1":"r1-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"}"#;

/// Returns the sample policy, which is compiled in, with money for more texts in a day than a measurement sends.
#[must_use]
pub fn policy() -> Policy {
    let policy = phoneproof_config::policy::from_toml(DEFAULT_POLICY);
    let mut policy = policy.expect("the sample policy is valid");
    policy.purses.policy.money.least = 1_000_000_000_000;
    policy
}

/// Returns the sample policy for new callers. Some of them never type a code in.
///
/// A country would pay for few of their texts, so its purse and its money of the day refuse nobody.
#[must_use]
pub fn policy_for_strangers() -> Policy {
    let mut policy = policy();
    let shadowed = [PurseRule::Country, PurseRule::MoneyPerDay];
    policy.purses.shadowed.extend(shadowed);
    policy
}

/// Returns AWS settings for clients that never reach AWS.
#[must_use]
pub fn nowhere() -> AwsSettings {
    AwsSettings {
        region: "us-east-1".to_owned(),
        sns_region: None,
        credentials: Credentials::new("local", "local", None, None, "local"),
        dynamodb_endpoint: None,
        sns_endpoint: None,
        sms_voice_endpoint: None,
        secrets_endpoint: None,
        ca_bundle: None,
    }
}

/// The handlers of both functions, over canned AWS answers.
#[derive(Debug)]
pub struct Warm {
    app: Arc<App>,
    events: Events,
    canned: Canned,
}

impl Warm {
    /// Builds the handlers and serves one flow, after which they are warm.
    pub async fn start() -> Self {
        let canned = Canned::new(KEYRING);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        let settings = Settings {
            issuer: "https://verify.example.com".to_owned(),
            token_mode: TokenMode::Sealed,
            tables: phoneproof_local::stack::tables(),
            keyring_secret_id: "keyring".to_owned(),
            allowed_origins: Vec::new(),
            receipts: false,
            stack_name: "bench".to_owned(),
            xray_daemon: None,
            proxy: None,
            aws: nowhere(),
        };
        let clients = Clients::over(canned.share(), &settings.aws, Arc::clone(&clock));
        let parts = phoneproof_api::make_parts(&clients, &settings, policy(), Arc::clone(&clock));
        let service = parts.expect("parts");
        let service = Service::new(service);
        let app = App {
            service: service.expect("the sample policy has templates"),
            clock,
            random: Arc::new(SeededRandom::new(1)),
            allowed_origins: Vec::new(),
            journal: Journal::new("bench".to_owned(), None, Arc::new(|_| ())),
            tracer: None,
            base_path: String::new(),
            proxy: None,
        };
        let events = Events::compile();
        let warm = Self {
            app: Arc::new(app),
            events,
            canned,
        };
        let user = User(0);
        let sent = warm.send(warm.send_request(user)).await;
        let verified = warm.verify(warm.verify_request(user, &sent)).await;
        assert_eq!(verified.status(), 200, "{:?}", verified.body());
        warm
    }

    /// Returns the request of `user` asking for a code.
    #[must_use]
    pub fn send_request(&self, user: User) -> Request {
        request(&self.events.send(user))
    }

    /// Returns the request of `user` verifying with the code that was texted last.
    #[must_use]
    pub fn verify_request(&self, user: User, sent: &Response<Body>) -> Request {
        assert_eq!(sent.status(), 202, "{:?}", sent.body());
        let Body::Text(text) = sent.body() else {
            panic!("an answer is text");
        };
        let answer: Value = serde_json::from_str(text).expect("JSON");
        let token = answer["token"].as_str().expect("a token");
        request(&self.events.verify(user, token, &self.canned.code()))
    }

    /// Serves a request with the handler of `send`.
    pub async fn send(&self, request: Request) -> Response<Body> {
        phoneproof_send::handle(Arc::clone(&self.app), request).await
    }

    /// Serves a request with the handler of `verify`.
    pub async fn verify(&self, request: Request) -> Response<Body> {
        phoneproof_verify::handle(Arc::clone(&self.app), request)
            .await
            .settle()
            .await
    }
}

fn request(event: &str) -> Request {
    lambda_http::request::from_str(event).expect("an event")
}
