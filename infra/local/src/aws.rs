//! SNS, Secrets Manager and CloudWatch Logs, as far as the service and its operators call them, on one
//! loopback port.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::inbox::{Carrier, Inbox, Message};
use crate::logs::Log;
use crate::loopback::is_program;
use crate::private::replace_private;

/// The name of the keyring.
pub const SECRET_ID: &str = "phoneproof/keyring";

/// The name of the account service's keyring.
pub const ACCOUNT_SECRET_ID: &str = "phoneproof/account-keyring";

/// A secret; clones share it. It can be replaced and taken away while the stack runs.
#[derive(Clone)]
pub struct Secret {
    id: &'static str,
    text: Arc<Mutex<Option<Zeroizing<String>>>>,
    file: Option<PathBuf>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret of this name with this text, kept in `file` if there is one.
    #[must_use]
    pub fn new(id: &'static str, text: String, file: Option<PathBuf>) -> Self {
        Self {
            id,
            text: Arc::new(Mutex::new(Some(Zeroizing::new(text)))),
            file,
        }
    }

    /// Replaces the text; `None` makes Secrets Manager answer 500.
    pub fn set(&self, text: Option<String>) {
        *self.locked() = text.map(Zeroizing::new);
    }

    /// Replaces the text in the file first, then here.
    fn put(&self, text: &str) -> io::Result<()> {
        if let Some(file) = &self.file {
            replace_private(file, text)?;
        }
        self.set(Some(text.to_owned()));
        Ok(())
    }

    fn arn(&self) -> String {
        format!(
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:{}",
            self.id
        )
    }

    fn is_named(&self, wanted: &str) -> bool {
        wanted == self.id || wanted == self.arn()
    }

    fn answer(&self, text: Option<&str>) -> Value {
        json!({
            "ARN": self.arn(),
            "Name": self.id,
            "SecretString": text,
            "VersionId": "00000000-0000-0000-0000-000000000000",
        })
    }

    fn get(&self) -> Option<Zeroizing<String>> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Option<Zeroizing<String>>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says the current time, RFC 3339.
pub type Now = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
struct Aws {
    inbox: Inbox,
    secrets: Vec<Secret>,
    log: Log,
    now: Now,
}

/// All services; the request's form tells them apart. Web pages get none: one hands out keys.
pub fn router(inbox: Inbox, secrets: Vec<Secret>, log: Log, now: Now) -> Router {
    Router::new().route("/", post(dispatch)).with_state(Aws {
        inbox,
        secrets,
        log,
        now,
    })
}

async fn dispatch(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_program(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
    {
        Some("secretsmanager.GetSecretValue") => aws.get_secret_value(&body),
        Some("secretsmanager.PutSecretValue") => aws.put_secret_value(&body),
        Some("Logs_20140328.FilterLogEvents") => aws.filter_log_events(&body),
        Some(_) => json_error(StatusCode::BAD_REQUEST, "UnknownOperationException"),
        None => aws.query(&body).await,
    }
}

impl Aws {
    fn secret(&self, request: &Value) -> Option<&Secret> {
        let wanted = request.get("SecretId")?.as_str()?;
        self.secrets.iter().find(|secret| secret.is_named(wanted))
    }

    fn get_secret_value(&self, body: &[u8]) -> Response {
        let Some(secret) = self.secret(&parsed(body)) else {
            return json_error(StatusCode::BAD_REQUEST, "ResourceNotFoundException");
        };
        let Some(text) = secret.get() else {
            return json_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError");
        };
        json_answer(StatusCode::OK, &secret.answer(Some(text.as_str())))
    }

    fn put_secret_value(&self, body: &[u8]) -> Response {
        let request = parsed(body);
        let Some(secret) = self.secret(&request) else {
            return json_error(StatusCode::BAD_REQUEST, "ResourceNotFoundException");
        };
        let Some(text) = request.get("SecretString").and_then(Value::as_str) else {
            return json_error(StatusCode::BAD_REQUEST, "InvalidParameterException");
        };
        match secret.put(text) {
            Ok(()) => json_answer(StatusCode::OK, &secret.answer(None)),
            Err(_) => json_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError"),
        }
    }

    fn filter_log_events(&self, body: &[u8]) -> Response {
        match self.log.filter_log_events(&parsed(body)) {
            Some(answer) => json_answer(StatusCode::OK, &answer),
            None => json_error(StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
        }
    }

    /// The AWS Query protocol: a form in, XML out.
    async fn query(&self, body: &[u8]) -> Response {
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("Action") != "Publish" {
            return sns_error(StatusCode::BAD_REQUEST, "InvalidAction");
        }
        if field("PhoneNumber").is_empty() || field("Message").is_empty() {
            return sns_error(StatusCode::BAD_REQUEST, "InvalidParameter");
        }
        let (id, carrier) = self.inbox.publish(Message {
            id: String::new(),
            phone: field("PhoneNumber").to_owned(),
            body: field("Message").to_owned(),
            at: (self.now)(),
            attributes: attributes(&form),
        });
        match carrier {
            Carrier::Deliver => published(&id),
            Carrier::Refuse => sns_error(StatusCode::BAD_REQUEST, "InvalidParameter"),
            Carrier::Throttle => sns_error(StatusCode::TOO_MANY_REQUESTS, "Throttled"),
            Carrier::Fail => sns_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
            Carrier::Hang => std::future::pending().await,
        }
    }
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
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

/// An error as SNS answers it: XML of the query protocol.
#[must_use]
pub fn sns_error(status: StatusCode, code: &str) -> Response {
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use lambda_http::tower::ServiceExt as _;

    use super::*;

    const PUBLISH: &str = "Action=Publish&PhoneNumber=%2B14155550100&Message=caf%C3%A9+1\
        &MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType\
        &MessageAttributes.entry.1.Value.DataType=String\
        &MessageAttributes.entry.1.Value.StringValue=Transactional\
        &MessageAttributes.entry.2.Name=AWS.SNS.SMS.SenderID\
        &MessageAttributes.entry.2.Value.StringValue=Acme";
    const GET: [(&str, &str); 1] = [("x-amz-target", "secretsmanager.GetSecretValue")];

    struct Service {
        inbox: Inbox,
        secret: Secret,
    }

    impl Service {
        fn new() -> Self {
            Self {
                inbox: Inbox::default(),
                secret: Secret::new(SECRET_ID, "the keys".to_owned(), None),
            }
        }

        async fn post(&self, headers: &[(&str, &str)], body: &str) -> (u16, String) {
            let now = Arc::new(|| "2026-11-23T12:00:00Z".to_owned());
            let mut request = Request::post("/");
            if headers.iter().all(|(name, _)| *name != "host") {
                request = request.header("host", "127.0.0.1:3002");
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(Body::from(body.to_owned())).expect("valid");
            let log = Log::default();
            log.push(7, b"a line\n");
            let answer = router(self.inbox.clone(), vec![self.secret.clone()], log, now)
                .oneshot(request)
                .await
                .expect("an answer");
            let status = answer.status().as_u16();
            let body = to_bytes(answer.into_body(), usize::MAX)
                .await
                .expect("read");
            (status, String::from_utf8(body.to_vec()).expect("text"))
        }
    }

    #[tokio::test]
    async fn a_publish_lands_in_the_inbox_with_its_attributes() {
        let service = Service::new();
        let (status, answer) = service.post(&[], PUBLISH).await;
        assert_eq!(status, 200);
        let texts = service.inbox.messages(Some("+14155550100"));
        assert_eq!(texts.len(), 1);
        assert_eq!(texts[0].body, "café 1");
        assert_eq!(texts[0].attributes["AWS.SNS.SMS.SMSType"], "Transactional");
        assert_eq!(texts[0].attributes["AWS.SNS.SMS.SenderID"], "Acme");
        assert!(answer.contains(&format!("<MessageId>{}</MessageId>", texts[0].id)));
    }

    #[tokio::test]
    async fn the_carrier_fails_as_sns_does() {
        for (carrier, status, code, kept) in [
            (Carrier::Refuse, 400, "InvalidParameter", 0),
            (Carrier::Throttle, 429, "Throttled", 0),
            (Carrier::Fail, 500, "InternalError", 1),
        ] {
            let service = Service::new();
            service.inbox.set_carrier(carrier);
            let answer = service.post(&[], PUBLISH).await;
            assert_eq!(answer.0, status);
            assert!(answer.1.contains(&format!("<Code>{code}</Code>")));
            assert_eq!(service.inbox.messages(None).len(), kept);
        }
    }

    #[tokio::test]
    async fn a_hanging_carrier_keeps_the_text_and_never_answers() {
        let service = Service::new();
        service.inbox.set_carrier(Carrier::Hang);
        let patience = std::time::Duration::from_millis(50);
        let answer = tokio::time::timeout(patience, service.post(&[], PUBLISH)).await;
        assert!(answer.is_err());
        assert_eq!(service.inbox.messages(None).len(), 1);
    }

    #[tokio::test]
    async fn what_the_service_never_calls_is_refused() {
        for (body, code) in [
            ("", "InvalidAction"),
            ("Action=Subscribe", "InvalidAction"),
            ("Action=Publish&Message=hi", "InvalidParameter"),
            ("Action=Publish&PhoneNumber=%2B1", "InvalidParameter"),
        ] {
            let service = Service::new();
            let answer = service.post(&[], body).await;
            assert_eq!(answer.0, 400, "{body}");
            assert!(answer.1.contains(code), "{body}");
            assert_eq!(service.inbox.publishes(), 0);
        }
        let target = [("x-amz-target", "secretsmanager.DeleteSecret")];
        let answer = Service::new().post(&target, "{}").await;
        assert!(answer.1.contains("UnknownOperationException"));
    }

    #[tokio::test]
    async fn the_secret_can_be_replaced_and_taken_away() {
        let service = Service::new();
        let body = json!({ "SecretId": SECRET_ID }).to_string();
        let (status, answer) = service.post(&GET, &body).await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!((status, &answer["SecretString"]), (200, &json!("the keys")));
        let by_arn = json!({ "SecretId": answer["ARN"] }).to_string();
        service.secret.set(Some("other keys".to_owned()));
        assert!(service.post(&GET, &by_arn).await.1.contains("other keys"));
        service.secret.set(None);
        assert_eq!(service.post(&GET, &body).await.0, 500);
        let (status, answer) = service.post(&GET, r#"{"SecretId":"other"}"#).await;
        assert_eq!(status, 400);
        assert!(answer.contains("ResourceNotFoundException"));
    }

    #[tokio::test]
    async fn operators_can_put_the_secret_and_read_the_log() {
        let service = Service::new();
        let put = [("x-amz-target", "secretsmanager.PutSecretValue")];
        let body = json!({ "SecretId": SECRET_ID, "SecretString": "new keys" });
        assert_eq!(service.post(&put, &body.to_string()).await.0, 200);
        let body = json!({ "SecretId": SECRET_ID }).to_string();
        assert!(service.post(&GET, &body).await.1.contains("new keys"));
        assert_eq!(service.post(&put, &body).await.0, 400);
        let filter = [("x-amz-target", "Logs_20140328.FilterLogEvents")];
        let body = json!({ "logGroupName": "/local" }).to_string();
        assert!(service.post(&filter, &body).await.1.contains("a line"));
        assert_eq!(service.post(&filter, "{}").await.0, 400);
    }

    #[tokio::test]
    async fn web_pages_get_neither_keys_nor_texts() {
        let service = Service::new();
        let secret = json!({ "SecretId": SECRET_ID }).to_string();
        for header in [
            ("host", "evil.example:3002"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
        ] {
            let answer = service.post(&[GET[0], header], &secret).await;
            assert_eq!(answer, (403, String::new()));
            assert_eq!(service.post(&[header], PUBLISH).await.0, 403);
        }
        assert_eq!(service.inbox.publishes(), 0);
    }
}
