//! The binary takes both kinds of event that Lambda hands it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::time::Duration;

use phoneproof_tests::{Process, RuntimeApi, Said, World, function_command};
use serde_json::{Value, json};

/// For as long as a slow machine takes to start a process.
const PATIENCE: Duration = Duration::from_mins(1);

/// Hands out an event, and returns what the function answers.
async fn answer(api: &mut RuntimeApi, event: &Value) -> Value {
    api.hand_out(event.to_string(), Duration::from_secs(10));
    loop {
        match api.listen(PATIENCE).await {
            Said::Ready(_) => {}
            Said::Answered(_, body) => return serde_json::from_slice(&body).expect("JSON"),
            Said::Failed(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_answers_requests_and_takes_events() {
    let world = World::start().await;
    let mut api = RuntimeApi::start().await;
    let (tables, endpoints) = (&world.database.tables, &world.stack.backends.endpoints);
    let command = function_command(env!("CARGO_BIN_EXE_receipts"), &api, tables, endpoints);
    let _process = Process::start(command);
    let event = json!({
        "source": "aws.sms-voice",
        "detail-type": "Text Message Delivery Status Updated",
        "detail": { "eventType": "TEXT_DELIVERED", "eventTimestamp": 1_759_342_841_377_i64 },
    });
    assert_eq!(answer(&mut api, &event).await, Value::Null);
    // A client says in the body of its request what only AWS says at the top of an event.
    let request = json!({
        "version": "2.0",
        "routeKey": "ANY /v1/receipts",
        "rawPath": "/v1/receipts",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "source": "aws.sms-voice" },
        "requestContext": {
            "http": { "method": "POST", "path": "/v1/receipts", "sourceIp": "192.0.2.1" },
            "requestId": "id",
            "stage": "$default",
        },
        "body": event.to_string(),
        "isBase64Encoded": false,
    });
    let refused = answer(&mut api, &request).await;
    assert_eq!(refused["statusCode"], 401);
    let document: Value = serde_json::from_str(refused["body"].as_str().expect("a body"))
        .expect("a problem document");
    assert_eq!(document["type"], "urn:phoneproof:problem:invalid-signature");
    for hostile in [
        json!([]),
        json!("x"),
        json!({ "detail": null }),
        Value::Null,
    ] {
        assert_eq!(answer(&mut api, &hostile).await, Value::Null, "given up");
    }
}
