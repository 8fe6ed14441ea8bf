//! Attacks by callers that pretend to be others, and by callers that go on after a refusal.

use std::collections::BTreeMap;

use phoneproof_domain::clock::Clock as _;
use phoneproof_tests::{Edge, Forger, Specimen, World, jwk_forms, many};
use serde_json::json;

use crate::attacks::{MODES, address, nth_phone};

/// The SHA-256 of the client key `secret-key`.
pub(super) const KEY_SHA256: &str =
    "85dbe15d75ef9308c7ae0f33c7a324cc6f4bf519a2ed2f3027bd33c140a4f9aa";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invented_user_addresses() {
    let keyed = format!("[business.login]\nclient_key_sha256 = \"{KEY_SHA256}\"\n");
    let keyed = World::builder().policy("[business.login]\n", &keyed);
    let near = [
        "",
        "secret-ke",
        "secret-key2",
        "Secret-Key",
        "SECRET-KEY",
        KEY_SHA256,
    ];
    // A business with a key refuses who lacks it. One without a key believes nobody.
    for (world, refused) in [(keyed.proxied(), 401), (World::builder().proxied(), 400)] {
        let world = world.start().await;
        let statuses = many(1_000, &world.client, |n, client| async move {
            let body = json!({
                "phone": nth_phone(n), "uniqueId": format!("d{n}"), "businessId": "login",
                "userAddress": address(n),
            });
            let mut headers = vec![("x-test-source-ip", "192.0.2.1")];
            let key = near[n % near.len()];
            if !key.is_empty() {
                headers.push(("x-client-key", key));
            }
            client.post_with("/v1/send", &body, &headers).await
        })
        .await;
        assert_eq!(statuses, BTreeMap::from([(refused, 1_000)]));
        assert_eq!(
            world.proxy().take_calls(),
            BTreeMap::new(),
            "nothing was counted"
        );
        assert_eq!(world.text_count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_requests_that_run_up_the_bill() {
    for mode in MODES {
        let world = World::builder().mode(mode).proxied().start().await;
        for n in 0..21 {
            let sent = world
                .client
                .send_from(&nth_phone(n), &format!("d{n}"), "192.0.2.1")
                .await;
            assert_eq!(sent.status, if n < 20 { 202 } else { 429 });
        }
        drop(world.proxy().take_calls());
        let refused = BTreeMap::from([(429, 1_000)]);
        let statuses = many(1_000, &world.client, |n, client| async move {
            let (number, device) = (nth_phone(100 + n), format!("flood-{n}"));
            client.send_from(&number, &device, "192.0.2.1").await
        })
        .await;
        assert_eq!(statuses, refused, "{mode}");
        assert_eq!(
            world.proxy().take_calls(),
            BTreeMap::new(),
            "{mode}: nothing is asked"
        );
        // A fresh idempotency key could repeat an earlier send, so its phone's record is read: one unit.
        let statuses = many(1_000, &world.client, |n, client| async move {
            let (key, device) = (format!("key-{n}"), format!("flood-{n}"));
            let headers = [
                ("x-test-source-ip", "192.0.2.1"),
                ("idempotency-key", key.as_str()),
            ];
            client
                .send_with(&nth_phone(100 + n), &device, &headers)
                .await
        })
        .await;
        assert_eq!(statuses, refused, "{mode}");
        // A read that takes too long is repeated, which a machine under load may show.
        let calls = world.proxy().take_calls();
        let reads = calls.get("GetItem").copied().unwrap_or_default();
        assert!((1_000..1_050).contains(&reads), "{mode}: {calls:?}");
        assert_eq!(calls.len(), 1, "{mode}: no write: {calls:?}");
        assert_eq!(world.text_count(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_and_replayed_attestations() {
    let edge = Edge::default();
    let addition = format!("{}\n[purses.attested]\n", edge.policy());
    let world = World::builder().policy_addition(&addition);
    let world = world.purses().proxied().start().await;
    let claims = Edge::claims(&world.stack.url, &nth_phone(0), world.clock.now());
    let token = edge.sign(&claims);
    let send = async |n: usize, attestation: &str| {
        let body = json!({
            "phone": nth_phone(n), "uniqueId": "d", "businessId": "login", "attestation": attestation,
        });
        world.client.post("/v1/send", &body).await
    };
    let specimen = Specimen {
        header: Edge::header(),
        claims,
        token: token.clone(),
        required: &["iss", "aud", "sub"],
        secrets: [
            jwk_forms(&edge.es256.jwk(&json!("edge-1"))),
            vec![edge.es256.public_pem().into_bytes()],
        ]
        .concat(),
        sign: Box::new(|header, claims| edge.es256.sign(header, claims)),
    };
    let mut forgeries = specimen.forgeries();
    // An edge need not say from when its word holds.
    forgeries.retain(|forgery| !matches!(forgery.what.as_str(), "no nbf" | "nbf is null"));
    let stranger = Forger::new();
    let by_stranger = stranger.sign(&specimen.header, &specimen.claims.to_string());
    let mut embedded = specimen.header.clone();
    embedded["jwk"] = stranger.jwk(&json!("edge-1"));
    let embedded = stranger.sign(&embedded, &specimen.claims.to_string());
    let tokens = forgeries
        .iter()
        .map(|forgery| (forgery.what.as_str(), &forgery.token));
    let tokens = tokens.chain([
        ("a stranger's key", &by_stranger),
        ("a key in the header", &embedded),
    ]);
    let mut refused = 0;
    for (what, forged) in tokens {
        let answer = send(0, forged).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        assert_eq!(answer.json["errors"][0]["field"], "attestation", "{what}");
        refused += 1;
    }
    assert_eq!(refused, 224, "counted in SECURITY.md");
    for n in 1..=1_000 {
        assert_eq!(send(n, &token).await.status, 400, "another phone");
    }
    assert_eq!(
        (world.text_count(), world.proxy().take_calls().len()),
        (0, 0)
    );
    // Its own phone gets one text of it, however often the token comes while it lives.
    for _ in 0..130 {
        send(0, &token).await;
        world.advance(1);
    }
    assert_eq!(world.text_count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invented_viewer_addresses() {
    const SECRET: &str = "the-secret-of-the-distribution";
    let with_proxy = World::builder().trusted_proxy(&[SECRET], "cloudfront-viewer-address");
    let near = [
        vec![],
        vec![""],
        vec!["wrong"],
        vec!["the-secret-of-the-distributio"],
        vec!["the-secret-of-the-distribution2"],
        vec!["The-Secret-Of-The-Distribution"],
        vec![SECRET, SECRET],
        vec!["wrong", SECRET],
    ];
    // A service that trusts no proxy believes nobody, not even with the secret of another service.
    let alone = near.iter().cloned().chain([vec![SECRET]]).collect();
    for (world, secrets) in [(with_proxy, near.to_vec()), (World::builder(), alone)] {
        let world = world.start().await;
        let statuses = many(1_000, &world.client, |n, client| {
            let secrets = secrets[n % secrets.len()].clone();
            async move {
                let (viewer, bare) = (format!("{}:443", address(n)), address(n));
                let device = format!("d{n}");
                let mut headers = vec![
                    ("x-test-source-ip", "192.0.2.1"),
                    ("cloudfront-viewer-address", viewer.as_str()),
                    ("true-client-ip", bare.as_str()),
                    ("x-forwarded-for", bare.as_str()),
                ];
                headers.extend(secrets.into_iter().map(|secret| ("x-proxy-secret", secret)));
                client.send_with(&nth_phone(n), &device, &headers).await
            }
        })
        .await;
        assert_eq!(statuses, BTreeMap::from([(202, 20), (429, 980)]));
        assert_eq!(world.text_count(), 20);
    }
}
