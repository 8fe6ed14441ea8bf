//! Each limit, lock and block takes effect at its exact count and ends on its exact second.

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::phone::Phone;
use phoneproof_tests::{Answer, Client, World, phone};
use serde_json::json;

pub(crate) fn assert_limited(
    answer: &Answer,
    rule: &str,
    quota: u32,
    window: u32,
    retry_after: u64,
) {
    assert_eq!(
        (answer.status, answer.problem()),
        (429, "limited"),
        "{}",
        answer.text
    );
    assert_eq!(answer.json["rule"], rule);
    assert_eq!(answer.json["code"], -1);
    assert!(answer.json["retryAt"].is_string());
    assert_eq!(
        answer.header("retry-after"),
        Some(retry_after.to_string().as_str())
    );
    let policy = format!("\"{rule}\";q={quota};w={window}");
    assert_eq!(answer.header("ratelimit-policy"), Some(policy.as_str()));
    let state = format!("\"{rule}\";r=0;t={retry_after}");
    assert_eq!(answer.header("ratelimit"), Some(state.as_str()));
}

#[tokio::test]
async fn the_cooldown_ends_on_the_second() {
    let world = World::start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    world.advance(59);
    assert_limited(
        &world.client.send(&phone(1)).await,
        "phone-cooldown",
        1,
        60,
        1,
    );
    world.advance(1);
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.text_count(), 2);
}

#[tokio::test]
async fn a_phone_gets_five_texts_an_hour_and_ten_a_day() {
    let world = World::start().await;
    for _ in 0..5 {
        assert_eq!(world.client.send(&phone(1)).await.status, 202);
        world.advance(60);
    }
    assert_limited(
        &world.client.send(&phone(1)).await,
        "phone-per-hour",
        5,
        3_600,
        3_300,
    );
    world.advance(3_300);
    for n in 0..5 {
        let answer = world
            .client
            .send_from(&phone(1), "other", "192.0.2.1")
            .await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.text);
        world.advance(60);
    }
    // Both limits are used up now. The service reports the one that lasts longer: 12 h less 65 min are left.
    let answer = world
        .client
        .send_from(&phone(1), "third", "192.0.2.1")
        .await;
    assert_limited(&answer, "phone-per-day", 10, 86_400, 12 * 3_600 - 3_900);
    world.advance(12 * 3_600 - 3_900);
    assert_eq!(world.client.send(&phone(1)).await.status, 202, "a new day");
}

#[tokio::test]
async fn a_device_gets_ten_texts_a_day() {
    let world = World::start().await;
    for n in 0..10 {
        let address = format!("192.0.2.{n}");
        assert_eq!(
            world
                .client
                .send_from(&phone(n), "device-1", &address)
                .await
                .status,
            202
        );
    }
    let answer = world
        .client
        .send_from(&phone(10), "device-1", "192.0.2.99")
        .await;
    assert_limited(&answer, "device-per-day", 10, 86_400, 12 * 3_600);
    assert_eq!(
        world
            .client
            .send_from(&phone(10), "other", "192.0.2.99")
            .await
            .status,
        202
    );
    assert_eq!(world.text_count(), 11);
}

#[tokio::test]
async fn an_address_gets_twenty_texts_an_hour_and_headers_cannot_change_that() {
    let world = World::start().await;
    for n in 0..25 {
        let body = json!({ "phone": phone(n), "uniqueId": format!("d{n}"), "businessId": "login" });
        // All sources are in one /64. A client can write anything into the forwarding headers.
        let source = format!("2001:db8:0:1::{n:x}");
        let spoofed = format!("203.0.113.{n}");
        let headers = [
            ("x-test-source-ip", source.as_str()),
            ("x-forwarded-for", spoofed.as_str()),
            ("forwarded", spoofed.as_str()),
        ];
        let answer = world.client.post_with("/v1/send", &body, &headers).await;
        if n < 20 {
            assert_eq!(answer.status, 202, "{n}");
        } else {
            assert_limited(&answer, "address-per-hour", 20, 3_600, 3_600);
        }
    }
    assert_eq!(world.text_count(), 20);
}

#[tokio::test]
async fn a_refused_send_counts_nothing() {
    let world = World::start().await;
    for _ in 0..30 {
        world
            .client
            .send_from(&phone(1), "device-1", "192.0.2.1")
            .await;
    }
    // One was sent and the cooldown refused 29. The device and the address still have room.
    for n in 2..11 {
        assert_eq!(
            world
                .client
                .send_from(&phone(n), "device-1", "192.0.2.1")
                .await
                .status,
            202
        );
    }
}

#[tokio::test]
async fn wrong_codes_lock_the_phone_for_the_day_across_challenges_and_devices() {
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let world = World::builder().mode(mode).start().await;
        for n in 0..4 {
            let device = format!("device-{n}");
            let token = world
                .client
                .send_from(&phone(1), &device, "192.0.2.1")
                .await
                .token();
            for _ in 0..5 {
                let wrong = world.wrong_code(&phone(1));
                assert_eq!(world.client.verify(&token, &wrong).await.status, 422);
            }
            world.advance(60);
        }
        let refused = world.client.send(&phone(1)).await;
        assert_eq!(
            (refused.status, refused.json["rule"].as_str()),
            (429, Some("phone-lock"))
        );
        assert_eq!(refused.json["code"], -1);
        world.advance(12 * 3_600);
        assert_eq!(world.client.send(&phone(1)).await.status, 202, "a new day");
    }
}

#[tokio::test]
async fn a_live_challenge_takes_no_guess_while_the_phone_is_locked() {
    let world = World::builder()
        .policy("wrong_codes_per_day = 20 ", "wrong_codes_per_day = 5 ")
        .start()
        .await;
    let kept = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    world.advance(60);
    let burnt = world.client.send(&phone(1)).await.token();
    for _ in 0..5 {
        world
            .client
            .verify(&burnt, &world.wrong_code(&phone(1)))
            .await;
    }
    let answer = world.client.verify(&kept, &code).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (429, "limited"),
        "even the right code"
    );
    assert_eq!(
        (answer.json["rule"].as_str(), answer.json["code"].as_i64()),
        (Some("phone-lock"), Some(-5))
    );
}

#[tokio::test]
async fn new_codes_do_not_reset_the_failures_but_a_success_does() {
    let world = World::builder()
        .policy(
            "consecutive_wrong_codes = 100 ",
            "consecutive_wrong_codes = 6 ",
        )
        .start()
        .await;
    let mut token = world.client.send(&phone(1)).await.token();
    for n in 0..6 {
        if n == 3 {
            world.advance(24 * 3_600);
            token = world.client.send(&phone(1)).await.token();
        }
        assert_eq!(
            world
                .client
                .verify(&token, &world.wrong_code(&phone(1)))
                .await
                .status,
            422,
            "{n}"
        );
    }
    let answer = world.client.verify(&token, &world.code(&phone(1))).await;
    assert_eq!((answer.status, answer.problem()), (403, "locked"));
    world.advance(48 * 3_600);
    let answer = world.client.send(&phone(1)).await;
    assert_eq!(
        (answer.status, answer.problem()),
        (403, "locked"),
        "a new day does not end a hard lock"
    );
    assert!(answer.json["retryAt"].is_null());

    let other = world.client.send(&phone(2)).await.token();
    for _ in 0..4 {
        world
            .client
            .verify(&other, &world.wrong_code(&phone(2)))
            .await;
    }
    assert_eq!(
        world
            .client
            .verify(&other, &world.code(&phone(2)))
            .await
            .status,
        200
    );
    world.advance(60);
    let fresh = world.client.send(&phone(2)).await.token();
    for _ in 0..4 {
        assert_eq!(
            world
                .client
                .verify(&fresh, &world.wrong_code(&phone(2)))
                .await
                .status,
            422
        );
    }
    assert_eq!(
        world
            .client
            .verify(&fresh, &world.code(&phone(2)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn blocked_phones_devices_and_addresses_are_refused() {
    let keyring_json = json!({ "current": "r1", "r1": "k".repeat(43) }).to_string();
    let world = World::builder().keyring(&keyring_json).start().await;
    let keyring = Keyring::from_json(&keyring_json).expect("valid");
    let index = keyring.indexer();
    let blocked = Phone::from_canonical(&phone(1)).expect("canonical");
    let device = phoneproof_domain::device::Device::parse("bad-device").expect("a device");
    let address =
        phoneproof_domain::address::SourceAddress::new("198.51.100.7".parse().expect("an address"));
    for key in [
        format!("phone#{}", index.index_phone(&blocked).as_str()),
        format!("device#{}", index.index_device(&device).as_str()),
        format!("ip#{}", index.index_address(&address).as_str()),
    ] {
        world.block(&key, None).await;
    }
    for (number, device, address, rule) in [
        (phone(1), "d", "192.0.2.1", "blocked-phone"),
        (phone(2), "bad-device", "192.0.2.1", "blocked-device"),
        (phone(3), "d", "198.51.100.7", "blocked-address"),
    ] {
        let answer = world.client.send_from(&number, device, address).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (403, "blocked"),
            "{}",
            answer.text
        );
        assert_eq!(answer.json["rule"], rule);
    }
    assert_eq!(world.text_count(), 0);
    world.advance(400 * 86_400);
    assert_eq!(
        world.client.send(&phone(1)).await.status,
        403,
        "a block without end does not end"
    );
}

#[tokio::test]
async fn a_block_ends_on_time_even_while_its_item_remains() {
    let keyring_json = json!({ "current": "r1", "r1": "k".repeat(43) }).to_string();
    let world = World::builder().keyring(&keyring_json).start().await;
    let keyring = Keyring::from_json(&keyring_json).expect("valid");
    let index = keyring
        .indexer()
        .index_phone(&Phone::from_canonical(&phone(1)).expect("canonical"));
    let end = phoneproof_domain::clock::Clock::now(world.clock.as_ref()).unix() + 100;
    world
        .block(&format!("phone#{}", index.as_str()), Some(end))
        .await;
    let (other, third) = (world.instance().await, world.instance().await);
    let send = async |url: &str| Client::new(url).send(&phone(1)).await.status;
    world.advance(99);
    assert_eq!(send(&other.url).await, 403);
    world.advance(1);
    assert_eq!(send(&third.url).await, 202, "on its second");
    // An instance that has just refused asks the store again after ten seconds. Then the phone cools down.
    assert_eq!(send(&other.url).await, 403);
    world.advance(9);
    assert_eq!(send(&other.url).await, 429);
}
