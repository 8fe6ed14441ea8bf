//! The target for the events that API Gateway sends.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{Response, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use phoneproof_api::{Endpoint, Incoming, Route, SendBody, SpendBody, VerifyBody};
use phoneproof_domain::address::SourceAddress;
use phoneproof_http::Reply;
use phoneproof_http::problem::UNAVAILABLE;
use serde_json::{Value, json};

use crate::fixture::{APP, ORIGIN};
use crate::{CANARY, Outcome, Target, assert_silent, bodies, reread};

/// Reads the bytes as a whole event, and serves it up to the function's first call to AWS.
pub(crate) const EVENT: Target = Target {
    name: "event",
    run,
    seeds,
    words: &[
        "null",
        "true",
        "false",
        "0",
        "{}",
        "[]",
        "\"\"",
        "\"$default\"",
        "\"prod\"",
        "\"OPTIONS\"",
        "\"GET\"",
        "\"/v1/ping\"",
        "\"/v1/verify\"",
        "\"/v1/../v1/spend\"",
        "\"//\"",
        "\"/%\"",
        "\"http://[\"",
        "\"::1\"",
        "\"192.0.2.256\"",
        "\"\\u0000\"",
        "\"origin\":\"https://app.example.com\",",
        "\"isBase64Encoded\":true,",
        "\"e30\"",
        "\"x-forwarded-proto\":\"http://x/?\",",
        "\"cookies\":[\"a\\nb\"],",
    ],
};

/// Wraps a body in the event that the gateway makes for `endpoint`. Returns the request that the function accepts.
pub(crate) fn accept(endpoint: Endpoint, body: &[u8]) -> Incoming {
    let route = endpoint.route();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": route.path,
        "rawQueryString": "",
        "headers": { "content-type": "application/json" },
        "requestContext": {
            "http": { "method": route.method.as_str(), "path": route.path, "sourceIp": "192.0.2.1" },
            "requestId": "request-1",
            "stage": "$default",
        },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    });
    let request = request(&serde_json::to_vec(&event).expect("JSON")).expect("an event");
    APP.accept(request, &[route]).expect("a route")
}

/// Returns the request that a function gets for an event. `None` if the runtime does not pass the event on.
fn request(event: &[u8]) -> Option<Request> {
    let mut event: LambdaRequest = serde_json::from_slice(event).ok()?;
    phoneproof_runtime::sanitize(&mut event);
    Some(Request::from(event))
}

fn run(bytes: &[u8]) -> Outcome {
    let Some(for_send) = request(bytes) else {
        return Outcome::Refused;
    };
    let for_verify = request(bytes).expect("the same event again");
    let event = reread(bytes).unwrap_or_default();
    let context = &event["requestContext"];
    let id = context["requestId"].as_str();
    if context.is_null() || id.is_some_and(|id| id.contains(CANARY)) {
        // The gateway sets the id, and answers and logs contain it. Only mutation can put the canary there.
        return Outcome::Refused;
    }
    let outcomes = [
        serve(for_send, phoneproof_send::ROUTES, context),
        serve(for_verify, phoneproof_verify::ROUTES, context),
    ];
    if outcomes.contains(&Outcome::Accepted) {
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

/// Serves a request up to its first call to AWS.
fn serve(request: Request, routes: &[Route], context: &Value) -> Outcome {
    let incoming = match APP.accept(request, routes) {
        Ok(incoming) => incoming,
        Err(answer) => return check_answer(&answer, context),
    };
    assert_silent(&format!("{incoming:?}"));
    let read = match incoming.endpoint {
        Endpoint::Send => SendBody::read_command(&incoming).map(|command| {
            let ip = context["http"]["sourceIp"].as_str().expect("an address");
            let ip: IpAddr = ip.parse().expect("an address");
            assert_eq!(
                command.address,
                SourceAddress::new(ip),
                "the address is the one that the gateway names"
            );
        }),
        Endpoint::Verify => VerifyBody::read_command(&incoming).map(drop),
        Endpoint::Spend => SpendBody::read_command(&incoming).map(drop),
        Endpoint::Policy
        | Endpoint::Ping
        | Endpoint::Jwks
        | Endpoint::Discovery
        | Endpoint::OpenApi => Ok(()),
    };
    match read {
        Ok(()) => {
            check_answer(&bodies::finish(incoming, Ok(Reply::text("ok"))), context);
            Outcome::Accepted
        }
        Err(problem) if *problem.kind() == UNAVAILABLE => {
            let ip = context["http"]["sourceIp"].as_str().unwrap_or_default();
            assert!(
                ip.parse::<IpAddr>().is_err(),
                "only a request without an address is refused as unavailable"
            );
            Outcome::Refused
        }
        Err(problem) => bodies::check_refusal(incoming, problem),
    }
}

/// Checks an answer: it repeats only the gateway's request id, and allows only a configured origin.
fn check_answer(answer: &Response<Body>, context: &Value) -> Outcome {
    let expected = [
        StatusCode::OK,
        StatusCode::NO_CONTENT,
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
    ];
    assert!(expected.contains(&answer.status()));
    let id = context["requestId"].as_str().unwrap_or_default();
    for (name, value) in answer.headers() {
        if name == "x-request-id" {
            assert_eq!(value.as_bytes(), id.as_bytes());
        } else {
            assert_silent(value.to_str().expect("every other header is ASCII"));
        }
    }
    let origin = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
    assert!(origin.is_none_or(|origin| origin == ORIGIN));
    assert_silent(&bodies::text_of(answer).replace(id, ""));
    Outcome::Refused
}

fn seeds() -> Vec<Vec<u8>> {
    let send = include_str!("../../events/send.json").replace("6f9619ff", CANARY);
    let verify = include_str!("../../events/verify.json").replace("AQID", CANARY);
    let flagged = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/v1/spend", "rawQueryString": "a=CaNaRy",
        "cookies": ["a=CaNaRy"],
        "headers": {
            "content-type": "application/json; charset=utf-8", "origin": "https://CaNaRy.example.com",
            "idempotency-key": "CaNaRy", "x-client-key": "CaNaRy", "x-forwarded-proto": "http",
        },
        "requestContext": {
            "domainName": "CaNaRy.example.com", "requestId": "request-1", "stage": "prod",
            "http": { "method": "POST", "path": "/v1/spend", "sourceIp": "2001:db8::1", "userAgent": "CaNaRy" },
        },
        "body": STANDARD.encode(br#"{"token":"CaNaRy","audience":"login"}"#), "isBase64Encoded": true,
    });
    let preflight = send.replace("\"POST\"", "\"OPTIONS\"");
    let ping = flagged
        .to_string()
        .replace("POST", "GET")
        .replace("/v1/spend", "/v1/ping")
        .replace("prod", "$default");
    [
        send,
        verify,
        preflight,
        flagged.to_string().replace("prod", "$default"),
        flagged.to_string(),
        ping,
    ]
    .map(String::into_bytes)
    .to_vec()
}
