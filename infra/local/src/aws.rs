//! SNS and Secrets Manager, as far as the service calls them, on one loopback port.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::inbox::{Carrier, Inbox, Message};

/// The name of the one secret.
pub const SECRET_ID: &str = "phoneproof/keyring";

/// The keyring secret; clones share it. It can be replaced and taken away while the stack runs.
#[derive(Clone)]
pub struct Secret(Arc<Mutex<Option<Zeroizing<String>>>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A secret with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Mutex::new(Some(Zeroizing::new(text)))))
    }

    /// Replaces the text; `None` makes Secrets Manager answer 500.
    pub fn set(&self, text: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text.map(Zeroizing::new);
    }

    fn get(&self) -> Option<Zeroizing<String>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Says the current time, RFC 3339.
pub type Now = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
struct Aws {
    inbox: Inbox,
    secret: Secret,
    now: Now,
}

/// Both services; the request's form tells them apart.
pub fn router(inbox: Inbox, secret: Secret, now: Now) -> Router {
    Router::new()
        .route("/", post(dispatch))
        .with_state(Aws { inbox, secret, now })
}

async fn dispatch(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> Response {
    match headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
    {
        Some("secretsmanager.GetSecretValue") => aws.get_secret_value(&body),
        Some(_) => json_error(StatusCode::BAD_REQUEST, "UnknownOperationException"),
        None => aws.query(&body).await,
    }
}

impl Aws {
    fn get_secret_value(&self, body: &[u8]) -> Response {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        if request.get("SecretId").and_then(Value::as_str) != Some(SECRET_ID) {
            return json_error(StatusCode::BAD_REQUEST, "ResourceNotFoundException");
        }
        let Some(secret) = self.secret.get() else {
            return json_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError");
        };
        let answer = json!({
            "ARN": format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{SECRET_ID}"),
            "Name": SECRET_ID,
            "SecretString": *secret,
        });
        json_answer(StatusCode::OK, &answer)
    }

    /// The AWS Query protocol: a form in, XML out.
    async fn query(&self, body: &[u8]) -> Response {
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("Action") != "Publish" || field("PhoneNumber").is_empty() {
            return sns_error(StatusCode::BAD_REQUEST, "InvalidAction");
        }
        let id = format!("{:08x}", self.inbox.publishes() + 1);
        let carrier = self.inbox.publish(Message {
            id: id.clone(),
            phone: field("PhoneNumber").to_owned(),
            body: field("Message").to_owned(),
            at: (self.now)(),
            attributes: attributes(&form),
        });
        match carrier {
            Carrier::Deliver => published(&id),
            Carrier::Refuse => sns_error(StatusCode::BAD_REQUEST, "InvalidParameter"),
            Carrier::Fail => sns_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Carrier::Hang => std::future::pending().await,
        }
    }
}

/// `MessageAttributes.entry.N.Name` and its value, for every N.
fn attributes(form: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pair = |n: usize| {
        let entry = format!("MessageAttributes.entry.{n}");
        let name = form.get(&format!("{entry}.Name"))?;
        let value = form.get(&format!("{entry}.Value.StringValue"))?;
        Some((name.clone(), value.clone()))
    };
    (1..).map_while(pair).collect()
}

fn published(id: &str) -> Response {
    xml(
        StatusCode::OK,
        format!(
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
             <MessageId>{id}</MessageId></PublishResult><ResponseMetadata><RequestId>{id}</RequestId>\
             </ResponseMetadata></PublishResponse>"
        ),
    )
}

fn sns_error(status: StatusCode, code: &str) -> Response {
    let fault = if status.is_client_error() {
        "Sender"
    } else {
        "Receiver"
    };
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{fault}</Type>\
             <Code>{code}</Code><Message>{code}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [("content-type", "text/xml")], body).into_response()
}

fn json_error(status: StatusCode, code: &str) -> Response {
    json_answer(status, &json!({ "__type": code, "message": code }))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [("content-type", "application/x-amz-json-1.1")],
        body.to_string(),
    )
        .into_response()
}
