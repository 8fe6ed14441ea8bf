//! The account service: registered, logged in, refused and panicking.

use std::sync::Arc;

use http::Method;
use phoneproof_tests::World;
use serde_json::{Value, json};

use crate::canaries::{ADDRESS, Canaries, DEVICE, Explosive, PHONE};

const PASSWORD: &str = "canary mountains at noon";
const OTHER: &str = "canary rivers at night";

struct Member {
    world: World,
    canaries: Canaries,
}

impl Member {
    /// A success token for a business.
    async fn proof(&mut self, business: &str) -> String {
        self.world.advance(60);
        let body = json!({ "phone": PHONE, "uniqueId": DEVICE, "businessId": business });
        let sent = self.world.client.post("/v1/send", &body).await;
        let code = self.world.code(PHONE);
        let success = self.world.client.verify(&sent.token(), &code).await.token();
        self.canaries.add(&success);
        success
    }

    async fn call(&mut self, method: Method, path: &str, access: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {access}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("x-test-source-ip", ADDRESS),
        ];
        let path = format!("/account/v1{path}");
        let body = body.to_string().into_bytes();
        let answer = self.world.client.raw(method, &path, &headers, body).await;
        let answer = self.canaries.look(answer);
        for name in ["accessToken", "refreshToken"] {
            if let Some(token) = answer.json.get(name).and_then(Value::as_str) {
                self.canaries.add(token);
            }
        }
        answer.json
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, "", body).await
    }
}

fn text(answer: &Value, name: &str) -> String {
    let text = answer.get(name).and_then(Value::as_str);
    text.expect(name).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_appear_in_nothing_that_the_account_service_writes() {
    let random = Arc::new(Explosive::default());
    let world = World::builder()
        .policy("phone_per_hour = 5", "phone_per_hour = 1000")
        .policy("phone_per_day = 10", "phone_per_day = 1000")
        .policy("device_per_day = 10 ", "device_per_day = 1000 ")
        .random(Arc::clone(&random) as _)
        .start()
        .await;
    let mut canaries = Canaries::new();
    canaries.add(PASSWORD);
    canaries.add(OTHER);
    let mut member = Member { world, canaries };
    let log_in = json!({ "phone": PHONE, "password": PASSWORD, "device": DEVICE });
    let wrong = json!({ "phone": PHONE, "password": OTHER, "device": DEVICE });
    member.post("/sessions", &log_in).await;
    let token = member.proof("register").await;
    let register = json!({ "token": token, "password": PASSWORD });
    member.post("/accounts", &register).await;
    member.post("/accounts", &register).await;
    let session = member.post("/sessions", &log_in).await;
    let (access, refresh) = (
        text(&session, "accessToken"),
        text(&session, "refreshToken"),
    );
    let nothing = json!({});
    for (method, path) in [(Method::GET, "/me"), (Method::GET, "/sessions")] {
        member.call(method, path, &access, &nothing).await;
    }
    let token = member.proof("password-change").await;
    let change = json!({ "token": token, "password": OTHER, "currentPassword": PASSWORD });
    member
        .call(Method::POST, "/password", &access, &change)
        .await;
    let token = member.proof("password-reset").await;
    let reset = json!({ "token": token, "phone": PHONE, "password": PASSWORD });
    member.post("/password-reset", &reset).await;
    member.post("/password-reset", &reset).await;
    let session = member.post("/sessions", &log_in).await;
    let refresh_body = json!({ "refreshToken": refresh });
    member.post("/sessions/refresh", &refresh_body).await;
    let newest = json!({ "refreshToken": text(&session, "refreshToken") });
    member.post("/sessions/refresh", &newest).await;
    member.world.advance(60);
    // An old one again: the session ends.
    member.post("/sessions/refresh", &newest).await;
    let token = member.proof("login").await;
    member
        .post("/sessions", &json!({ "token": token, "device": DEVICE }))
        .await;
    let token = member.proof("login").await;
    random.arm();
    let panicked = member
        .post("/sessions", &json!({ "token": token, "device": DEVICE }))
        .await;
    assert_eq!(panicked["type"], "urn:phoneproof:problem:internal");
    for _ in 0..8 {
        member.post("/sessions", &wrong).await;
    }
    for path in [
        "/accounts",
        "/sessions",
        "/sessions/refresh",
        "/password",
        "/password-reset",
        "/me",
    ] {
        let path = format!("/account/v1{path}");
        member.canaries.misuse(&member.world, &path).await;
    }
    member.canaries.collect(&member.world).await;
    member.canaries.assert_nowhere(
        &["panicked"],
        &[
            "served",
            "wrong-credentials",
            "already-spent",
            "limited",
            "token-required",
            "malformed",
            "media-type",
            "internal",
        ],
    );
}
