//! The documents and headers that browsers, relying parties and tools read.

use std::collections::BTreeSet;

use http::Method;
use phoneproof_domain::denial::PHONE_LOCK;
use phoneproof_domain::policy::DestinationRefusal as Refusal;
use phoneproof_domain::purse::PurseRule;
use phoneproof_domain::rule::Rule;
use phoneproof_tests::{World, phone};
use serde_json::{Value, json};

#[tokio::test]
async fn discovery_names_the_configured_issuer_whatever_the_host_header_says() {
    let world = World::start().await;
    let forged = [
        ("host", "evil.example.com"),
        ("x-forwarded-host", "evil.example.com"),
    ];
    let answer = world
        .client
        .raw(
            Method::GET,
            "/.well-known/openid-configuration",
            &forged,
            Vec::new(),
        )
        .await;
    assert_eq!(answer.json["issuer"], world.stack.url);
    assert_eq!(
        answer.json["jwks_uri"],
        format!("{}/.well-known/jwks.json", world.stack.url)
    );
    assert!(!answer.text.contains("evil"));
    let odd = [("host", "a b<c>")];
    let answer = world
        .client
        .raw(Method::GET, "/v1/ping", &odd, Vec::new())
        .await;
    assert_eq!(answer.status, 200, "a malformed host does no harm");
}

#[tokio::test]
async fn the_service_serves_the_documents_that_the_suites_check_answers_against() {
    let world = World::start().await;
    for (path, document) in [
        ("/openapi.json", phoneproof_api::openapi::document()),
        (
            "/account/openapi.json",
            phoneproof_account::openapi::document(),
        ),
    ] {
        assert_eq!(world.client.get(path).await.json, document, "{path}");
    }
}

#[tokio::test]
async fn front_ends_read_the_public_part_of_the_policy_from_any_allowed_origin() {
    let addition = "
        [business.wire]
        brand = \"Wired\"
        default_locale = \"fr\"
        code_length = 8
        [business.wire.templates]
        en = \"{code} {brand}\"
        fr = \"{brand} {code}\"
        zh = \"【{brand}】{code}\"
        [business.inner]
        brand = \"Hidden\"
        default_locale = \"en\"
        client_key_sha256 = \"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8\"
        [business.inner.templates]
        en = \"{code} {brand}\"
        zh = \"【{brand}】{code}\"
        [[test_number]]
        phone = \"+14155550100\"
        code = [\"424242\", \"42424242\"]
        until = \"2099-01-01T00:00:00Z\"
    ";
    let builder = World::builder().policy_addition(addition);
    let world = builder.origin("https://app.example.com").start().await;
    let headers = [("origin", "https://app.example.com")];
    let client = &world.client;
    let answer = client
        .raw(Method::GET, "/v1/policy", &headers, Vec::new())
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    assert_eq!(answer.json["resendIn"], 60);
    let countries = ["AU", "CA", "CN", "DE", "FR", "GB", "HK", "JP", "SG", "US"];
    assert_eq!(answer.json["countries"], json!(countries));
    let businesses = answer.json["businesses"].as_array().expect("businesses");
    let ids: Vec<_> = businesses.iter().map(|one| one["id"].as_str()).collect();
    let expected = [
        "login",
        "password-change",
        "password-reset",
        "phone-change",
        "register",
        "wire",
    ];
    // A business with a client key is a backend's alone.
    assert_eq!(ids, expected.map(Some));
    let wire = json!({
        "id": "wire", "brand": "Wired", "channels": ["sms"], "codeLength": 8,
        "locales": ["en", "fr", "zh"], "defaultLocale": "fr",
    });
    assert_eq!(businesses.last(), Some(&wire));
    // Neither limits, nor templates, nor what an operator keeps private.
    let members = ["countries", "resendIn", "businesses"];
    let mut named = answer.json.as_object().expect("an object").keys();
    assert!(named.all(|name| members.contains(&name.as_str())));
    for kept in [
        "424242",
        "4155550100",
        "Hidden",
        "inner",
        "{code}",
        "price",
        "limit",
        "sha",
    ] {
        assert!(!answer.text.contains(kept), "{kept}");
    }
}

#[tokio::test]
async fn only_configured_origins_may_call_from_a_browser() {
    let world = World::builder()
        .origin("https://app.example.com")
        .start()
        .await;
    for (origin, allowed) in [
        ("https://app.example.com", true),
        ("https://evil.example.com", false),
    ] {
        let expected = allowed.then_some(origin);
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let preflight = world
            .client
            .raw(Method::OPTIONS, "/v1/send", &headers, Vec::new())
            .await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), expected);
        assert_eq!(
            preflight.header("access-control-allow-methods").is_some(),
            allowed
        );
        let body = json!({ "phone": "x", "uniqueId": "d", "businessId": "login" });
        let answer = world
            .client
            .post_with("/v1/send", &body, &[("origin", origin)])
            .await;
        assert_eq!(answer.header("access-control-allow-origin"), expected);
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn the_inbox_answers_only_to_this_machine() {
    let world = World::start().await;
    world.client.send(&phone(1)).await;
    let texts = world.client.get("/inbox/messages").await;
    assert_eq!(texts.json[0]["phone"], phone(1));
    for page in ["/", "/inbox", "/inbox/messages", "/demo/phone-proof.js"] {
        let here = world.client.get(page).await;
        assert_eq!(here.status, 200, "{page}");
        assert!(
            here.header("content-security-policy")
                .is_some_and(|policy| policy.starts_with("default-src 'none'"))
        );
        let rebound = world
            .client
            .raw(
                Method::GET,
                page,
                &[("host", "evil.example.com")],
                Vec::new(),
            )
            .await;
        assert_eq!(rebound.status, 403, "{page}");
    }
}

/// Lists the texts of a union type of the client in `shared/web`.
fn list_members(union: &str) -> BTreeSet<&'static str> {
    let source = include_str!("../../shared/web/src/problem.ts");
    let (_, listed) = source
        .split_once(&format!("export type {union} ="))
        .expect("a union type");
    let (listed, _) = listed.split_once(';').expect("its end");
    listed.split('"').skip(1).step_by(2).collect()
}

#[test]
fn the_client_of_front_ends_knows_every_problem_type_and_no_other() {
    let document = phoneproof_api::openapi::document();
    let mut types = BTreeSet::new();
    // What a front end calls. A business service spends.
    for path in ["/v1/send", "/v1/verify", "/v1/policy"] {
        assert!(document["paths"][path].is_object(), "{path}");
        collect_problem_types(&document["paths"][path], &mut types);
    }
    // No operation of the document answers an unknown path or method.
    types.extend(["not-found", "method-not-allowed"].map(str::to_owned));
    let listed: BTreeSet<_> = list_members("ServiceProblem");
    assert_eq!(listed, types.iter().map(String::as_str).collect());
}

fn collect_problem_types(value: &Value, types: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let slug = text.strip_prefix("urn:phoneproof:problem:");
            types.extend(slug.map(str::to_owned));
        }
        Value::Array(values) => values.iter().for_each(|v| collect_problem_types(v, types)),
        Value::Object(members) => members
            .values()
            .for_each(|v| collect_problem_types(v, types)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The client of `shared/web` lists what `rule` can be. Its own tests find words for each of them.
#[test]
fn the_client_of_front_ends_knows_every_rule_and_no_other() {
    let listed = list_members("Rule");
    let destinations = [
        Refusal::Country,
        Refusal::NumberType,
        Refusal::TestNumberEnded,
        Refusal::Calls,
    ];
    let rules = Rule::ALL.into_iter().map(Rule::name);
    let rules = rules
        .chain(PurseRule::ALL.into_iter().map(PurseRule::name))
        .chain(destinations.into_iter().map(Refusal::rule))
        .chain([PHONE_LOCK]);
    assert_eq!(listed, rules.collect());
}
