//! The functions answer the events that API Gateway sends. `cargo lambda invoke` uses the same files.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use lambda_http::request::from_str;
use lambda_http::{Context, RequestExt as _};
use phoneproof_api::App;
use phoneproof_aws::clients::{AwsSettings, Clients};
use phoneproof_config::process::SystemClock;
use phoneproof_config::{DEFAULT_POLICY, Settings};
use phoneproof_domain::challenge::TokenMode;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_observe::{Journal, Tracer};
use phoneproof_service::Service;
use phoneproof_tests::World;
use serde_json::Value;

const SEND: &str = include_str!("../events/send.json");
const VERIFY: &str = include_str!("../events/verify.json");

/// Builds the app as a function does, on the backends of `world`.
fn build_app(world: &World) -> Arc<App> {
    build_traced_app(world, None)
}

fn build_traced_app(world: &World, tracer: Option<Tracer>) -> Arc<App> {
    build_app_of(world, "https://verify.example.com", tracer)
}

fn build_app_of(world: &World, issuer: &str, tracer: Option<Tracer>) -> Arc<App> {
    let endpoints = world.stack.backends.endpoints.clone();
    let settings = Settings {
        issuer: issuer.to_owned(),
        token_mode: TokenMode::Sealed,
        tables: world.database.tables.clone(),
        keyring_secret_id: SECRET_ID.to_owned(),
        allowed_origins: Vec::new(),
        receipts: false,
        stack_name: "test".to_owned(),
        xray_daemon: None,
        proxy: None,
        aws: AwsSettings {
            region: world.database.access.region.clone(),
            sns_region: None,
            credentials: world.database.access.credentials.clone(),
            dynamodb_endpoint: Some(endpoints.dynamodb),
            sns_endpoint: Some(endpoints.sns.clone()),
            sms_voice_endpoint: Some(endpoints.sns),
            secrets_endpoint: Some(endpoints.secrets),
            ca_bundle: None,
        },
    };
    let policy = phoneproof_config::policy::from_toml(DEFAULT_POLICY).expect("valid");
    let clients = Clients::new(&settings.aws, Arc::new(SystemClock)).expect("TLS");
    let parts = phoneproof_api::make_parts(&clients, &settings, policy, Arc::new(SystemClock));
    let service = Service::new(parts.expect("parts")).expect("a service");
    Arc::new(App {
        base_path: phoneproof_http::base_path(&settings.issuer, ""),
        service,
        clock: world.clock.clone(),
        random: Arc::clone(&world.random),
        allowed_origins: Vec::new(),
        journal: Journal::new("test".to_owned(), None, Arc::new(|_| ())),
        tracer,
        proxy: None,
    })
}

#[tokio::test]
async fn the_send_event_texts_a_code() {
    let world = World::start().await;
    let request = from_str(SEND).expect("a gateway event");
    let answer = phoneproof_send::handle(build_app(&world), request).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(world.text_count(), 1);
}

#[tokio::test]
async fn the_verify_event_is_understood() {
    let world = World::start().await;
    let request = from_str(VERIFY).expect("a gateway event");
    let answer = phoneproof_verify::handle(build_app(&world), request).await;
    let answer = answer.settle().await;
    assert_eq!(answer.status(), 400, "its token is of another keyring");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

/// Makes the event of a `GET` whose path the gateway gives as `path`.
fn make_get(path: &str) -> lambda_http::Request {
    let mut event: Value = serde_json::from_str(SEND).expect("JSON");
    for (pointer, value) in [
        ("/rawPath", path),
        ("/requestContext/http/path", path),
        ("/requestContext/http/method", "GET"),
        ("/body", ""),
    ] {
        *event.pointer_mut(pointer).expect("a member") = value.into();
    }
    from_str(&event.to_string()).expect("a gateway event")
}

/// A gateway may hand over the base path of its mapping, or leave it out.
#[tokio::test]
async fn an_issuer_with_a_path_is_served_behind_a_base_path_mapping() {
    let world = World::start().await;
    let issuer = "https://api.example.com/sms/one";
    let app = build_app_of(&world, issuer, None);
    for base in ["", "/sms/one"] {
        let event = SEND.replace("\"/v1/send\"", &format!("\"{base}/v1/send\""));
        let sent = from_str(&event).expect("a gateway event");
        let sent = phoneproof_send::handle(Arc::clone(&app), sent).await;
        // The first event texts, the second is the same request a moment later.
        assert_eq!(sent.status(), if base.is_empty() { 202 } else { 429 });
        let read = async |path: &str| {
            let request = make_get(&format!("{base}{path}"));
            let answer = phoneproof_verify::handle(Arc::clone(&app), request).await;
            let answer = answer.settle().await;
            assert_eq!(answer.status(), 200, "{base}{path}");
            let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
            body
        };
        let discovery = read("/.well-known/openid-configuration").await;
        assert_eq!(discovery["issuer"], issuer);
        let keys = format!("{issuer}/.well-known/jwks.json");
        assert_eq!(discovery["jwks_uri"], keys.as_str());
        assert!(read("/.well-known/jwks.json").await["keys"].is_array());
        let server = &read("/openapi.json").await["servers"][0]["url"];
        assert_eq!(server, "/sms/one");
    }
    for path in [
        "/sms/v1/ping",
        "/one/v1/ping",
        "/sms/one",
        "/sms/onev1/ping",
    ] {
        let answer = phoneproof_verify::handle(Arc::clone(&app), make_get(path)).await;
        let answer = answer.settle().await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}

/// Serves the send event with this trace header and returns the segments that the X-Ray daemon received.
async fn trace_send(header: &str) -> Vec<Value> {
    let daemon = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    daemon
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout");
    let address = daemon.local_addr().expect("an address").to_string();
    let world = World::start().await;
    let mut context = Context::default();
    context.xray_trace_id = Some(header.to_owned());
    let request = from_str(SEND).expect("a gateway event");
    let app = build_traced_app(&world, Tracer::new(&address));
    let answer = phoneproof_send::handle(app, request.with_lambda_context(context)).await;
    assert_eq!(answer.status(), 202);
    let mut datagram = [0; 2_048];
    std::iter::from_fn(|| {
        let length = daemon.recv(&mut datagram).ok()?;
        let text = std::str::from_utf8(&datagram[..length]).expect("text");
        let (_, segment) = text.split_once('\n').expect("a header line");
        Some(serde_json::from_str(segment).expect("JSON"))
    })
    .collect()
}

#[tokio::test]
async fn a_sampled_request_leaves_a_segment_per_call() {
    let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    let segments = Box::pin(trace_send(header)).await;
    let names: Vec<_> = segments.iter().map(|s| s["name"].clone()).collect();
    // The first text to a country: the purses refuse, are read, and pay.
    let dynamodb = "DynamoDB";
    assert_eq!(
        names,
        ["Secrets Manager", dynamodb, dynamodb, dynamodb, "SNS"]
    );
    for segment in segments {
        assert_eq!(segment["trace_id"], "1-67891233-abcdef012345678912345678");
        assert_eq!(segment["parent_id"], "53995c3f42cd8ad8");
        let seconds = |name: &str| segment[name].as_f64().expect("seconds");
        assert!(seconds("start_time") <= seconds("end_time"));
        for personal in ["4152007986", "6f9619ff", "192.0.2.44"] {
            assert!(!segment.to_string().contains(personal), "{segment}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_not_sampled_leaves_no_segment() {
    let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0";
    assert!(Box::pin(trace_send(header)).await.is_empty());
}
