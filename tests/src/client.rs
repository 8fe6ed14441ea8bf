//! A client of the API.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::contract::assert_documented;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Answer {
    /// The challenge or success token.
    #[must_use]
    pub fn token(&self) -> String {
        self.json["token"].as_str().expect("a token").to_owned()
    }

    /// The last part of the problem type.
    #[must_use]
    pub fn problem(&self) -> &str {
        let uri = self.json["type"].as_str().unwrap_or_default();
        uri.rsplit(':').next().unwrap_or_default()
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Calls one stack. Whatever it answers has to be as its OpenAPI document says.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    device: String,
    http: reqwest::Client,
}

impl Client {
    /// A client of the stack at `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            device: "device".to_owned(),
            http,
        }
    }

    /// The same client on another device.
    #[must_use]
    pub fn with_device(mut self, device: &str) -> Self {
        device.clone_into(&mut self.device);
        self
    }

    /// The device that it asks for codes from.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// A request with a body as it is.
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
            request = request.header(*name, *value);
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

    /// A `POST` of JSON to a service that may stop before it has answered.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        let body = body.to_string().into_bytes();
        self.try_raw(Method::POST, path, &headers, body).await
    }

    /// A `GET` from a service that may stop before it has answered.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_raw(Method::GET, path, &[], Vec::new()).await
    }

    /// A `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.raw(Method::GET, path, &[], Vec::new()).await
    }

    /// A `POST` of JSON with more headers.
    pub async fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let all = [&[("content-type", "application/json")], headers].concat();
        self.raw(Method::POST, path, &all, body.to_string().into_bytes())
            .await
    }

    /// A `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    /// Asks for a code for business `login` from device `device`.
    pub async fn send(&self, phone: &str) -> Answer {
        self.send_from(phone, &self.device, "192.0.2.1").await
    }

    /// Asks for a code from a device and address.
    pub async fn send_from(&self, phone: &str, device: &str, address: &str) -> Answer {
        self.send_with(phone, device, &[("x-test-source-ip", address)])
            .await
    }

    /// Asks for a code from this device, under an `Idempotency-Key`.
    pub async fn send_keyed(&self, phone: &str, key: &str) -> Answer {
        self.send_with(phone, &self.device, &[("idempotency-key", key)])
            .await
    }

    /// Asks for a code from a device, with more headers.
    pub async fn send_with(&self, phone: &str, device: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({ "phone": phone, "uniqueId": device, "businessId": "login" });
        self.post_with("/v1/send", &body, headers).await
    }

    /// Asks for the code of `token` again.
    pub async fn resend(&self, phone: &str, token: &str) -> Answer {
        let body = json!({ "phone": phone, "uniqueId": self.device, "businessId": "login", "token": token });
        self.post("/v1/send", &body).await
    }

    /// Checks a code.
    pub async fn verify(&self, token: &str, code: &str) -> Answer {
        self.post("/v1/verify", &json!({ "token": token, "code": code }))
            .await
    }

    /// Spends a success token.
    pub async fn spend(&self, token: &str, audience: &str) -> Answer {
        self.post(
            "/v1/spend",
            &json!({ "token": token, "audience": audience }),
        )
        .await
    }
}
