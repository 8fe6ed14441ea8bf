//! A stack whose public URL has a path serves everything behind that path, and without it. So a proxy before the stack
//! may pass the path on or take it off.

use http::Method;
use phoneproof_tests::{Client, World, http_client, phone};
use serde_json::json;

const ISSUER: &str = "https://dev.example.com/sms/one";
const BASE: &str = "/sms/one";
const PASSWORD: &str = "green mountains at noon";

#[tokio::test]
async fn a_stack_behind_a_path_is_served_whole() {
    let world = World::builder().issuer(ISSUER).start().await;
    let root = world.stack.url.clone();
    for (n, base) in [(1, ""), (2, BASE)] {
        let client = Client::new(&format!("{root}{base}"));
        let discovery = client.get("/.well-known/openid-configuration").await;
        assert_eq!(discovery.json["issuer"], ISSUER);
        let keys = format!("{ISSUER}/.well-known/jwks.json");
        assert_eq!(discovery.json["jwks_uri"], keys);
        let jwks = client.get("/.well-known/jwks.json").await;
        assert!(jwks.json["keys"].is_array(), "{}", jwks.text);
        for document in ["/openapi.json", "/account/openapi.json"] {
            let document = client.get(document).await;
            assert_eq!(document.json["servers"], json!([{ "url": BASE }]));
        }
        // A proof of the one service is spent there, and registers an account of the other.
        let proof = async |business: &str| {
            world.advance(60);
            let body = json!({ "phone": phone(n), "uniqueId": "d", "businessId": business });
            let sent = client.post("/v1/send", &body).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let verified = client.verify(&sent.token(), &world.code(&phone(n))).await;
            assert_eq!(verified.status, 200, "{}", verified.text);
            verified.token()
        };
        assert_eq!(
            client.spend(&proof("login").await, "login").await.status,
            200
        );
        let body = json!({ "token": proof("register").await, "password": PASSWORD });
        let registered = client.post("/account/v1/accounts", &body).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let body = json!({ "phone": phone(n), "password": PASSWORD });
        let session = client.post("/account/v1/sessions", &body).await;
        assert_eq!(session.status, 201, "{}", session.text);
        let token = session.json["accessToken"].as_str().expect("a token");
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        let me = client
            .raw(Method::GET, "/account/v1/me", &headers, Vec::new())
            .await;
        assert_eq!(me.status, 200, "{}", me.text);
        for page in [
            "/",
            "/accounts",
            "/inbox",
            "/operations",
            "/demo/common.js",
            "/inbox/messages",
        ] {
            let url = format!("{root}{base}{page}");
            let answer = http_client().get(url).send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{base}{page}");
        }
    }
}

#[tokio::test]
async fn no_other_path_leads_to_the_stack() {
    let world = World::builder().issuer(ISSUER).start().await;
    let client = http_client();
    for path in [
        "/sms/v1/ping",
        "/one/v1/ping",
        "/sms/one",
        "/sms/onev1/ping",
        "/sms/one/sms/one/v1/ping",
        "/SMS/one/v1/ping",
        "/sms/one//v1/ping",
        "/sms%2Fone/v1/ping",
        "/account/sms/one/v1/ping",
        "/v1/ping/",
    ] {
        let answer = client
            .get(format!("{}{path}", world.stack.url))
            .send()
            .await;
        let answer = answer.expect("an answer");
        // The base path itself leads to the demo page behind it.
        let expected = if path == BASE { 200 } else { 404 };
        assert_eq!(answer.status(), expected, "{path}");
    }
}
