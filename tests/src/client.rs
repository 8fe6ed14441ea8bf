//! A client of the API that checks every answer against the OpenAPI document.

use http::{HeaderMap, Method};
use phoneproof_local::gateway::FUNCTION_TIMEOUT;
use serde_json::{Value, json};

use crate::contract::assert_documented;

/// An answer of the API, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status code of the answer.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The body as text, exactly as it arrived.
    pub text: String,
    /// The body as JSON. `null` if the body is not JSON.
    pub json: Value,
}

impl Answer {
    /// Returns the member `token`: the challenge token of a send, or the success token of a verify.
    #[must_use]
    pub fn token(&self) -> String {
        self.json["token"].as_str().expect("a token").to_owned()
    }

    /// Returns the slug of a problem: the last part of its `type`, or an empty text for any other answer.
    #[must_use]
    pub fn problem(&self) -> &str {
        let uri = self.json["type"].as_str().unwrap_or_default();
        uri.rsplit(':').next().unwrap_or_default()
    }

    /// Returns a header as text, if the answer has it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Makes an HTTP client for this machine. It trusts no certificate authority: reading those of the system takes a debug
/// build longer than most tests.
#[must_use]
pub fn http_client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.build().expect("a client")
}

/// A client of one stack, for the suites.
///
/// It fails the test when an answer differs from the stack's OpenAPI document.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    device: String,
    http: reqwest::Client,
}

impl Client {
    /// Creates a client of the stack at the URL `base`. It asks for codes from a device named `device`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = http_client();
        Self {
            base: base.to_owned(),
            device: "device-1".to_owned(),
            http,
        }
    }

    /// Returns the same client, which asks for codes from `device` from now on.
    #[must_use]
    pub fn with_device(mut self, device: &str) -> Self {
        device.clone_into(&mut self.device);
        self
    }

    /// Returns the name of the device that this client asks for codes from.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Sends a request whose headers and body are exactly those given. Use it for malformed requests.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let answer = self.try_raw(method, path, headers, body).await;
        answer.expect("an answer")
    }

    async fn try_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Option<Answer> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.ok()?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer {
            status,
            headers,
            text,
            json,
        };
        assert_documented(&method, path, &answer);
        Some(answer)
    }

    /// Posts JSON to a service that may stop before it has answered; `None` if it did.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        let body = body.to_string().into_bytes();
        self.try_raw(Method::POST, path, &headers, body).await
    }

    /// Sends a `GET` to a service that may stop before it has answered; `None` if it did.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_raw(Method::GET, path, &[], Vec::new()).await
    }

    /// Sends a `GET` without headers of its own.
    pub async fn get(&self, path: &str) -> Answer {
        self.raw(Method::GET, path, &[], Vec::new()).await
    }

    /// Posts JSON with further headers.
    pub async fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let all = [&[("content-type", "application/json")], headers].concat();
        self.raw(Method::POST, path, &all, body.to_string().into_bytes())
            .await
    }

    /// Posts JSON without further headers.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    /// Asks for a code for business `login`, from this client's device and the address 192.0.2.1.
    pub async fn send(&self, phone: &str) -> Answer {
        self.send_from(phone, &self.device, "192.0.2.1").await
    }

    /// Asks for a code for business `login`, from the device and the address given.
    pub async fn send_from(&self, phone: &str, device: &str, address: &str) -> Answer {
        self.send_with(phone, device, &[("x-test-source-ip", address)])
            .await
    }

    /// Asks for a code for business `login`, from this client's device and with the `Idempotency-Key` given.
    pub async fn send_keyed(&self, phone: &str, key: &str) -> Answer {
        self.send_with(phone, &self.device, &[("idempotency-key", key)])
            .await
    }

    /// Asks for a code for business `login`, from the device given and with further headers.
    pub async fn send_with(&self, phone: &str, device: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({ "phone": phone, "uniqueId": device, "businessId": "login" });
        self.post_with("/v1/send", &body, headers).await
    }

    /// Asks for the code of the challenge token `token` to be texted again.
    pub async fn resend(&self, phone: &str, token: &str) -> Answer {
        let body = json!({ "phone": phone, "uniqueId": self.device, "businessId": "login", "token": token });
        self.post("/v1/send", &body).await
    }

    /// Asks for the code of the challenge token `token` to be texted again, with the `Idempotency-Key` given.
    pub async fn resend_keyed(&self, phone: &str, token: &str, key: &str) -> Answer {
        let body = json!({ "phone": phone, "uniqueId": self.device, "businessId": "login", "token": token });
        self.post_with("/v1/send", &body, &[("idempotency-key", key)])
            .await
    }

    /// Asks for a call that speaks the code of the challenge token `token`.
    pub async fn call(&self, phone: &str, token: &str) -> Answer {
        self.call_with(phone, token, &[]).await
    }

    /// Asks for a call that speaks the code of the challenge token `token`, with the `Idempotency-Key` given.
    pub async fn call_keyed(&self, phone: &str, token: &str, key: &str) -> Answer {
        self.call_with(phone, token, &[("idempotency-key", key)])
            .await
    }

    async fn call_with(&self, phone: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({
            "phone": phone, "uniqueId": self.device, "businessId": "login", "token": token, "channel": "voice",
        });
        self.post_with("/v1/send", &body, headers).await
    }

    /// Sends a code for the challenge token `token` to `POST /v1/verify`.
    pub async fn verify(&self, token: &str, code: &str) -> Answer {
        self.post("/v1/verify", &json!({ "token": token, "code": code }))
            .await
    }

    /// Spends a success token in the name of the business `audience`.
    pub async fn spend(&self, token: &str, audience: &str) -> Answer {
        self.post(
            "/v1/spend",
            &json!({ "token": token, "audience": audience }),
        )
        .await
    }
}

/// Waits for the answer, which must come before Lambda stops the function.
///
/// # Panics
///
/// If it does not.
pub async fn await_in_time(answer: impl Future<Output = Answer>) -> Answer {
    let answer = tokio::time::timeout(FUNCTION_TIMEOUT, answer).await;
    answer.expect("an answer before the function's timeout")
}
