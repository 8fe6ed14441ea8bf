//! Canaries in requests to the account service that are served, refused, broken or end in a panic.

use std::sync::Arc;

use http::Method;
use phoneproof_tests::{Fault, World};
use serde_json::{Value, json};

use crate::canaries::{ADDRESS, Canaries, DEVICE, Explosive, PHONE};

const PASSWORD: &str = "canary mountains at noon";
const OTHER: &str = "canary rivers at night";

struct Member {
    world: World,
    canaries: Canaries,
    random: Arc<Explosive>,
}

impl Member {
    /// Verifies the phone for a business and returns the success token.
    async fn verify_phone(&mut self, business: &str) -> String {
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
        for name in ["accessToken", "refreshToken", "recoveryCode"] {
            if let Some(token) = answer.json.get(name).and_then(Value::as_str) {
                self.canaries.add(token);
            }
        }
        answer.json
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, "", body).await
    }

    async fn log_in(&mut self, password: &str) -> Value {
        let body = json!({ "phone": PHONE, "password": password, "device": DEVICE });
        self.post("/sessions", &body).await
    }

    /// Calls a route with a success token of `business` and a password.
    async fn set(&mut self, business: &str, path: &str, access: &str, password: &str) -> Value {
        let token = self.verify_phone(business).await;
        let body = json!({ "token": token, "password": password });
        self.call(Method::POST, path, access, &body).await
    }

    /// Runs the life of an account: registration, log-in, sessions, refresh tokens, and a changed and a reset password.
    async fn live(&mut self) {
        let nothing = json!({});
        self.set("register", "/accounts", "", PASSWORD).await;
        // The phone is in use, so this only asks the account to give it up.
        let token = self.verify_phone("register").await;
        let ask = json!({ "token": token, "password": OTHER, "requestUnlink": true });
        self.post("/accounts", &ask).await;
        let session = self.log_in(PASSWORD).await;
        let access = read_text(&session, "accessToken");
        for (method, path) in [
            (Method::GET, "/me"),
            (Method::GET, "/sessions"),
            (Method::POST, "/recovery-code"),
        ] {
            self.call(method, path, &access, &nothing).await;
        }
        let other = self.log_in(PASSWORD).await;
        let path = format!("/sessions/{}", read_text(&other, "session"));
        self.call(Method::DELETE, &path, &access, &nothing).await;
        let first = json!({ "refreshToken": read_text(&session, "refreshToken") });
        self.post("/sessions/refresh", &first).await;
        self.world.advance(60);
        // The refresh token is used again, so the session ends.
        self.post("/sessions/refresh", &first).await;
        self.post("/sessions/refresh", &first).await;
        let access = read_text(&self.log_in(PASSWORD).await, "accessToken");
        self.set("password-change", "/password", &access, OTHER)
            .await;
        let reset = self.verify_phone("password-reset").await;
        let reset = json!({ "token": reset, "password": PASSWORD });
        self.post("/password-reset", &reset).await;
        self.post("/password-reset", &reset).await;
    }

    /// Runs into broken calls, numbers of other regions, a panic, and wrong passwords.
    async fn suffer(&mut self) {
        for operation in ["GetItem", "TransactWriteItems"] {
            let token = self.verify_phone("password-reset").await;
            let reset = json!({ "token": token, "password": OTHER });
            self.world.proxy().break_all(operation, Fault::Unexpected);
            self.log_in(PASSWORD).await;
            self.post("/password-reset", &reset).await;
            self.world.proxy().mend();
        }
        let national = PHONE.trim_start_matches("+1");
        for region in ["GB", "ZZ", PHONE] {
            let body = json!({ "phone": national, "region": region, "password": PASSWORD });
            self.post("/sessions", &body).await;
        }
        let token = self.verify_phone("login").await;
        let by_code = json!({ "token": token, "device": DEVICE });
        self.random.arm();
        let panicked = self.post("/sessions", &by_code).await;
        let problem = read_text(&panicked, "type");
        assert_eq!(problem, "urn:phoneproof:problem:internal");
        self.post("/sessions", &by_code).await;
        for _ in 0..8 {
            self.log_in(OTHER).await;
        }
    }
}

fn read_text(answer: &Value, name: &str) -> String {
    let text = answer.get(name).and_then(Value::as_str);
    text.expect(name).to_owned()
}

/// The events that the request lines must hold. An event that did not occur proves nothing.
const EVENTS: [&str; 11] = [
    "registered",
    "unlink-requested",
    "logged-in",
    "refreshed",
    "reuse-detected",
    "logged-out",
    "recovery-code-made",
    "password-changed",
    "password-reset",
    "refused",
    "deleted",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canaries_appear_in_nothing_that_the_account_service_writes() {
    let random = Arc::new(Explosive::default());
    let world = World::builder()
        .policy("phone_per_hour = 5", "phone_per_hour = 1000")
        .policy("phone_per_day = 10", "phone_per_day = 1000")
        .policy("device_per_day = 10 ", "device_per_day = 1000 ")
        .random(Arc::clone(&random) as _)
        .proxied()
        .start()
        .await;
    let mut canaries = Canaries::new();
    canaries.add(PASSWORD);
    canaries.add(OTHER);
    let mut member = Member {
        world,
        canaries,
        random,
    };
    member.log_in(PASSWORD).await;
    member.live().await;
    member.suffer().await;
    member.canaries.collect(&member.world).await;
    // The deletion comes last, because a deleted account leaves nothing to search.
    member.world.advance(3_600);
    let access = read_text(&member.log_in(PASSWORD).await, "accessToken");
    member
        .call(Method::DELETE, "/me", &access, &json!({}))
        .await;
    for path in [
        "/accounts",
        "/sessions",
        "/sessions/refresh",
        "/password",
        "/phone",
        "/password-reset",
        "/recovery-code",
        "/me",
    ] {
        let path = format!("/account/v1{path}");
        member.canaries.misuse(&member.world, &path).await;
    }
    member.canaries.collect(&member.world).await;
    let lines = member.world.lines.text();
    for event in EVENTS {
        let named = format!("\"event\":\"{event}\"");
        assert!(lines.contains(&named), "no {event} in the request lines");
    }
    member.canaries.assert_nowhere(
        &[
            "panicked",
            "the service is not available",
            "DynamoDB call failed",
        ],
        &[
            "served",
            "wrong-credentials",
            "already-spent",
            "phone-in-use",
            "session-over",
            "limited",
            "invalid-phone",
            "invalid-token",
            "token-required",
            "malformed",
            "media-type",
            "unavailable",
            "internal",
        ],
    );
}
