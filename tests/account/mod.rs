//! The account service from outside: real HTTP, and codes read from the inbox.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod deadlines;
mod events;
mod faults;
mod forged;
mod keyring;
mod lifecycle;
mod login;
mod recovery;
mod refresh;
mod sequences;

use http::Method;
use phoneproof_tests::{Answer, World};
use serde_json::{Value, json};

/// A password that is long enough to stand alone.
const PASSWORD: &str = "green mountains at noon";
/// Another one.
const OTHER: &str = "yellow rivers at night";

/// A success token for a business and phone.
async fn proof(world: &World, business: &str, phone: &str) -> String {
    // The cooldown of the phone's last text is over then.
    world.advance(60);
    let body = json!({ "phone": phone, "uniqueId": phone, "businessId": business });
    let sent = world.client.post("/v1/send", &body).await;
    let verified = world.client.verify(&sent.token(), &world.code(phone)).await;
    verified.token()
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.client.post(&format!("/account/v1{path}"), body).await
}

/// A call with an access token.
async fn with_token(
    world: &World,
    method: Method,
    path: &str,
    access: &str,
    body: Option<&Value>,
) -> Answer {
    let authorization = format!("Bearer {access}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.map(Value::to_string).unwrap_or_default();
    let path = format!("/account/v1{path}");
    world
        .client
        .raw(method, &path, &headers, body.into_bytes())
        .await
}

async fn register(world: &World, phone: &str, password: &str) -> Answer {
    let token = proof(world, "register", phone).await;
    post(
        world,
        "/accounts",
        &json!({ "token": token, "password": password }),
    )
    .await
}

/// Registers an account that asks for two factors.
async fn register_with_second_step(world: &World, phone: &str, password: &str) -> Answer {
    let token = proof(world, "register", phone).await;
    let body = json!({ "token": token, "password": password, "secondStep": true });
    post(world, "/accounts", &body).await
}

/// Logs in with both factors.
async fn log_in_with_code(world: &World, phone: &str, password: &str) -> Answer {
    let token = proof(world, "login", phone).await;
    let body = json!({ "phone": phone, "password": password, "token": token });
    post(world, "/sessions", &body).await
}

/// The item of the only account.
async fn account_item(world: &World) -> Value {
    let scan = world
        .dynamodb("Scan", &json!({ "TableName": "Accounts" }))
        .await;
    let items = scan.json["Items"].as_array().expect("items");
    let mut accounts = items.iter().filter(|item| !item["password"].is_null());
    let account = accounts.next().expect("an account");
    assert!(accounts.next().is_none(), "one account");
    account.clone()
}

async fn log_in(world: &World, phone: &str, password: &str) -> Answer {
    let body = json!({ "phone": phone, "password": password, "device": "test" });
    post(world, "/sessions", &body).await
}

/// The access and refresh token of an answer.
fn tokens(answer: &Answer) -> (String, String) {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    let text = |name: &str| answer.json[name].as_str().expect("a token").to_owned();
    (text("accessToken"), text("refreshToken"))
}

/// A new account with a session.
async fn member(world: &World, phone: &str) -> (String, String) {
    assert_eq!(register(world, phone, PASSWORD).await.status, 201);
    tokens(&log_in(world, phone, PASSWORD).await)
}

async fn refresh(world: &World, token: &str) -> Answer {
    post(
        world,
        "/sessions/refresh",
        &json!({ "refreshToken": token }),
    )
    .await
}

async fn me(world: &World, access: &str) -> Answer {
    with_token(world, Method::GET, "/me", access, None).await
}
