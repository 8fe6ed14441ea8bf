//! A proxy in front names the address of its client, and is believed beside its secret only.

use phoneproof_local::aws::ACCOUNT_SECRET_ID;
use phoneproof_tests::{Answer, World, phone};
use serde_json::json;

use crate::api::limits::assert_limited;

const VIEWER: &str = "cloudfront-viewer-address";
const OLD: &str = "old-secret-of-the-distribution";
const NEW: &str = "new-secret-of-the-distribution";

async fn start() -> World {
    World::builder()
        .trusted_proxy(&[OLD, NEW], VIEWER)
        .start()
        .await
}

/// Sends to the `n`-th phone through the proxy at 192.0.2.1.
async fn send(world: &World, n: u32, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[("x-test-source-ip", "192.0.2.1")], headers].concat();
    world
        .client
        .send_with(&phone(n), &format!("d{n}"), &headers)
        .await
}

#[tokio::test]
async fn limits_count_the_viewer_that_the_proxy_names() {
    let world = start().await;
    // Viewers of one proxy do not share a limit. Both secrets count while one replaces the other.
    for n in 0..50 {
        let viewer = format!("198.51.100.{n}:{}", 40_000 + n);
        let secret = if n % 2 == 0 { OLD } else { NEW };
        let answer = send(&world, n, &[("x-proxy-secret", secret), (VIEWER, &viewer)]).await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.text);
    }
    // One viewer's /64, from many ports.
    for n in 0..21 {
        let viewer = format!("2001:db8:0:1::{n:x}:{}", 40_000 + n);
        let answer = send(
            &world,
            100 + n,
            &[("x-proxy-secret", NEW), (VIEWER, &viewer)],
        )
        .await;
        if n < 20 {
            assert_eq!(answer.status, 202, "{viewer}: {}", answer.text);
        } else {
            assert_limited(&answer, "address-per-hour", 20, 3_600, 3_600);
        }
    }
}

#[tokio::test]
async fn a_proxy_that_names_nobody_is_a_fault_of_the_setting() {
    let world = start().await;
    for headers in [
        &[("x-proxy-secret", NEW)][..],
        &[("x-proxy-secret", NEW), (VIEWER, "unknown")],
        &[("x-proxy-secret", NEW), (VIEWER, "198.51.100.7")],
        &[
            ("x-proxy-secret", NEW),
            (VIEWER, "198.51.100.7:1"),
            (VIEWER, "198.51.100.8:1"),
        ],
    ] {
        let answer = send(&world, 1, headers).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (503, "unavailable"),
            "{headers:?}"
        );
    }
    assert_eq!((world.text_count(), world.item_count().await), (0, 0));
    // Other routes do not need an address.
    let ping = [("x-proxy-secret", NEW)];
    let ping = world
        .client
        .raw(http::Method::GET, "/v1/ping", &ping, Vec::new())
        .await;
    assert_eq!(ping.status, 200);
}

#[tokio::test]
async fn the_account_service_limits_by_the_viewer_too() {
    let world = start().await;
    let index = world.read_keyring(ACCOUNT_SECRET_ID).await;
    let body = json!({ "phone": phone(1), "password": "green mountains at noon" });
    for (viewer, secret) in [("198.51.100.7:1", NEW), ("198.51.100.8:1", "wrong")] {
        let headers = [
            ("x-test-source-ip", "192.0.2.1"),
            ("x-proxy-secret", secret),
            (VIEWER, viewer),
        ];
        world
            .client
            .post_with("/account/v1/sessions", &body, &headers)
            .await;
    }
    let scan = world
        .dynamodb("Scan", &json!({ "TableName": "AccountLimits" }))
        .await;
    let counted = |ip: &str| {
        let address =
            phoneproof_domain::address::SourceAddress::new(ip.parse().expect("an address"));
        scan.text
            .contains(index.indexer().index_address(&address).as_str())
    };
    assert!(
        counted("198.51.100.7") && counted("192.0.2.1"),
        "{}",
        scan.text
    );
    assert!(!counted("198.51.100.8"));
}
