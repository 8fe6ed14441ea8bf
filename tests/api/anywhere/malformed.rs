//! The service answers a malformed request with a problem that names the field. It echoes, writes and texts nothing.

use http::Method;
use phoneproof_tests::{Site, malformed_bodies};
use serde_json::json;

/// For each case: a description, the body, and the field that the first error names.
const SEND_BODIES: &[(&str, &str, &str)] = &[
    (
        "trailing text",
        r#"{"phone":"1","uniqueId":"d","businessId":"login"} canary"#,
        "body",
    ),
    (
        "an unknown field",
        r#"{"phone":"1","uniqueId":"d","businessId":"login","canary":"x"}"#,
        "body",
    ),
    (
        "a missing phone",
        r#"{"uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a missing device",
        r#"{"phone":"+14153349182","businessId":"login"}"#,
        "uniqueId",
    ),
    (
        "a missing business",
        r#"{"phone":"+14153349182","uniqueId":"d"}"#,
        "businessId",
    ),
    (
        "a phone twice",
        r#"{"phone":"1","phone":"canary","uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a phone as number",
        r#"{"phone":14153349182,"uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a phone as object",
        r#"{"phone":{"canary":1},"uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a null phone",
        r#"{"phone":null,"uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a null region",
        r#"{"phone":"+14153349182","uniqueId":"","businessId":"login","region":null}"#,
        "uniqueId",
    ),
    (
        "an empty phone",
        r#"{"phone":"","uniqueId":"d","businessId":"login"}"#,
        "phone",
    ),
    (
        "a NUL in the device",
        r#"{"phone":"+14153349182","uniqueId":"canary\u0000","businessId":"login"}"#,
        "uniqueId",
    ),
    (
        "a raw NUL",
        "{\"phone\":\"+14153349182\",\"uniqueId\":\"d\0\",\"businessId\":\"login\"}",
        "body",
    ),
    (
        "a business in capitals",
        r#"{"phone":"+14153349182","uniqueId":"d","businessId":"CANARY"}"#,
        "businessId",
    ),
    (
        "a path as business",
        r#"{"phone":"+14153349182","uniqueId":"d","businessId":"../canary"}"#,
        "businessId",
    ),
    (
        "a region of three letters",
        r#"{"phone":"+14153349182","uniqueId":"d","businessId":"login","region":"USA"}"#,
        "region",
    ),
    (
        "a region without numbers",
        r#"{"phone":"4153349182","uniqueId":"d","businessId":"login","region":"ZZ"}"#,
        "region",
    ),
    (
        "the UUID of zeros as device",
        r#"{"phone":"+14153349182","uniqueId":"00000000-0000-0000-0000-000000000000","businessId":"login"}"#,
        "uniqueId",
    ),
    (
        "a placeholder as device",
        r#"{"phone":"+14153349182","uniqueId":"undefined","businessId":"login"}"#,
        "uniqueId",
    ),
    (
        "an empty token",
        r#"{"phone":"+14153349182","uniqueId":"d","businessId":"login","token":""}"#,
        "token",
    ),
    (
        "an empty action",
        r#"{"phone":"+14153349182","uniqueId":"d","businessId":"login","action":""}"#,
        "action",
    ),
];

const VERIFY_BODIES: &[(&str, &str, &str)] = &[
    ("no code", r#"{"token":"x"}"#, "code"),
    ("no token", r#"{"code":"123456"}"#, "token"),
    ("a code as number", r#"{"token":"x","code":123456}"#, "code"),
    ("a short code", r#"{"token":"x","code":"12345"}"#, "code"),
    (
        "a code of letters",
        r#"{"token":"x","code":"canary"}"#,
        "code",
    ),
    (
        "a phone beside",
        r#"{"token":"x","code":"123456","phone":"+14153349182"}"#,
        "body",
    ),
];

async fn assert_refused(site: &Site, path: &str, cases: &[(&str, &str, &str)]) {
    for (description, body, field) in cases {
        let headers = [("content-type", "application/json")];
        let answer = site
            .client
            .raw(Method::POST, path, &headers, body.as_bytes().to_vec())
            .await;
        assert_eq!(answer.status, 400, "{description}: {}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{description}"
        );
        assert_eq!(
            answer.json["errors"][0]["field"], *field,
            "{description}: {}",
            answer.text
        );
        assert!(
            !answer.json["errors"][0]["accepted"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
        );
        let echoed = ["canary", "CANARY", "4153349182"]
            .iter()
            .any(|part| answer.text.contains(part));
        assert!(!echoed, "{description}: {}", answer.text);
    }
    // Only this test uses the local stack. The tables of a deployed stack cannot be read.
    if let Some(items) = site.item_count().await {
        assert_eq!(items, 0, "no writes");
    }
    assert_eq!(site.text_count().await, 0, "no texts");
}

#[tokio::test]
async fn malformed_sends_are_refused() {
    assert_refused(&Site::open().await, "/v1/send", SEND_BODIES).await;
}

#[tokio::test]
async fn malformed_verifies_are_refused() {
    assert_refused(&Site::open().await, "/v1/verify", VERIFY_BODIES).await;
}

#[tokio::test]
async fn all_faults_are_named_at_once() {
    let site = Site::open().await;
    let body = br#"{"phone":"+14153349182","uniqueId":"","businessId":"X","region":"?"}"#.to_vec();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", ""),
    ];
    let answer = site
        .client
        .raw(Method::POST, "/v1/send", &headers, body)
        .await;
    let faults = answer.json["errors"].as_array().expect("errors");
    let fields: Vec<_> = faults
        .iter()
        .filter_map(|fault| fault["field"].as_str())
        .collect();
    assert_eq!(
        fields,
        ["uniqueId", "businessId", "region", "Idempotency-Key"]
    );
}

#[tokio::test]
async fn an_idempotency_key_that_is_not_ascii_is_refused_and_not_ignored() {
    let site = Site::open().await;
    for key in ["clé", "键", "k\u{e9}", "\u{a0}"] {
        let body = json!({ "phone": "+14153349182", "uniqueId": "d", "businessId": "login" });
        let answer = site
            .client
            .post_with("/v1/send", &body, &[("idempotency-key", key)])
            .await;
        assert_eq!(answer.status, 400, "{key}: {}", answer.text);
        assert_eq!(answer.json["errors"][0]["field"], "Idempotency-Key");
    }
}

/// The attacks on every route use the same table of bodies.
#[tokio::test]
async fn bodies_that_no_route_understands_are_refused() {
    let site = Site::open().await;
    let headers = [("content-type", "application/json")];
    for path in ["/v1/send", "/v1/verify"] {
        for (what, body) in malformed_bodies() {
            let is_too_large = body.len() > 4_096;
            let answer = site.client.raw(Method::POST, path, &headers, body).await;
            if is_too_large {
                assert_eq!(answer.status, 413, "{what}");
                continue;
            }
            assert_eq!(
                (answer.status, answer.problem()),
                (400, "malformed"),
                "{what}"
            );
            assert!(answer.json["errors"][0]["field"].is_string(), "{what}");
            assert!(!answer.text.contains("canary"), "{what}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let site = Site::open().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("content-type", content_type)];
        let answer = site
            .client
            .raw(Method::POST, "/v1/send", &headers, b"{}".to_vec())
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (415, "media-type"),
            "{content_type}"
        );
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    let answer = site
        .client
        .raw(Method::POST, "/v1/send", &charset, b"{}".to_vec())
        .await;
    assert_eq!(answer.problem(), "malformed", "the type is accepted");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let site = Site::open().await;
    for path in ["/nope", "/v1/send/", "/v2/send", "/v1/send%00"] {
        let answer = site.client.post(path, &serde_json::json!({})).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (404, "not-found"),
            "{path}"
        );
    }
    for (method, path, allow) in [
        (Method::GET, "/v1/send", "POST"),
        (Method::DELETE, "/v1/verify", "POST"),
        (Method::POST, "/v1/ping", "GET,HEAD"),
        (Method::HEAD, "/v1/verify", "POST"),
    ] {
        let answer = site.client.raw(method, path, &[], Vec::new()).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{path}"
        );
    }
}
