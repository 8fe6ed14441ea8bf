//! The events that API Gateway sends, as fixtures: `cargo lambda invoke` uses the same files.

use std::sync::Arc;

use lambda_http::request::from_str;
use phoneproof::aws::AwsSettings;
use phoneproof::config::{DEFAULT_POLICY, Settings, TokenMode};
use phoneproof::domain::policy::Policy;
use phoneproof::http::App;
use phoneproof::observe::Journal;
use phoneproof::service::Service;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_local::stack::tables;
use phoneproof_tests::{SeededRandom, World};

const SEND: &str = include_str!("../events/send.json");
const VERIFY: &str = include_str!("../events/verify.json");

/// The app as a function builds it, on the backends of `world`.
fn app(world: &World) -> Arc<App> {
    let endpoints = world.stack.backends.endpoints.clone();
    let settings = Settings {
        issuer: "https://verify.example.com".to_owned(),
        token_mode: TokenMode::Sealed,
        tables: tables(),
        keyring_secret_id: SECRET_ID.to_owned(),
        allowed_origins: Vec::new(),
        stack_name: "test".to_owned(),
        aws: AwsSettings {
            region: "us-east-1".to_owned(),
            credentials: aws_credentials(),
            dynamodb_endpoint: Some(endpoints.dynamodb),
            sns_endpoint: Some(endpoints.sns),
            secrets_endpoint: Some(endpoints.secrets),
        },
    };
    let policy = Policy::from_toml(DEFAULT_POLICY).expect("valid");
    let random = Arc::new(SeededRandom::new(1));
    let service = Service::new(&settings, policy, world.clock.clone(), random).expect("a service");
    Arc::new(App {
        service,
        allowed_origins: Vec::new(),
        journal: Journal::new("test".to_owned(), None, Arc::new(|_| ())),
    })
}

fn aws_credentials() -> phoneproof::aws::Credentials {
    phoneproof::aws::Credentials::new("local", "local", None, None, "test")
}

#[tokio::test]
async fn the_send_event_texts_a_code() {
    let world = World::start().await;
    let request = from_str(SEND).expect("a gateway event");
    let answer = phoneproof_send::handle(app(&world), request).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(world.text_count(), 1);
}

#[tokio::test]
async fn the_verify_event_is_understood() {
    let world = World::start().await;
    let request = from_str(VERIFY).expect("a gateway event");
    let answer = phoneproof_verify::handle(app(&world), request).await;
    assert_eq!(answer.status(), 400, "its token is of another keyring");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
