//! Backends that call for their users, and the limits of a business.

use http::StatusCode;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Answer, World, phone};
use serde_json::{Value, json};

use crate::api::limits::assert_limited;

/// The client key of the business `login`, and its SHA-256.
const KEY: &str = "secret-key";
const KEY_SHA256: &str = "85dbe15d75ef9308c7ae0f33c7a324cc6f4bf519a2ed2f3027bd33c140a4f9aa";

async fn start(settings: &str) -> World {
    let settings = format!("[business.login]\n{settings}\n");
    let builder = World::builder().policy("[business.login]\n", &settings);
    builder.start().await
}

async fn start_keyed() -> World {
    start(&format!("client_key_sha256 = \"{KEY_SHA256}\"")).await
}

/// Sends to the `n`-th phone from its own device and the backend's address, for a user at `address`.
async fn send_for(world: &World, n: u32, address: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({
        "phone": phone(n), "uniqueId": format!("d{n}"), "businessId": "login", "userAddress": address,
    });
    world.client.post_with("/v1/send", &body, headers).await
}

fn assert_refuses_user_address(answer: &Answer, value: &str) {
    let kind = (answer.status, answer.problem());
    assert_eq!(kind, (400, "malformed"), "{value}");
    assert_eq!(answer.json["errors"][0]["field"], "userAddress", "{value}");
    let repeated = !value.trim().is_empty() && answer.text.contains(value);
    assert!(!repeated, "{}", answer.text);
}

#[tokio::test]
async fn a_backend_with_the_key_is_limited_by_the_addresses_of_its_users() {
    let world = start_keyed().await;
    for n in 0..60 {
        let answer = send_for(
            &world,
            n,
            &format!("198.51.100.{n}"),
            &[("x-client-key", KEY)],
        )
        .await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.text);
    }
    // One user's /64, and one user's IPv4 address in both of its forms.
    for (first, addresses) in [
        (
            100,
            [
                "2001:db8:0:1::1",
                "2001:db8:0:1:ffff::9",
                "2001:DB8:0:1:0:0:0:0",
            ],
        ),
        (
            200,
            ["203.0.113.5", "::ffff:203.0.113.5", "::FFFF:cb00:7105"],
        ),
    ] {
        for n in 0..21 {
            let address = addresses[n as usize % 3];
            let answer = send_for(&world, first + n, address, &[("x-client-key", KEY)]).await;
            if n < 20 {
                assert_eq!(answer.status, 202, "{address}: {}", answer.text);
            } else {
                assert_limited(&answer, "address-per-hour", 20, 3_600, 3_600);
            }
        }
    }
}

#[tokio::test]
async fn a_backend_that_names_no_address_is_limited_by_its_own() {
    let world = start_keyed().await;
    let send = async |n: u32| {
        let headers = [("x-client-key", KEY), ("x-test-source-ip", "192.0.2.1")];
        world
            .client
            .send_with(&phone(n), &format!("d{n}"), &headers)
            .await
    };
    for n in 0..20 {
        assert_eq!(send(n).await.status, 202);
    }
    assert_limited(&send(20).await, "address-per-hour", 20, 3_600, 3_600);
}

#[tokio::test]
async fn blocks_are_about_the_address_of_the_user() {
    let world = start_keyed().await;
    let keyring = world.read_keyring(SECRET_ID).await;
    let user = "198.51.100.7".parse().expect("an address");
    let user = phoneproof_domain::address::SourceAddress::new(user);
    let key = format!("ip#{}", keyring.indexer().index_address(&user).as_str());
    world.block(&key, None).await;
    let refused = send_for(&world, 1, "198.51.100.7", &[("x-client-key", KEY)]).await;
    assert_eq!(
        (refused.status, refused.json["rule"].as_str()),
        (403, Some("blocked-address"))
    );
    let other = send_for(&world, 1, "198.51.100.8", &[("x-client-key", KEY)]).await;
    assert_eq!(other.status, 202, "{}", other.text);
}

#[tokio::test]
async fn an_address_without_the_key_is_refused_and_counts_for_nobody() {
    let keyed = start_keyed().await;
    for headers in [&[][..], &[("x-client-key", "other")]] {
        let answer = send_for(&keyed, 1, "198.51.100.7", headers).await;
        assert_eq!((answer.status, answer.problem()), (401, "client-key"));
    }
    let open = World::start().await;
    for headers in [&[][..], &[("x-client-key", KEY)]] {
        assert_refuses_user_address(
            &send_for(&open, 1, "198.51.100.7", headers).await,
            "198.51.100.7",
        );
    }
    for world in [keyed, open] {
        assert_eq!((world.text_count(), world.item_count().await), (0, 0));
    }
}

/// A backend that passes on what its load balancer or container sees would put all its users into one count.
#[tokio::test]
async fn an_address_that_no_end_user_has_is_refused_by_name() {
    let world = start_keyed().await;
    for value in [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.5",
        "172.17.0.1",
        "192.168.1.9",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::ffff:127.0.0.1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
    ] {
        let answer = send_for(&world, 1, value, &[("x-client-key", KEY)]).await;
        assert_refuses_user_address(&answer, value);
        let detail = answer.json["errors"][0]["accepted"].as_str();
        let detail = detail.expect("what is accepted");
        assert!(detail.contains("has on the internet is needed"), "{detail}");
    }
    assert_eq!((world.text_count(), world.item_count().await), (0, 0));
    for (n, value) in (1..).zip(["1.1.1.1", "192.0.2.9", "203.0.113.9", "2606:4700::1111"]) {
        let answer = send_for(&world, n, value, &[("x-client-key", KEY)]).await;
        assert_eq!(answer.status, 202, "{value}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_no_single_address_is_refused_by_name() {
    let world = start_keyed().await;
    for value in [
        "",
        " ",
        "unknown",
        "192.0.2.7, 192.0.2.9",
        "192.0.2.7:443",
        "192.0.2.7/32",
        "192.0.2",
        "192.0.2.07",
        "[2001:db8::1]",
        "2001:db8::1%eth0",
        "for=192.0.2.7",
    ] {
        assert_refuses_user_address(
            &send_for(&world, 1, value, &[("x-client-key", KEY)]).await,
            value,
        );
    }
    for value in [
        json!(7),
        json!(["198.51.100.7"]),
        json!({ "ip": "198.51.100.7" }),
    ] {
        let body = json!({
            "phone": phone(1), "uniqueId": "d", "businessId": "login", "userAddress": value,
        });
        let answer = world
            .client
            .post_with("/v1/send", &body, &[("x-client-key", KEY)])
            .await;
        assert_refuses_user_address(&answer, "");
    }
    let body = json!({
        "phone": phone(1), "uniqueId": "d", "businessId": "login", "userAddress": Value::Null,
    });
    let absent = world
        .client
        .post_with("/v1/send", &body, &[("x-client-key", KEY)])
        .await;
    assert_eq!(
        absent.status,
        StatusCode::ACCEPTED,
        "as if it were not there"
    );
}

#[tokio::test]
async fn a_business_has_limits_of_its_own() {
    let world = start("texts_per_hour = 3\ntexts_per_day = 5").await;
    let send = async |n: u32, business: &str| {
        let body =
            json!({ "phone": phone(n), "uniqueId": format!("d{n}"), "businessId": business });
        let address = format!("192.0.2.{n}");
        world
            .client
            .post_with("/v1/send", &body, &[("x-test-source-ip", &address)])
            .await
    };
    for n in 0..3 {
        assert_eq!(send(n, "login").await.status, 202);
    }
    assert_limited(
        &send(3, "login").await,
        "business-per-hour",
        3,
        3_600,
        3_600,
    );
    assert_eq!(send(4, "register").await.status, 202, "another business");
    let line = world.lines.text();
    assert!(line.contains(r#""subject":"business#login""#), "{line}");
    world.advance(3_600);
    for n in 5..7 {
        assert_eq!(send(n, "login").await.status, 202);
    }
    assert_limited(
        &send(7, "login").await,
        "business-per-day",
        5,
        86_400,
        11 * 3_600,
    );
    world.advance(11 * 3_600);
    assert_eq!(send(8, "login").await.status, 202, "a new day");
}

#[tokio::test]
async fn a_business_keeps_its_limit_when_many_ask_at_once() {
    let world = start("texts_per_hour = 10").await;
    let statuses = phoneproof_tests::many(60, &world.client, |n, client| async move {
        let n = u32::try_from(n).expect("small");
        let (device, address) = (format!("d{n}"), format!("192.0.2.{n}"));
        client.send_from(&phone(n), &device, &address).await
    })
    .await;
    assert_eq!(statuses.get(&202), Some(&10), "{statuses:?}");
    assert_eq!(world.text_count(), 10);
}
