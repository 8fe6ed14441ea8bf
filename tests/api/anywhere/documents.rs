//! The documents that relying parties and tools read.

use http::Method;
use phoneproof_crypto::keyring::JWKS_MAX_AGE;
use phoneproof_tests::Site;

#[tokio::test]
async fn ping_answers_ok() {
    let answer = Site::open().await.client.get("/v1/ping").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "ok"));
}

#[tokio::test]
async fn the_key_set_holds_public_keys_only() {
    let answer = Site::open()
        .await
        .client
        .get("/.well-known/jwks.json")
        .await;
    // An operator's `keys promote` waits for this long, too.
    let caches = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    assert_eq!(answer.header("cache-control"), Some(caches.as_str()));
    let keys = answer.json["keys"].as_array().expect("keys");
    assert!(!keys.is_empty());
    for key in keys {
        let kind = (
            key["kty"].as_str(),
            key["alg"].as_str(),
            key["use"].as_str(),
        );
        let expected = [
            (Some("EC"), Some("ES256"), Some("sig")),
            (Some("RSA"), Some("RS256"), Some("sig")),
        ];
        assert!(expected.contains(&kind), "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key[private].is_null(), "{private}");
        }
    }
}

#[tokio::test]
async fn a_head_is_answered_like_a_get_without_the_body() {
    let site = Site::open().await;
    for path in [
        "/v1/ping",
        "/v1/policy",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/openapi.json",
    ] {
        let get = site.client.get(path).await;
        let head = site.client.raw(Method::HEAD, path, &[], Vec::new()).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-type", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn the_openapi_document_is_served() {
    let answer = Site::open().await.client.get("/openapi.json").await;
    assert_eq!(answer.json["openapi"], "3.1.0");
    let responses = answer.json["paths"]["/v1/send"]["post"]["responses"]
        .as_object()
        .expect("responses");
    let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
    assert_eq!(
        statuses,
        [
            "202", "400", "401", "403", "409", "410", "413", "415", "429", "500", "502", "503",
            "504"
        ]
    );
}
