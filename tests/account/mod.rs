//! The account service from outside. The tests send real HTTP requests and read the codes from the inbox.
//!
//! Only this suite tests the rules of accounts: log-in limits and locks, sessions, refresh tokens, recovery codes, and
//! what an answer reveals about an account. Only [`sequences`] compares random sequences of requests with a model of
//! who may set a password.

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
mod pasted;
mod phone;
mod recovery;
mod refresh;
mod sequences;

use http::Method;
use phoneproof_tests::{Answer, Fault, World};
use serde_json::{Value, json};

/// A password that is long enough for an account without a second step.
const PASSWORD: &str = "green mountains at noon";
/// A second password, as long as the first.
const OTHER: &str = "yellow rivers at night";

/// Verifies a phone for a business and returns the success token.
async fn verify_phone(world: &World, business: &str, phone: &str) -> String {
    // This ends the cooldown after the phone's last text.
    world.advance(60);
    let body = json!({ "phone": phone, "uniqueId": phone, "businessId": business });
    let sent = world.client.post("/v1/send", &body).await;
    let verified = world.client.verify(&sent.token(), &world.code(phone)).await;
    verified.token()
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    world.client.post(&format!("/account/v1{path}"), body).await
}

/// Calls a route with an access token.
async fn call_with_token(
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

pub(crate) async fn register(world: &World, phone: &str, password: &str) -> Answer {
    let token = verify_phone(world, "register", phone).await;
    post(
        world,
        "/accounts",
        &json!({ "token": token, "password": password }),
    )
    .await
}

/// Registers, and asks for the phone if another account has it.
async fn ask_for_phone(world: &World, phone: &str, password: &str) -> Answer {
    let token = verify_phone(world, "register", phone).await;
    let body = json!({ "token": token, "password": password, "requestUnlink": true });
    post(world, "/accounts", &body).await
}

/// Registers an account with a second step.
async fn register_with_second_step(world: &World, phone: &str, password: &str) -> Answer {
    let token = verify_phone(world, "register", phone).await;
    let body = json!({ "token": token, "password": password, "secondStep": true });
    post(world, "/accounts", &body).await
}

/// Logs in with both factors.
async fn log_in_with_code(world: &World, phone: &str, password: &str) -> Answer {
    let token = verify_phone(world, "login", phone).await;
    let body = json!({ "phone": phone, "password": password, "token": token });
    post(world, "/sessions", &body).await
}

/// Reads the item of the only account.
async fn read_account_item(world: &World) -> Value {
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

/// Reads the access token and the refresh token of an answer.
pub(crate) fn read_tokens(answer: &Answer) -> (String, String) {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    let text = |name: &str| answer.json[name].as_str().expect("a token").to_owned();
    (text("accessToken"), text("refreshToken"))
}

/// Registers an account, logs in, and returns the access token and the refresh token.
pub(crate) async fn register_and_log_in(world: &World, phone: &str) -> (String, String) {
    assert_eq!(register(world, phone, PASSWORD).await.status, 201);
    read_tokens(&log_in(world, phone, PASSWORD).await)
}

pub(crate) async fn refresh(world: &World, token: &str) -> Answer {
    post(
        world,
        "/sessions/refresh",
        &json!({ "refreshToken": token }),
    )
    .await
}

pub(crate) async fn get_me(world: &World, access: &str) -> Answer {
    call_with_token(world, Method::GET, "/me", access, None).await
}

/// Posts to a path of the account service a request whose write arrives late, and runs `meanwhile` before it.
async fn overtake(
    world: &World,
    path: &str,
    body: Value,
    meanwhile: impl Future<Output = Answer>,
) -> Answer {
    world.proxy().break_next("TransactWriteItems", Fault::Delay);
    drop(world.proxy().take_calls());
    let (client, path) = (world.client.clone(), format!("/account/v1{path}"));
    let late = tokio::spawn(async move { client.post(&path, &body).await });
    while !world
        .proxy()
        .take_calls()
        .contains_key("TransactWriteItems")
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let done = meanwhile.await;
    assert!(done.status < 300, "{}", done.text);
    late.await.expect("joined")
}
