//! Canaries in sends, guesses and spends that are served, refused, broken or end in a panic.

use std::sync::Arc;

use http::Method;
use phoneproof_crypto::webhook::HookSecret;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::delivery::Reason;
use phoneproof_domain::hook::Reach;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Edge, Fault, HOOK, World, WorldBuilder, find_code, hex};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::canaries::{ADDRESS, Canaries, DEVICE, Explosive, PHONE};

const FROM: (&str, &str) = ("x-test-source-ip", ADDRESS);

/// The body of a send, for a business with codes of ten digits. Shorter codes would be found by chance.
fn send_body() -> Value {
    json!({ "phone": PHONE, "uniqueId": DEVICE, "businessId": "password-change" })
}

/// Reads the code from the newest text.
fn read_code(world: &World) -> String {
    let texts = world.texts(PHONE);
    find_code(texts.first().expect("a text"), 10)
}

fn change_code(code: &str) -> String {
    let right: u64 = code.parse().expect("digits");
    format!("{:010}", (right + 1) % 10_000_000_000)
}

/// The address of a user, as a backend names it.
const USER_ADDRESS: &str = "198.51.100.177";
/// The address of a viewer, as the trusted proxy names it.
const VIEWER_ADDRESS: &str = "203.0.113.177";
const CLIENT_KEY: &str = "canary-client-key";
const PROXY_SECRET: &str = "canary-proxy-secret";

async fn start_world(mode: TokenMode, random: Arc<Explosive>) -> World {
    start_with(World::builder(), mode, random).await
}

async fn start_with(builder: WorldBuilder, mode: TokenMode, random: Arc<Explosive>) -> World {
    builder
        .mode(mode)
        .policy("code_length = 6 ", "code_length = 10 ")
        .policy("address_per_hour = 20 ", "address_per_hour = 1000 ")
        .policy("device_per_day = 10 ", "device_per_day = 1000 ")
        .policy("phone_per_hour = 5", "phone_per_hour = 1000")
        .policy("phone_per_day = 10", "phone_per_day = 1000")
        .random(random)
        .proxied()
        .start()
        .await
}

/// Runs one exchange with every request that a client can make, and notes its tokens and codes as canaries.
async fn exchange(world: &World, canaries: &mut Canaries, random: &Explosive) {
    let client = &world.client;
    let body = send_body();
    let ask = || client.post_with("/v1/send", &body, &[FROM]);
    let sent = ask().await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_masked(&sent.json);
    let (token, right) = (sent.token(), read_code(world));
    let mistaken = change_code(&right);
    canaries.add(&token);
    canaries.add(&right);
    canaries.add(&mistaken);
    canaries.look(ask().await);
    canaries.look(client.verify(&token, &mistaken).await);
    let success = client.verify(&token, &right).await.token();
    canaries.add(&success);
    canaries.look(client.verify(&token, &mistaken).await);
    canaries.look(client.spend(&success, "login").await);
    client.spend(&success, "password-change").await;
    canaries.look(client.spend(&success, "password-change").await);
    for carrier in [Carrier::Refuse, Carrier::Throttle, Carrier::Fail] {
        world.advance(60);
        world.carrier(carrier);
        canaries.look(ask().await);
    }
    world.carrier(Carrier::Deliver);
    world.advance(60);
    random.arm();
    let panicked = canaries.look(ask().await);
    assert_eq!((panicked.status, panicked.problem()), (500, "internal"));
    for path in [
        "/v1/send",
        "/v1/verify",
        "/v1/spend",
        "/.well-known/jwks.json",
        "/nowhere",
    ] {
        canaries.misuse(world, path).await;
    }
    let list = [("x-test-source-ip", ADDRESS), ("host", DEVICE)];
    for path in [
        "/openapi.json",
        "/.well-known/openid-configuration",
        "/v1/ping",
        "/v1/policy",
    ] {
        canaries.look(client.raw(Method::GET, path, &list, Vec::new()).await);
    }
}

/// Asserts that an answer shows at most the country code and the last four digits.
fn assert_masked(sent: &Value) {
    let masked = sent["phone"].as_str().expect("a masked phone");
    let shown: String = masked.chars().filter(char::is_ascii_digit).collect();
    let last: String = masked
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .collect();
    let country_code = shown.len() - last.len();
    assert!(last.len() <= 4 && country_code <= 1, "{masked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_appear_in_no_log_and_no_table() {
    let mut canaries = Canaries::new();
    for mode in [TokenMode::Sealed, TokenMode::Stored] {
        let random = Arc::new(Explosive::default());
        let world = start_world(mode, Arc::clone(&random)).await;
        exchange(&world, &mut canaries, &random).await;
        canaries.collect(&world).await;
    }
    canaries.assert_nowhere(
        &["panicked"],
        &[
            "served",
            "limited",
            "wrong-code",
            "already-used",
            "invalid-token",
            "already-spent",
            "delivery-failed",
            "delivery-unknown",
            "internal",
            "malformed",
            "media-type",
            "not-found",
            "method-not-allowed",
        ],
    );
}

/// The same with the send hook, which gets number and code, and whose URL may hold a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_of_the_hook_appear_in_no_log_and_no_table() {
    const HOOK_KEY: &str = "canary-hook-key-8123";
    let mut canaries = Canaries::new();
    let random = Arc::new(Explosive::default());
    let builder = World::builder().route(&[Channel::Hook]);
    let world = start_with(builder, TokenMode::Sealed, Arc::clone(&random)).await;
    exchange(&world, &mut canaries, &random).await;
    for secret in world
        .read_keyring(SECRET_ID)
        .await
        .roots()
        .map(HookSecret::of)
    {
        canaries.add(secret.expose());
    }
    let body = send_body();
    for fault in [Fault::CutAfter, Fault::Truncate, Fault::Unexpected] {
        world.advance(60);
        world.proxy().break_all(HOOK, fault);
        canaries.look(world.client.post_with("/v1/send", &body, &[FROM]).await);
        world.proxy().mend();
    }
    canaries.collect(&world).await;
    // Nobody listens there, so its text takes the second channel.
    canaries.add(HOOK_KEY);
    let hook = format!("http://127.0.0.1:9/{HOOK_KEY}?key={HOOK_KEY}");
    let builder = World::builder()
        .route(&[Channel::Hook, Channel::Sns])
        .hook(&hook, Reach::Loopback);
    let world = start_with(builder, TokenMode::Sealed, Arc::new(Explosive::default())).await;
    let sent = canaries.look(world.client.post_with("/v1/send", &body, &[FROM]).await);
    assert_eq!(sent.status, 202, "{}", sent.text);
    canaries.collect(&world).await;
    canaries.assert_nowhere(
        &["panicked"],
        &["served", "delivery-failed", "delivery-unknown", "internal"],
    );
}

/// The same with the channels of End User Messaging. The types of its SDK print number and words, and Notify's answers
/// have all words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_of_end_user_messaging_appear_in_no_log_and_no_table() {
    let mut canaries = Canaries::new();
    for (channel, operation) in [
        (Channel::EndUserMessaging, "SendTextMessage"),
        (Channel::Notify, "SendNotifyTextMessage"),
        (Channel::NotifyVoice, "SendNotifyVoiceMessage"),
    ] {
        let random = Arc::new(Explosive::default());
        let builder = World::builder().route(&[channel]);
        let world = start_with(builder, TokenMode::Sealed, Arc::clone(&random)).await;
        exchange(&world, &mut canaries, &random).await;
        // The words of a call hold the code in another form.
        for text in world.texts(PHONE) {
            canaries.add(&text.body);
        }
        let body = send_body();
        for fault in [Fault::CutAfter, Fault::Truncate, Fault::Unexpected] {
            world.advance(60);
            world.proxy().break_all(operation, fault);
            canaries.look(world.client.post_with("/v1/send", &body, &[FROM]).await);
            world.proxy().mend();
        }
        for reason in [Reason::NoOrigination, Reason::SpendLimit] {
            world.advance(60);
            world.carrier(Carrier::Answer(reason));
            canaries.look(world.client.post_with("/v1/send", &body, &[FROM]).await);
        }
        canaries.collect(&world).await;
    }
    canaries.assert_nowhere(
        &["panicked"],
        &["served", "delivery-failed", "delivery-unknown", "internal"],
    );
}

/// A backend names its user's address, an edge vouches for the caller, a proxy names the viewer: all of it served and
/// refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_of_callers_appear_in_no_log_and_no_table() {
    let mut canaries = Canaries::new();
    let edge = Edge::default();
    let key = hex(&phoneproof_crypto::digest::sha256(CLIENT_KEY.as_bytes()));
    let builder = World::builder()
        .policy(
            "[business.login]\n",
            &format!("[business.login]\nclient_key_sha256 = \"{key}\"\n"),
        )
        .policy_addition(&edge.policy())
        .trusted_proxy(&[PROXY_SECRET], "cloudfront-viewer-address");
    let world = start_with(builder, TokenMode::Sealed, Arc::new(Explosive::default())).await;
    let claims = Edge::claims(&world.stack.url, PHONE, world.clock.now());
    let attestation = edge.sign(&claims);
    let subject = claims["sub"].as_str().expect("a digest");
    for canary in [
        USER_ADDRESS,
        VIEWER_ADDRESS,
        CLIENT_KEY,
        PROXY_SECRET,
        &attestation,
        subject,
        &key,
    ] {
        canaries.add(canary);
    }
    let viewer = format!("{VIEWER_ADDRESS}:443");
    let headers = [
        FROM,
        ("x-client-key", CLIENT_KEY),
        ("x-proxy-secret", PROXY_SECRET),
        ("cloudfront-viewer-address", viewer.as_str()),
    ];
    let body = json!({
        "phone": PHONE, "uniqueId": DEVICE, "businessId": "login",
        "userAddress": USER_ADDRESS, "attestation": attestation,
    });
    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let open = with("businessId", json!("register"));
    for (body, headers, status) in [
        (&body, &headers[..], 202),
        (&body, &headers[..], 429),
        (&body, &headers[..], 429),
        (&body, &[FROM][..], 401),
        (&open, &headers[..], 400),
        (
            &with("attestation", json!(format!("{attestation}x"))),
            &headers[..],
            400,
        ),
        (&with("attestation", json!(subject)), &headers[..], 400),
        (&with("phone", json!("+14152007986")), &headers[..], 400),
        (&with("userAddress", json!(viewer)), &headers[..], 400),
        (&with("userAddress", Value::Null), &headers[..3], 503),
    ] {
        let answer = canaries.look(world.client.post_with("/v1/send", body, headers).await);
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    canaries.misuse(&world, "/v1/send").await;
    canaries.collect(&world).await;
    canaries.assert_nowhere(
        &["neither the gateway nor the trusted proxy"],
        &[
            "served",
            "limited",
            "client-key",
            "invalid-attestation",
            "malformed",
            "unavailable",
        ],
    );
}

/// Whether a fault makes a request take all the time it has. The test breaks only one operation with such a fault.
const fn is_slow(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Hang | Fault::Trickle | Fault::CutBefore | Fault::Refuse
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_appear_in_no_log_of_a_broken_call() {
    let mut running = JoinSet::new();
    for fault in Fault::ALL {
        running.spawn(async move {
            let mut canaries = Canaries::new();
            let world = start_world(TokenMode::Stored, Arc::new(Explosive::default())).await;
            let client = &world.client;
            let body = send_body();
            let ask = || client.post_with("/v1/send", &body, &[FROM]);
            let sent = ask().await;
            let (token, right) = (sent.token(), read_code(&world));
            canaries.add(&token);
            canaries.add(&right);
            world.proxy().break_all("UpdateItem", fault);
            canaries.look(client.verify(&token, &right).await);
            world.proxy().mend();
            if !is_slow(fault) {
                world.advance(60);
                for operation in ["TransactWriteItems", "Publish"] {
                    world.proxy().break_all(operation, fault);
                    canaries.look(ask().await);
                    world.proxy().mend();
                    world.advance(60);
                }
                world.proxy().break_all("GetItem", fault);
                canaries.look(client.verify(&token, &right).await);
                world.advance(3_600);
                world.proxy().break_all("GetSecretValue", fault);
                canaries.look(ask().await);
                world.proxy().mend();
            }
            canaries.collect(&world).await;
            canaries
        });
    }
    for canaries in running.join_all().await {
        canaries.assert_nowhere(
            &[
                "the service is not available",
                "DynamoDB call failed",
                "no usable keyring",
            ],
            &[],
        );
    }
}
